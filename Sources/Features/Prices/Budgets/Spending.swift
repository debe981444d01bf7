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

    /// Of one budget, whatever it is on; nil when it is not there.
    package static func position(
        of id: BudgetID, in tenant: Tenant, at moment: Timestamp, _ views: any ViewCosts, _ connection: Connection
    ) throws -> Position? {
        guard let budget = try Budget.find(id, in: tenant, connection) else { return nil }
        let standing = try BudgetStanding.read(budget, in: tenant, at: moment, views, connection)
        return Position(budget: id, amount: budget.amount, spent: standing.spent, committed: standing.budget.ledger.committed)
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
        let intervals = try intervals(of: scope, after: BillingPeriod(of: moment).start, in: tenant, connection)
        return try total(of: intervals.map(\.interval), in: currency, tenant, at: moment, connection)
    }

    private static func intervals(
        of scope: Budget.Scope, after start: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> [(resource: String, interval: MeteredInterval)] {
        let column = scope.column
        return try connection.rows(
            """
            SELECT \(MeteredInterval.columns) FROM commitments c
            JOIN metered_intervals i ON i.workspace = c.workspace AND i.mode = c.mode AND i.resource = c.resource
            WHERE c.workspace = ? AND c.mode = ? AND c.\(column) = ? AND (i.ended_at IS NULL OR i.ended_at > ?)
            """, tenant.workspace, tenant.mode, scope.id, start, as: MeteredInterval.read)
    }

    /// Resources of the account or project that have cost something in the month of `moment`, the dearest first. Amounts of different
    /// currencies are not compared: the first of each counts.
    package static func spenders(
        of scope: Budget.Scope, _ tenant: Tenant, at moment: Timestamp, limit: Int, _ connection: Connection
    ) throws -> [String] {
        let period = BillingPeriod(of: moment)
        let metered = try intervals(of: scope, after: period.start, in: tenant, connection)
        let timeline = try PriceTimeline.load(Set(metered.map(\.interval.line.sku)), at: nil, in: tenant, connection)
        let costs = Dictionary(grouping: metered, by: \.resource).mapValues { own in
            own.reduce(into: Amounts.none) { $0 += $1.interval.cost(until: moment, in: period, timeline) }
        }
        let spent = costs.compactMapValues { amounts in amounts.currencies.min().map { amounts[$0] } }.filter { !$0.value.isZero }
        return spent.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit).map(\.key)
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
