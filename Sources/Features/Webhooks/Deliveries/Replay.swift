import Kernel
import Storage

/// What is to be sent to an endpoint again: events of the log, or what failed. Done a part at a time, the position saved with each.
struct Replay: Sendable {
    let id: ReplayID
    let webhook: WebhookID
    let failedOnly: Bool
    /// The last number handled.
    var position: Int64
    /// The last number to be handled.
    let last: Int64
    let from: Timestamp?
    let to: Timestamp?

    /// How much one transaction takes on.
    static let part = 200

    func insert(in tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO webhook_replays (workspace, mode, id, endpoint, failed_only, position, last, from_time, to_time)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, webhook, failedOnly, position, last, from, to)
    }

    /// The oldest that is not done; of any tenant, for the courier.
    static func next(_ connection: Connection) throws -> (Tenant, Replay)? {
        try connection.row(
            """
            SELECT workspace, mode, id, endpoint, failed_only, position, last, from_time, to_time FROM webhook_replays
            ORDER BY id LIMIT 1
            """
        ) { row in
            (
                try Tenant(workspace: row.get(0), mode: row.get(1)),
                try Replay(
                    id: row.get(2), webhook: row.get(3), failedOnly: row.get(4), position: row.get(5), last: row.get(6), from: row.get(7),
                    to: row.get(8))
            )
        }
    }

    /// Does the next part; the row goes with the last.
    func advance(_ tenant: Tenant, _ surroundings: Surroundings, _ connection: Connection) throws {
        guard let webhook = try Webhook.find(webhook, in: tenant, connection) else { return try remove(tenant, connection) }
        let now = surroundings.now()
        let reached =
            failedOnly
            ? try resendFailed(webhook, at: now, connection) : try resendLogged(webhook, at: now, surroundings, connection)
        guard let reached else { return try remove(tenant, connection) }
        try connection.execute(
            "UPDATE webhook_replays SET position = ? WHERE workspace = ? AND mode = ? AND id = ?", reached, tenant.workspace, tenant.mode,
            id)
    }

    private func remove(_ tenant: Tenant, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM webhook_replays WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
    }

    /// Answers the last number handled; nil at the end.
    private func resendFailed(_ webhook: Webhook, at now: Timestamp, _ connection: Connection) throws -> Int64? {
        let numbers = try connection.rows(
            """
            SELECT sequence FROM webhook_deliveries WHERE workspace = ? AND mode = ? AND endpoint = ? AND state = 'failed'
            AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?
            """, webhook.tenant.workspace, webhook.tenant.mode, webhook.id, position, last, Self.part
        ) { try $0.get(0, as: Int64.self) }
        for number in numbers {
            try connection.execute(
                """
                UPDATE webhook_deliveries SET state = ?, tries = 0, due_at = ?, updated_at = ?
                WHERE workspace = ? AND mode = ? AND endpoint = ? AND sequence = ?
                """, webhook.isEnabled ? Delivery.State.queued : .held, webhook.isEnabled ? now : nil, now, webhook.tenant.workspace,
                webhook.tenant.mode, webhook.id, number)
        }
        return numbers.count < Self.part ? nil : numbers.last
    }

    private func resendLogged(
        _ webhook: Webhook, at now: Timestamp, _ surroundings: Surroundings, _ connection: Connection
    ) throws -> Int64? {
        var filter = webhook.filter
        (filter.from, filter.to) = (from, to)
        let range = EventLog.Range(after: position, before: last + 1, limit: Self.part)
        let events = try EventLog.events(in: webhook.tenant, range, matching: filter, connection)
        for event in events where webhook.wants(event) {
            try Delivery.addAnew(event, to: webhook, id: surroundings.makeID(), at: now, connection)
        }
        return events.count < Self.part ? nil : events.last?.sequence
    }
}
