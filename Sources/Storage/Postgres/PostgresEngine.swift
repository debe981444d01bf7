package import Kernel
import NIOPosix
import Synchronization

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
        package var connections: Int
        /// For the pause before a transaction is tried again.
        package var surroundings: Surroundings

        package init(url: String, connections: Int = 8, surroundings: Surroundings = .real) {
            self.url = url
            self.connections = connections
            self.surroundings = surroundings
        }
    }

    /// How often a transaction is begun before its conflict is the caller's.
    private static let attempts = 6

    private let address: PostgresAddress
    private let surroundings: Surroundings
    private let threads: NIOThreadPool
    private let state = Mutex(State())

    private struct State {
        /// The last one put back is the first one taken: its caches are warm, and those not needed stay closed.
        var idle: [PostgresHandle] = []
        var isClosed = false
        var writes = 0
    }

    /// Connects once, to know that it can. Throws `.unavailable` with libpq's sentence, in which no password stands.
    init(_ options: Options) throws {
        address = try PostgresAddress(options.url)
        surroundings = options.surroundings
        threads = NIOThreadPool(numberOfThreads: options.connections)
        giveBack(try PostgresHandle(address))
        threads.start()
    }

    deinit { threads.shutdownGracefully { _ in } }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await transact("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", body)
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        let result = try await transact("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", body)
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
            if (try? handle.begin(begin)) != nil { return handle }
        }
        let handle = try PostgresHandle(address)
        try handle.begin(begin)
        return handle
    }

    private func giveBack(_ handle: PostgresHandle) {
        guard handle.isIdle else { return }
        state.withLock { state in
            if !state.isClosed { state.idle.append(handle) }
        }
    }
}
