package import Kernel

/// The database, as the rest of the program sees it: closures that run inside a transaction.
///
/// `read` sees one snapshot and cannot write. `write` is durable when it returns: with SQLite, concurrent writers share one
/// transaction and one fsync (`SQLiteEngine`); with PostgreSQL each has its own transaction.
package struct Store: Sendable {
    private let engine: Engine
    /// Tells who reads the log of every commit that appended to it.
    package let signal = EventSignal()
    private let relay = SignalRelay()
    private var guardian: LeaseHolder?

    private enum Engine: Sendable {
        case sqlite(SQLiteEngine)
        case postgres(PostgresEngine)
        case none
    }

    /// Holds nothing and refuses everything: for who describes the program without running it.
    package static let none = Store(engine: .none)

    private init(engine: Engine) { self.engine = engine }

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
        case .none: .sqlite
        }
    }

    private static let noStore = StorageError.unavailable("There is no database.")

    /// Runs `body` on a snapshot. Keep it to what a page shows: on SQLite it runs on the calling thread, since a point look-up costs
    /// less than a change of thread.
    package func read<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        switch engine {
        case .sqlite(let engine): try engine.read(body)
        case .postgres(let engine): try await engine.read(body)
        case .none: throw Self.noStore
        }
    }

    /// Runs a `body` of one statement, which needs no transaction to be consistent. For the look-up that every request makes.
    package func peek<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        switch engine {
        case .sqlite(let engine): try engine.read(body)
        case .postgres(let engine): try await engine.peek(body)
        case .none: throw Self.noStore
        }
    }

    /// Changes with every commit, by whichever program; nil where only the database could say (PostgreSQL).
    package var mark: CommitMark? {
        switch engine {
        case .sqlite(let engine): engine.mark
        case .postgres, .none: nil
        }
    }

    /// Runs a long `body` (an export, a verification) on a database thread, so that it holds up no request.
    package func scan<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        switch engine {
        case .sqlite(let engine): try await engine.scan(body)
        case .postgres(let engine): try await engine.read(body)
        case .none: throw Self.noStore
        }
    }

    /// Runs `body` in a transaction; returns when its effects and its events are on disk, or throws and leaves nothing. It may run more than
    /// once, when what was done had to be taken back because of another write: its effects stay inside the transaction.
    ///
    /// What `body` reads of `workspace` stays so until the commit: the writers of a workspace take turns, on every server. Without a
    /// workspace, rows that are read in order to be changed must be locked (`Dialect.forUpdate`).
    package func write<Result: Sendable>(
        in workspace: WorkspaceID? = nil, _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        let whole: @Sendable (Connection) throws -> (Result, [Tenant]) = { [guardian] connection in
            try guardian?.check(connection)
            let result = try body(connection)
            return (result, try EventLog.flush(connection))
        }
        let (result, tenants) =
            switch engine {
            case .sqlite(let engine): try await engine.write(whole)
            case .postgres(let engine): try await engine.write(in: workspace, whole)
            case .none: throw Self.noStore
            }
        signal.fire(tenants)
        relay.announce(tenants)
        return result
    }

    /// The same store for work that one server at a time does: its writes fail once another has taken over.
    package func guarded(by lease: LeaseHolder) -> Store {
        var store = self
        store.guardian = lease
        return store
    }

    /// Whether this server does the work that the store is guarded for.
    package var isOnDuty: Bool { guardian?.isHere ?? true }

    /// Whether other servers may work on the same database.
    package var isShared: Bool { dialect == .postgres }

    /// Tells the other servers of commits made here, and fires `signal` for theirs, until the task is cancelled. Nothing with SQLite.
    ///
    /// `heard` is called with every word that another server tells.
    package func relaySignals(
        _ surroundings: Surroundings, heard: @escaping @Sendable (String) -> Void = { _ in },
        failed: @escaping @Sendable (any Error) -> Void
    ) async {
        guard case .postgres(let engine) = engine else { return }
        await relay.run(on: engine, signal, surroundings, heard: heard, failed: failed)
    }

    /// Tells the other servers a word, without spaces and of at most 200 bytes, a moment later. It may be lost: whoever tells must not need it to
    /// be heard.
    package func tell(_ word: String) { relay.tell(word) }

    /// Copies the whole database into a new file while the server runs. Only the embedded engine can; PostgreSQL has `pg_dump`.
    package func backUp(to path: String) async throws {
        switch engine {
        case .sqlite(let engine): try await engine.backUp(to: path)
        case .none: throw Self.noStore
        case .postgres: throw StorageError.failed("Back up PostgreSQL with pg_dump.")
        }
    }

    /// How many transactions have been committed and how many writes they held, for `/metrics`.
    package var commits: (transactions: Int, writes: Int) {
        switch engine {
        case .sqlite(let engine): engine.commits
        case .postgres(let engine): engine.commits
        case .none: (0, 0)
        }
    }

    /// How many writes each commit held, and how many wait for one. Nothing with PostgreSQL, where each has its own.
    package var batches: (commits: CommitBatches, waiting: Int) {
        switch engine {
        case .sqlite(let engine): (engine.batches, engine.waitingWrites)
        case .postgres, .none: (CommitBatches(), 0)
        }
    }

    package func close() throws {
        switch engine {
        case .sqlite(let engine): try engine.close()
        case .postgres(let engine): engine.close()
        case .none: break
        }
    }
}
