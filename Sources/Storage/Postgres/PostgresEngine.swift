package import Kernel
import NIOPosix
import Synchronization

// Two writers of one workspace take turns, from their first statement to their commit: what a write has read of its workspace is still so
// when it commits, as with SQLite's one writer. READ COMMITTED alone would let two requests both find the last dollar of a budget, the last
// place of a quota, the second-last admin. The turn is an advisory lock, so that it holds among all servers on the database; writers in this
// process wait for theirs without a connection, so that a busy workspace does not take the connections of the others. Workspaces wait for
// nobody but themselves, and writers of one would meet at the head of its event chain anyhow.

/// PostgreSQL through libpq: a transaction each for reads and writes, on threads of its own.
///
/// libpq's calls block, so they run on as many threads as there may be connections: the pool's queue hands work out first come, first
/// served, whoever has a thread also has a connection, and no thread of Swift's waits. Connections are made when first needed and
/// again when broken. A write reads what is committed at each statement (READ COMMITTED) and takes the locks it needs; a read sees one
/// snapshot. A deadlock or serialization failure runs the whole body again, so a body keeps its effects inside the transaction.
///
/// One connection is one server session: a pooler in front must pool by session, not by transaction.
package final class PostgresEngine: Sendable {
    package struct Options: Sendable {
        /// `postgres://user:password@host/database`, or libpq's `keyword=value` pairs.
        package var url: String
        /// Where to listen for what the other servers do, if `url` is a pooler's; nil means there.
        package var listenURL: String?
        /// At most, at one moment.
        package var connections: Int
        /// For the pause before a transaction is tried again.
        package var surroundings: Surroundings
        /// Servers of an older major version are refused.
        package var oldestServer = 14

        package init(url: String, listenURL: String? = nil, connections: Int = 8, surroundings: Surroundings = .real) {
            self.url = url
            self.listenURL = listenURL
            self.connections = connections
            self.surroundings = surroundings
        }
    }

    /// How often a transaction is begun before its conflict is the caller's.
    private static let attempts = 6

    private let address: PostgresAddress
    private let listenAddress: PostgresAddress
    private let surroundings: Surroundings
    private let threads: NIOThreadPool
    private let state = Mutex(State())
    private let turns = Turns()

    private struct State {
        var reconnection = Reconnection()
        /// The last one put back is the first one taken: its caches are warm, and those not needed stay closed.
        var idle: [PostgresHandle] = []
        var isClosed = false
        var writes = 0
    }

    /// Connects once, to know that it can. Throws `.unavailable` with libpq's sentence, in which no password stands, and for a server that
    /// this program cannot work with.
    init(_ options: Options) throws {
        address = try PostgresAddress(options.url)
        surroundings = options.surroundings
        threads = NIOThreadPool(numberOfThreads: options.connections)
        listenAddress = try options.listenURL.map { try PostgresAddress($0) } ?? address
        let first = try PostgresHandle(address)
        try first.require(version: options.oldestServer)
        if options.listenURL != nil { try PostgresHandle(listenAddress).require(version: options.oldestServer) }
        giveBack(first)
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await transact("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
    }

    /// Without a transaction. Nothing has been changed when a connection turns out to be broken, so another is taken.
    func peek<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await onDatabaseThread { [self] in
            while let handle = state.withLock({ $0.idle.popLast() }) {
                defer { giveBack(handle) }
                do {
                    return try body(Connection(driver: PostgresDriver(handle)))
                } catch {
                    guard handle.isBroken else { throw error }
                }
            }
            let handle = try connected()
            defer { giveBack(handle) }
            return try body(Connection(driver: PostgresDriver(handle)))
        }
    }

    /// In turn with the other writers of `workspace`, if one is named.
    func write<Result: Sendable>(
        in workspace: WorkspaceID?, _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        let patience = PostgresHandle.patienceInWrites
        let begin =
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
            + "SELECT set_config('idle_in_transaction_session_timeout', current_setting('\(patience)'), true)"
        let result: Result
        if let turn = workspace.map(Turns.key) {
            await turns.take(turn)
            defer { turns.giveBack(turn) }
            // Installations in schemas of their own are no business of each other's.
            let lock = "pg_advisory_xact_lock(\(turn) # hashtext(current_schema())::bigint)"
            result = try await transact(begin + ", " + lock, body)
        } else {
            result = try await transact(begin, body)
        }
        state.withLock { $0.writes += 1 }
        return result
    }

    /// Committed writes: each has a transaction of its own.
    var commits: (transactions: Int, writes: Int) { state.withLock { ($0.writes, $0.writes) } }

    /// Returns when the transactions under way have ended; those still waiting for a thread are refused.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        withExtendedLifetime(idle) { try? threads.syncShutdownGracefully() }  // throws for the process-wide pool only
    }
}

// MARK: - Transactions

extension PostgresEngine {
    private enum Outcome<Result: Sendable>: Sendable {
        case committed(Result)
        case undone(any Error, again: Bool)
    }

    private func transact<Result: Sendable>(
        _ begin: String, _ body: @escaping @Sendable (Connection) throws -> Result
    ) async throws -> Result {
        var attempt = 1
        while true {
            switch try await onDatabaseThread({ try self.runOnce(begin, body) }) {
            case .committed(let result): return result
            case .undone(let error, let again):
                guard again, attempt < Self.attempts else { throw error }
                try await surroundings.sleep(pause(after: attempt))
                attempt += 1
            }
        }
    }

    /// Up to 10 ms, then up to twice as much each time; by chance, so that two that met do not meet again.
    private func pause(after attempt: Int) -> Duration {
        .microseconds(Int64(surroundings.random() % (10_000 << UInt64(attempt - 1))))
    }

    private func onDatabaseThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            threads.submit { state in
                switch state {
                case .active: continuation.resume(with: Swift.Result(catching: work))
                case .cancelled: continuation.resume(throwing: StorageError.unavailable("The database is closed."))
                }
            }
        }
    }

    private func runOnce<Result: Sendable>(_ begin: String, _ body: (Connection) throws -> Result) throws -> Outcome<Result> {
        let handle = try begun(begin)
        defer { giveBack(handle) }
        do {
            let result = try body(Connection(driver: PostgresDriver(handle)))
            try handle.commit()
            return .committed(result)
        } catch {
            handle.rollBack()
            return .undone(error, again: handle.deservesRetry)
        }
    }
}

// MARK: - Connections

extension PostgresEngine {
    /// A connection in a new transaction. One that broke while it lay idle is thrown away here, before anything was done on it.
    private func begun(_ begin: String) throws -> PostgresHandle {
        while let handle = state.withLock({ $0.idle.popLast() }) {
            if try began(begin, on: handle) { return handle }
        }
        let handle = try connected()
        guard try began(begin, on: handle) else { throw StorageError.unavailable("The connection was lost.") }
        return handle
    }

    /// False when the connection is broken; throws what the server itself refuses, such as a turn that was not had in time.
    private func began(_ begin: String, on handle: PostgresHandle) throws -> Bool {
        do {
            try handle.begin(begin)
            return true
        } catch {
            guard !handle.isBroken else { return false }
            handle.rollBack()
            giveBack(handle)
            throw error
        }
    }

    /// A new connection. While the server cannot be reached, one in a while tries and the others are refused at once.
    private func connected() throws -> PostgresHandle {
        if let wait = state.withLock({ $0.reconnection.refuses(at: .now) }) {
            throw StorageError.unavailable("The database could not be reached a moment ago; it is tried again in \(wait) ms.")
        }
        do {
            let handle = try PostgresHandle(address)
            state.withLock { $0.reconnection.succeeded() }
            return handle
        } catch {
            state.withLock { $0.reconnection.failed(at: .now) }
            throw error
        }
    }

    private func giveBack(_ handle: PostgresHandle) {
        guard handle.isIdle else { return }
        state.withLock { state in
            if !state.isClosed { state.idle.append(handle) }
        }
    }

    /// A connection outside of the pool, with the statement run on it: for who listens.
    func separate(_ statement: String) throws -> PostgresHandle {
        let handle = try PostgresHandle(listenAddress)
        _ = try handle.run(statement)
        return handle
    }
}
