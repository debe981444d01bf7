import Kernel
import Web

/// The costs of a view as `/v1` writes them: money as texts, what is undefined as null.
struct CostData: JSONRepresentable {
    let request: CostRequest
    let reading: CostReading
    let freshness: Freshness

    private var hours: Int { request.granularity == .hour ? 2 : 0 }

    func write(to json: inout JSONWriter) {
        let groups = request.groupBy.isEmpty ? [] : reading.groups
        json.object { json in
            json.field("view_id", request.view.id)
            json.field("cost_type", request.costType.name)
            json.field("amortization", request.amortized)
            json.field("spread", request.isSpread)
            json.array("exclude", request.exclude.map(\.rawValue).sorted())
            json.field("granularity", request.granularity.rawValue)
            json.field("zone", request.zone.name)
            json.field("currency", request.currency)
            json.field("start_date", CivilDay.text(reading.span.first))
            json.field("end_date", CivilDay.text(reading.span.last))
            json.field("previous_start_date", reading.other.map { CivilDay.text($0.first) })
            json.field("previous_end_date", reading.other.map { CivilDay.text($0.last) })
            json.array("group_by", request.groupBy)
            json.field("next_dimension", nextDimension)
            let whole = reading.whole
            json.object("total") { json in write(whole.total, to: &json) }
            json.array("data", points(whole)) { json, point in write(point, to: &json) }
            json.array("groups", groups.prefix(request.limit)) { json, group in write(group, to: &json) }
            if let other = other(groups.dropFirst(request.limit)) {
                json.object("other") { json in writeMembers(other, to: &json) }
            } else {
                json.null("other")
            }
            json.field("group_count", groups.count)
            json.field("rows", reading.current.rows)
            json.field("null_rows", reading.current.nullRows)
            json.field("other_currency_rows", reading.current.otherCurrencyRows)
            json.field("data_through", freshness.dataThrough)
            json.field("restated_since", freshness.restatedSince)
        }
    }

    /// The next step of the drill-down: the first of its dimensions that is neither grouped by nor fixed.
    private var nextDimension: String? {
        let used = Set(request.groupBy + request.drill.map(\.dimension.name))
        let last = Dimension.path.lastIndex { used.contains($0) } ?? -1
        return Dimension.path.dropFirst(last + 1).first
    }

    private func other(_ rest: ArraySlice<CostReading.Group>) -> CostReading.Group? {
        guard let first = rest.first else { return nil }
        return rest.dropFirst().reduce(first) { sum, group in
            CostReading.Group(
                key: [], current: zip(sum.current, group.current).map { $0 + $1 },
                previous: zip(sum.previous, group.previous).map { $0 + $1 })
        }
    }

    struct Point {
        let bucket: Bucket?
        let previous: Bucket?
        let costs: Paired
    }

    /// Buckets pair by their place; where one side has none, its cost is zero.
    private func points(_ group: CostReading.Group) -> [Point] {
        let (buckets, others) = (reading.span.buckets, reading.other?.buckets ?? [])
        return (0..<max(buckets.count, others.count)).map { index in
            Point(
                bucket: index < buckets.count ? buckets[index] : nil, previous: index < others.count ? others[index] : nil,
                costs: Paired(
                    current: index < buckets.count ? group.current[index] : .zero,
                    previous: index < others.count ? group.previous[index] : .zero))
        }
    }

    private func write(_ group: CostReading.Group, to json: inout JSONWriter) {
        json.object { json in
            json.object("key") { json in
                for (name, value) in zip(request.groupBy, group.key) { json.dynamicField(name, JSON(value)) }
            }
            writeMembers(group, to: &json)
        }
    }

    private func writeMembers(_ group: CostReading.Group, to json: inout JSONWriter) {
        json.object("total") { json in write(group.total, to: &json) }
        json.array("data", points(group)) { json, point in write(point, to: &json) }
    }

    private func write(_ point: Point, to json: inout JSONWriter) {
        json.object { json in
            json.field("date", point.bucket?.label(hours: hours))
            json.field("start", point.bucket?.from)
            json.field("end", point.bucket?.to)
            json.field("previous_date", point.previous?.label(hours: hours))
            write(point.costs, to: &json)
        }
    }

    private func write(_ costs: Paired, to json: inout JSONWriter) {
        json.field("cost", costs.current)
        let compared = reading.other != nil
        json.field("previous_cost", compared ? costs.previous : nil)
        json.field("pop_diff", compared ? costs.difference : nil)
        json.field("pop_change", compared ? costs.change(bySize: false) : nil)
    }
}

extension CostData {
    private static let money = Schema.string(1...400, .text, "An exact decimal number.")
    private static let costs: [Schema.Field] = [
        .required("cost", money), .required("previous_cost", money.nullable), .required("pop_diff", money.nullable),
        .required("pop_change", money.nullable.described("As a fraction; null when there was nothing before.")),
    ]
    private static let label = Schema.string(8...10, .text, "Where the bucket begins: YYYYMMDD, with HH for hours.").nullable
    private static let points = Schema.array(
        .object(
            [
                .required("date", label), .required("start", Schema.timestamp().nullable), .required("end", Schema.timestamp().nullable),
                .required("previous_date", label),
            ] + costs), 0...20_000)
    private static let part: [Schema.Field] = [.required("total", .object(costs)), .required("data", points)]

    static let schema = Schema.named(
        "CostData",
        .object(
            [
                .required("view_id", .id("cv")), .required("cost_type", .string(1...40)), .required("amortization", .boolean()),
                .required("spread", .boolean()),
                .required("exclude", .array(.choice(of: Exclusion.self), 0...20)), .required("granularity", .choice(of: Granularity.self)),
                .required("zone", .string(1...60)), .required("currency", .string(3...3)), .required("start_date", .string(10...10, .date)),
                .required("end_date", .string(10...10, .date)), .required("previous_start_date", Schema.string(10...10, .date).nullable),
                .required("previous_end_date", Schema.string(10...10, .date).nullable),
                .required("group_by", .array(.string(1...400), 0...5)),
                .required("next_dimension", Schema.choice(Dimension.path, "The next step down.").nullable),
            ] + part + [
                .required(
                    "groups",
                    .array(
                        .object([.required("key", Schema(.map(Schema.string(0...100_000, .echo).nullable)))] + part), 0...1000,
                        "Largest first.")),
                .required("other", Schema.object(part, "All further groups together.").nullable),
                .required("group_count", .integer(0...Int64.max)), .required("rows", .integer(0...Int64.max)),
                .required("null_rows", .integer(0...Int64.max, "Rows left out because they lack the amount.")),
                .required("other_currency_rows", .integer(0...Int64.max, "Rows left out because they are in another currency.")),
                .required("data_through", Schema.timestamp("The end of the latest charge period.").nullable),
                .required("restated_since", Schema.timestamp("When an import last took the place of earlier rows.").nullable),
            ]))
}
