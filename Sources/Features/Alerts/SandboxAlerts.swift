package import Identity
package import Kernel
package import Storage

/// The sandbox's alerts: none at the start.
package struct SandboxAlerts: SandboxSeed {
    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in ["alerts", "alert_groups", "alert_changes", "alert_deeds", "alert_channels", "alert_messages"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {}
}
