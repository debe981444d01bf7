/// The database, as the rest of the program sees it: closures that run inside a transaction.
///
/// `read` sees one snapshot and cannot write. `write` is durable when it returns: with SQLite, concurrent writers share one
/// transaction and one fsync, each in a savepoint of its own (`SQLiteEngine`); with PostgreSQL each has its own transaction.
package struct Store: Sendable {
    private let engine: Engine

    private enum Engine: Sendable {
        case sqlite(SQLiteEngine)
        case postgres(PostgresEngine)
    }

    package init(sqlite options: SQLiteEngine.Options) throws {
        engine = .sqlite(try SQLiteEngine(options))
    }

    package init(postgres options: PostgresEngine.Options) throws {
        engine = .postgres(try PostgresEngine(options))
    }

    package var dialect: Dialect {
        switch engine {
        case .sqlite: .sqlite
        case .postgres: .postgres
        }
    }

    /// Runs `body` on a snapshot. Keep it to what a page shows: on SQLite it runs on the calling thread, since a point look-up costs
    /// less than a change of thread.
    package func read<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        switch engine {
        case .sqlite(let engine): try engine.read(body)
        case .postgres(let engine): try await engine.read(body)
        }
    }

    /// Runs a `body` of one statement, which needs no transaction to be consistent. For the look-up that every request makes.
    package func peek<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        switch engine {
        case .sqlite(let engine): try engine.peek(body)
        case .postgres(let engine): try await engine.read(body)
        }
    }

    /// Runs a long `body` (an export, a verification) on a database thread, so that it holds up no request.
    package func scan<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        switch engine {
        case .sqlite(let engine): try await engine.scan(body)
        case .postgres(let engine): try await engine.read(body)
        }
    }

    /// Runs `body` in a transaction; returns when its effects and its events are on disk, or throws and leaves nothing.
    package func write<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        let whole: @Sendable (Connection) throws -> Result = { connection in
            let result = try body(connection)
            try EventLog.flush(connection)
            return result
        }
        switch engine {
        case .sqlite(let engine): return try await engine.write(whole)
        case .postgres(let engine): return try await engine.write(whole)
        }
    }

    /// Copies the whole database into a new file while the server runs. Only the embedded engine can; PostgreSQL has `pg_dump`.
    package func backUp(to path: String) async throws {
        switch engine {
        case .sqlite(let engine): try await engine.backUp(to: path)
        case .postgres: throw StorageError.failed("Back up PostgreSQL with pg_dump.")
        }
    }

    /// How many transactions have been committed and how many writes they held, for `/metrics`.
    package var commits: (transactions: Int, writes: Int) {
        switch engine {
        case .sqlite(let engine): engine.commits
        case .postgres(let engine): engine.commits
        }
    }

    package func close() throws {
        switch engine {
        case .sqlite(let engine): try engine.close()
        case .postgres(let engine): engine.close()
        }
    }
}
