package import Kernel

// Removing rows. Whoever removes the beginning of a chain appends an anchor: an ordinary row that states the number and the hash of the last
// row removed. The chain then begins with a row whose `prev_hash` an anchor further on vouches for, and the anchor is held by every hash after it.
// The sandbox's reset and retention remove rows; nothing else may.

extension EventLog {
    package static let anchorType = "chain.anchored"

    /// Removes the rows of a chain and begins a new one with an anchor. Numbers go on.
    package static func restart(reason: String, by attribution: Attribution, _ connection: Connection) throws {
        let tenant = attribution.tenant
        let head = try lockedHead(of: tenant, connection)
        for table in ["events", "event_causes"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
        connection.append(anchor(reason, of: tenant, at: head, []), by: attribution)
    }

    /// Removes the oldest rows of a chain that happened before `time`, at most `limit` of them, and appends the anchor; answers how many it
    /// removed. The newest row stays, and so do rows of which nothing but anchors would go.
    package static func removeOldest(
        before time: Timestamp, limit: Int, by attribution: Attribution, _ connection: Connection
    ) throws -> Int {
        let tenant = attribution.tenant
        let head = try lockedHead(of: tenant, connection)
        guard let oldest = try oldest(in: tenant, connection) else { return 0 }
        let most = min(head.sequence - 1, oldest + Int64(limit) - 1)
        let kept = try connection.row(
            """
            SELECT sequence FROM events WHERE workspace = ? AND mode = ? AND sequence <= ? AND occurred_at >= ?
            ORDER BY sequence LIMIT 1
            """, tenant.workspace, tenant.mode, most, time
        ) { try $0.get(0, as: Int64.self) }
        let last = kept.map { $0 - 1 } ?? most
        guard last >= oldest, let floor = try self.head(of: tenant, at: last, connection) else { return 0 }
        let worthwhile = try connection.row(
            "SELECT COUNT(*) FROM events WHERE workspace = ? AND mode = ? AND sequence <= ? AND type <> ?", tenant.workspace, tenant.mode,
            last, anchorType
        ) { try $0.get(0, as: Int.self) }
        guard let worthwhile, worthwhile > 0 else { return 0 }
        let removed = try connection.execute(
            "DELETE FROM events WHERE workspace = ? AND mode = ? AND sequence <= ?", tenant.workspace, tenant.mode, last)
        try connection.execute(
            "DELETE FROM event_causes WHERE workspace = ? AND mode = ? AND sequence <= ?", tenant.workspace, tenant.mode, last)
        connection.append(
            anchor("retention", of: tenant, at: floor, [.init("removed", JSON(removed)), .init("before", JSON(time))]), by: attribution)
        return removed
    }

    private static func anchor(_ reason: String, of tenant: Tenant, at head: Head, _ more: [JSON.Member]) -> EventDraft {
        EventDraft(
            anchorType, subject: tenant.workspace.rawValue,
            data: .object(
                [
                    .init("reason", .string(reason)), .init("last_seq", .integer(head.sequence)),
                    .init("last_hash", .string(hexadecimal(head.hash))),
                ] + more))
    }
}
