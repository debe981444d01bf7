package import Kernel

/// One step of the schema. Append-only: a released migration is never edited, and never calls today's types.
package struct Migration: Sendable {
    package let id: String
    package let statements: [String]
    /// The engine it is for; the other one writes it down as applied and does nothing.
    package let dialect: Dialect?

    package init(_ id: String, only dialect: Dialect? = nil, _ statements: String...) {
        self.id = id
        self.dialect = dialect
        self.statements = statements
    }

    func statements(for dialect: Dialect) -> [String] {
        self.dialect.map { $0 == dialect } ?? true ? statements.map(dialect.schema) : []
    }
}

/// Brings a database to the schema of this program, in one transaction per migration.
package struct Migrator: Sendable {
    private let migrations: [Migration]

    package init(_ migrations: [Migration]) { self.migrations = migrations }

    package enum Failure: Error, Sendable, Equatable {
        /// The database holds a migration this program does not know.
        case newerDatabase(migration: String)
        /// There are tables, and none of them is ours.
        case foreignDatabase(table: String)
    }

    /// Which migrations have not been applied yet, in order. Throws `.newerDatabase` when the database is ahead of the program; `more` are names
    /// it may hold all the same.
    package func pending(in store: Store, knowing more: Set<String> = []) async throws -> [String] {
        try await store.write { connection in try Self.prepare(connection) }
        let applied = try await store.read { connection in
            Set(try connection.rows("SELECT id FROM migrations") { try $0.get(0, as: String.self) })
        }
        let known = more.union(migrations.map(\.id))
        if let unknown = applied.subtracting(known).min() { throw Failure.newerDatabase(migration: unknown) }
        return migrations.map(\.id).filter { !applied.contains($0) }
    }

    /// Applies what is pending; answers the names of what it applied.
    package func migrate(_ store: Store, at now: Timestamp, knowing more: Set<String> = []) async throws -> [String] {
        let pending = try await pending(in: store, knowing: more)
        for migration in migrations where pending.contains(migration.id) {
            try await store.write { connection in
                try Self.lock(connection)
                // Another server may have been quicker.
                let isApplied = try connection.row("SELECT 1 FROM migrations WHERE id = ?", migration.id) { _ in true } ?? false
                guard !isApplied else { return }
                for statement in migration.statements(for: connection.dialect) { try connection.execute(statement) }
                try connection.execute("INSERT INTO migrations (id, applied_at) VALUES (?, ?)", migration.id, now)
            }
        }
        if !pending.isEmpty, case .sqlite = store.dialect { try await store.write { try PlannerStatistics.write($0) } }
        return pending
    }

    /// Keeps other servers from migrating until the transaction ends, and lets statements take their time. SQLite has one server and one writer.
    private static func lock(_ connection: Connection) throws {
        guard connection.dialect == .postgres else { return }
        try connection.execute("SET LOCAL statement_timeout = 0")
        try connection.execute("SET LOCAL lock_timeout = 0")
        _ = try connection.rows("SELECT pg_advisory_xact_lock(?)", turn) { _ in }
    }

    /// Any number that no workspace's turn is likely to have.
    private static let turn: Int64 = 0x636c_6f75_6461_7069

    /// Makes the table of migrations. Throws `.foreignDatabase` rather than mix ours with somebody else's tables.
    private static func prepare(_ connection: Connection) throws {
        try lock(connection)
        if connection.dialect == .postgres {
            let tables = try connection.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename") {
                $0.text(0)
            }
            if tables.contains("migrations") { return }
            if let first = tables.first { throw Failure.foreignDatabase(table: first) }
        }
        try createTable(connection)
    }

    static func createTable(_ connection: Connection) throws {
        try connection.execute(
            connection.dialect.schema("CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT"))
    }
}
