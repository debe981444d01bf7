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

        init(_ json: JSON?) {
            func amount(_ name: String) -> ExactDecimal? { json?[name]?.string.flatMap { ExactDecimal($0) } }
            current = amount("cost") ?? .zero
            (previous, difference, change) = (amount("previous_cost"), amount("pop_diff"), amount("pop_change"))
        }
    }

    struct Point: Sendable {
        /// `20260301`, with the hour where buckets are hours; nil where the period compared with has more buckets.
        let date: String?
        let previousDate: String?
        let start: String?
        let end: String?
        let costs: Costs
    }

    struct Group: Sendable {
        /// By dimension; nil is a row without a value.
        let key: [String?]
        let total: Costs
        let values: [ExactDecimal]
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
    let json: JSON

    init(_ json: JSON) {
        self.json = json
        currency = json["currency"]?.string ?? "USD"
        granularity = json["granularity"]?.string ?? "day"
        let dimensions = (json["group_by"]?.array ?? []).compactMap(\.string)
        groupBy = dimensions
        nextDimension = json["next_dimension"]?.string
        total = Costs(json["total"])
        points = (json["data"]?.array ?? []).map { point in
            Point(
                date: point["date"]?.string, previousDate: point["previous_date"]?.string, start: point["start"]?.string,
                end: point["end"]?.string, costs: Costs(point))
        }
        groups = (json["groups"]?.array ?? []).map { Self.group($0, dimensions) }
        other = json["other"]?.members == nil ? nil : Self.group(json["other"] ?? .null, [])
        groupCount = Int(json["group_count"]?.integer ?? 0)
    }

    private static func group(_ json: JSON, _ dimensions: [String]) -> Group {
        Group(
            key: dimensions.map { json["key"]?[$0]?.string }, total: Costs(json["total"]),
            values: (json["data"]?.array ?? []).map { $0["cost"]?.string.flatMap { ExactDecimal($0) } ?? .zero })
    }

    func moment(_ name: String) -> Timestamp? { json[name]?.string.flatMap { Timestamp($0) } }
    func count(_ name: String) -> Int { Int(json[name]?.integer ?? 0) }
    func text(_ name: String) -> String? { json[name]?.string }
}

/// A bucket's name for people, out of its `YYYYMMDD[HH…]`.
enum BucketName {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func slot(_ label: String, _ granularity: String) -> Chart.Slot {
        let digits = Array(label)
        guard digits.count >= 8, let month = Int(String(digits[4..<6])), (1...12).contains(month), let day = Int(String(digits[6..<8]))
        else {
            return Chart.Slot(name: label, short: label)
        }
        let (year, name) = (String(digits[0..<4]), months[month - 1])
        switch granularity {
        case "year": return Chart.Slot(name: year, short: year)
        case "quarter":
            let quarter = "Q\((month + 2) / 3) \(year)"
            return Chart.Slot(name: quarter, short: quarter)
        case "month": return Chart.Slot(name: "\(name) \(year)", short: "\(name) \(year.suffix(2))")
        case "week": return Chart.Slot(name: "Week of \(day) \(name) \(year)", short: "\(day) \(name)")
        case "hour":
            let hour = digits.count >= 10 ? String(digits[8..<10]) : "00"
            return Chart.Slot(name: "\(day) \(name) \(year), \(hour):00", short: "\(day) \(name) \(hour):00")
        default: return Chart.Slot(name: "\(day) \(name) \(year)", short: "\(day) \(name)")
        }
    }
}
