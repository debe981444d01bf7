package import Kernel
package import Storage
import Vault
import Web

extension Webhook {
    private static let selection = """
        SELECT id, workspace, mode, url, description, events, projects, is_enabled, disabled_reason, disabled_at, secret, previous_secret, \
        previous_until, starts_after, failing_since, paused_until, version, created_at, updated_at FROM webhook_endpoints
        """

    private static func read(_ row: Row) throws -> Webhook {
        let projects: String? = try row.get(6)
        let previous: [UInt8]? = try row.get(11)
        let until: Timestamp? = try row.get(12)
        let reason: Reason? = try row.get(8)
        let disabledAt: Timestamp? = try row.get(9)
        let status: Status = if let reason, let disabledAt { .disabled(reason, at: disabledAt) } else { .enabled }
        return Webhook(
            id: WebhookID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), url: row.text(3),
            description: row.text(4), events: row.text(5).listed.compactMap { EventPattern($0) },
            projects: projects.map { $0.listed.map { ProjectID($0) } }, status: status, secret: SealedSecret(bytes: try row.get(10)),
            previous: previous.flatMap { bytes in until.map { (SealedSecret(bytes: bytes), $0) } }, startsAfter: try row.get(13),
            health: EndpointHealth(failingSince: try row.get(14), pausedUntil: try row.get(15)), version: row.integer(16),
            createdAt: row.time(17), updatedAt: row.time(18))
    }

    /// Nil where there is none.
    static func find(_ id: WebhookID, in tenant: Tenant, _ connection: Connection) throws -> Webhook? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    /// Throws `not_found`, also for what the caller may not see.
    package static func find(_ id: WebhookID, for caller: Caller, _ connection: Connection) throws -> Webhook {
        guard let found = try find(id, in: caller.tenant, connection), found.isVisible(to: caller) else {
            throw Problem.notFound("webhook")
        }
        return found
    }

    /// All of the tenant's, the oldest first; there are at most `most`.
    package static func all(in tenant: Tenant, _ connection: Connection) throws -> [Webhook] {
        try connection.rows("\(selection) WHERE workspace = ? AND mode = ? ORDER BY id", tenant.workspace, tenant.mode, as: read)
    }

    static func exists(in tenant: Tenant, _ connection: Connection) throws -> Bool {
        try connection.row("SELECT 1 FROM webhook_endpoints WHERE workspace = ? AND mode = ? LIMIT 1", tenant.workspace, tenant.mode) { _ in
            true
        } ?? false
    }

    /// Whoever has an endpoint; for the courier, never for a caller.
    static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT DISTINCT workspace, mode FROM webhook_endpoints") { try Tenant(workspace: $0.get(0), mode: $0.get(1)) }
    }

    /// Those that are on; for the courier, never for a caller.
    static func enabled(_ connection: Connection) throws -> [Address] {
        try connection.rows("SELECT workspace, mode, id FROM webhook_endpoints WHERE is_enabled = 1") {
            try Address(tenant: Tenant(workspace: $0.get(0), mode: $0.get(1)), webhook: $0.get(2))
        }
    }

    static let sortFields = ["created_at", "url"]

    static func list(_ request: PageRequest, enabled: Bool?, for caller: Caller, _ connection: Connection) throws -> Page<Webhook> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "url": .text("url")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if !caller.reachesWorkspace {
            query.filter("id", isOneOf: try all(in: caller.tenant, connection).filter { $0.isVisible(to: caller) }.map(\.id))
        }
        if let enabled { query.filter("is_enabled = ?", enabled) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "url" ? item.url : "", id: item.id.rawValue) }, as: read)
    }
}

extension Webhook {
    /// Makes the endpoint and its secret. It is sent what happens from now on. Throws `quota_exceeded`.
    static func create(_ draft: WebhookDraft, by: Attribution, _ vault: Vault, _ connection: Connection) throws -> FreshWebhook {
        let tenant = by.tenant
        let count = try connection.row(
            "SELECT COUNT(*) FROM webhook_endpoints WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode
        ) { $0.integer(0) }
        guard let count, count < most else { throw Problem(.quotaExceeded, "A workspace may have \(most) webhooks in each mode.") }
        let head = try EventLog.head(of: tenant, connection)?.sequence ?? 0
        // Nobody read the log while there was no endpoint.
        if count == 0 { try EventCursor.set(head, of: Courier.consumer, in: tenant, connection) }
        let id = by.makeID(WebhookKind.self)
        let secret = WebhookSecret(by.surroundings)
        let webhook = Webhook(
            id: id, tenant: tenant, url: draft.url, description: draft.description, events: draft.events, projects: draft.projects,
            status: draft.isEnabled ? .enabled : .disabled(.requested, at: by.at), secret: try secret.sealed(for: id, by: vault),
            previous: nil, startsAfter: head, health: EndpointHealth(), version: 1, createdAt: by.at, updatedAt: by.at)
        try webhook.insert(connection)
        connection.append(EventDraft("webhook.created", subject: id.rawValue, data: ["after": webhook.snapshot]), by: by)
        return FreshWebhook(webhook: webhook, secret: secret.text)
    }

    private func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO webhook_endpoints (workspace, mode, id, url, description, events, projects, is_enabled, disabled_reason, disabled_at, \
            secret, starts_after, is_settled, version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, url, description, String(listing: events.map(\.text)),
            projects.map { String(listing: $0.map(\.rawValue)) }, isEnabled, status.reason, status.disabledAt, secret.bytes, startsAfter,
            version, createdAt, updatedAt)
    }

    /// Enabling one that was off lets go what was held, and forgives its failures; disabling holds what waits.
    func update(_ draft: WebhookDraft, by: Attribution, _ connection: Connection) throws -> Webhook {
        let status: Status =
            draft.isEnabled == isEnabled ? self.status : draft.isEnabled ? .enabled : .disabled(.requested, at: by.at)
        try connection.execute(
            """
            UPDATE webhook_endpoints SET url = ?, description = ?, events = ?, projects = ?, version = version + 1, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, draft.url, draft.description, String(listing: draft.events.map(\.text)),
            draft.projects.map { String(listing: $0.map(\.rawValue)) }, by.at, tenant.workspace, tenant.mode, id)
        if status != self.status { try turn(status, connection) }
        let updated = try reread(connection)
        let type = status == self.status ? "webhook.updated" : updated.isEnabled ? "webhook.enabled" : "webhook.disabled"
        connection.append(EventDraft(type, subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// What the courier does to one that is gone or fails for too long.
    func disable(_ reason: Reason, by: Attribution, _ connection: Connection) throws {
        guard isEnabled else { return }
        try turn(.disabled(reason, at: by.at), connection)
        let updated = try reread(connection)
        connection.append(
            EventDraft(
                "webhook.disabled", subject: id.rawValue,
                data: ["reason": .string(reason.rawValue), "before": snapshot, "after": updated.snapshot]), by: by)
    }

    private func turn(_ status: Status, _ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE webhook_endpoints SET is_enabled = ?, disabled_reason = ?, disabled_at = ?, is_settled = 0, failing_since = \
            CASE WHEN ? = 1 THEN NULL ELSE failing_since END, paused_until = CASE WHEN ? = 1 THEN NULL ELSE paused_until END
            WHERE workspace = ? AND mode = ? AND id = ?
            """, status == .enabled, status.reason, status.disabledAt, status == .enabled, status == .enabled, tenant.workspace,
            tenant.mode,
            id)
    }

    func save(_ health: EndpointHealth, _ connection: Connection) throws {
        guard health != self.health else { return }
        try connection.execute(
            "UPDATE webhook_endpoints SET failing_since = ?, paused_until = ? WHERE workspace = ? AND mode = ? AND id = ?",
            health.failingSince, health.pausedUntil, tenant.workspace, tenant.mode, id)
    }

    /// A new secret at once; the old one signs too for `overlap` seconds more.
    func rotate(overlap: Int64, by: Attribution, _ vault: Vault, _ connection: Connection) throws -> FreshWebhook {
        let fresh = WebhookSecret(by.surroundings)
        try connection.execute(
            """
            UPDATE webhook_endpoints SET previous_secret = secret, previous_until = ?, secret = ?, version = version + 1, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, by.at.adding(seconds: overlap), try fresh.sealed(for: id, by: vault).bytes, by.at, tenant.workspace, tenant.mode, id)
        connection.append(
            EventDraft("webhook.rotated", subject: id.rawValue, data: ["overlap_seconds": .integer(overlap)]), by: by)
        return FreshWebhook(webhook: try reread(connection), secret: fresh.text)
    }

    /// Its deliveries are never sent from now on, and go when they are old.
    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM webhook_endpoints WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        try connection.execute(
            "DELETE FROM webhook_replays WHERE workspace = ? AND mode = ? AND endpoint = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("webhook.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private func reread(_ connection: Connection) throws -> Webhook {
        guard let found = try Self.find(id, in: tenant, connection) else { throw Problem.notFound("webhook") }
        return found
    }
}

extension Webhook.Status {
    fileprivate var reason: Webhook.Reason? {
        if case .disabled(let reason, _) = self { reason } else { nil }
    }

    fileprivate var disabledAt: Timestamp? {
        if case .disabled(_, let at) = self { at } else { nil }
    }
}

extension String {
    /// Patterns and ids stand in one column, parted by spaces, which none of them contains.
    fileprivate init(listing parts: [String]) { self = parts.joined(separator: " ") }
    fileprivate var listed: [String] { split(separator: " ").map(String.init) }
}
