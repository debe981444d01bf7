import Storage

extension Installation {
    /// Takes what the sandbox has from the start out of the books, where a test counts rows or lets hours be closed.
    package func emptySandboxBooks() async throws {
        try await store.write { connection in
            for table in ["metered_intervals", "commitments", "charges", "quota_use", "budgets"] {
                try connection.execute("DELETE FROM \(table) WHERE mode = 'test'")
            }
        }
    }
}
