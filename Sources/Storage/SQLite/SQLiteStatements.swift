import GRDB
import GRDBSQLite

/// Where a driver gets its prepared statements from, and the connection they belong to.
protocol SQLiteStatements: AnyObject {
    var connection: SQLiteConnection { get }
    /// The prepared statement, kept from earlier where there was one.
    func withStatement(_ sql: String, _ body: (SQLiteStatement, StatementChange) throws -> Void) throws
}

/// Statements of a GRDB connection, kept by GRDB.
final class GRDBStatements: SQLiteStatements {
    private let database: Database

    init(_ database: Database) { self.database = database }

    var connection: SQLiteConnection { database.sqliteConnection! }  // open for as long as GRDB lends it

    func withStatement(_ sql: String, _ body: (SQLiteStatement, StatementChange) throws -> Void) throws {
        let statement: Statement
        do {
            statement = try database.cachedStatement(sql: sql)
        } catch let error as DatabaseError {
            throw error.translated
        }
        try withExtendedLifetime(statement) {
            try body(statement.sqliteStatement, StatementChange(sql, isReadOnly: sqlite3_stmt_readonly(statement.sqliteStatement) != 0))
        }
    }
}

/// Statements of a connection that runs the same few hundred all the time, kept until this is gone.
final class KeptStatements: SQLiteStatements {
    let connection: SQLiteConnection
    private let ownsConnection: Bool
    private var prepared: [Text: (handle: SQLiteStatement, change: StatementChange)] = [:]

    /// Hashed by its length and its end alone: to hash all of it would cost as much as a look-up in the database.
    private struct Text: Hashable {
        let sql: String

        func hash(into hasher: inout Hasher) {
            hasher.combine(sql.utf8.count)
            for byte in sql.utf8.suffix(8) { hasher.combine(byte) }
        }
    }

    /// On a connection of somebody else, who lets nobody use it at the same time, and closes it after this (or by `sqlite3_close_v2`, which waits).
    init(onConnectionAt address: Int) {
        connection = SQLiteConnection(bitPattern: address)!  // of one that is open
        ownsConnection = false
    }

    /// On a connection of its own, which changes no rows; what others wrote it may bring from the log into the database.
    init(readingFrom path: String) throws {
        var handle: SQLiteConnection?
        let code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle else {
            defer { sqlite3_close_v2(handle) }
            throw StorageError.lastFailure(on: handle)
        }
        connection = handle
        ownsConnection = true
        sqlite3_busy_timeout(handle, 10_000)
        let pragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -6000; PRAGMA temp_store = MEMORY"
        guard sqlite3_exec(handle, pragmas, nil, nil, nil) == SQLITE_OK else {
            throw StorageError.lastFailure(on: handle)
        }
    }

    deinit {
        for (handle, _) in prepared.values { sqlite3_finalize(handle) }
        if ownsConnection { sqlite3_close_v2(connection) }
    }

    func withStatement(_ sql: String, _ body: (SQLiteStatement, StatementChange) throws -> Void) throws {
        let text = Text(sql: sql)
        if let known = prepared[text] { return try body(known.handle, known.change) }
        var statement: SQLiteStatement?
        guard sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK, let statement else {
            throw StorageError.lastFailure(on: connection)
        }
        let change = StatementChange(sql, isReadOnly: sqlite3_stmt_readonly(statement) != 0)
        prepared[text] = (statement, change)
        try body(statement, change)
    }
}
