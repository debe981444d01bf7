package import Identity
package import Kernel
package import Storage

/// The sandbox's costs: its charges come with its resources; here are no bills, and the view of all cost.
package struct SandboxCosts: SandboxSeed {
    package init() {}

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in ["cost_cells", "cost_segments", "cost_imports", "cost_views", "cost_columns", "cost_column_numbers"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {
        try CostView.createDefault(by: by, connection)
    }
}
