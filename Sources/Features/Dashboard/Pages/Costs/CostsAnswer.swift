import Kernel

/// The answer of `GET /v1/cost-views/{id}/data`, read for drawing. Every amount is the decimal of the answer, to the last digit.
struct CostsAnswer: Sendable {
    struct Costs: Sendable {
        let current: ExactDecimal
        /// Nil when nothing is compared.
        let previous: ExactDecimal?
        let difference: ExactDecimal?
        /// As a fraction; nil when there was nothing before.
        let change: ExactDecimal?

        init(_ json: CompactJSON?) {
            let found = json?.values(of: ["cost", "previous_cost", "pop_diff", "pop_change"])
            func amount(_ index: Int) -> ExactDecimal? { found?[index]?.string.flatMap { ExactDecimal($0) } }
            current = amount(0) ?? .zero
            (previous, difference, change) = (amount(1), amount(2), amount(3))
        }
    }

    struct Point: Sendable {
        /// `20260301`, with the hour where buckets are hours; nil where the period compared with has more buckets.
        let date: String?
        let previousDate: String?
        let start: String?
        let end: String?
        let costs: Costs

        /// From its start to its end.
        var span: Range<Timestamp>? {
            guard let start = start.flatMap({ Timestamp($0) }), let end = end.flatMap({ Timestamp($0) }), start < end else { return nil }
            return start..<end
        }
    }

    struct Group: Sendable {
        /// By dimension; nil is a row without a value.
        let key: [String?]
        let total: Costs
        fileprivate let buckets: CompactJSON?

        /// By bucket. Read anew at each call: a chart draws a few groups of many.
        var values: [ExactDecimal] { (buckets?.array ?? []).map { $0["cost"]?.string.flatMap { ExactDecimal($0) } ?? .zero } }
    }

    let currency: String
    let granularity: String
    let groupBy: [String]
    let nextDimension: String?
    let total: Costs
    let points: [Point]
    let groups: [Group]
    /// All groups past the limit together.
    let other: Group?
    let groupCount: Int
    /// Of the answer, by name.
    let members: [String: CompactJSON]

    init(_ answer: CompactJSON) {
        let json = Dictionary((answer.members ?? []).map { ($0.name, $0.value) }) { $1 }
        members = json
        currency = json["currency"]?.string ?? "USD"
        granularity = json["granularity"]?.string ?? "day"
        let dimensions = (json["group_by"]?.array ?? []).compactMap(\.string)
        groupBy = dimensions
        nextDimension = json["next_dimension"]?.string
        total = Costs(json["total"])
        points = (json["data"]?.array ?? []).map { point in
            let found = point.values(of: ["date", "previous_date", "start", "end"])
            return Point(
                date: found[0]?.string, previousDate: found[1]?.string, start: found[2]?.string, end: found[3]?.string, costs: Costs(point))
        }
        groups = (json["groups"]?.array ?? []).map { Self.group($0, dimensions) }
        other = json["other"].flatMap { $0.isNull ? nil : Self.group($0, []) }
        groupCount = Int(json["group_count"]?.integer ?? 0)
    }

    private static func group(_ json: CompactJSON, _ dimensions: [String]) -> Group {
        let found = json.values(of: ["key", "total", "data"])
        return Group(key: dimensions.map { found[0]?[$0]?.string }, total: Costs(found[1]), buckets: found[2])
    }

    /// Costs by bucket under one name.
    struct Part: Sendable {
        let name: String
        /// Of the chart.
        let colour: Int
        let values: [ExactDecimal]
    }

    /// What a chart tells apart: the largest groups, everything else together. Empty when nothing is broken down.
    var drawnParts: [Part] {
        let shown = groupBy.isEmpty ? [] : groups.prefix(Chart.colours)
        var parts = shown.enumerated().map { index, group in
            Part(name: CostsBreakdown.name(of: group.key), colour: index + 1, values: group.values)
        }
        guard !shown.isEmpty, groupCount > shown.count else { return parts }
        let rest = points.indices.map { slot in
            parts.reduce(points[slot].costs.current) { slot < $1.values.count ? $0 - $1.values[slot] : $0 }
        }
        parts.append(Part(name: "Everything else", colour: 0, values: rest))
        return parts
    }

    /// Every group of the answer.
    var listedParts: [Part] {
        guard !groupBy.isEmpty else { return [] }
        return groups.map { Part(name: CostsBreakdown.name(of: $0.key), colour: 0, values: $0.values) }
            + (other.map { [Part(name: "Everything else", colour: 0, values: $0.values)] } ?? [])
    }

    func moment(_ name: String) -> Timestamp? { members[name]?.string.flatMap { Timestamp($0) } }
    func count(_ name: String) -> Int { Int(members[name]?.integer ?? 0) }
    func text(_ name: String) -> String? { members[name]?.string }
}

/// A bucket's name for people, out of its `YYYYMMDD[HH…]`.
enum BucketName {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func slot(_ label: String, _ granularity: String) -> Chart.Slot {
        let digits = Array(label.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
        guard digits.count >= 8, let month = Int(part(4..<6)), (1...12).contains(month), let day = Int(part(6..<8)) else {
            return Chart.Slot(name: label, short: label)
        }
        let (year, name) = (part(0..<4), months[month - 1])
        switch granularity {
        case "year": return Chart.Slot(name: year, short: year)
        case "quarter":
            let quarter = "Q\((month + 2) / 3) \(year)"
            return Chart.Slot(name: quarter, short: quarter)
        case "month": return Chart.Slot(name: "\(name) \(year)", short: "\(name) \(year.suffix(2))")
        case "week": return Chart.Slot(name: "Week of \(day) \(name) \(year)", short: "\(day) \(name)")
        case "hour":
            let hour = digits.count >= 10 ? part(8..<10) : "00"
            return Chart.Slot(name: "\(day) \(name) \(year), \(hour):00", short: "\(day) \(name) \(hour):00")
        default: return Chart.Slot(name: "\(day) \(name) \(year)", short: "\(day) \(name)")
        }
    }
}
