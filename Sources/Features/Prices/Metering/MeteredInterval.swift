import Kernel
import Storage

/// A span of time in which a resource is charged for one line.
struct MeteredInterval: Sendable {
    let line: Demand.Line
    let start: Timestamp
    /// Nil while it goes on.
    let end: Timestamp?
    let place: PricePlace

    /// Its cost inside the period, up to `moment` at most.
    func cost(until moment: Timestamp, in period: BillingPeriod, _ timeline: PriceTimeline) -> Amounts {
        let end = min(end ?? moment, moment)
        return Slices.cost(line, from: max(start, period.start), to: min(end, period.end), at: place, timeline)
    }
}

extension MeteredInterval {
    static let columns = "i.resource, i.sku, i.units, i.started_at, i.ended_at, i.provider, i.location"

    static func read(_ row: Row) throws -> (resource: String, interval: MeteredInterval) {
        (
            row.text(0),
            try MeteredInterval(
                line: .init(sku: row.text(1), units: row.integer(2)), start: row.time(3), end: row.get(4),
                place: PricePlace(provider: row.text(5), location: row.text(6)))
        )
    }

    /// Those of the resources that reach into the time after `start`.
    static func of(_ resources: [String], after start: Timestamp, in tenant: Tenant, _ connection: Connection) throws
        -> [String: [MeteredInterval]]
    {
        guard !resources.isEmpty else { return [:] }
        let rows = try connection.rows(
            """
            SELECT \(columns) FROM metered_intervals i
            WHERE i.workspace = ? AND i.mode = ? AND i.resource IN (\(Array(repeating: "?", count: resources.count).joined(separator: ", ")))
            AND (i.ended_at IS NULL OR i.ended_at > ?)
            """, [tenant.workspace.sqlValue, tenant.mode.sqlValue] + resources.map(\.sqlValue) + [start.sqlValue], as: read)
        return Dictionary(grouping: rows, by: \.resource).mapValues { $0.map(\.interval) }
    }
}
