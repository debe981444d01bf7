import Costs
import Identity
package import Kernel
import Metering
import Prices
import Provider
import Resources
package import Storage

/// The numbers behind a rule, at one moment, each looked up once.
package struct Readings {
    let alert: Alert
    let at: Timestamp
    let sources: AlertSources
    let connection: Connection
    package private(set) var values: [Metric.Use: ExactDecimal?] = [:]
    /// Of several instances those whose measurement was the highest.
    private(set) var highest: [ResourceID] = []

    /// How old a measurement of an instance may be; it is measured every minute.
    static let freshness: Int64 = 180
    /// Instances that one alert looks at.
    static let instances = 1000

    package init(_ alert: Alert, at: Timestamp, _ sources: AlertSources, _ connection: Connection) {
        self.sources = sources
        self.alert = alert
        self.at = at
        self.connection = connection
    }

    /// What both rules say. A subject that is gone has no data.
    package mutating func signal() throws -> AlertPhase.Signal {
        let holds = try alert.draft.rule.holds { try value(of: $0) }
        let recovers = try alert.draft.recover?.holds { try value(of: $0) } ?? (alert.draft.recover == nil)
        return AlertPhase.Signal(holds: holds, recovers: recovers)
    }

    package mutating func value(of use: Metric.Use) throws -> ExactDecimal? {
        if let known = values[use] { return known }
        let value: ExactDecimal?
        do {
            value = try read(use)
        } catch let problem as Problem where problem.code == .notFound {
            value = nil
        }
        values[use] = .some(value)
        return value
    }

    /// By name, as a rule writes them; null without data.
    package var json: JSON {
        .object(values.map { .init($0.key.text, JSON($0.value)) }.sorted { $0.name < $1.name })
    }

    var tenant: Tenant { alert.tenant }
    var focus: AlertFocus { AlertFocus(alert) }

    private mutating func read(_ use: Metric.Use) throws -> ExactDecimal? {
        switch use.metric {
        case .requests: return try requests(use)
        case .cpuPercent, .memoryPercent: return try measured(use)
        case .resourceCount: return ExactDecimal(try scan(use.matchers).count(in: tenant, connection))
        case .cost, .costForecast, .unitCost, .stream, .meter: return try hourly(use)
        default:
            guard let function = use.function else { return try level(use, at: at) }
            switch function {
            case .avg, .min, .max:
                let found = try (0..<Self.samples).compactMap { place in
                    try level(use, at: at.adding(seconds: -use.seconds * Int64(place) / Int64(Self.samples)))
                }
                if function == .avg { return found.isEmpty ? nil : found.reduce(.zero, +).divided(by: ExactDecimal(found.count)) }
                return function == .min ? found.min() : found.max()
            case .last: return try level(use, at: at)
            default:
                return Metric.moved(
                    from: try level(use, at: at.adding(seconds: -use.seconds)), to: try level(use, at: at), function,
                    seconds: use.seconds)
            }
        }
    }

    /// Moments of a span at which a level is looked at.
    private static let samples = 12

    // MARK: Levels

    private func level(_ use: Metric.Use, at moment: Timestamp) throws -> ExactDecimal? {
        switch use.metric {
        case .quotaUsed: ExactDecimal(try used(at: moment))
        case .quotaLimit: try quota().map { ExactDecimal($0) }
        case .quotaPercent: try quota().map { Self.percent(of: try used(at: moment), in: $0) }
        case .spend: try spent(at: moment)
        case .budgetPercent: try budgets(use, at: moment).map { Self.percent(of: $0.spent, in: $0.amount) }.max()
        case .budgetCommittedPercent: try budgets(use, at: moment).map { Self.percent(of: $0.committed, in: $0.amount) }.max()
        case .budgetRemaining: try budgets(use, at: moment).map { $0.amount - $0.committed }.min()
        default: nil
        }
    }

    /// A limit of nothing that was used is past 100, as in the usage of accounts.
    private static func percent(of used: Int, in limit: Int) -> ExactDecimal {
        limit == 0 ? (used == 0 ? 0 : 100 + ExactDecimal(used)) : percent(of: ExactDecimal(used), in: ExactDecimal(limit))
    }

    private static func percent(of part: ExactDecimal, in whole: ExactDecimal) -> ExactDecimal {
        whole.isZero ? (part.isZero ? 0 : 100 + part) : (part * 100).divided(by: whole)
    }

    private func quota() throws -> Int? {
        if let project = focus.project { return try Project.find(project, in: tenant.workspace, connection).quotaRequests }
        return try focus.account.flatMap { try Account.find($0, in: tenant.workspace, connection).quotaRequests }
    }

    private func used(at moment: Timestamp) throws -> Int {
        try RequestTotals.requests(
            of: focus.account, project: focus.project, in: tenant, from: moment.startOfMonth, to: moment, byHour: true, connection)
    }

    /// Of the whole minutes, of more than a week the whole hours, that end with the one that runs.
    private func requests(_ use: Metric.Use) throws -> ExactDecimal? {
        let seconds = use.function == nil ? 300 : use.seconds
        let byHour = seconds * 2 > RequestTotals.minutesKept - 3600
        let bucket: Int64 = byHour ? 3600 : 60
        let end = at.floored(toSeconds: bucket).adding(seconds: bucket)
        let count = max(1, seconds / bucket)
        let start = end.adding(seconds: -bucket * count)
        func sum(from: Timestamp, to: Timestamp) throws -> ExactDecimal {
            ExactDecimal(
                try RequestTotals.requests(
                    of: focus.account, project: focus.project, in: tenant, from: from, to: to, byHour: byHour, connection))
        }
        switch use.function {
        case nil, .sum: return try sum(from: start, to: end)
        case .rate: return try sum(from: start, to: end).divided(by: ExactDecimal(seconds))
        case .avg: return try sum(from: start, to: end).divided(by: ExactDecimal(count))
        case .last: return try sum(from: end.adding(seconds: -bucket), to: end)
        case .min, .max:
            let counts = try RequestTotals.counts(
                of: focus.account, project: focus.project, in: tenant, from: start, to: end, byHour: byHour, connection)
            if use.function == .max { return ExactDecimal(counts.values.max() ?? 0) }
            return ExactDecimal(counts.count < Int(count) ? 0 : counts.values.min() ?? 0)
        case .delta, .change, .pop, .forecast:
            let before = try sum(from: start.adding(seconds: -bucket * count), to: start)
            return Metric.moved(from: before, to: try sum(from: start, to: end), use.function ?? .delta, seconds: seconds)
        }
    }

    private func budgets(_ use: Metric.Use, at moment: Timestamp) throws -> [Spending.Position] {
        if let id = use.matchers["budget"] {
            return try Spending.position(of: BudgetID(id), in: tenant, at: moment, sources.budgetedViews, connection).map { [$0] } ?? []
        }
        return try focus.subject(of: alert).budgets(in: tenant, at: moment, connection).positions
    }

    private func spent(at moment: Timestamp) throws -> ExactDecimal {
        let currency = alert.draft.currency
        if let id = focus.resource { return try Spending.total(of: [id.rawValue], in: currency, tenant, at: moment, connection) }
        if focus.isOfResources {
            let ids = try scan([:]).ids(in: tenant, limit: Self.instances, connection).map(\.rawValue)
            return try Spending.total(of: ids, in: currency, tenant, at: moment, connection)
        }
        if let id = focus.project { return try Spending.total(of: .project(id), in: currency, tenant, at: moment, connection) }
        let accounts = try focus.account.map { [$0] } ?? Account.ids(in: tenant.workspace, connection)
        return try accounts.reduce(.zero) { try $0 + Spending.total(of: .account($1), in: currency, tenant, at: moment, connection) }
    }

    // MARK: Resources

    private func scan(_ matchers: [String: String]) throws -> ResourceScan {
        var scan = try focus.scan()
        scan.kind = matchers["kind"].flatMap(ResourceKind.init)
        scan.power = matchers["power"].flatMap(Power.init)
        scan.phase = matchers["phase"].flatMap(Resource.Phase.init)
        return scan
    }

    private mutating func measured(_ use: Metric.Use) throws -> ExactDecimal? {
        var ids: [ResourceID]
        if let id = focus.resource {
            ids = [id]
        } else {
            ids = try scan(["kind": "instance"]).ids(in: tenant, limit: Self.instances, connection)
        }
        let span = use.function == nil || use.function == .last ? Self.freshness : use.seconds
        let readings = try InstanceReading.of(ids, in: tenant, from: at.adding(seconds: -span), to: at, connection)
        let found = readings.compactMapValues { readings -> ExactDecimal? in
            let values = readings.compactMap { use.metric == .cpuPercent ? $0.cpuPercent : $0.memoryPercent }
            switch use.function {
            case .avg: return values.isEmpty ? nil : values.reduce(0, +).divided(by: ExactDecimal(values.count))
            case .min: return values.min()
            case .max: return values.max()
            case .rate, .change, .pop, .delta, .forecast:
                return Metric.moved(from: values.first, to: values.last, use.function ?? .delta, seconds: use.seconds)
            default: return values.last
            }
        }
        guard let most = found.max(by: { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }) else { return nil }
        highest.append(most.key)
        return most.value
    }
}

extension Subject {
    /// What may stand in braces behind `resource_count`.
    static let matchers: [String: [String]] = [
        "kind": ResourceKind.allCases.map(\.rawValue), "power": Power.allCases.map(\.rawValue),
        "phase": Resource.Phase.allCases.map(\.rawValue),
    ]
}

extension Subject {
    /// Whose money it is; nil for what a selector names.
    var scope: Budget.Scope? {
        switch self {
        case .account(let id): .account(id)
        case .project(let id), .resource(_, let id): .project(id)
        case .selector, .workspace: nil
        }
    }

    /// Where the budgets over it stand: those of its project, or where there is none, those of the account.
    func budgets(
        in tenant: Tenant, at moment: Timestamp, _ connection: Connection
    ) throws -> (scope: Budget.Scope?, positions: [Spending.Position]) {
        guard let scope else { return (nil, []) }
        let own = try Spending.positions(of: scope, in: tenant, at: moment, connection)
        guard own.isEmpty, case .project(let id) = scope else { return (scope, own) }
        let account = Budget.Scope.account(try Project.find(id, in: tenant.workspace, connection).account)
        return (account, try Spending.positions(of: account, in: tenant, at: moment, connection))
    }
}
