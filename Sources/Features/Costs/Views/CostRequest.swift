import Kernel
import Storage
import Web

/// A view, with what a request asks for otherwise.
struct CostRequest: Sendable {
    let view: CostView
    var costType: CostType
    var amortized: Bool
    var exclude: Set<Exclusion>
    var granularity: Granularity
    var groupBy: [String]
    var currency: String
    var zone: CostZone
    var drill: [RowFilter.Line] = []
    var dates: (first: Int64, last: Int64) = (0, 0)
    var comparison = Comparison.previousPeriod
    var limit = 100
    var isSpread = false

    init(_ view: CostView) {
        self.view = view
        (costType, amortized, exclude, granularity) = (view.costType, view.amortized, view.exclude, view.granularity)
        (groupBy, currency, zone) = (view.groupBy, view.currency, CostZone(view.zone) ?? .utc)
    }

    /// Throws `invalid_parameter` for what has no meaning.
    mutating func apply(_ query: Query, at now: Timestamp) throws {
        if let text = query["zone"] {
            guard let found = CostZone(text) else { throw Problem.invalid(parameter: "zone", "\(text) is no IANA time zone.") }
            zone = found
        }
        if let text = query["cost_type"] { costType = try Self.type(text) }
        if let text = query["amortization"] { amortized = text == "true" }
        if let text = query["exclude"] { exclude = try Exclusion.parse(text) }
        if let text = query["granularity"] { granularity = Granularity(rawValue: text) ?? granularity }
        if let text = query["currency"] { currency = text }
        if let text = query["group_by"] { groupBy = text.split(separator: ",").map(String.init) }
        guard groupBy.count <= 5 else { throw Problem.invalid(parameter: "group_by", "At most five dimensions can be grouped by.") }
        limit = query.integer("limit") ?? limit
        isSpread = query["spread"] == "true"
        if isSpread, costType == .blended {
            throw Problem.invalid(
                parameter: "spread", "Blended costs cannot be spread: their rate is that of the bucket a charge begins in.")
        }
        drill = Dimension.path.compactMap { name in query[name].map { .init(Dimension(name), .isIn([$0])) } }
        let today = zone.local(now).seconds.floorDivided(by: 86_400)
        let last = query["end_date"].flatMap(CivilDay.parse) ?? max(today, query["start_date"].flatMap(CivilDay.parse) ?? today)
        dates = (query["start_date"].flatMap(CivilDay.parse) ?? last - 6, last)
        guard dates.first <= dates.last else { throw Problem.invalid(parameter: "end_date", "The end is before the start.") }
        comparison = try Self.comparison(query)
        try requireKnownDays()
    }

    private static func comparison(_ query: Query) throws -> Comparison {
        switch query["compare"] {
        case "none": return .none
        case "previous_month": return .months(1)
        case "previous_year": return .months(12)
        case "custom":
            guard let first = query["compare_start_date"].flatMap(CivilDay.parse),
                let last = query["compare_end_date"].flatMap(CivilDay.parse), first <= last
            else { throw Problem.invalid(parameter: "compare_start_date", "compare=custom needs compare_start_date and compare_end_date.") }
            return .custom(first, last)
        default: return .previousPeriod
        }
    }

    /// Throws where the period, or the one it is compared with, begins before 1970: days are counted from there.
    private func requireKnownDays() throws {
        let length = dates.last - dates.first + 1
        let earliest =
            switch comparison {
            case .previousPeriod: dates.first - length
            case .months(let months): dates.first - 31 * months
            case .none, .custom: dates.first
            }
        guard earliest >= 0 else { throw Problem.invalid(parameter: "start_date", "There are no costs from before 1970.") }
    }

    /// The parameters of Cloudthread's call, whose words come in any case.
    mutating func applyCloudthread(_ query: Query) throws {
        dates = (try Self.date(query, "start_date"), try Self.date(query, "end_date"))
        guard dates.first <= dates.last else { throw Problem.invalid(parameter: "end_date", "The end is before the start.") }
        try requireKnownDays()
        granularity = .day
        if let text = query["granularity"], !text.isEmpty {
            guard let found = Granularity(anyCase: text) else {
                throw Problem.invalid(parameter: "granularity", "The granularity must be hour, day, week, month, quarter or year.")
            }
            granularity = found
        }
        try applyKinds(query)
        groupBy = []
    }

    /// Which amounts count, in Cloudthread's words.
    mutating func applyKinds(_ query: Query) throws {
        if let text = query["cost_type"], !text.isEmpty { costType = try Self.type(text) }
        if let text = query["amortization"], !text.isEmpty {
            guard let flag = ["true": true, "1": true, "yes": true, "false": false, "0": false, "no": false][text.lowercased()] else {
                throw Problem.invalid(parameter: "amortization", "amortization must be true or false.")
            }
            amortized = flag
        }
        if let text = query["exclude"] { exclude.formUnion(try Exclusion.parse(text)) }
    }

    private static func date(_ query: Query, _ name: String) throws -> Int64 {
        guard let text = query[name] else { throw Problem.invalid(parameter: name, "\(name) is required.") }
        guard let day = CivilDay.parse(text) else { throw Problem.invalid(parameter: name, "\(name) must be a date such as 2026-03-01.") }
        return day
    }

    private static func type(_ text: String) throws -> CostType {
        guard let found = CostType(text) else {
            throw Problem.invalid(
                parameter: "cost_type", "There is no such cost type; there are \(CostType.names.joined(separator: ", ")) and cost columns.")
        }
        return found
    }

    /// What is to be summed up, of what the caller may see.
    func query(for caller: Caller, _ connection: Connection) throws -> CostQuery {
        try query(visible: CostVisibility.filters(for: caller, connection), in: caller.tenant, connection)
    }

    func query(visible: [RowFilter], in tenant: Tenant, _ connection: Connection) throws -> CostQuery {
        var query = CostQuery(visible: visible)
        (query.type, query.amortized, query.exclude, query.currency) = (costType, amortized, exclude, currency)
        query.groupBy = groupBy.map { Dimension($0) }
        query.isSpread = isSpread
        query.filters = [view.filter] + (drill.isEmpty ? [] : [RowFilter(groups: [drill])])
        if case .column(let id) = costType {
            guard let column = try CostColumn.find(id, in: tenant, connection) else {
                throw Problem.invalid(parameter: "cost_type", "There is no such cost column.")
            }
            query.formula = try CostFormula(column.formula)
        }
        return query
    }
}
