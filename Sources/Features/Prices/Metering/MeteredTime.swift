package import Kernel
package import Storage

/// The time resources are charged for.
///
/// Intervals are facts: from when until when, which line. Hours are cut from them once they are over, one row for each resource, SKU, hour
/// and price, with an id made of just that: so a crash or a second run never charges twice, and closed hours never change.
package enum MeteredTime {
    /// From this moment the resource is charged for these lines, and for nothing else: open intervals of other lines end. Empty lines end
    /// all. Repeating it changes nothing.
    ///
    /// A moment in hours that are closed already counts as their end: what was billed stays.
    package static func set(_ lines: [Demand.Line], for consumer: Consumer, at moment: Timestamp, _ connection: Connection) throws {
        let tenant = consumer.tenant
        let lines = lines.merged
        let open = try openIntervals(of: consumer.resource, in: tenant, connection)
        let ending = open.filter { !lines.contains($0.line) }
        let starting = lines.filter { line in !open.contains { $0.line == line } }
        for interval in open where lines.contains(interval.line) { try interval.describe(as: consumer, connection) }
        guard !ending.isEmpty || !starting.isEmpty else { return }
        let held = try Commitment.find(consumer.resource, in: tenant, locking: true, connection) ?? unreserved(consumer, moment, connection)
        let (budgets, period) = try BudgetLedger.current(for: held.scopes, at: moment, in: tenant, connection)
        let change = try CommitmentChange(held, in: period, tenant, connection)
        for interval in ending { try interval.end(at: moment, consumer, connection) }
        for line in starting { try start(line, for: consumer, at: moment, connection) }
        try change.settle(budgets, skus: lines.map(\.sku), connection)
    }

    /// What is metered without having been reserved, or after it was given back, counts against budgets once its time is over.
    private static func unreserved(_ consumer: Consumer, _ moment: Timestamp, _ connection: Connection) throws -> Commitment {
        let commitment = Commitment(consumer, .nothing, after: nil, at: moment)
        try commitment.save(.none, in: consumer.tenant, connection)
        return commitment
    }

    private static func openIntervals(of resource: String, in tenant: Tenant, _ connection: Connection) throws -> [OpenInterval] {
        try connection.rows(
            """
            SELECT sku, units, started_at, closed_until, account, project, name, provider, location, labels FROM metered_intervals
            WHERE workspace = ? AND mode = ? AND resource = ? AND ended_at IS NULL\(connection.dialect.forUpdate)
            """, tenant.workspace, tenant.mode, resource
        ) { row in
            try OpenInterval(
                line: .init(sku: row.text(0), units: row.integer(1)), start: row.time(2), closedUntil: row.time(3),
                description: [row.get(4), row.get(5), row.get(6), row.get(7), row.get(8), row.get(9)])
        }
    }

    private static func start(_ line: Demand.Line, for consumer: Consumer, at moment: Timestamp, _ connection: Connection) throws {
        let tenant = consumer.tenant
        let last = try connection.row(
            """
            SELECT MAX(ended_at), MAX(closed_until) FROM metered_intervals WHERE workspace = ? AND mode = ? AND resource = ? AND sku = ?
            """, tenant.workspace, tenant.mode, consumer.resource, line.sku
        ) { row in try [row.get(0, as: Timestamp?.self), row.get(1, as: Timestamp?.self)].compactMap { $0 } }
        let start = (last ?? []).reduce(moment, max)
        try connection.execute(
            """
            INSERT INTO metered_intervals (workspace, mode, resource, sku, started_at, units, closed_until, is_closed, account, project,
                kind, name, provider, location, labels)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, consumer.resource, line.sku, start, line.units, start.hour, consumer.account,
            consumer.project, consumer.kind, consumer.name, consumer.provider, consumer.location, consumer.labelText)
    }
}

private struct OpenInterval {
    let line: Demand.Line
    let start: Timestamp
    let closedUntil: Timestamp
    let description: [String]

    /// One that would hold no time never was.
    func end(at moment: Timestamp, _ consumer: Consumer, _ connection: Connection) throws {
        let end = max(moment, start, closedUntil)
        let key = "WHERE workspace = ? AND mode = ? AND resource = ? AND sku = ? AND started_at = ?"
        let tenant = consumer.tenant
        if end == start {
            try connection.execute(
                "DELETE FROM metered_intervals \(key)", tenant.workspace, tenant.mode, consumer.resource, line.sku, start)
        } else {
            try connection.execute(
                "UPDATE metered_intervals SET ended_at = ? \(key)", end, tenant.workspace, tenant.mode, consumer.resource, line.sku, start)
        }
    }

    /// Hours that are closed from now on tell the resource's present name and labels.
    func describe(as consumer: Consumer, _ connection: Connection) throws {
        let account = consumer.account.rawValue
        let project = consumer.project.rawValue
        let present = [account, project, consumer.name, consumer.provider, consumer.location, consumer.labelText]
        guard present != description else { return }
        try connection.execute(
            """
            UPDATE metered_intervals SET account = ?, project = ?, name = ?, labels = ?
            WHERE workspace = ? AND mode = ? AND resource = ? AND sku = ? AND started_at = ?
            """, account, project, consumer.name, consumer.labelText, consumer.tenant.workspace, consumer.tenant.mode, consumer.resource,
            line.sku, start)
    }
}

extension Consumer {
    fileprivate var labelText: String {
        String(decoding: JSON.object(labels.map { JSON.Member($0.key, .string($0.value)) }).canonicalBytes, as: UTF8.self)
    }
}

/// The difference that metered time makes to budgets: what a resource came to before and after.
private struct CommitmentChange {
    let held: Commitment
    let period: BillingPeriod
    let tenant: Tenant
    let before: Amounts

    init(_ held: Commitment, in period: BillingPeriod, _ tenant: Tenant, _ connection: Connection) throws {
        self.held = held
        self.period = period
        self.tenant = tenant
        before = try Self.amounts(held, period, tenant, [], connection)
    }

    func settle(_ budgets: [Budget], skus: [String], _ connection: Connection) throws {
        let after = try Self.amounts(held, period, tenant, skus, connection)
        guard after != before else { return }
        for budget in budgets {
            try BudgetLedger.add(after[budget.currency] - before[budget.currency], to: budget, in: tenant, connection)
        }
        try held.save(after, in: tenant, connection)
    }

    private static func amounts(
        _ held: Commitment, _ period: BillingPeriod, _ tenant: Tenant, _ skus: [String], _ connection: Connection
    ) throws -> Amounts {
        let intervals = try MeteredInterval.of([held.resource], after: period.start, in: tenant, connection)[held.resource] ?? []
        let skus = Set(skus + held.lines.map(\.sku) + intervals.map(\.line.sku))
        return held.amounts(intervals, in: period, try PriceTimeline.load(skus, at: nil, in: tenant, connection))
    }
}
