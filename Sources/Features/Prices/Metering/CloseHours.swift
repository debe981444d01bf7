package import Kernel
package import Storage

extension MeteredTime {
    /// Cuts what has passed into closed hours, the oldest first; answers how many rows it made, about `limit` at most (hours of one
    /// resource and SKU with several prices are never torn apart). Zero means that nothing is due.
    package static func closeHours(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let bound = now.hour
        var made = 0
        while made < limit {
            let due = try dueMeters(before: bound, limit: limit - made, connection)
            guard !due.isEmpty else { break }
            for meter in due where made < limit { made += try meter.close(until: bound, room: limit - made, connection) }
        }
        return made
    }

    private static func dueMeters(before bound: Timestamp, limit: Int, _ connection: Connection) throws -> [Meter] {
        var seen: Set<Meter> = []
        return try connection.rows(
            """
            SELECT workspace, mode, resource, sku FROM metered_intervals WHERE is_closed = 0 AND closed_until < ?
            ORDER BY closed_until LIMIT ?
            """, bound, limit
        ) { row in
            Meter(tenant: try Tenant(workspace: row.get(0), mode: row.get(1)), resource: row.text(2), sku: row.text(3))
        }.filter { seen.insert($0).inserted }
    }
}

/// One resource and SKU: its intervals are closed together, hour by hour, so that a stop and a start inside an hour make one row.
struct Meter: Hashable {
    let tenant: Tenant
    let resource: String
    let sku: String

    struct Interval {
        let metered: MeteredInterval
        let closedUntil: Timestamp
        let consumer: Consumer
        let labelText: String
    }

    func close(until bound: Timestamp, room: Int, _ connection: Connection) throws -> Int {
        let intervals = try openIntervals(locking: true, connection)
        let timeline = try PriceTimeline.load([sku], at: nil, in: tenant, connection)
        guard var hour = intervals.map(\.closedUntil).min() else { return 0 }
        var made = 0
        while hour < bound, made < room {
            let end = hour.nextHour
            let present = intervals.filter { $0.metered.start < end && ($0.metered.end.map { $0 > hour } ?? true) }
            if present.isEmpty {
                let next = intervals.map(\.metered.start.hour).filter { $0 > hour }.min()
                hour = min(next ?? bound, bound)
                continue
            }
            for charge in charges(present, hour, until: end, timeline) where try charge.insert(connection) { made += 1 }
            hour = end
        }
        for interval in intervals { try advance(interval, to: hour, connection) }
        return made
    }

    /// What its hours that are not closed yet have come to until now: rows that will grow until their hour is closed, under the ids they
    /// will keep.
    func openCharges(at now: Timestamp, since earliest: Timestamp, _ connection: Connection) throws -> [Charge] {
        let intervals = try openIntervals(locking: false, connection)
        let timeline = try PriceTimeline.load([sku], at: nil, in: tenant, connection)
        guard let first = intervals.map(\.closedUntil).min() else { return [] }
        var hour = max(first, earliest.hour)
        var found: [Charge] = []
        while hour < now {
            let end = min(hour.nextHour, now)
            let present = intervals.filter {
                $0.metered.start < end && ($0.metered.end.map { $0 > hour } ?? true) && $0.closedUntil <= hour
            }
            found += charges(present, hour, until: end, timeline)
            hour = hour.nextHour
        }
        return found
    }

    /// One for each price that counts in the hour: as a rule one.
    private func charges(_ present: [Interval], _ hour: Timestamp, until bound: Timestamp, _ timeline: PriceTimeline) -> [Charge] {
        var charges: [Charge] = []
        for interval in present.sorted(by: { $0.metered.start < $1.metered.start }) {
            let from = max(interval.metered.start, hour)
            let to = min(interval.metered.end ?? bound, bound)
            let price = timeline.price(of: sku, at: interval.metered.place, on: from)
            let milliseconds = to.milliseconds - from.milliseconds
            let units = interval.metered.line.units
            let cost = price.map { Slices.cost(units, milliseconds, $0) } ?? .zero
            let quantity = Slices.quantity(units, milliseconds)
            if let index = charges.firstIndex(where: { $0.price == price?.price }) {
                charges[index].cost += cost
                charges[index].quantity += quantity
            } else {
                charges.append(
                    Charge(
                        hour: hour, consumer: interval.consumer, labelText: interval.labelText, sku: sku, price: price?.price,
                        unit: price?.unit ?? .hour, unitPrice: price?.amount ?? .zero, currency: price?.currency ?? "USD",
                        quantity: quantity, cost: cost))
            }
        }
        return charges
    }

    private func openIntervals(locking: Bool, _ connection: Connection) throws -> [Interval] {
        try connection.rows(
            """
            SELECT units, started_at, ended_at, closed_until, account, project, kind, name, provider, location, labels FROM metered_intervals
            WHERE workspace = ? AND mode = ? AND resource = ? AND sku = ? AND is_closed = 0\(locking ? connection.dialect.forUpdate : "")
            """, tenant.workspace, tenant.mode, resource, sku
        ) { row in
            let consumer = Consumer(
                tenant: tenant, account: try row.get(4), project: try row.get(5), resource: resource, kind: row.text(6), name: row.text(7),
                provider: row.text(8), location: row.text(9), labels: [:])
            return Interval(
                metered: MeteredInterval(
                    line: .init(sku: sku, units: row.integer(0)), start: row.time(1), end: try row.get(2), place: consumer.place),
                closedUntil: row.time(3), consumer: consumer, labelText: row.text(10))
        }
    }

    private func advance(_ interval: Interval, to hour: Timestamp, _ connection: Connection) throws {
        let closed = max(interval.closedUntil, hour)
        try connection.execute(
            """
            UPDATE metered_intervals SET closed_until = ?, is_closed = ?
            WHERE workspace = ? AND mode = ? AND resource = ? AND sku = ? AND started_at = ?
            """, closed, interval.metered.end.map { $0 <= closed } ?? false, tenant.workspace, tenant.mode, resource, sku,
            interval.metered.start)
    }
}
