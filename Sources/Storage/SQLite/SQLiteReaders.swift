import GRDB
import GRDBSQLite
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
        init(path: String) throws { driver = Mutex(SQLiteDriver(try OwnStatements(path: path))) }
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

/// A connection of our own, for reading only, and the statements prepared on it.
private final class OwnStatements: SQLiteStatements {
    let connection: SQLiteConnection
    private var prepared: [String: SQLiteStatement] = [:]

    init(path: String) throws {
        var handle: SQLiteConnection?
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle else {
            defer { sqlite3_close_v2(handle) }
            throw StorageError.lastFailure(on: handle)
        }
        connection = handle
        sqlite3_busy_timeout(handle, 10_000)
        let pragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -6000; PRAGMA temp_store = MEMORY"
        guard sqlite3_exec(handle, pragmas, nil, nil, nil) == SQLITE_OK else {
            throw StorageError.lastFailure(on: handle)
        }
    }

    deinit {
        for statement in prepared.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(connection)
    }

    func withStatement(_ sql: String, _ body: (SQLiteStatement) throws -> Void) throws {
        if let known = prepared[sql] { return try body(known) }
        var statement: SQLiteStatement?
        guard sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK, let statement else {
            throw StorageError.lastFailure(on: connection)
        }
        prepared[sql] = statement
        try body(statement)
    }
}
