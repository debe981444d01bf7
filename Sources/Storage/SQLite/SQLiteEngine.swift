import CSQLite
import Dispatch
import GRDB
import Glibc
import Synchronization

/// The embedded database: GRDB's pool, WAL, `synchronous = FULL`, and group commit.
///
/// One durable commit costs an fsync (0.2–4 ms measured), so concurrent writes are gathered: the first to arrive opens a transaction,
/// those that wait meanwhile join it until it has enough (`WritePace`), and nobody is answered before the one commit they share. Measured:
/// 33–48 times the durable writes a second of one transaction each, with 64 waiting.
///
/// A write that is refused has mostly changed nothing yet. One that has takes the whole transaction back with it; those before it run once
/// more, and from there on each has a savepoint, to be taken back by itself. To begin with savepoints would be dearer: one copies each page
/// that is changed for the first time.
///
/// What SQLite allocates is not counted: counting takes a lock for each allocation, which all connections share.
///
/// GRDB sets `synchronous = NORMAL` itself when it switches to WAL, after our own preparation; it is set again on the writer, and checked.
package final class SQLiteEngine: Sendable {
    package struct Options: Sendable {
        package var path: String
        /// `off` exists so that a test can show that the durability tests would notice.
        package var synchronous: Synchronous
        package var readers: Int
        /// Pages in the write-ahead log from which on they are brought into the database.
        package var longLog: Int

        package init(path: String, synchronous: Synchronous = .full, readers: Int = 6, longLog: Int = 4000) {
            self.path = path
            self.synchronous = synchronous
            self.readers = readers
            self.longLog = longLog
        }

        package enum Synchronous: String, Sendable {
            case full = "FULL"
            case off = "OFF"

            var pragmaValue: Int { self == .full ? 2 : 0 }
        }
    }

    /// A transaction takes in at most this many writes, so that the first of them is not kept waiting by the last.
    private static let batchLimit = 512

    /// How often a transaction that waits for company looks for it.
    private static let lookMicroseconds: UInt32 = 300

    private let pool: DatabasePool
    private let readers: SQLiteReaders
    /// The pool's own writing connection, with its statements; nil once it is closed. Used on the pool's queue alone.
    private let writer: Mutex<SQLiteDriver?>
    private let checkpoints: SQLiteCheckpoints
    private let queue = Mutex(Queue())
    private let pace = Mutex(WritePace())

    private struct Queue {
        var waiting: [SQLiteWrite] = []
        var isDraining = false
        var transactions = 0
        var writes = 0
        var batches = CommitBatches()
    }

    init(_ options: Options) throws {
        // Refused once a connection is open; that one has said it before.
        _ = cloudapi_sqlite_count_memory(0)
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
            let address = try pool.writeWithoutTransaction { database in
                // A write touches some pages anywhere in the database, those of digests.
                try database.execute(sql: "PRAGMA synchronous = \(options.synchronous.rawValue); PRAGMA cache_size = -16000")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == options.synchronous.pragmaValue else {
                    throw StorageError.failed("SQLite did not take synchronous = \(options.synchronous.rawValue).")
                }
                return Int(bitPattern: database.sqliteConnection!)  // open while GRDB lends it
            }
            writer = Mutex(SQLiteDriver(KeptStatements(onConnectionAt: address)))
            let checkpoints = try SQLiteCheckpoints(options)
            writer.withLock { checkpoints.take(over: $0!.connection) }  // just made
            self.checkpoints = checkpoints
            readers = try SQLiteReaders(path: options.path, count: options.readers)
        } catch let error as DatabaseError {
            throw error.translated
        }
    }

    func read<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result { try readers.with(body) }

    var mark: CommitMark? { readers.mark }

    func scan<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        do {
            return try await pool.read { database in try body(Connection(driver: SQLiteDriver(GRDBStatements(database)))) }
        } catch let error as DatabaseError {
            throw error.translated
        }
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(SQLiteWrite(continuation, body))
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

    func close() throws {
        pool.writeWithoutTransaction { _ in writer.withLock { $0 = nil } }
        checkpoints.finish()
        readers.letGo()
        try pool.close()
    }
}

// MARK: - Group commit

extension SQLiteEngine {
    private func enqueue(_ write: SQLiteWrite) {
        let startsDraining = queue.withLock { queue in
            queue.waiting.append(write)
            defer { queue.isDraining = true }
            return !queue.isDraining
        }
        if startsDraining {
            pool.asyncWriteWithoutTransaction { [self] _ in writer.withLock { drain($0) } }
        }
    }

    /// Runs transactions until nobody waits.
    private func drain(_ driver: SQLiteDriver?) {
        guard let driver else { return refuseAll() }
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
        var batch = SQLiteBatch(driver)
        batch.begin()
        if batch.failure != nil { for write in take(Self.batchLimit) { batch.run(write) } }
        let pace = pace.withLock { $0 }
        let begun = ContinuousClock.now
        var waited = Duration.zero
        while batch.failure == nil, batch.count < Self.batchLimit, !pace.isEnough(batch.count, after: .now - begun) {
            if let write = take(1).first {
                batch.run(write)
            } else if pace.isWorthWaiting(batch.count, after: waited) {
                usleep(Self.lookMicroseconds)
                waited += .microseconds(Int64(Self.lookMicroseconds))
            } else {
                break
            }
        }
        let ended = ContinuousClock.now
        batch.commit()
        self.pace.withLock { $0.adjust(batch.count, waiting: waitingWrites, commit: .now - ended) }
        readers.letGo()
        queue.withLock { queue in
            queue.transactions += 1
            queue.writes += batch.count
            queue.batches.count(batch.count)
        }
        batch.tell()
        if checkpoints.goOn(driver.connection) { readers.letGo() }
    }

    private func refuseAll() {
        queue.withLock { $0.isDraining = false }
        for write in take(.max) { write.refuse(StorageError.unavailable("The database is closed.")) }
    }

    private func take(_ count: Int) -> [SQLiteWrite] {
        queue.withLock { queue in
            let taken = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(taken.count)
            return taken
        }
    }
}
