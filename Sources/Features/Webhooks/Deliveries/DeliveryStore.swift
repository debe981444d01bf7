package import Kernel
package import Storage
import Web

extension Delivery {
    private static let selection = """
        SELECT id, endpoint, event, sequence, type, state, attempts, tries, due_at, last_status, last_error, created_at, updated_at \
        FROM webhook_deliveries
        """

    private static func read(_ row: Row) throws -> Delivery {
        try Delivery(
            id: row.get(0), webhook: row.get(1), event: row.get(2), sequence: row.get(3), type: row.get(4), state: row.get(5),
            attempts: row.get(6), tries: row.get(7), dueAt: row.get(8), lastStatus: row.get(9), lastError: row.get(10),
            createdAt: row.get(11), updatedAt: row.get(12))
    }

    /// Nil where there is none.
    static func find(_ id: DeliveryID, in tenant: Tenant, _ connection: Connection) throws -> Delivery? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    /// Throws `not_found`, also for one whose endpoint is gone or out of the caller's sight.
    static func find(_ id: DeliveryID, for caller: Caller, _ connection: Connection) throws -> (Delivery, Webhook) {
        guard let found = try find(id, in: caller.tenant, connection),
            let webhook = try Webhook.find(found.webhook, in: caller.tenant, connection), webhook.isVisible(to: caller)
        else { throw Problem.notFound("delivery") }
        return (found, webhook)
    }

    /// What became of an event at one endpoint; nil where it was not meant for it, or is forgotten.
    static func find(_ sequence: Int64, to webhook: Webhook, _ connection: Connection) throws -> Delivery? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND endpoint = ? AND sequence = ?", webhook.tenant.workspace,
            webhook.tenant.mode, webhook.id, sequence, as: read)
    }

    static let sortFields = ["event_seq"]

    static func list(
        _ request: PageRequest, of webhook: Webhook, state: String?, type: String?, _ connection: Connection
    ) throws -> Page<Delivery> {
        var query = ListQuery(
            selection, sortable: ["event_seq": .integer("sequence")], defaultSort: .init(field: "event_seq", descending: true))
        query.filter("workspace = ? AND mode = ? AND endpoint = ?", webhook.tenant.workspace, webhook.tenant.mode, webhook.id)
        if let state { query.filter("state = ?", state) }
        if let type { query.filter("type = ?", type) }
        return try query.page(
            request, connection, place: { item, _ in .init(value: String(item.sequence), id: item.id.rawValue) }, as: read)
    }
}

// MARK: - What the courier does

extension Delivery {
    /// Adds the delivery of an event to an endpoint, unless there is one: due at once, or held.
    static func add(
        _ event: Event, to webhook: Webhook, id: DeliveryID, at now: Timestamp, _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO webhook_deliveries (workspace, mode, id, endpoint, sequence, event, type, state, attempts, tries, due_at, created_at, \
            updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?) ON CONFLICT (workspace, mode, endpoint, sequence) DO NOTHING
            """, webhook.tenant.workspace, webhook.tenant.mode, id, webhook.id, event.sequence, event.id, event.type,
            webhook.isEnabled ? State.queued : .held, webhook.isEnabled ? now : nil, now, now)
    }

    /// Sends an event's delivery anew, from the start of the schedule; makes it when there is none.
    static func addAnew(
        _ event: Event, to webhook: Webhook, id: DeliveryID, at now: Timestamp, _ connection: Connection
    ) throws {
        try add(event, to: webhook, id: id, at: now, connection)
        try connection.execute(
            """
            UPDATE webhook_deliveries SET state = ?, tries = 0, due_at = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND endpoint = ? AND sequence = ?
            """, webhook.isEnabled ? State.queued : .held, webhook.isEnabled ? now : nil, now, webhook.tenant.workspace,
            webhook.tenant.mode, webhook.id, event.sequence)
    }

    func sendAnew(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE webhook_deliveries SET state = 'queued', tries = 0, due_at = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, now, now, tenant.workspace, tenant.mode, id)
    }

    /// Those whose time has come, the longest due first.
    static func due(to webhook: Webhook, by now: Timestamp, limit: Int, _ connection: Connection) throws -> [Delivery] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND endpoint = ? AND due_at <= ? ORDER BY due_at, sequence LIMIT ?",
            webhook.tenant.workspace, webhook.tenant.mode, webhook.id, now, limit, as: read)
    }

    /// When the next one is due; nil when nothing waits for time to pass.
    static func nextDue(to webhook: Webhook, after now: Timestamp, _ connection: Connection) throws -> Timestamp? {
        try connection.row(
            "SELECT due_at FROM webhook_deliveries WHERE workspace = ? AND mode = ? AND endpoint = ? AND due_at > ? ORDER BY due_at LIMIT 1",
            webhook.tenant.workspace, webhook.tenant.mode, webhook.id, now
        ) { try $0.get(0) }
    }

    /// Notes what an attempt came to.
    func save(_ attempt: Attempt, _ fate: DeliveryStep.Fate, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        try attempt.insert(of: id, in: tenant, connection)
        try connection.execute(
            """
            UPDATE webhook_deliveries SET state = ?, attempts = ?, tries = tries + 1, due_at = ?, last_status = ?, last_error = ?, \
            updated_at = ? WHERE workspace = ? AND mode = ? AND id = ?
            """, fate.state, attempt.number, fate.dueAt, attempt.status, attempt.error, now, tenant.workspace, tenant.mode, id)
    }

    /// Gives up one that cannot be sent at all.
    func abandon(_ error: String, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE webhook_deliveries SET state = 'failed', due_at = NULL, last_error = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, error, now, tenant.workspace, tenant.mode, id)
    }

    /// Removes deliveries past their lifetime with their attempts, at most `limit`; answers how many. Of every tenant: the operator's broom.
    package static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let old = try connection.rows(
            "SELECT workspace, mode, id FROM webhook_deliveries WHERE created_at <= ? ORDER BY created_at LIMIT ?",
            now.adding(seconds: -lifetime), limit
        ) { row in (WorkspaceID(row.text(0)), row.text(1), row.text(2)) }
        for (workspace, mode, id) in old {
            try connection.execute("DELETE FROM webhook_attempts WHERE workspace = ? AND mode = ? AND delivery = ?", workspace, mode, id)
            try connection.execute("DELETE FROM webhook_deliveries WHERE workspace = ? AND mode = ? AND id = ?", workspace, mode, id)
        }
        return old.count
    }
}

extension DeliveryStep.Fate {
    var state: Delivery.State {
        switch self {
        case .delivered: .delivered
        case .retry: .queued
        case .failed: .failed
        case .held: .held
        }
    }

    var dueAt: Timestamp? {
        if case .retry(let at) = self { at } else { nil }
    }
}
