package import Identity
package import Kernel
package import Storage

/// The sandbox's tag catalogs, markers and opportunities: none at the start.
package struct SandboxSavings: SandboxSeed {
    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in ["unit_metrics", "tag_catalogs", "markers", "savings_numbers", "opportunity_threads", "opportunities"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {}
}
