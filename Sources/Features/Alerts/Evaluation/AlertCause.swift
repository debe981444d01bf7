import Kernel
import Prices
import Resources
import Storage

/// What moved the numbers of an alert, as far as it can be told: it stands in the events of the alert, and a trace follows it from a
/// resource, or the request that made it, to the alert.
struct AlertCause {
    /// Of each; the resources that cost most come first.
    static let most = 20

    let resources: [String]
    let budgets: [BudgetID]
    let events: [EventID]
    /// That of the first of these changes that is part of one.
    let trace: TraceContext?

    init(of alert: Alert, measured: [ResourceID], at now: Timestamp, _ connection: Connection) throws {
        let metrics = alert.draft.metrics
        let tenant = alert.tenant
        let focus = AlertFocus(alert)
        var resources = (focus.resource.map { [$0] } ?? []).map(\.rawValue) + measured.map(\.rawValue)
        var budgets: [BudgetID] = []
        if !metrics.isDisjoint(with: Metric.ofBudgets) {
            if let (scope, positions) = try Self.budgets(over: alert, at: now, connection), !positions.isEmpty {
                budgets = positions.map(\.budget)
                resources += try Spending.spenders(of: scope, tenant, at: now, limit: Self.most, connection)
            }
        } else if metrics.contains(.spend), !focus.isOfResources, focus.resource == nil, let scope = focus.subject(of: alert).scope {
            resources += try Spending.spenders(of: scope, tenant, at: now, limit: Self.most, connection)
        }
        self.resources = Array(resources.inOrderOnce.prefix(Self.most))
        self.budgets = Array(budgets.prefix(Self.most))
        let changes = try self.resources.compactMap { resource in
            var filter = EventFilter()
            filter.subjects = [resource]
            return try EventLog.events(in: tenant, .init(limit: 1, newestFirst: true), matching: filter, connection).first
        }
        events = changes.map(\.id)
        let traceID = try changes.lazy.compactMap { try $0.row["trace_id"]?.string }.first
        trace = traceID.map { TraceContext(traceID: $0, spanID: "00000000000000a1", flags: 1) }
    }

    /// Nil for a subject that is gone.
    private static func budgets(
        over alert: Alert, at now: Timestamp, _ connection: Connection
    ) throws -> (scope: Budget.Scope, positions: [Spending.Position])? {
        do {
            let (scope, positions) = try AlertFocus(alert).subject(of: alert).budgets(in: alert.tenant, at: now, connection)
            return scope.map { ($0, positions) }
        } catch let problem as Problem where problem.code == .notFound {
            return nil
        }
    }

    var json: JSON {
        [
            "resource_ids": .array(resources.map(JSON.string)), "budget_ids": .array(budgets.map { JSON($0) }),
            "event_ids": .array(events.map { JSON($0) }),
        ]
    }
}

extension Metric {
    fileprivate static let ofBudgets: Set<Metric> = [.budgetPercent, .budgetCommittedPercent, .budgetRemaining]
}

extension [String] {
    fileprivate var inOrderOnce: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
