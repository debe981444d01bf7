import Crypto
import Kernel
import Storage

/// What is sent of an event: the members of Standard Webhooks (`type`, `timestamp`, `data`) and what the log has beside them. Personal
/// fields are never sent: what has left the house cannot be erased.
///
/// Made from the stored row alone, which never changes, so that every attempt carries the same bytes. Whoever changes the form changes the
/// body of deliveries that are on their way.
enum WebhookMessage {
    static func body(of event: Event) throws -> [UInt8] {
        let row = try event.row
        var json = JSONWriter(capacity: event.canonical.count + 128)
        json.object { json in
            json.field("id", event.id)
            json.field("type", event.type)
            json.field("timestamp", event.occurredAt)
            json.field("workspace_id", row["workspace_id"])
            json.field("mode", row["mode"])
            json.field("seq", event.sequence)
            json.field("subject", event.subject)
            json.field("project_id", event.project)
            json.field("actor", row["actor"])
            json.field("request_id", event.request)
            json.field("data", row["data"])
        }
        return json.bytes
    }

    /// The trace that the change was part of; where nobody named one, a trace that all events of its request share.
    static func trace(of event: Event, random: () -> UInt64) throws -> TraceContext {
        let name = event.request?.rawValue ?? event.id.rawValue
        let own = EventLog.hexadecimal(Array(SHA256.hash(data: Array(name.utf8)).prefix(16)))
        return TraceContext(traceID: try event.row["trace_id"]?.string ?? own, spanID: "", flags: 1).child(random())
    }
}

extension Event {
    /// Nil for one that retention, or the sandbox's reset, has taken.
    static func find(_ sequence: Int64, in tenant: Tenant, _ connection: Connection) throws -> Event? {
        try EventLog.events(in: tenant, .init(after: sequence - 1, before: sequence + 1, limit: 1), connection).first
    }

    static func find(_ id: EventID, in tenant: Tenant, _ connection: Connection) throws -> Event? {
        let sequence = try connection.row(
            "SELECT sequence FROM events WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id
        ) { try $0.get(0, as: Int64.self) }
        return try sequence.flatMap { try find($0, in: tenant, connection) }
    }
}
