package import Kernel
package import Storage

/// What has been spent, for parts of the server that watch it.
package enum Spending {
    /// Where a budget stands.
    package struct Position: Sendable {
        package let budget: BudgetID
        package let amount: ExactDecimal
        /// This month until now.
        package let spent: ExactDecimal
        /// With what the rest of the month will cost if nothing changes.
        package let committed: ExactDecimal
    }

    /// Of every budget of just this account or project, at a moment of the month that runs.
    package static func positions(
        of scope: Budget.Scope, in tenant: Tenant, at moment: Timestamp, _ connection: Connection
    ) throws -> [Position] {
        try Budget.hit(by: [scope.id], in: tenant, locking: false, connection).map { budget in
            let standing = try BudgetStanding.read(budget, in: tenant, at: moment, connection)
            return Position(
                budget: budget.id, amount: budget.amount, spent: standing.spent, committed: standing.budget.ledger.committed)
        }
    }

    /// What the month of `moment` had cost the account or project by then, in one currency.
    package static func total(
        of scope: Budget.Scope, in currency: String, _ tenant: Tenant, at moment: Timestamp, _ connection: Connection
    ) throws -> ExactDecimal {
        let period = BillingPeriod(of: moment)
        let column =
            switch scope {
            case .account: "account"
            case .project: "project"
            }
        let intervals = try connection.rows(
            """
            SELECT \(MeteredInterval.columns) FROM commitments c
            JOIN metered_intervals i ON i.workspace = c.workspace AND i.mode = c.mode AND i.resource = c.resource
            WHERE c.workspace = ? AND c.mode = ? AND c.\(column) = ? AND (i.ended_at IS NULL OR i.ended_at > ?)
            """, tenant.workspace, tenant.mode, scope.id, period.start, as: MeteredInterval.read)
        return try total(of: intervals.map(\.interval), in: currency, tenant, at: moment, connection)
    }

    /// The same of single resources.
    package static func total(
        of resources: [String], in currency: String, _ tenant: Tenant, at moment: Timestamp, _ connection: Connection
    ) throws -> ExactDecimal {
        let start = BillingPeriod(of: moment).start
        let intervals = try MeteredInterval.of(resources, after: start, in: tenant, connection)
        return try total(of: intervals.values.flatMap { $0 }, in: currency, tenant, at: moment, connection)
    }

    private static func total(
        of intervals: [MeteredInterval], in currency: String, _ tenant: Tenant, at moment: Timestamp, _ connection: Connection
    ) throws -> ExactDecimal {
        let timeline = try PriceTimeline.load(Set(intervals.map(\.line.sku)), at: nil, in: tenant, connection)
        let period = BillingPeriod(of: moment)
        return intervals.reduce(into: Amounts.none) { $0 += $1.cost(until: moment, in: period, timeline) }[currency]
    }
}
