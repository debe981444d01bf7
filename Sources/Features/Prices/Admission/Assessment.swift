import Kernel
import Storage

/// What a change of what a resource holds comes to: for its estimate, and for every budget it hits.
struct Assessment {
    private let held: Commitment?
    private let wanted: Commitment
    private let budgets: [Budget]
    private let period: BillingPeriod
    private let now: Timestamp
    private let tenant: Tenant
    private let intervals: [MeteredInterval]
    private let timeline: PriceTimeline
    /// What it held until now, and what it will hold.
    let before: Amounts
    let after: Amounts

    var isMetered: Bool { !intervals.isEmpty }

    init(
        _ held: Commitment?, _ wanted: Commitment, _ budgets: [Budget], _ period: BillingPeriod, at now: Timestamp, in tenant: Tenant,
        _ connection: Connection
    ) throws {
        self.held = held
        self.wanted = wanted
        self.budgets = budgets
        self.period = period
        self.now = now
        self.tenant = tenant
        intervals =
            held == nil ? [] : try MeteredInterval.of([wanted.resource], after: period.start, in: tenant, connection)[wanted.resource] ?? []
        // A new resource needs its own prices only; an old one may have been somewhere else.
        let skus = Set(wanted.lines.map(\.sku) + (held?.lines ?? []).map(\.sku) + intervals.map(\.line.sku))
        timeline = try PriceTimeline.load(skus, at: held == nil ? wanted.place : nil, in: tenant, connection)
        before = held?.amounts(intervals, in: period, timeline) ?? .none
        after = wanted.amounts(intervals, in: period, timeline)
    }

    /// What the change adds to a budget's sum.
    func difference(for budget: Budget) -> ExactDecimal { difference(for: budget, after) }

    private func difference(for budget: Budget, _ after: Amounts) -> ExactDecimal {
        let old = held.map { $0.scopes.contains(budget.scope.id) ? before[budget.currency] : .zero } ?? .zero
        let new = wanted.scopes.contains(budget.scope.id) ? after[budget.currency] : .zero
        return new - old
    }

    /// The first enforced budget that these amounts would go past.
    private func obstacle(to after: Amounts) -> Budget? {
        budgets.first { budget in
            let difference = difference(for: budget, after)
            return budget.enforced && difference > .zero && budget.ledger.committed + difference > budget.amount
        }
    }

    /// Throws `validation_failed` for a line without a price or lines in different currencies, `budget_exceeded` naming the largest
    /// alternative that fits.
    func check(_ alternatives: [(name: String, demand: Demand)], _ connection: Connection) throws {
        try checkPrices()
        guard let budget = obstacle(to: after) else { return }
        let remaining = budget.amount - budget.ledger.committed
        let estimate = difference(for: budget)
        let fits = try largestFitting(alternatives, connection)
        throw Problem(
            .budgetExceeded,
            """
            The budget \(budget.name) has \(remaining.formatted(minimumPlaces: 2)) \(budget.currency) left this month; this would take \
            \(estimate.formatted(minimumPlaces: 2)).
            """,
            members: [
                "budget_id": JSON(budget.id), "remaining": .string(remaining.formatted(minimumPlaces: 2)),
                "estimate": .string(estimate.formatted(minimumPlaces: 2)), "currency": .string(budget.currency), "fits": JSON(fits),
            ])
    }

    private func checkPrices() throws {
        var currency: String?
        for line in wanted.lines {
            guard let price = timeline.price(of: line.sku, at: wanted.place, on: now) else {
                throw Problem(
                    .validationFailed,
                    "There is no price for \(line.sku) (provider \(wanted.place.provider), location \(wanted.place.location)).",
                    violations: [.init(pointer: "/spec", code: "no_price", detail: "has no price")], members: ["sku": .string(line.sku)])
            }
            guard currency == nil || currency == price.currency else {
                throw Problem(
                    .validationFailed, "The prices of what this takes are in different currencies: \(currency ?? ""), \(price.currency).",
                    members: ["sku": .string(line.sku)])
            }
            currency = price.currency
        }
    }

    private func largestFitting(_ alternatives: [(name: String, demand: Demand)], _ connection: Connection) throws -> String? {
        let merged = alternatives.map { (name: $0.name, lines: $0.demand.lines.merged) }
        let skus = Set(merged.flatMap { $0.lines.map(\.sku) } + intervals.map(\.line.sku))
        let timeline = try PriceTimeline.load(skus, at: nil, in: tenant, connection)
        return merged.first { alternative in
            let isPriced = alternative.lines.allSatisfy { timeline.price(of: $0.sku, at: wanted.place, on: now) != nil }
            let smaller = Commitment(
                resource: wanted.resource, account: wanted.account, project: wanted.project, place: wanted.place, lines: alternative.lines,
                counts: [:], since: now, isReleased: false)
            return isPriced && obstacle(to: smaller.amounts(intervals, in: period, timeline)) == nil
        }?.name
    }

    var estimate: Estimate {
        var hourly = ExactDecimal.zero
        // What is held from now on and was not before has been added up already.
        let isAddedUp = intervals.isEmpty && wanted.since == now && period.start <= now
        var coming = isAddedUp ? after : .none
        var currency = budgets.first?.currency ?? "USD"
        for line in wanted.lines {
            guard let price = timeline.price(of: line.sku, at: wanted.place, on: now) else { continue }
            currency = price.currency
            hourly += price.amount * ExactDecimal(line.units)
            if !isAddedUp { coming += Slices.cost(line, from: now, to: period.end, at: wanted.place, timeline) }
        }
        let left = budgets.filter { $0.enforced && $0.currency == currency && wanted.scopes.contains($0.scope.id) }
            .map { $0.amount - $0.ledger.committed - difference(for: $0) }
        return Estimate(
            currency: currency, hourly: hourly, monthly: hourly * Estimate.hoursPerMonth, periodAmount: coming[currency],
            periodEnd: period.end, budgetRemainingAfter: left.min())
    }
}
