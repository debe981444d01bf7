package import Kernel
package import Web

/// What something will cost, computed from the same slices that will be billed.
package struct Estimate: Sendable, JSONRepresentable, SchemaDescribed {
    package let currency: String
    package let hourly: ExactDecimal
    /// 730 hours: a twelfth of a year of 365 days.
    package let monthly: ExactDecimal
    /// From now until the end of the billing period, scheduled price changes included.
    package let periodAmount: ExactDecimal
    package let periodEnd: Timestamp
    /// The smallest over the enforced budgets it counts against; nil when there is none.
    package let budgetRemainingAfter: ExactDecimal?

    static let hoursPerMonth: ExactDecimal = 730

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("currency", currency)
            json.field("hourly", hourly.formatted(minimumPlaces: 4))
            json.field("monthly", monthly.formatted(minimumPlaces: 2))
            json.field("period_amount", periodAmount.formatted(minimumPlaces: 2))
            json.field("period_end", periodEnd)
            json.field("budget_remaining_after", budgetRemainingAfter?.formatted(minimumPlaces: 2))
        }
    }

    package static let schema = Schema.named(
        "Estimate",
        .object([
            .required("currency", Money.currency), .required("hourly", Money.amount),
            .required("monthly", Money.amount.described("730 hours.")),
            .required("period_amount", Money.amount.described("From now until the end of the billing period.")),
            .required("period_end", .timestamp()),
            .required(
                "budget_remaining_after",
                Money.amount.nullable.described("What the tightest enforced budget has left with it; null without a budget.")),
        ]))
}
