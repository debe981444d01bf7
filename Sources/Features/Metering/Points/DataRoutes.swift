import Foundation
import HTTPTypes
import Kernel
import Storage
package import Web

/// `/v1/streams/{id}/metrics` and `/v1/streams/{id}/data`: what stands in a stream.
package struct DataRoutes: Sendable {
    private let reader: PointReader

    package init(reader: PointReader) { self.reader = reader }

    /// Buckets of one answer, over all groups.
    private static let mostCells = 100_000
    private static let mostBuckets = 10_000
    private static let mostMetrics = 10_000

    package var all: [Route] {
        [
            Route(
                .get, "/v1/streams/{id}/metrics", .scope(.streamsRead), "List the metrics of a data stream",
                answers: [.ok(Self.metricsSchema)], handler: Self.metrics),
            Route(
                .get, "/v1/streams/{id}/data", .scope(.streamsRead), "Read a metric of a data stream",
                details: """
                    All series of the metric are combined with its function, over dimension values and over the hours of a bucket; an average \
                    is the mean of the points. `filter=region:eu,team:a,region:us` keeps series whose region is eu or us and whose team is a.
                    """, query: Self.parameters, answers: [.ok(Self.dataSchema)], handler: data),
        ]
    }

    private static let functions = ["sum", "average", "minimum", "maximum", "avg", "mean", "min", "max"]
    private static let granularities =
        Granularity.allCases.map(\.rawValue) + ["hourly", "daily", "weekly", "monthly", "quarterly", "yearly"]

    private static let parameters: [Query.Parameter] = [
        .init("metric", .string(1...255, .echo, "Its name; may be left out where the stream has one metric only.")),
        .init("function", .word(functions, "May be left out where the metric has one function only.")),
        .init("from", .timestamp("The first moment; 30 days before `to` when left out.")),
        .init("to", .timestamp("The moment after the last; the end of the current hour when left out.")),
        .init("granularity", .word(granularities, "`hour`, `day` (when left out), `week`, `month`, `quarter` or `year`.")),
        .init("timezone", .string(1...64, .text, "An IANA name such as `Europe/Berlin`; UTC when left out.")),
        .init("group_by", .string(1...255, .echo, "A dimension to part by.")),
        .init("filter", .string(1...4000, .echo, "`dimension:value`, parted by commas; values of one dimension are alternatives.")),
    ]

    // MARK: Metrics

    private static func metrics(_ call: Call) async throws -> Answer {
        let found = try await call.read { connection in
            let stream = try DataStream.find(call.id(), for: call.caller, connection)
            return try StoredMetric.all(of: stream.id, in: call.caller.tenant, connection).prefix(mostMetrics).map { metric in
                var names: Set<String> = []
                try StoredMetric.eachCodedChunk(of: metric.number, connection) { names.formUnion($0.names.entries) }
                return (metric, names.sorted())
            }
        }
        var json = JSONWriter(capacity: 256 * (found.count + 1))
        json.object { json in
            json.array("data", found.map { MetricView(metric: $0, dimensions: $1) })
            json.field("request_id", call.requestID)
        }
        return Answer(status: .ok, headers: .json, body: json.bytes)
    }

    private static let metricsSchema = Schema.named(
        "StreamMetrics",
        .object([
            .required("data", .array(MetricView.schema, 0...mostMetrics)), .required("request_id", .id("req")),
        ]))

    // MARK: Data

    private func data(_ call: Call) async throws -> Answer {
        let calendar = try Self.calendar(call)
        let filters = try Self.filters(call.query["filter"])
        let (metric, question) = try await call.read { connection in
            let stream = try DataStream.find(call.id(), for: call.caller, connection)
            let metric = try Self.metric(call, of: stream, connection)
            var question = Points.Question(stream: stream.id, metric: metric.name, function: metric.function, buckets: calendar)
            question.filters = filters
            question.group = call.query["group_by"]
            return (metric, question)
        }
        let copies = try await reader.answer(question, in: call.caller.tenant)
        let lines = try await call.read { connection in
            _ = try DataStream.find(call.id(), for: call.caller, connection)
            return try Points.aggregate(question, copies: copies, in: call.caller.tenant, connection)
        }
        guard lines.count * calendar.count <= Self.mostCells else {
            throw Problem.invalid(parameter: "group_by", "This makes \(lines.count) groups of \(calendar.count) buckets; ask for less.")
        }
        var json = JSONWriter(capacity: 64 * lines.count * calendar.count + 512)
        json.object { json in
            json.field("metric_name", metric.name)
            json.field("metric_agg_func", metric.function.rawValue)
            json.field("from", calendar.start(0))
            json.field("to", calendar.end(calendar.count - 1))
            // Every line says the same of when its buckets begin.
            let starts = (0..<calendar.count).map { bucket in
                var text = JSONWriter(capacity: 32)
                text.value(calendar.start(bucket))
                return CompactJSON(text.bytes)
            }
            json.array("data", lines.map { LineView(line: $0, function: metric.function, starts: starts) })
            json.field("request_id", call.requestID)
        }
        return Answer(status: .ok, headers: .json, body: json.bytes)
    }

    private static func metric(_ call: Call, of stream: DataStream, _ connection: Connection) throws -> StoredMetric {
        let name = call.query["metric"]
        let function = call.query["function"].flatMap { MetricFunction(reading: $0) }
        let found = try StoredMetric.all(of: stream.id, in: call.caller.tenant, connection).filter { metric in
            (name == nil || metric.name == name) && (function == nil || metric.function == function)
        }
        guard let first = found.first else { throw Problem.notFound("metric") }
        guard found.count == 1 else {
            throw Problem.invalid(
                parameter: found.contains { $0.name != first.name } ? "metric" : "function", "There are several metrics; say which.")
        }
        return first
    }

    private static func calendar(_ call: Call) throws -> BucketCalendar {
        let granularity = call.query["granularity"].flatMap { Granularity(reading: $0) } ?? .day
        guard let zone = TimeZone(identifier: call.query["timezone"] ?? "UTC") else {
            throw Problem.invalid(parameter: "timezone", "There is no such time zone.")
        }
        let to = call.query["to"].flatMap { Timestamp($0) } ?? call.at.floored(toSeconds: 3600).adding(seconds: 3600)
        let from = call.query["from"].flatMap { Timestamp($0) } ?? to.adding(days: -30)
        // Points stand at the beginning of their hour: those from `from` on and before `to`.
        let first = -((-from.milliseconds).floorDivided(by: 3_600_000))
        let last = -((-to.milliseconds).floorDivided(by: 3_600_000))
        guard first < last else { throw Problem.invalid(parameter: "to", "`to` must be later than `from`.") }
        do {
            return try BucketCalendar(from: Int(first), to: Int(last), granularity, zone: zone, limit: mostBuckets)
        } catch is BucketCalendar.TooMany {
            throw Problem.invalid(
                parameter: "granularity", "This makes more than \(mostBuckets) buckets; ask for a shorter time or longer buckets.")
        }
    }

    private static func filters(_ text: String?) throws -> [(dimension: String, values: [String])] {
        guard let text else { return [] }
        var order: [String] = []
        var values: [String: [String]] = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let colon = part.firstIndex(of: ":"), colon > part.startIndex else {
                throw Problem.invalid(parameter: "filter", "A filter is dimension:value, parted by commas.")
            }
            let name = String(part[..<colon])
            if values[name] == nil { order.append(name) }
            values[name, default: []].append(String(part[part.index(after: colon)...]))
        }
        return order.map { ($0, values[$0] ?? []) }
    }

    private static let dataSchema = Schema.named(
        "StreamDataAnswer",
        .object([
            .required("metric_name", .string(1...255, .echo)), .required("metric_agg_func", .choice(of: MetricFunction.self)),
            .required("from", .timestamp()), .required("to", .timestamp()),
            .required("data", .array(LineView.schema, 0...mostCells)), .required("request_id", .id("req")),
        ]))
}

private struct MetricView: JSONRepresentable {
    let metric: StoredMetric
    let dimensions: [String]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("metric_name", metric.name)
            json.field("metric_agg_func", metric.function.rawValue)
            json.field("series", metric.series)
            json.field("points", metric.points)
            json.array("dimensions", dimensions)
            json.field("first_at", metric.points > 0 ? Timestamp(seconds: Int64(metric.first) * 3600) : nil)
            json.field("last_at", metric.points > 0 ? Timestamp(seconds: Int64(metric.last) * 3600) : nil)
        }
    }

    static let schema = Schema.named(
        "StreamMetric",
        .object([
            .required("metric_name", .string(1...255, .echo)), .required("metric_agg_func", .choice(of: MetricFunction.self)),
            .required("series", .integer(0...Int64.max, "Different sets of dimensions.")), .required("points", .integer(0...Int64.max)),
            .required("dimensions", .array(.string(1...255, .echo), 0...1_000_000)),
            .required("first_at", Schema.timestamp().nullable), .required("last_at", Schema.timestamp().nullable),
        ]))
}

private struct LineView: JSONRepresentable {
    let line: Points.Line
    let function: MetricFunction
    /// Of each bucket.
    let starts: [CompactJSON]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("group", line.group)
            json.field("value", line.total.value(function))
            json.field("points", line.total.count)
            // By place: going through pairs, generically, was more than a quarter of writing them.
            json.array("buckets", count: line.cells.count) { json, bucket in
                json.object { json in
                    json.field("start", starts[bucket])
                    json.field("value", line.cells[bucket].value(function))
                    json.field("points", line.cells[bucket].count)
                }
            }
        }
    }

    static let schema = Schema.named(
        "StreamLine",
        .object([
            .required(
                "group",
                Schema.string(1...255, .echo, "The dimension's value; null for series without it, and where nothing is parted.").nullable),
            .required("value", Schema.number("All buckets together; null where there are no points and the function is not Sum.").nullable),
            .required("points", .integer(0...Int64.max)),
            .required(
                "buckets",
                .array(
                    .object([
                        .required("start", .timestamp()), .required("value", Schema.number().nullable),
                        .required("points", .integer(0...Int64.max, "How many came together; 0 where there are none.")),
                    ]), 0...10_000)),
        ]))
}
