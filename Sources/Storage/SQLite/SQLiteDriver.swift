import GRDB
import GRDBSQLite
import Kernel

/// SQL on one connection, bound and stepped through SQLite's own calls (a GRDB row costs 1.6 times a raw step).
final class SQLiteDriver: Driver {
    private let statements: any SQLiteStatements
    /// Why SQLite undid the whole transaction, savepoints and all, as it does when a page cannot be written. Nothing may run until
    /// the next one begins: without a transaction around it, it would commit by itself.
    private(set) var undone: StorageError?

    init(_ statements: any SQLiteStatements) { self.statements = statements }

    var dialect: Dialect { .sqlite }
    var connection: SQLiteConnection { statements.connection }
    var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }
    /// Whether a statement was run that may have changed something, since this was last set to false.
    var hasWritten = false
    /// Of the transaction that several writes share.
    package var memory: TransactionMemory?

    func begin(_ sql: String) throws {
        undone = nil
        _ = try execute(sql, [])
    }

    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try query(sql, values) { _ in }
        return Int(sqlite3_changes64(connection))
    }

    func query(_ sql: String, _ values: [SQLValue], _ each: (Row) throws -> Void) throws {
        if let undone { throw undone }
        let wasInTransaction = isInTransaction
        try statements.withStatement(sql) { handle, change in
            let isLarge = try bind(values, to: handle)
            defer {
                sqlite3_reset(handle)
                // Room that is kept need not be asked for when the next values are bound.
                if isLarge { sqlite3_clear_bindings(handle) }
            }
            memory?.forget(change)
            let row = Row(cursor: SQLiteCursor(handle: handle))
            while true {
                let code = sqlite3_step(handle)
                // One that fails has taken back by itself what it did.
                if change.writes, code == SQLITE_ROW || code == SQLITE_DONE { hasWritten = true }
                switch code {
                case SQLITE_ROW: try each(row)
                case SQLITE_DONE: return
                default:
                    let error = failure(code)
                    if wasInTransaction, !isInTransaction { undone = error }
                    throw error
                }
            }
        }
    }

    /// From how many bytes on a value is not left in a statement that is kept.
    private static let largeValue = 4096

    /// Whether one of them is large.
    private func bind(_ values: [SQLValue], to handle: SQLiteStatement) throws -> Bool {
        // What is not bound would be what another call has left.
        guard sqlite3_bind_parameter_count(handle) == values.count else {
            throw StorageError.failed("A statement has \(sqlite3_bind_parameter_count(handle)) values and was given \(values.count).")
        }
        var isLarge = false
        for (index, value) in values.enumerated() {
            let place = CInt(index + 1)
            switch value {
            case .null: sqlite3_bind_null(handle, place)
            case .integer(let value): sqlite3_bind_int64(handle, place, value)
            case .text(var value):
                value.withUTF8 { bytes in
                    isLarge = isLarge || bytes.count > Self.largeValue
                    _ = bytes.withMemoryRebound(to: CChar.self) {
                        sqlite3_bind_text(handle, place, $0.baseAddress, CInt($0.count), transient)
                    }
                }
            case .blob(let value):
                isLarge = isLarge || value.count > Self.largeValue
                value.withUnsafeBytes { bytes in
                    _ =
                        bytes.isEmpty
                        ? sqlite3_bind_zeroblob(handle, place, 0)
                        : sqlite3_bind_blob(handle, place, bytes.baseAddress, CInt(bytes.count), transient)
                }
            }
        }
        return isLarge
    }

    private func failure(_ code: CInt) -> StorageError { .lastFailure(on: connection) }
}

/// Tells SQLite to copy what is bound.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

private struct SQLiteCursor: RowCursor {
    let handle: SQLiteStatement

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(handle, CInt(column)) == SQLITE_NULL }
    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, CInt(column)) }

    func text(_ column: Int) -> String {
        guard let bytes = sqlite3_column_text(handle, CInt(column)) else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, CInt(column)))), as: UTF8.self)
    }

    func withText(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard let bytes = sqlite3_column_text(handle, CInt(column)) else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        body(UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, CInt(column)))))
    }

    /// Here, so that nothing stands between SQLite's bytes and the writer's.
    func write(_ column: Int, as name: StaticString, to json: inout JSONWriter) {
        let bytes = sqlite3_column_text(handle, CInt(column))
        json.field(name, utf8: UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(sqlite3_column_bytes(handle, CInt(column)))))
    }

    func blob(_ column: Int) -> [UInt8] { withBlob(column) { Array($0) } }

    func withBlob<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        // Nil for an empty one too.
        let bytes = sqlite3_column_blob(handle, CInt(column))
        return try body(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : Int(sqlite3_column_bytes(handle, CInt(column)))))
    }
}

extension StorageError {
    static func lastFailure(on connection: SQLiteConnection?) -> StorageError {
        .sqlite(code: sqlite3_extended_errcode(connection), message: String(cString: sqlite3_errmsg(connection)))
    }

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
