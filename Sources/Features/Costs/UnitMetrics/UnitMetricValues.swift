import Kernel
import Storage
import Web

/// What a unit metric was over some time, as the Cloudthread API answers it.
struct UnitMetricValues: JSONRepresentable {
    private let labels: [String]
    private let current: [UnitPoint]
    private let previous: [UnitPoint]
    private let aggregations: (numerator: String, denominator: String)

    init(_ metric: UnitMetric, _ sources: [any UnitSource], _ calendar: UnitCalendar, _ call: Call, _ connection: Connection) throws {
        func source(_ side: UnitSide) throws -> any UnitSource {
            guard let source = sources.first(where: { $0.name == side.source }) else { throw StorageError.corrupt("A side has no source.") }
            return source
        }
        func points(_ spans: [Range<Timestamp>]) throws -> [UnitPoint] {
            let sides = try [metric.numerator, metric.denominator].map {
                try source($0).amounts(of: $0, in: spans, call.query, for: call.caller, connection)
            }
            return zip(sides[0], sides[1]).map { UnitPoint(numerator: $0, denominator: $1) }
        }
        labels = calendar.labels
        current = try points(calendar.current)
        previous = try points(calendar.previous)
        aggregations = (
            try source(metric.numerator).aggregation(of: metric.numerator),
            try source(metric.denominator).aggregation(of: metric.denominator)
        )
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.array("data", labels.indices) { json, index in
                let (now, before) = (current[index], previous[index])
                let change = PeriodChange(from: before.value, to: now.value)
                json.object { json in
                    json.present("current_timeframe_numerator", now.numerator?.asNumber)
                    json.field("current_timeframe_denominator", (now.denominator ?? .zero).asNumber)
                    json.present("current_timeframe_unit_metric", now.value?.asNumber)
                    json.present("previous_timeframe_numerator", before.numerator?.asNumber)
                    json.field("previous_timeframe_denominator", (before.denominator ?? .zero).asNumber)
                    json.present("previous_timeframe_unit_metric", before.value?.asNumber)
                    json.present("pop_diff", change.difference?.asNumber)
                    json.present("pop_change", change.ratio?.asNumber)
                    json.field("n_agg_func", aggregations.numerator)
                    json.field("d_agg_func", aggregations.denominator)
                    json.field("date", labels[index])
                }
            }
        }
    }

    private static let functions = ["SUM", "AVERAGE", "MINIMUM", "MAXIMUM"]
    static let schema = Schema.named(
        "CloudthreadUnitMetricValues",
        .object([
            .required(
                "data",
                .array(
                    .object(
                        ["current", "previous"].flatMap { period -> [Schema.Field] in
                            [
                                .optional(period + "_timeframe_numerator", .number()),
                                .required(period + "_timeframe_denominator", .number()),
                                .optional(period + "_timeframe_unit_metric", .number("Left out where the denominator is nothing.")),
                            ]
                        } + [
                            .optional("pop_diff", .number("Current less previous.")),
                            .optional("pop_change", .number("The difference by the previous value, as a fraction.")),
                            .required("n_agg_func", .choice(functions)), .required("d_agg_func", .choice(functions)),
                            .required("date", .string(8...14, .text, "The bucket's first day, `YYYYMMDD`; with `HHmmss` for hours.")),
                        ]), 0...UnitCalendar.bucketLimit))
        ]))
}
