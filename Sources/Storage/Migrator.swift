package import Kernel

/// One step of the schema. Append-only: a released migration is never edited, and never calls today's types.
package struct Migration: Sendable {
    package let id: String
    package let statements: [String]

    package init(_ id: String, _ statements: String...) {
        self.id = id
        self.statements = statements
    }
}

/// Brings a database to the schema of this program, in one transaction per migration.
package struct Migrator: Sendable {
    private let migrations: [Migration]

    package init(_ migrations: [Migration]) { self.migrations = migrations }

    package enum Failure: Error, Sendable, Equatable {
        /// The database holds a migration this program does not know.
        case newerDatabase(migration: String)
    }

    /// Which migrations have not been applied yet, in order. Throws `.newerDatabase` when the database is ahead of the program.
    package func pending(in store: Store) async throws -> [String] {
        try await store.write { connection in try Self.createTable(connection) }
        let applied = try await store.read { connection in
            try connection.rows("SELECT id FROM migrations ORDER BY id") { try $0.get(0, as: String.self) }
        }
        let known = Set(migrations.map(\.id))
        if let unknown = applied.first(where: { !known.contains($0) }) { throw Failure.newerDatabase(migration: unknown) }
        return migrations.map(\.id).filter { !applied.contains($0) }
    }

    /// Applies what is pending; answers the names of what it applied.
    package func migrate(_ store: Store, at now: Timestamp) async throws -> [String] {
        let pending = try await pending(in: store)
        for migration in migrations where pending.contains(migration.id) {
            try await store.write { connection in
                for statement in migration.statements { try connection.execute(connection.dialect.schema(statement)) }
                try connection.execute("INSERT INTO migrations (id, applied_at) VALUES (?, ?)", migration.id, now)
            }
        }
        if !pending.isEmpty, case .sqlite = store.dialect { try await store.write { try PlannerStatistics.write($0) } }
        return pending
    }

    private static func createTable(_ connection: Connection) throws {
        try connection.execute(
            connection.dialect.schema("CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT"))
    }
}
