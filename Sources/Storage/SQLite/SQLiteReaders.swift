import Synchronization

/// The connections that requests read with, on the calling thread.
///
/// GRDB's pool changes to a dispatch queue for every read and keeps a pool of them under locks: measured, a quarter of what an
/// authenticated read cost in all. Here a read takes the first connection nobody uses and steps on; in WAL mode readers wait for nobody.
///
/// A connection keeps its snapshot, and the next read goes on with it unless something was committed meanwhile. To begin and to end a transaction
/// SQLite locks the file, and meanwhile a mutex of all connections: with two threads reading, every third read waited for it.
final class SQLiteReaders: Sendable {
    private let readers: [Reader]
    /// Of the first connection's log; nil where it cannot be read, and then every read has a snapshot of its own.
    private let index: SQLiteLogIndex?
    private let next = Atomic(0)
    /// How often `letGo` was called.
    private let releases = Atomic(0)

    private final class Reader: Sendable {
        let snapshot: Mutex<KeptSnapshot>
        init(path: String) throws { snapshot = Mutex(KeptSnapshot(driver: SQLiteDriver(try KeptStatements(readingFrom: path)))) }
    }

    init(path: String, count: Int) throws {
        readers = try (0..<count).map { _ in try Reader(path: path) }
        index = try readers[0].snapshot.withLock { first in
            // Until it has read, a connection has no log.
            _ = try first.driver.execute("SELECT 1 FROM sqlite_schema", [])
            return SQLiteLogIndex(of: first.driver.connection)
        }
    }

    var mark: CommitMark? { index?.mark }

    func with<Result: Sendable>(_ body: (Connection) throws -> Result) throws -> Result {
        try lend { snapshot in
            let releases = releases.load(ordering: .acquiring)
            do {
                try snapshot.renew(asOf: index?.mark)
                let result = try body(Connection(driver: snapshot.driver))
                if index == nil || self.releases.load(ordering: .acquiring) != releases { snapshot.end() }
                return result
            } catch {
                snapshot.end()
                throw error
            }
        }
    }

    private func lend<Result: Sendable>(_ body: (KeptSnapshot) throws -> Result) throws -> Result {
        let first = next.wrappingAdd(1, ordering: .relaxed).newValue & .max
        for offset in readers.indices {
            let reader = readers[(first &+ offset) % readers.count]
            if let result = try reader.snapshot.withLockIfAvailable({ try body($0) }) { return result }
        }
        return try readers[first % readers.count].snapshot.withLock { try body($0) }
    }

    /// Ends all snapshots, those in use when their read ends: while there is an older one the log can neither be emptied nor begun anew.
    func letGo() {
        releases.wrappingAdd(1, ordering: .releasing)
        for reader in readers { _ = reader.snapshot.withLockIfAvailable { $0.end() } }
    }
}

/// A reading connection, and what it sees.
private final class KeptSnapshot {
    let driver: SQLiteDriver
    /// What the log said before the snapshot was taken.
    private var mark: CommitMark?

    init(driver: SQLiteDriver) { self.driver = driver }

    func renew(asOf mark: CommitMark?) throws {
        if let mark, self.mark == mark { return }
        end()
        try driver.begin("BEGIN DEFERRED")
        self.mark = mark
    }

    func end() {
        mark = nil
        // SQLite may have ended it already, because of an error.
        if driver.isInTransaction { _ = try? driver.execute("ROLLBACK", []) }
    }
}
