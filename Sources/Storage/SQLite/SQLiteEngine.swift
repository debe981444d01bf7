import Dispatch
import GRDB
import Glibc
import Synchronization

/// The embedded database: GRDB's pool, WAL, `synchronous = FULL`, and group commit.
///
/// One durable commit costs an fsync (0.2–4 ms measured), so concurrent writes are gathered: the first to arrive opens a transaction,
/// every write that arrives until the queue is empty joins it in a savepoint of its own, and nobody is answered before the one commit
/// they share. Measured: 33–48 times the durable writes a second of one transaction each, with 64 waiting. The first has none: when it
/// fails there is nothing to keep, and the transaction begins anew. A savepoint copies each page that is changed for the first time.
///
/// GRDB sets `synchronous = NORMAL` itself when it switches to WAL, after our own preparation; it is set again on the writer, and checked.
package final class SQLiteEngine: Sendable {
    package struct Options: Sendable {
        package var path: String
        /// `off` exists so that a test can show that the durability tests would notice.
        package var synchronous: Synchronous
        package var readers: Int

        package init(path: String, synchronous: Synchronous = .full, readers: Int = 6) {
            self.path = path
            self.synchronous = synchronous
            self.readers = readers
        }

        package enum Synchronous: String, Sendable {
            case full = "FULL"
            case off = "OFF"

            var pragmaValue: Int { self == .full ? 2 : 0 }
        }
    }

    /// A transaction takes in at most this many writes, so that the first of them is not kept waiting by the last.
    private static let batchLimit = 512

    /// Where several wrote a moment ago, those just answered are about to write again: waiting this long for them once a transaction
    /// costs less than the fsync of a second one. A lone writer never waits.
    private static let gatheringMicroseconds: UInt32 = 300

    private let pool: DatabasePool
    private let readers: SQLiteReaders
    private let queue = Mutex(Queue())
    private let lastBatch = Atomic(0)

    private struct Queue {
        var waiting: [Job] = []
        var isDraining = false
        var transactions = 0
        var writes = 0
        var batches = CommitBatches()
    }

    /// One write: runs, and answers what to tell its caller once the outcome of the commit is known.
    private struct Job: Sendable {
        let run: @Sendable (Connection, _ inSavepoint: Bool) -> Outcome
        /// Tells the caller that no transaction could be begun.
        let refuse: @Sendable ((any Error)?) -> Void

        struct Outcome: Sendable {
            let hasFailed: Bool
            let tell: @Sendable ((any Error)?) -> Void
        }
    }

    init(_ options: Options) throws {
        var configuration = Configuration()
        // For long reads: two that nobody asked for may run beside each other, and leave some for those that somebody waits for, who may read in
        // shares.
        configuration.maximumReaderCount = 5
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -6000; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0")
        }
        do {
            pool = try DatabasePool(path: options.path, configuration: configuration)
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = \(options.synchronous.rawValue); PRAGMA wal_autocheckpoint = 4000")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == options.synchronous.pragmaValue else {
                    throw StorageError.failed("SQLite did not take synchronous = \(options.synchronous.rawValue).")
                }
            }
            readers = try SQLiteReaders(path: options.path, count: options.readers)
        } catch let error as DatabaseError {
            throw error.translated
        }
    }

    func read<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result {
        try readers.with { driver in try driver.snapshot(body) }
    }

    func peek<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result {
        try readers.with { driver in try body(Connection(driver: driver)) }
    }

    func scan<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        do {
            return try await pool.read { database in try body(Connection(driver: SQLiteDriver(GRDBStatements(database)))) }
        } catch let error as DatabaseError {
            throw error.translated
        }
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(
                Job(
                    run: { connection, inSavepoint in
                        do {
                            let result = try inSavepoint ? connection.savepoint { try body(connection) } : body(connection)
                            return Job.Outcome(hasFailed: false) { commitError in
                                continuation.resume(with: commitError.map { .failure($0) } ?? .success(result))
                            }
                        } catch {
                            return Job.Outcome(hasFailed: true) { _ in continuation.resume(throwing: error) }
                        }
                    },
                    refuse: { error in continuation.resume(throwing: error ?? CancellationError()) }))
        }
    }

    func backUp(to path: String) async throws {
        let copy = try DatabaseQueue(path: path)
        try pool.backup(to: copy)
        try copy.close()
    }

    var commits: (transactions: Int, writes: Int) { queue.withLock { ($0.transactions, $0.writes) } }

    var batches: CommitBatches { queue.withLock { $0.batches } }
    var waitingWrites: Int { queue.withLock { $0.waiting.count } }

    func close() throws { try pool.close() }
}

/// How many writes shared a commit: counts for up to 1, 2, 4, … 512.
package struct CommitBatches: Sendable, Equatable {
    package static let bounds = (0...9).map { 1 << $0 }
    /// One for each bound.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count)

    package init() {}

    mutating func count(_ writes: Int) {
        counts[Self.bounds.firstIndex { writes <= $0 } ?? Self.bounds.count - 1] += 1
    }
}

// MARK: - Group commit

extension SQLiteEngine {
    private func enqueue(_ job: Job) {
        let startsDraining = queue.withLock { queue in
            queue.waiting.append(job)
            defer { queue.isDraining = true }
            return !queue.isDraining
        }
        if startsDraining {
            pool.asyncWriteWithoutTransaction { [self] database in drain(SQLiteDriver(GRDBStatements(database))) }
        }
    }

    /// Runs transactions until nobody waits.
    private func drain(_ driver: SQLiteDriver) {
        while true {
            let finished = queue.withLock { queue in
                if queue.waiting.isEmpty { queue.isDraining = false }
                return !queue.isDraining
            }
            if finished { return }
            commitBatch(driver)
        }
    }

    private func commitBatch(_ driver: SQLiteDriver) {
        var answers: [@Sendable ((any Error)?) -> Void] = []
        var failure: (any Error)?
        do {
            try driver.begin("BEGIN IMMEDIATE")
        } catch {
            for job in take(Self.batchLimit) { answers.append(job.refuse) }
            failure = error
        }
        var gathered = false
        while failure == nil, answers.count < Self.batchLimit {
            let jobs = take(Self.batchLimit - answers.count)
            if jobs.isEmpty {
                if gathered || lastBatch.load(ordering: .relaxed) < 2 { break }
                gathered = true
                usleep(Self.gatheringMicroseconds)
                continue
            }
            for job in jobs {
                guard failure == nil else {
                    answers.append(job.refuse)
                    continue
                }
                let outcome = job.run(Connection(driver: driver), !answers.isEmpty)
                if outcome.hasFailed, answers.isEmpty { failure = beginAnew(driver) }
                answers.append(outcome.tell)
            }
            failure = failure ?? driver.undone
        }
        if failure == nil {
            do {
                _ = try driver.execute("COMMIT", [])
            } catch {
                failure = error
            }
        }
        if failure != nil, driver.isInTransaction { _ = try? driver.execute("ROLLBACK", []) }  // the first failure is what counts
        lastBatch.store(answers.count, ordering: .relaxed)
        queue.withLock { queue in
            queue.transactions += 1
            queue.writes += answers.count
            queue.batches.count(answers.count)
        }
        for answer in answers { answer(failure) }
    }

    /// Undoes what the transaction has done so far. Answers why there is none to go on with.
    private func beginAnew(_ driver: SQLiteDriver) -> (any Error)? {
        do {
            if driver.isInTransaction { _ = try driver.execute("ROLLBACK", []) }
            try driver.begin("BEGIN IMMEDIATE")
            return nil
        } catch {
            return error
        }
    }

    private func take(_ count: Int) -> [Job] {
        queue.withLock { queue in
            let jobs = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(jobs.count)
            return jobs
        }
    }
}
