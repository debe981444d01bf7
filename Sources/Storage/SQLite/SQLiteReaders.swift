import Synchronization

/// The connections that requests read with, on the calling thread.
///
/// GRDB's pool changes to a dispatch queue for every read and keeps a pool of them under locks: measured, a quarter of what an
/// authenticated read cost in all. Here a read takes the first connection nobody uses and steps on; in WAL mode readers wait for nobody.
final class SQLiteReaders: Sendable {
    private let readers: [Reader]
    private let next = Atomic(0)

    private final class Reader: Sendable {
        let driver: Mutex<SQLiteDriver>
        init(path: String) throws { driver = Mutex(SQLiteDriver(try KeptStatements(readingFrom: path))) }
    }

    init(path: String, count: Int) throws {
        readers = try (0..<count).map { _ in try Reader(path: path) }
    }

    func with<Result: Sendable>(_ body: (SQLiteDriver) throws -> Result) throws -> Result {
        let first = next.wrappingAdd(1, ordering: .relaxed).newValue & .max
        for offset in readers.indices {
            let reader = readers[(first &+ offset) % readers.count]
            if let result = try reader.driver.withLockIfAvailable({ try body($0) }) { return result }
        }
        return try readers[first % readers.count].driver.withLock { try body($0) }
    }
}
