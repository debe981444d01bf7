import GRDB
import GRDBSQLite
import Kernel

/// SQL on one GRDB connection, bound and stepped through SQLite's own calls (a GRDB row costs 1.6 times a raw step).
final class SQLiteDriver: Driver {
    private let database: Database

    init(_ database: Database) { self.database = database }

    var dialect: Dialect { .sqlite }
    var isInTransaction: Bool { sqlite3_get_autocommit(database.sqliteConnection) == 0 }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try query(sql, values) { _ in }
        return Int(sqlite3_changes64(database.sqliteConnection))
    }

    func query(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws {
        let statement = try cached(sql)
        try withExtendedLifetime(statement) {
            let handle = statement.sqliteStatement
            defer {
                sqlite3_reset(handle)
                sqlite3_clear_bindings(handle)
            }
            bind(values, to: handle)
            let row = Row(cursor: SQLiteCursor(handle: handle))
            while true {
                switch sqlite3_step(handle) {
                case SQLITE_ROW: try each(row)
                case SQLITE_DONE: return
                case let code: throw failure(code)
                }
            }
        }
    }

    private func cached(_ sql: String) throws -> Statement {
        do {
            return try database.cachedStatement(sql: sql)
        } catch let error as DatabaseError {
            throw error.translated
        }
    }

    private func bind(_ values: [SQLValue], to handle: SQLiteStatement) {
        for (index, value) in values.enumerated() {
            let place = CInt(index + 1)
            switch value {
            case .null: sqlite3_bind_null(handle, place)
            case .integer(let value): sqlite3_bind_int64(handle, place, value)
            case .text(var value):
                value.withUTF8 { bytes in
                    _ = bytes.withMemoryRebound(to: CChar.self) {
                        sqlite3_bind_text(handle, place, $0.baseAddress, CInt($0.count), transient)
                    }
                }
            case .blob(let value):
                value.withUnsafeBytes { bytes in
                    _ =
                        bytes.isEmpty
                        ? sqlite3_bind_zeroblob(handle, place, 0)
                        : sqlite3_bind_blob(handle, place, bytes.baseAddress, CInt(bytes.count), transient)
                }
            }
        }
    }

    private func failure(_ code: CInt) -> StorageError {
        let extended = sqlite3_extended_errcode(database.sqliteConnection)
        return .sqlite(code: extended, message: String(cString: sqlite3_errmsg(database.sqliteConnection)))
    }
}

/// Tells SQLite to copy what is bound.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

private struct SQLiteCursor: RowCursor {
    let handle: SQLiteStatement

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, CInt(column)) == SQLITE_NULL }
    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, CInt(column)) }

    func text(_ column: Int) -> String {
        guard let bytes = sqlite3_column_text(handle, CInt(column)) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, CInt(column)))), as: UTF8.self)
    }

    func blob(_ column: Int) -> [UInt8] {
        guard let bytes = sqlite3_column_blob(handle, CInt(column)) else { return [] }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, CInt(column)))))
    }
}

extension StorageError {
    /// From SQLite's extended result code, https://www.sqlite.org/rescode.html.
    static func sqlite(code: CInt, message: String) -> StorageError {
        switch code {
        case 1555, 2067, 2579: return .unique(message)  // SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE, _ROWID: macros Swift does not import
        default: break
        }
        switch code & 0xFF {
        case SQLITE_CONSTRAINT: return .constraint(message)
        case SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY: return .readOnly(message)
        case SQLITE_BUSY, SQLITE_LOCKED: return .conflict(message)
        case SQLITE_CANTOPEN, SQLITE_NOTADB: return .unavailable(message)
        case SQLITE_CORRUPT: return .corrupt(message)
        default: return .failed(message)
        }
    }
}

extension DatabaseError {
    var translated: StorageError {
        .sqlite(code: extendedResultCode.rawValue, message: message ?? "SQLite answered \(extendedResultCode.rawValue)")
    }
}
