package import Kernel
package import Storage

// Days that nobody has cut into hours yet: those of a server that stood still, and the sandbox's first ninety. One row at a time they take
// seconds; here the database makes the rows of many hours out of one run, in the order of its largest index.

extension MeteredTime {
    /// Intervals and hours of one statement, and how many hours behind something must be to be worth it.
    private static let bulk = (intervals: 32, hours: 120, backlog: Int64(24))

    /// Cuts whole hours out of what lies a day and more behind, for a few intervals, five days of each at most; answers how many intervals
    /// it moved on. What does not begin with a whole hour at one price is left to `closeHours`; the rows are the same from either.
    package static func closeRuns(at now: Timestamp, _ connection: Connection) throws -> Int {
        let late = try lateRuns(before: now.hour, connection)
        guard let from = late.map(\.closedUntil).min() else { return 0 }
        let end = min(from.adding(seconds: Int64(bulk.hours) * 3600), now.hour)
        let timeline = try timelines(of: late, connection)
        let runs = late.compactMap { $0.run(until: end, timeline[$0.consumer.tenant]) }
        try Charge.insert(runs, hours: hours(from: from, to: end), connection)
        for run in runs { try run.advance(connection) }
        return runs.count
    }

    private static func lateRuns(before bound: Timestamp, _ connection: Connection) throws -> [LateInterval] {
        try connection.rows(
            """
            SELECT workspace, mode, resource, sku, units, started_at, ended_at, closed_until, account, project, kind, name, provider, location,
                labels
            FROM metered_intervals
            WHERE is_closed = 0 AND closed_until <= ? AND started_at <= closed_until
                AND (ended_at IS NULL OR ended_at >= closed_until + ?)
            ORDER BY closed_until LIMIT ?\(connection.dialect.forUpdate)
            """, bound.adding(seconds: -bulk.backlog * 3600), Timestamp.hourMilliseconds, bulk.intervals, as: LateInterval.init)
    }

    private static func timelines(of late: [LateInterval], _ connection: Connection) throws -> [Tenant: PriceTimeline] {
        let skus = Dictionary(grouping: late, by: \.consumer.tenant).mapValues { Set($0.map(\.line.sku)) }
        return try Dictionary(uniqueKeysWithValues: skus.map { ($0, try PriceTimeline.load($1, at: nil, in: $0, connection)) })
    }

    private static func hours(from: Timestamp, to end: Timestamp) -> [Timestamp] {
        Array(sequence(first: from) { $0.nextHour }.prefix { $0 < end })
    }
}

/// An open interval that begins or goes on with a whole hour.
private struct LateInterval {
    let consumer: Consumer
    let labelText: String
    let line: Demand.Line
    let start: Timestamp
    let end: Timestamp?
    let closedUntil: Timestamp

    init(_ row: Row) throws {
        consumer = Consumer(
            tenant: try Tenant(workspace: row.get(0), mode: row.get(1)), account: try row.get(8), project: try row.get(9),
            resource: row.text(2), kind: row.text(10), name: row.text(11), provider: row.text(12), location: row.text(13), labels: [:])
        labelText = row.text(14)
        line = .init(sku: row.text(3), units: row.integer(4))
        start = row.time(5)
        end = try row.get(6)
        closedUntil = row.time(7)
    }

    /// Its whole hours at one price; nil when there are none before `bound`.
    func run(until bound: Timestamp, _ timeline: PriceTimeline?) -> ChargeRun? {
        let change = timeline?.change(of: line.sku, at: consumer.place, after: closedUntil)?.hourOrNext
        let last = [bound, end?.hour, change].compactMap { $0 }.min() ?? bound
        guard last > closedUntil else { return nil }
        let price = timeline?.price(of: line.sku, at: consumer.place, on: closedUntil)
        let hour = Charge(
            hour: closedUntil, consumer: consumer, labelText: labelText, sku: line.sku, price: price?.price, unit: price?.unit ?? .hour,
            unitPrice: price?.amount ?? .zero, currency: price?.currency ?? "USD",
            quantity: Slices.quantity(line.units, Timestamp.hourMilliseconds),
            cost: price.map { Slices.cost(line.units, Timestamp.hourMilliseconds, $0) } ?? .zero)
        return ChargeRun(hour: hour, end: last, start: start, isClosed: end.map { $0 <= last } ?? false)
    }
}

/// Hours in a row that are all charged like the first.
struct ChargeRun {
    let hour: Charge
    let end: Timestamp
    /// That of the interval it is cut from, and whether nothing of that is left.
    let start: Timestamp
    let isClosed: Bool

    fileprivate func advance(_ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE metered_intervals SET closed_until = ?, is_closed = ?
            WHERE workspace = ? AND mode = ? AND resource = ? AND sku = ? AND started_at = ?
            """, end, isClosed, hour.consumer.tenant.workspace, hour.consumer.tenant.mode, hour.consumer.resource, hour.sku, start)
    }
}
