package import Identity
package import Kernel
package import Storage

/// The sandbox's price book; nothing is held or billed there at first.
package struct SandboxPrices: SandboxSeed {
    package init() {}

    private static let tables = ["prices", "quota_use", "budgets", "commitments", "metered_intervals", "charges"]

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in Self.tables {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {
        try PriceBook.seed(by: by, connection)
    }
}
