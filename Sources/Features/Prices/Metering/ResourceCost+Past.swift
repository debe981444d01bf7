package import Kernel
package import Storage

extension ResourceCost {
    /// As it was at that moment, by the lines held then, the price book of then, and the time metered until then. Nil for what held nothing
    /// and had not been metered in that month.
    package static func of(_ consumer: Consumer, holding lines: [Demand.Line], at moment: Timestamp, _ connection: Connection) throws
        -> ResourceCost?
    {
        let tenant = consumer.tenant
        let period = BillingPeriod(of: moment)
        let metered = try MeteredInterval.of([consumer.resource], after: period.start, in: tenant, connection)[consumer.resource] ?? []
        let intervals = metered.filter { $0.start <= moment }
        guard !lines.isEmpty || !intervals.isEmpty else { return nil }
        let timeline = try PriceTimeline.load(Set(lines.map(\.sku) + intervals.map(\.line.sku)), at: nil, in: tenant, connection)
        let held = Commitment(
            resource: consumer.resource, account: consumer.account, project: consumer.project, place: consumer.place, lines: lines.merged,
            counts: [:], since: moment, isReleased: lines.isEmpty)
        return ResourceCost(held, intervals, period, moment, timeline)
    }
}

/// What lines cost by the hour at different moments, for a page of a history.
package struct HourlyPrices: Sendable {
    private let timeline: PriceTimeline
    private let place: PricePlace

    package init(_ lines: [Demand.Line], for consumer: Consumer, _ connection: Connection) throws {
        timeline = try PriceTimeline.load(Set(lines.map(\.sku)), at: consumer.place, in: consumer.tenant, connection)
        place = consumer.place
    }

    /// In the currency of the first price; a SKU without a price costs nothing.
    package func hourly(_ lines: [Demand.Line], at moment: Timestamp) -> (amount: ExactDecimal, currency: String?) {
        let prices = lines.map { (units: $0.units, price: timeline.price(of: $0.sku, at: place, on: moment)) }
        let amount = prices.reduce(ExactDecimal.zero) { $0 + ($1.price?.amount ?? .zero) * ExactDecimal($1.units) }
        return (amount, prices.compactMap(\.price?.currency).first)
    }
}
