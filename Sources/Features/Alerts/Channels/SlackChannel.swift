package import Kernel
package import Storage
import Vault
import Web

/// What others may know of a workspace's connection to Slack.
package enum SlackStanding {
    package static func isConnected(in tenant: Tenant, _ connection: Connection) throws -> Bool {
        try SlackChannel.find(in: tenant, connection) != nil
    }
}

/// Where a workspace's alerts are posted: an incoming-webhook URL, which is a secret.
struct SlackChannel: Sendable {
    let tenant: Tenant
    let url: [UInt8]
    /// What of the URL may be shown.
    let hint: String
    /// Why Slack refused; nothing is sent until there is another URL.
    let error: String?
    let connectedAt: Timestamp
    let deliveredAt: Timestamp?

    enum Status: String, Sendable, CaseIterable {
        case connected
        case notConnected = "not_connected"
        /// Slack refused its URL.
        case failing
    }

    var status: Status { error == nil ? .connected : .failing }

    private static func context(_ tenant: Tenant) -> String { "slack channel \(tenant.workspace) \(tenant.mode.rawValue)" }

    func opened(by vault: Vault) throws -> String {
        String(decoding: try vault.open(url, context: Self.context(tenant)), as: UTF8.self)
    }

    static func find(in tenant: Tenant, _ connection: Connection) throws -> SlackChannel? {
        try connection.row(
            """
            SELECT url, hint, error, connected_at, delivered_at FROM alert_channels WHERE workspace = ? AND mode = ? AND type = 'slack'
            """, tenant.workspace, tenant.mode
        ) { row in
            SlackChannel(
                tenant: tenant, url: try row.get(0), hint: row.text(1), error: try row.get(2), connectedAt: row.time(3),
                deliveredAt: try row.get(4))
        }
    }

    /// Whoever has one that works; for the messenger, never for a caller.
    static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT workspace, mode FROM alert_channels WHERE type = 'slack' AND error IS NULL") {
            try Tenant(workspace: $0.get(0), mode: $0.get(1))
        }
    }

    /// Sets the URL, and lets go what was held for the want of one.
    static func connect(_ url: String, by: Attribution, _ vault: Vault, _ connection: Connection) throws {
        let tenant = by.tenant
        let sealed = try vault.seal(Array(url.utf8), context: context(tenant))
        let host = url.split(separator: "/").dropFirst().first.map(String.init) ?? ""
        let hint = "\(host)/…\(url.suffix(4))"
        try connection.execute(
            """
            INSERT INTO alert_channels (workspace, mode, type, url, hint, connected_at) VALUES (?, ?, 'slack', ?, ?, ?)
            ON CONFLICT (workspace, mode, type) DO UPDATE SET url = excluded.url, hint = excluded.hint, error = NULL, \
            connected_at = excluded.connected_at
            """, tenant.workspace, tenant.mode, sealed, hint, by.at)
        try SlackMessage.release(in: tenant, at: by.at, connection)
        connection.append(EventDraft("channel.connected", subject: "slack", data: ["type": "slack", "url": .string(hint)]), by: by)
    }

    /// What waits is held until there is another.
    static func disconnect(by: Attribution, _ connection: Connection) throws {
        let gone = try connection.execute(
            "DELETE FROM alert_channels WHERE workspace = ? AND mode = ? AND type = 'slack'", by.tenant.workspace, by.tenant.mode)
        guard gone > 0 else { return }
        try SlackMessage.hold(in: by.tenant, at: by.at, connection)
        connection.append(EventDraft("channel.disconnected", subject: "slack", data: ["type": "slack"]), by: by)
    }

    func fail(_ error: String, by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE alert_channels SET error = ? WHERE workspace = ? AND mode = ? AND type = 'slack' AND connected_at = ?", error,
            tenant.workspace, tenant.mode, connectedAt)
        try SlackMessage.hold(in: tenant, at: by.at, connection)
        connection.append(
            EventDraft("channel.failed", subject: "slack", data: ["type": "slack", "error": .string(error)]), by: by)
    }

    static func noteDelivery(in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE alert_channels SET delivered_at = ? WHERE workspace = ? AND mode = ? AND type = 'slack'", now, tenant.workspace,
            tenant.mode)
    }
}

/// What `/v1/channels/slack` answers.
struct SlackChannelView: Sendable, JSONRepresentable, SchemaDescribed {
    let channel: SlackChannel?
    let held: Int
    let queued: Int

    static func read(in tenant: Tenant, _ connection: Connection) throws -> SlackChannelView {
        SlackChannelView(
            channel: try SlackChannel.find(in: tenant, connection),
            held: try SlackMessage.count(.held, in: tenant, connection), queued: try SlackMessage.count(.queued, in: tenant, connection))
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("type", "slack")
            json.field("status", (channel?.status ?? .notConnected).rawValue)
            json.field("url", channel?.hint)
            json.field("error", channel?.error)
            json.field("held", held)
            json.field("queued", queued)
            json.field("connected_at", channel?.connectedAt)
            json.field("last_delivered_at", channel?.deliveredAt)
        }
    }

    static let schema = Schema.named(
        "SlackChannel",
        .object([
            .required("type", .choice(["slack"])), .required("status", .choice(of: SlackChannel.Status.self)),
            .required("url", Schema.string(0...200, .echo, "What of the URL may be shown.").nullable),
            .required("error", Schema.string(0...1000, .echo, "Why Slack refused.").nullable),
            .required("held", .integer(0...Int64.max, "Messages that wait for a channel.")),
            .required("queued", .integer(0...Int64.max, "Messages on their way.")), .required("connected_at", Schema.timestamp().nullable),
            .required("last_delivered_at", Schema.timestamp().nullable),
        ]))
}
