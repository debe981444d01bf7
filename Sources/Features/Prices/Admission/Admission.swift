import Kernel
package import Storage

/// Takes quota and budget for a resource, in the transaction that makes or changes it, so that of two creates that race for the last
/// dollar one commits and the other is told.
///
/// Few, indexed statements: the resource's row, its prices, two for each quota holder, the budgets it hits. What is refused has changed nothing,
/// but for a holder's first row or a budget's stale sum, so that nobody who shares the transaction has to begin again for it.
package enum Admission {
    /// Takes quota and budget for a new resource, or changes what an existing one holds to `demand` (bigger, smaller, or none of the lines
    /// while it is stopped). `isNew` promises that it holds nothing yet.
    ///
    /// `alternatives` are from the largest to the smallest, for "the largest that still fits". Throws `quota_exceeded` (members metric,
    /// limit, used, requested, scope), `budget_exceeded` (members budget_id, remaining, estimate, currency, fits), and `validation_failed`
    /// for a SKU without a price. Going down never throws either of the first two.
    package static func reserve(
        _ demand: Demand, for consumer: Consumer, isNew: Bool = false, alternatives: [(name: String, demand: Demand)], by: Attribution,
        _ connection: Connection
    ) throws -> Estimate {
        let tenant = consumer.tenant
        let held = isNew ? nil : try Commitment.find(consumer.resource, in: tenant, locking: true, connection)
        let wanted = Commitment(consumer, demand, after: held, at: by.at)
        try change(from: held, to: wanted, in: tenant) { try Quota.check($0, for: $1, in: tenant, locking: true, connection) }
        let scopes = wanted.scopes.union(held?.scopes ?? [])
        let (budgets, period) = try BudgetLedger.current(for: scopes, at: by.at, in: tenant, connection)
        let assessment = try Assessment(held, wanted, budgets, period, at: by.at, in: tenant, connection)
        try assessment.check(alternatives, connection)
        try change(from: held, to: wanted, in: tenant) { try Quota.add($0, to: $1, in: tenant, connection) }
        for budget in budgets { try BudgetLedger.add(assessment.difference(for: budget), to: budget, in: tenant, connection) }
        if !wanted.isHeld(as: held) { try wanted.save(assessment.after, in: tenant, connection) }
        return assessment.estimate
    }

    /// The same without holding anything: for a dry run.
    package static func quote(
        _ demand: Demand, for consumer: Consumer, alternatives: [(name: String, demand: Demand)], by: Attribution, _ connection: Connection
    ) throws -> Estimate {
        let tenant = consumer.tenant
        let held = try Commitment.find(consumer.resource, in: tenant, locking: false, connection)
        let wanted = Commitment(consumer, demand, after: held, at: by.at)
        try change(from: held, to: wanted, in: tenant) { try Quota.check($0, for: $1, in: tenant, locking: false, connection) }
        let scopes = wanted.scopes.union(held?.scopes ?? [])
        let (budgets, period) = try BudgetLedger.seen(for: scopes, at: by.at, in: tenant, connection)
        let assessment = try Assessment(held, wanted, budgets, period, at: by.at, in: tenant, connection)
        try assessment.check(alternatives, connection)
        return assessment.estimate
    }

    /// Gives everything back: the resource is gone or was never made. What was metered stays. Twice is once.
    package static func release(_ resource: String, by: Attribution, _ connection: Connection) throws {
        let tenant = by.tenant
        guard let held = try Commitment.find(resource, in: tenant, locking: true, connection), !held.isReleased else { return }
        let rest = held.released(at: by.at)
        try change(from: held, to: rest, in: tenant) { try Quota.add($0, to: $1, in: tenant, connection) }
        let (budgets, period) = try BudgetLedger.current(for: held.scopes, at: by.at, in: tenant, connection)
        let assessment = try Assessment(held, rest, budgets, period, at: by.at, in: tenant, connection)
        for budget in budgets { try BudgetLedger.add(assessment.difference(for: budget), to: budget, in: tenant, connection) }
        if assessment.isMetered {
            try rest.save(assessment.after, in: tenant, connection)
        } else {
            try Commitment.remove(resource, in: tenant, connection)
        }
    }

    /// What each quota holder has to take, or gets back when the resource went elsewhere. The account comes first, always.
    private static func change(
        from held: Commitment?, to wanted: Commitment, in tenant: Tenant, _ take: ([Quota.Metric: Int], Quota.Holder) throws -> Void
    ) throws {
        let old = held?.counts ?? [:]
        if let held, held.account != wanted.account {
            try take(old.mapValues(-), .account(held.account))
            try take(wanted.counts, .account(wanted.account))
        } else {
            try take(wanted.counts.difference(from: old), .account(wanted.account))
        }
        if let held, held.project != wanted.project {
            try take(old.mapValues(-), .project(held.project))
            try take(wanted.counts, .project(wanted.project))
        } else {
            try take(wanted.counts.difference(from: old), .project(wanted.project))
        }
    }
}

extension Commitment {
    init(_ consumer: Consumer, _ demand: Demand, after held: Commitment?, at now: Timestamp) {
        let lines = demand.lines.merged
        let isSame = held.map { $0.lines == lines && !$0.isReleased && $0.place == consumer.place } ?? false
        self.init(
            resource: consumer.resource, account: consumer.account, project: consumer.project, place: consumer.place, lines: lines,
            counts: demand.counts.filter { $0.value != 0 }, since: isSame ? held?.since ?? now : now, isReleased: false)
    }

    fileprivate func released(at now: Timestamp) -> Commitment {
        Commitment(
            resource: resource, account: account, project: project, place: place, lines: [], counts: [:], since: now, isReleased: true)
    }

    fileprivate func isHeld(as held: Commitment?) -> Bool {
        guard let held else { return false }
        return held.lines == lines && held.counts == counts && held.scopes == scopes && held.place == place && !held.isReleased
    }
}
