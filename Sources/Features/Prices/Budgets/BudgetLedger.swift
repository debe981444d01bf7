import Kernel
import Storage

/// Keeps the running sums of budgets, so that admission reads and writes one row for each budget it hits, however many resources there are.
///
/// A sum is kept by differences while nothing but resources changes. When the book of prices changes or a month begins it is computed
/// anew, at the next moment somebody needs it.
enum BudgetLedger {
    /// The budgets of the scopes with sums that are right for `moment`, and the period they are of. Locks them.
    static func current(
        for scopes: Set<String>, at moment: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> (budgets: [Budget], period: BillingPeriod) {
        let budgets = try Budget.hit(by: scopes, in: tenant, locking: true, connection)
        let period = period(of: budgets, at: moment)
        return (try budgets.map { $0.isCurrent(in: period) ? $0 : try refresh($0, to: period, in: tenant, connection) }, period)
    }

    /// The same without writing: for dry runs and reads.
    static func seen(
        for scopes: Set<String>, at moment: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> (budgets: [Budget], period: BillingPeriod) {
        let budgets = try Budget.hit(by: scopes, in: tenant, locking: false, connection)
        let period = period(of: budgets, at: moment)
        return (try budgets.map { try seen($0, in: period, tenant, connection) }, period)
    }

    static func seen(_ budget: Budget, in period: BillingPeriod, _ tenant: Tenant, _ connection: Connection) throws -> Budget {
        guard !budget.isCurrent(in: period) else { return budget }
        let sum = try holdings(of: budget, in: period, tenant, connection).reduce(ExactDecimal.zero) { $0 + $1.amounts[budget.currency] }
        return budget.with(committed: sum, in: period)
    }

    /// Adds the difference a resource makes.
    static func add(_ difference: ExactDecimal, to budget: Budget, in tenant: Tenant, _ connection: Connection) throws {
        guard !difference.isZero else { return }
        try connection.execute(
            "UPDATE budgets SET committed = ? WHERE workspace = ? AND mode = ? AND id = ?", budget.ledger.committed + difference,
            tenant.workspace, tenant.mode, budget.id)
    }

    /// Computes the sums that are not right for `now`, at most so many; answers how many. Admission does not wait for it.
    static func refreshDue(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let due = try connection.rows(
            """
            SELECT workspace, mode, scope FROM budgets WHERE (is_stale = 1 OR period_start < ?) AND scope_kind <> 'view'
            ORDER BY workspace, mode, scope LIMIT ?
            """,
            now.startOfMonth, limit
        ) { row in (tenant: try Tenant(workspace: row.get(0), mode: row.get(1)), scope: row.text(2)) }
        for (tenant, scope) in due { _ = try current(for: [scope], at: now, in: tenant, connection) }
        return due.count
    }

    /// A sum never goes back to an earlier month, whatever a late caller's clock says.
    private static func period(of budgets: [Budget], at moment: Timestamp) -> BillingPeriod {
        BillingPeriod(of: budgets.map(\.ledger.periodStart).reduce(moment, max))
    }

    private static func refresh(_ budget: Budget, to period: BillingPeriod, in tenant: Tenant, _ connection: Connection) throws -> Budget {
        var sum = ExactDecimal.zero
        for holding in try holdings(of: budget, in: period, tenant, connection) {
            sum += holding.amounts[budget.currency]
            let resource = holding.commitment.resource
            if holding.commitment.isReleased, !holding.isMetered {
                try Commitment.remove(resource, in: tenant, connection)
            } else if holding.amounts != holding.stored {
                try connection.execute(
                    "UPDATE commitments SET amounts = ? WHERE workspace = ? AND mode = ? AND resource = ?", holding.amounts,
                    tenant.workspace,
                    tenant.mode, resource)
            }
        }
        try connection.execute(
            "UPDATE budgets SET committed = ?, period_start = ?, is_stale = 0 WHERE workspace = ? AND mode = ? AND id = ?", sum,
            period.start, tenant.workspace, tenant.mode, budget.id)
        return budget.with(committed: sum, in: period)
    }
}

extension BudgetLedger {
    /// One resource of a budget's scope.
    struct Holding {
        let commitment: Commitment
        let stored: Amounts
        let amounts: Amounts
        let spent: Amounts
        let isMetered: Bool
    }

    /// Every resource of the scope with what it comes to in the period; `spent` is what it came to until `now`.
    static func holdings(
        of budget: Budget, in period: BillingPeriod, until now: Timestamp? = nil, among resources: [String]? = nil, _ tenant: Tenant,
        _ connection: Connection
    ) throws -> [Holding] {
        let column = budget.scope.column
        let among = resources.map { " AND c.resource IN (\(Array(repeating: "?", count: $0.count).joined(separator: ", ")))" } ?? ""
        let scope = [tenant.workspace.sqlValue, tenant.mode.sqlValue, .text(budget.scope.id)]
        let chosen = (resources ?? []).map(\.sqlValue)
        let commitments = try connection.rows(
            """
            SELECT \(Commitment.columns), amounts FROM commitments c WHERE workspace = ? AND mode = ? AND \(column) = ?\(among)
            ORDER BY resource
            """, scope + chosen
        ) { row in (commitment: try Commitment.read(row), stored: try row.get(9, as: Amounts.self)) }
        let rows = try connection.rows(
            """
            SELECT \(MeteredInterval.columns) FROM commitments c
            JOIN metered_intervals i ON i.workspace = c.workspace AND i.mode = c.mode AND i.resource = c.resource
            WHERE c.workspace = ? AND c.mode = ? AND c.\(column) = ? AND (i.ended_at IS NULL OR i.ended_at > ?)\(among)
            """, scope + [period.start.sqlValue] + chosen, as: MeteredInterval.read)
        let intervals = Dictionary(grouping: rows, by: \.resource).mapValues { $0.map(\.interval) }
        let skus = Set(commitments.flatMap { $0.commitment.lines.map(\.sku) } + rows.map(\.interval.line.sku))
        let timeline = try PriceTimeline.load(skus, at: nil, in: tenant, connection)
        return commitments.map { commitment, stored in
            let own = intervals[commitment.resource] ?? []
            let spent = now.map { now in own.reduce(into: Amounts.none) { $0 += $1.cost(until: now, in: period, timeline) } }
            return Holding(
                commitment: commitment, stored: stored, amounts: commitment.amounts(own, in: period, timeline), spent: spent ?? .none,
                isMetered: !own.isEmpty)
        }
    }
}

extension Budget {
    func isCurrent(in period: BillingPeriod) -> Bool { !ledger.isStale && ledger.periodStart == period.start }

    func with(committed: ExactDecimal, in period: BillingPeriod) -> Budget {
        Budget(
            id: id, name: name, scope: scope, amount: amount, currency: currency, enforced: enforced,
            thresholds: thresholds, ledger: Ledger(committed: committed, periodStart: period.start, isStale: false), version: version,
            createdAt: createdAt,
            updatedAt: updatedAt)
    }
}

extension Budget.Scope {
    var column: String {
        switch self {
        case .account: "account"
        case .project: "project"
        case .view: "NULL"  // no resource is of a view
        }
    }
}
