import Identity
import Kernel
import Storage

/// When a meter last wrote, and whether it was closed.
enum RequestMeterState {
    static func note(_ name: String, flushedAt: Timestamp, isRunning: Bool, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO request_meters (id, flushed_at, is_running) VALUES (?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET flushed_at = excluded.flushed_at, is_running = excluded.is_running
            """, name, flushedAt, isRunning)
    }

    static func silent(since time: Timestamp, _ connection: Connection) throws -> [String] {
        try connection.rows("SELECT id FROM request_meters WHERE is_running = 1 AND flushed_at < ? ORDER BY id", time) { $0.text(0) }
    }

    static func reportGap(_ name: String, until now: Timestamp, surroundings: Surroundings, _ connection: Connection) throws {
        let last = try connection.row("SELECT flushed_at FROM request_meters WHERE id = ? AND is_running = 1", name) {
            try $0.get(0, as: Timestamp.self)
        }
        guard let last else { return }
        for workspace in try Workspace.all(connection) {
            let by = Attribution(
                tenant: Tenant(workspace: workspace.id, mode: .live), actor: .system("metering"), address: nil, request: nil,
                surroundings: surroundings)
            connection.append(
                EventDraft(
                    "metering.gap", subject: workspace.id.rawValue, data: ["from": JSON(last), "to": JSON(now), "meter": .string(name)]),
                by: by)
        }
    }
}
