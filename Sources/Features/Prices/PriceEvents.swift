package import Web

/// What is said in the log about prices, quotas and budgets.
package enum PriceEvents {
    private static let price = Schema.object([
        .required("sku", Price.skuSchema), .required("provider", Price.placeSchema), .required("location", Price.placeSchema),
        .required("unit", .choice(of: Price.Unit.self)), .required("amount", Money.amount), .required("currency", Money.currency),
        .required("description", .string(0...1000)), .required("effective_from", .timestamp()),
        .required("effective_to", Schema.timestamp().nullable),
    ])
    private static let budget = Schema.object([
        .required("name", .name()),
        .required("scope", BudgetStanding.scopeSchema),
        .required("amount", Money.amount), .required("currency", Money.currency), .required("enforced", .boolean()),
        .optional("thresholds", BudgetStanding.thresholds("Percents.")),
        .optional("forecast_thresholds", BudgetStanding.thresholds("Percents.")),
    ])
    private static let limit = Schema.integer(0...Int64.max, "Null for no limit.").nullable

    package static let types = [
        EventType.creation("price.created", "A price was added to the price book.", of: price),
        .change("price.updated", "A price was corrected before it took effect.", of: price),
        EventType(
            "price.ended", "A price was ended, or taken back before it began.",
            data: [.required("before", price), .required("effective_to", .timestamp())]),
        EventType(
            "quota.changed", "How much an account or a project may hold of something changed.",
            data: [.required("metric", .choice(of: Quota.Metric.self)), .required("before", limit), .required("after", limit)]),
        .creation("budget.created", "A budget was made.", of: budget),
        .change("budget.updated", "A budget's name, amount or enforcement changed.", of: budget),
        .removal("budget.deleted", "A budget was deleted.", of: budget),
        EventType(
            "budget.threshold_reached",
            "A cost view's month, or its forecast, reached a percent of its budget; once a month for each percent.",
            data: [
                .required("budget_id", .id("bud")), .required("name", .name()), .required("scope", BudgetStanding.scopeSchema),
                .required("kind", .choice(of: BudgetThresholds.Kind.self)), .required("percent", .integer(1...1000)),
                .required("amount", Money.amount), .required("currency", Money.currency), .required("period_start", .timestamp()),
                .required("spent", Money.amount), .required("forecast", Money.amount),
            ]),
    ]
}
