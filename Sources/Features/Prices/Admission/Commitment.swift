import Kernel
import Storage

/// What a resource holds: its lines, its counts, and what it will have cost in the billing period if nothing changes.
struct Commitment: Sendable {
    let resource: String
    let account: AccountID
    let project: ProjectID
    let place: PricePlace
    let lines: [Demand.Line]
    let counts: [Quota.Metric: Int]
    /// Since when these lines are held.
    let since: Timestamp
    /// The resource is gone; what it cost in this period still counts.
    let isReleased: Bool

    var scopes: Set<String> { [account.rawValue, project.rawValue] }

    /// Metered time as it was or goes on, plus what is held and not metered yet, in a period.
    ///
    /// It depends on rows alone and not on the moment of asking, so the sum over resources can be kept as a running ledger: time that
    /// passes moves money from "reserved" to "spent" and changes no sum.
    func amounts(_ intervals: [MeteredInterval], in period: BillingPeriod, _ timeline: PriceTimeline) -> Amounts {
        var sum = Amounts.none
        var waiting = lines
        for interval in intervals {
            var end = interval.end
            if end == nil {
                if let index = waiting.firstIndex(of: interval.line) {
                    waiting.remove(at: index)
                    end = period.end
                } else {
                    end = since  // about to end: what holds it was given back then
                }
            }
            sum += interval.cost(until: end ?? since, in: period, timeline)
        }
        for line in waiting { sum += Slices.cost(line, from: max(since, period.start), to: period.end, at: place, timeline) }
        return sum
    }
}

extension Commitment {
    static let columns = "resource, account, project, provider, location, lines, counts, since, is_released"

    static func read(_ row: Row) throws -> Commitment {
        try Commitment(
            resource: row.text(0), account: row.get(1), project: row.get(2),
            place: PricePlace(provider: row.text(3), location: row.text(4)), lines: [Demand.Line](text: row.text(5)),
            counts: [Quota.Metric: Int](text: row.text(6)), since: row.time(7), isReleased: row.get(8))
    }

    static func find(_ resource: String, in tenant: Tenant, locking: Bool, _ connection: Connection) throws -> Commitment? {
        try connection.row(
            """
            SELECT \(columns) FROM commitments WHERE workspace = ? AND mode = ? AND resource = ?\
            \(locking ? connection.dialect.forUpdate : "")
            """, tenant.workspace, tenant.mode, resource, as: read)
    }

    func save(_ amounts: Amounts, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO commitments (workspace, mode, resource, account, project, provider, location, lines, counts, since, amounts, is_released)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (workspace, mode, resource) DO UPDATE SET account = excluded.account, project = excluded.project,
                provider = excluded.provider, location = excluded.location, lines = excluded.lines, counts = excluded.counts,
                since = excluded.since, amounts = excluded.amounts, is_released = excluded.is_released
            """, tenant.workspace, tenant.mode, resource, account, project, place.provider, place.location, lines.text, counts.text, since,
            amounts, isReleased)
    }

    static func remove(_ resource: String, in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM commitments WHERE workspace = ? AND mode = ? AND resource = ?", tenant.workspace, tenant.mode, resource)
    }

    /// Forgets what was released before this period began, at most so many; answers how many.
    static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let old = try connection.rows(
            """
            SELECT workspace, mode, resource FROM commitments c WHERE is_released = 1 AND since < ? AND NOT EXISTS (
                SELECT 1 FROM metered_intervals i WHERE i.workspace = c.workspace AND i.mode = c.mode AND i.resource = c.resource
                AND (i.ended_at IS NULL OR i.ended_at > ?))
            ORDER BY since LIMIT ?
            """, now.startOfMonth, now.startOfMonth, limit
        ) { row in (tenant: try Tenant(workspace: row.get(0), mode: row.get(1)), resource: row.text(2)) }
        for (tenant, resource) in old { try remove(resource, in: tenant, connection) }
        return old.count
    }
}
