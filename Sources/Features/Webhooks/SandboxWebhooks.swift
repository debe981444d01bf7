package import Identity
package import Kernel
package import Storage

/// The sandbox's webhooks: none at the start.
package struct SandboxWebhooks: SandboxSeed {
    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in ["webhook_endpoints", "webhook_deliveries", "webhook_attempts", "webhook_replays"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
        try EventCursor.remove(Courier.consumer, in: tenant, connection)
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {}
}
