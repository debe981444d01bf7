package import Identity
package import Kernel
package import Storage

/// The sandbox's price book, and a budget that only reports. What is held and billed belongs to the resources that are planted.
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
        var budget = BudgetDraft(name: "shop", scope: .project(project.id), amount: 300)
        budget.enforced = false
        _ = try Budget.create(budget, by: by, connection)
    }

    package func complete(_ store: Store, _ surroundings: Surroundings) async throws {
        try await MeteredTime.catchUp(store, surroundings)
    }
}
