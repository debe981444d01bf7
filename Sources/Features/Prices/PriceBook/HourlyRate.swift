package import Kernel
package import Storage

/// What something costs an hour that nobody has reserved: an object at a provider that belongs to no resource.
package struct HourlyRate: Sendable, Equatable {
    package let amount: ExactDecimal
    package let currency: String

    /// At the prices in force; nil where none of the lines has one.
    package static func of(
        _ lines: [Demand.Line], provider: String, location: String, at now: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> HourlyRate? {
        try each(of: [lines], provider: provider, location: location, at: now, in: tenant, connection)[0]
    }

    /// The same for several things at one place, in their order.
    package static func each(
        of things: [[Demand.Line]], provider: String, location: String, at now: Timestamp, in tenant: Tenant, _ connection: Connection
    ) throws -> [HourlyRate?] {
        let place = PricePlace(provider: provider, location: location)
        let timeline = try PriceTimeline.load(Set(things.joined().map(\.sku)), at: place, in: tenant, connection)
        return things.map { HourlyRate($0, at: place, on: now, timeline) }
    }

    private init?(_ lines: [Demand.Line], at place: PricePlace, on now: Timestamp, _ timeline: PriceTimeline) {
        let priced = lines.compactMap { line in
            timeline.price(of: line.sku, at: place, on: now).map { (amount: $0.amount * ExactDecimal(line.units), currency: $0.currency) }
        }
        guard let currency = priced.first?.currency else { return nil }
        amount = priced.filter { $0.currency == currency }.reduce(.zero) { $0 + $1.amount }
        self.currency = currency
    }
}
