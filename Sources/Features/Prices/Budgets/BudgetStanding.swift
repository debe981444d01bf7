import Kernel
import Storage
import Web

/// A budget and where it stands in the period that runs.
struct BudgetStanding: Sendable {
    let budget: Budget
    let period: BillingPeriod
    /// Billed hours and the open part.
    let spent: ExactDecimal
    /// Resources of the scope, or rows of the view, that cost something in another currency, which is not counted.
    let otherCurrencyResources: Int

    /// What the rest of the period will cost if nothing changes.
    var reserved: ExactDecimal { budget.ledger.committed - spent }
    var remaining: ExactDecimal { budget.amount - budget.ledger.committed }

    /// Of a view's budget it counts what the caller may see; nil sees all.
    static func read(
        _ budget: Budget, in tenant: Tenant, at now: Timestamp, _ views: any ViewCosts, for caller: Caller? = nil, _ connection: Connection
    ) throws -> BudgetStanding {
        guard case .view(let view) = budget.scope else { return try read(budget, in: tenant, at: now, connection) }
        let period = BillingPeriod(of: now)
        let forecast = try ViewForecast.read(
            view, in: budget.currency, period, at: now, views, for: caller, in: tenant, connection)
        return BudgetStanding(
            budget: budget.with(committed: forecast.expected, in: period), period: period, spent: forecast.spent,
            otherCurrencyResources: forecast.otherCurrencyRows)
    }

    /// Of an account's or a project's.
    static func read(_ budget: Budget, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> BudgetStanding {
        let period = BillingPeriod(of: max(now, budget.ledger.periodStart))
        if budget.isCurrent(in: period), let reserve = try BudgetLedger.reserve(of: budget, in: period, after: now, tenant, connection) {
            return BudgetStanding(
                budget: budget, period: period, spent: budget.ledger.committed - reserve,
                otherCurrencyResources: try BudgetLedger.otherCurrencies(of: budget, tenant, connection))
        }
        let holdings = try BudgetLedger.holdings(of: budget, in: period, until: now, tenant, connection)
        return BudgetStanding(
            budget: try BudgetLedger.seen(budget, in: period, tenant, connection), period: period,
            spent: holdings.reduce(.zero) { $0 + $1.spent[budget.currency] },
            otherCurrencyResources: holdings.count { $0.amounts.currencies.contains { $0 != budget.currency } })
    }
}

extension Budget {
    /// As it stands in the log.
    var snapshot: JSON {
        [
            "name": .string(name), "scope": scope.json, "amount": JSON(amount), "currency": .string(currency), "enforced": .bool(enforced),
            "thresholds": .array(thresholds.actual.map { .integer($0) }),
            "forecast_thresholds": .array(thresholds.forecast.map { .integer($0) }),
        ]
    }
}

extension Budget.Scope {
    var json: JSON {
        switch self {
        case .account(let id): ["account_id": JSON(id)]
        case .project(let id): ["project_id": JSON(id)]
        case .view(let id): ["cost_view_id": JSON(id)]
        }
    }
}

extension BudgetStanding: JSONRepresentable, SchemaDescribed {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", budget.id)
            json.field("name", budget.name)
            json.field("scope", budget.scope.json)
            json.field("amount", budget.amount.formatted(minimumPlaces: 2))
            json.field("currency", budget.currency)
            json.field("period", "month")
            json.field("period_start", period.start)
            json.field("period_end", period.end)
            json.field("spent", spent.formatted(minimumPlaces: 2))
            json.field("reserved", reserved.formatted(minimumPlaces: 2))
            json.field("remaining", remaining.formatted(minimumPlaces: 2))
            json.field("forecast", budget.ledger.committed.formatted(minimumPlaces: 2))
            json.field("other_currency_resources", otherCurrencyResources)
            json.field("enforced", budget.enforced)
            json.array("thresholds", budget.thresholds.actual) { json, percent in json.value(percent) }
            json.array("forecast_thresholds", budget.thresholds.forecast) { json, percent in json.value(percent) }
            json.field("created_at", budget.createdAt)
            json.field("updated_at", budget.updatedAt)
        }
    }

    static let scopeSchema = Schema.object(
        [.optional("account_id", .id("acc")), .optional("project_id", .id("proj")), .optional("cost_view_id", .id("cv"))],
        "An account, a project or a cost view.")
    /// Percents.
    static func thresholds(_ meaning: String) -> Schema { .array(.integer(1...1000), 0...10, meaning) }
    static let schema = Schema.named(
        "Budget",
        .object([
            .required("id", .id("bud")), .required("name", .name()), .required("scope", scopeSchema), .required("amount", Money.amount),
            .required("currency", Money.currency), .required("period", .choice(["month"], "A calendar month, UTC.")),
            .required("period_start", .timestamp()), .required("period_end", .timestamp()),
            .required("spent", Money.amount.described("Billed hours and the open part of this period.")),
            .required("reserved", Money.amount.described("What the rest of the period will cost if nothing changes.")),
            .required("remaining", Money.amount.described("Below zero when prices rose or the budget was lowered.")),
            .required("forecast", Money.amount.described("What the period will have cost by its end: spent and reserved.")),
            .required(
                "other_currency_resources",
                .integer(0...Int64.max, "Resources, of a cost view rows, with costs in another currency, which is not counted.")),
            .required("enforced", .boolean("False only reports.")),
            .required("thresholds", thresholds("Percents of the amount; what was spent is told when it reaches them.")),
            .required("forecast_thresholds", thresholds("The same of the forecast.")), .required("created_at", .timestamp()),
            .required("updated_at", .timestamp()),
        ]))
}
