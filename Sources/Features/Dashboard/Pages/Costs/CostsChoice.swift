import Foundation
import Kernel
import Web

/// What the costs page is asked to show, as it stands in its address: everything that is chosen is a link that can be sent to a colleague.
struct CostsChoice: Sendable {
    /// Days back from today, whole calendar spans, or dates of one's own.
    enum Period: String, Sendable, CaseIterable {
        case week = "7d"
        case month = "30d"
        case quarter = "90d"
        case thisMonth = "month"
        case lastMonth = "last-month"
        case year = "12m"
        case custom

        var label: String {
            switch self {
            case .week: "7 days"
            case .month: "30 days"
            case .quarter: "90 days"
            case .thisMonth: "This month"
            case .lastMonth: "Last month"
            case .year: "12 months"
            case .custom: "Own dates"
            }
        }
    }

    /// The steps of the drill-down, each a parameter of the call.
    static let steps = ["account", "region", "service", "usage_type", "operation", "resource"]
    static let comparisons = [
        ("previous_period", "The period before"), ("previous_month", "A month earlier"), ("previous_year", "A year earlier"),
        ("custom", "Own dates"), ("none", "Nothing"),
    ]
    static let granularities = ["hour", "day", "week", "month", "quarter", "year"]

    var view: String?
    var period: Period
    var start: String
    var end: String
    var granularity: String?
    /// Empty for none; nil for the view's own.
    var groupBy: String?
    var costType: String?
    var amortized: String?
    var compare: String
    /// What it is compared with by dates of one's own; empty without.
    var compareStart: String
    var compareEnd: String
    var isCumulative: Bool
    /// What is drilled down to, in the order of the steps.
    var fixed: [(step: String, value: String)]

    init(_ guest: Guest) {
        func text(_ name: String) -> String? { guest.query(name).flatMap { $0.isEmpty ? nil : $0 } }
        view = text("view")
        let (start, end) = (text("start_date").flatMap(Self.day), text("end_date").flatMap(Self.day))
        period = text("period").flatMap(Period.init) ?? (start == nil && end == nil ? .month : .custom)
        if period == .custom, start == nil || end == nil { period = .month }
        (self.start, self.end) = ("", "")
        granularity = text("granularity").flatMap { Self.granularities.contains($0) ? $0 : nil }
        groupBy = guest.query("group_by")
        if let tag = text("tag") { groupBy = "tag:" + tag }
        costType = text("cost_type")
        amortized = text("amortization").flatMap { ["true", "false"].contains($0) ? $0 : nil }
        compare = text("compare") ?? "previous_period"
        if !Self.comparisons.contains(where: { [compare] in $0.0 == compare }) { compare = "previous_period" }
        (compareStart, compareEnd) = (text("compare_start_date").flatMap(Self.day) ?? "", text("compare_end_date").flatMap(Self.day) ?? "")
        isCumulative = text("cumulative") == "true"
        fixed = Self.steps.compactMap { step in text(step).map { (step, $0) } }
        (self.start, self.end) = period == .custom ? (start ?? "", end ?? "") : Self.dates(of: period, at: guest.at)
    }

    private static func day(_ text: String) -> String? {
        text.utf8.count == 10 && Timestamp(text + "T00:00:00Z") != nil ? text : nil
    }

    /// The presets, counted in the days of the view's time zone instead of UTC's; dates of one's own are those of the zone already.
    func settled(in zone: String?, at now: Timestamp) -> CostsChoice {
        guard period != .custom, let zone = zone.flatMap({ TimeZone(identifier: $0) }) else { return self }
        var other = self
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(now.seconds)))
        (other.start, other.end) = Self.dates(of: period, at: now.adding(seconds: Int64(offset)))
        return other
    }

    /// First and last day, both counted, of a civil time.
    private static func dates(of period: Period, at now: Timestamp) -> (String, String) {
        func text(_ time: Timestamp) -> String { String(time.description.prefix(10)) }
        let yearStart = Timestamp(year: now.date.year, month: 1, day: 1)
        let first =
            switch period {
            case .week: now.adding(days: -6)
            case .month, .custom: now.adding(days: -29)
            case .quarter: now.adding(days: -89)
            case .thisMonth: now.startOfMonth
            case .lastMonth: now.startOfMonth.adding(days: -1).startOfMonth
            case .year: now.date.month == 12 ? yearStart : Timestamp(year: now.date.year - 1, month: now.date.month + 1, day: 1)
            }
        return (text(first), period == .lastMonth ? text(now.startOfMonth.adding(days: -1)) : text(now))
    }
}

extension CostsChoice {
    /// The parameters of `GET /v1/cost-views/{id}/data`.
    func query(limit: Int) -> [(name: String, value: String)] {
        var query = [("start_date", start), ("end_date", end), ("compare", compare), ("limit", String(limit))]
        if compare == "custom" {
            query += [("compare_start_date", compareStart), ("compare_end_date", compareEnd)].filter { !$0.1.isEmpty }
        }
        if let granularity { query.append(("granularity", granularity)) }
        if let groupBy { query.append(("group_by", groupBy)) }
        if let costType { query.append(("cost_type", costType)) }
        if let amortized { query.append(("amortization", amortized)) }
        return query + fixed.map { ($0.step, $0.value) }
    }

    /// The same choice as an address, on another page or with something else chosen.
    func address(_ path: String = CostsPage.path, _ change: (inout CostsChoice) -> Void = { _ in }) -> String {
        var other = self
        change(&other)
        let text = other.fields.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        return text.isEmpty ? path : "\(path)?\(text)"
    }

    /// What differs from the page as it opens.
    var fields: [(name: String, value: String)] {
        var fields: [(String, String)] = []
        if let view { fields.append(("view", view)) }
        if period == .custom { fields += [("start_date", start), ("end_date", end)] }
        if period != .custom, period != .month { fields.append(("period", period.rawValue)) }
        if let granularity { fields.append(("granularity", granularity)) }
        if let groupBy { fields.append(("group_by", groupBy)) }
        if let costType { fields.append(("cost_type", costType)) }
        if let amortized { fields.append(("amortization", amortized)) }
        if compare != "previous_period" { fields.append(("compare", compare)) }
        if compare == "custom" { fields += [("compare_start_date", compareStart), ("compare_end_date", compareEnd)] }
        if isCumulative { fields.append(("cumulative", "true")) }
        return fields + fixed.map { ($0.step, $0.value) }
    }

    /// A value of the breakdown becomes a filter, and the next step is broken down.
    mutating func drill(into value: String, of step: String, next: String?) {
        fixed.removeAll { $0.step == step }
        fixed.append((step, value))
        fixed.sort { Self.steps.firstIndex(of: $0.step) ?? 0 < Self.steps.firstIndex(of: $1.step) ?? 0 }
        groupBy = next ?? ""
    }
}
