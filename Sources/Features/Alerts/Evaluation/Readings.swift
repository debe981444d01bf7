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
    let connection: Connection
    package private(set) var values: [Metric.Use: ExactDecimal?] = [:]
    /// Of several instances those whose measurement was the highest.
    private(set) var highest: [ResourceID] = []

    /// How old a measurement of an instance may be; it is measured every minute.
    static let freshness: Int64 = 180
    /// Instances that one alert looks at.
    static let instances = 1000

    package init(_ alert: Alert, at: Timestamp, _ connection: Connection) {
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

    private var tenant: Tenant { alert.tenant }
    private var focus: AlertFocus { AlertFocus(alert) }

    private mutating func read(_ use: Metric.Use) throws -> ExactDecimal? {
        switch use.metric {
        case .requests:
            let count = try requests(in: use.function == nil ? 300 : use.seconds)
            return use.function == .rate ? ExactDecimal(count).divided(by: ExactDecimal(use.seconds)) : ExactDecimal(count)
        case .cpuPercent, .memoryPercent: return try measured(use)
        case .resourceCount: return ExactDecimal(try scan(use.matchers).count(in: tenant, connection))
        default:
            guard let now = try level(use, at: at) else { return nil }
            guard let function = use.function else { return now }
            guard let then = try level(use, at: at.adding(seconds: -use.seconds)) else { return nil }
            if function == .delta { return now - then }
            return then.isZero ? nil : (now - then).divided(by: then)
        }
    }

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

    /// The running minute is one of them.
    private func requests(in seconds: Int64) throws -> Int {
        let end = at.floored(toSeconds: 60).adding(seconds: 60)
        let byHour = seconds > RequestTotals.minutesKept - 3600
        return try RequestTotals.requests(
            of: focus.account, project: focus.project, in: tenant, from: end.adding(seconds: -max(60, seconds / 60 * 60)), to: end,
            byHour: byHour, connection)
    }

    private func budgets(_ use: Metric.Use, at moment: Timestamp) throws -> [Spending.Position] {
        if let id = use.matchers["budget"] {
            let views = BudgetedViews(cache: ColumnCache(limit: 1 << 25))
            return try Spending.position(of: BudgetID(id), in: tenant, at: moment, views, connection).map { [$0] } ?? []
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
