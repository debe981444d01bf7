package import Kernel
package import Storage

/// How long the log of a workspace is kept in a mode: for ever, until an admin says a number of days.
package enum AuditRetention {
    /// Rows removed in one transaction, so that no write waits long.
    private static let batch = 2000

    static func days(_ tenant: Tenant, _ connection: Connection) throws -> Int? {
        try connection.row("SELECT days FROM audit_retention WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) {
            try $0.get(0)
        }
    }

    static func set(_ days: Int?, by: Attribution, _ connection: Connection) throws {
        let before = try self.days(by.tenant, connection)
        guard before != days else { return }
        try connection.execute("DELETE FROM audit_retention WHERE workspace = ? AND mode = ?", by.tenant.workspace, by.tenant.mode)
        if let days {
            try connection.execute(
                "INSERT INTO audit_retention (workspace, mode, days) VALUES (?, ?, ?)", by.tenant.workspace, by.tenant.mode, days)
        }
        connection.append(
            EventDraft(
                "audit.retention_changed", subject: by.tenant.workspace.rawValue,
                data: ["before": ["days": JSON(before)], "after": ["days": JSON(days)]]), by: by)
    }

    /// Removes what is older, of every workspace that says so.
    package static func enforce(_ store: Store, _ surroundings: Surroundings) async throws {
        let all = try await store.read { connection in
            try connection.rows("SELECT workspace, mode, days FROM audit_retention ORDER BY workspace, mode") {
                try (tenant: Tenant(workspace: $0.get(0), mode: $0.get(1)), days: $0.get(2, as: Int64.self))
            }
        }
        for (tenant, days) in all {
            let cutOff = surroundings.now().adding(days: -days)
            var removed = 0
            repeat {
                let by = Attribution(tenant: tenant, actor: .system("retention"), address: nil, request: nil, surroundings: surroundings)
                removed = try await store.write(in: tenant.workspace) {
                    try EventLog.removeOldest(before: cutOff, limit: batch, by: by, $0)
                }
            } while removed == batch
        }
    }
}
