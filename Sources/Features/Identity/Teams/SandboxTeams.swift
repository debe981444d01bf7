package import Kernel
package import Storage

/// The sandbox's teams: none at the start.
package struct SandboxTeams: SandboxSeed {
    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in ["team_members", "teams"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {}
}
