package import Identity
package import Kernel
package import Storage

/// The sandbox's data streams: none at the start.
package struct SandboxStreams: SandboxSeed {
    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        try connection.execute("DELETE FROM streams WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        try connection.execute("UPDATE point_metrics SET is_gone = 1 WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {}
}
