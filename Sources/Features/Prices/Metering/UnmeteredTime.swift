package import Kernel
package import Storage

/// Time in which a resource was not charged though it was there.
package enum UnmeteredTime {
    /// From the end of what was charged at that moment until something was charged again; nil while it is still charged, no end while it is not.
    package static func span(of resource: String, after moment: Timestamp, in tenant: Tenant, _ connection: Connection) throws
        -> (start: Timestamp, end: Timestamp?)?
    {
        let ended = try connection.row(
            "SELECT MIN(ended_at) FROM metered_intervals WHERE workspace = ? AND mode = ? AND resource = ? AND ended_at >= ?",
            tenant.workspace, tenant.mode, resource, moment
        ) { try $0.get(0, as: Timestamp?.self) }
        guard let ended, let start = ended else { return nil }
        let next = try connection.row(
            "SELECT MIN(started_at) FROM metered_intervals WHERE workspace = ? AND mode = ? AND resource = ? AND started_at >= ?",
            tenant.workspace, tenant.mode, resource, start
        ) { try $0.get(0, as: Timestamp?.self) }
        return (start, next ?? nil)
    }

    /// What a line would have cost in that time, by the price book; in the currency of its price at the beginning.
    package static func cost(
        _ line: Demand.Line, for consumer: Consumer, from start: Timestamp, to end: Timestamp, _ connection: Connection
    ) throws -> (amount: ExactDecimal, currency: String) {
        let timeline = try PriceTimeline.load([line.sku], at: consumer.place, in: consumer.tenant, connection)
        let currency = timeline.price(of: line.sku, at: consumer.place, on: start)?.currency ?? "USD"
        return (Slices.cost(line, from: start, to: end, at: consumer.place, timeline)[currency], currency)
    }
}
