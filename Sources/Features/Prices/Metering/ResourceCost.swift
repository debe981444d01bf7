package import Kernel
package import Storage
package import Web

/// The `cost` member of a resource.
package struct ResourceCost: Sendable, JSONRepresentable, SchemaDescribed {
    package let currency: String
    /// Of the lines it holds, at today's prices.
    package let hourly: ExactDecimal
    package let monthlyEstimate: ExactDecimal
    /// Closed hours and the open part, to the millisecond.
    package let monthToDate: ExactDecimal

    /// Of all of them, in three statements. A resource that holds nothing and was not metered this month has no entry.
    package static func of(_ resources: [String], in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws
        -> [String: ResourceCost]
    {
        guard !resources.isEmpty else { return [:] }
        let period = BillingPeriod(of: now)
        let commitments = try connection.rows(
            """
            SELECT \(Commitment.columns) FROM commitments
            WHERE workspace = ? AND mode = ? AND resource IN (\(Array(repeating: "?", count: resources.count).joined(separator: ", ")))
            """, [tenant.workspace.sqlValue, tenant.mode.sqlValue] + resources.map(\.sqlValue), as: Commitment.read)
        let intervals = try MeteredInterval.of(resources, after: period.start, in: tenant, connection)
        let skus = Set(commitments.flatMap { $0.lines.map(\.sku) } + intervals.values.flatMap { $0.map(\.line.sku) })
        let timeline = try PriceTimeline.load(skus, at: nil, in: tenant, connection)
        let held = Dictionary(commitments.map { ($0.resource, $0) }) { one, _ in one }
        var costs: [String: ResourceCost] = [:]
        for resource in Set(held.keys).union(intervals.keys) {
            costs[resource] = ResourceCost(held[resource], intervals[resource] ?? [], period, now, timeline)
        }
        return costs
    }

    /// Of a resource that has just been made: what was estimated for the lines it holds, and nothing spent.
    package init(ofNew estimate: Estimate) {
        currency = estimate.currency
        hourly = estimate.hourly
        monthlyEstimate = estimate.monthly
        monthToDate = .zero
    }

    init(
        _ held: Commitment?, _ intervals: [MeteredInterval], _ period: BillingPeriod, _ now: Timestamp, _ timeline: PriceTimeline
    ) {
        let spent = intervals.reduce(into: Amounts.none) { $0 += $1.cost(until: now, in: period, timeline) }
        let prices = (held?.lines ?? []).map { line in
            (line: line, price: held.flatMap { timeline.price(of: line.sku, at: $0.place, on: now) })
        }
        currency = prices.compactMap(\.price?.currency).first ?? spent.currencies.first ?? "USD"
        hourly = prices.reduce(.zero) { $0 + ($1.price?.amount ?? .zero) * ExactDecimal($1.line.units) }
        monthlyEstimate = hourly * Estimate.hoursPerMonth
        monthToDate = spent[currency]
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("currency", currency)
            json.field("hourly", hourly.formatted(minimumPlaces: 4))
            json.field("monthly_estimate", monthlyEstimate.formatted(minimumPlaces: 2))
            json.field("month_to_date", monthToDate.formatted(minimumPlaces: 2))
            json.field("confidence", "exact")
        }
    }

    package static let schema = Schema.named(
        "ResourceCost",
        .object([
            .required("currency", Money.currency), .required("hourly", Money.amount.described("Of what it holds, at today's prices.")),
            .required("monthly_estimate", Money.amount.described("730 hours.")),
            .required("month_to_date", Money.amount.described("What it has cost in this calendar month (UTC), to the millisecond.")),
            .required("confidence", .choice(["exact"])),
        ]))
}
