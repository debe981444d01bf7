package import Kernel

/// A value on its way into or out of the database.
package enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

/// What can stand in a column. Typed ids, timestamps and enums go through it, so that SQL never sees a loose string.
package protocol SQLConvertible {
    var sqlValue: SQLValue { get }
    static func read(_ row: Row, _ column: Int) throws(StorageError) -> Self
}

/// One row of an answer, valid only inside the closure that receives it.
package struct Row {
    let cursor: any RowCursor

    /// The value of the column, counted from 0. Throws `.corrupt` when it holds something else.
    package func get<Value: SQLConvertible>(_ column: Int, as: Value.Type = Value.self) throws(StorageError) -> Value {
        try Value.read(self, column)
    }
}

/// The same without a witness table in between: for rows that are read by the hundred.
extension Row {
    package func isNull(_ column: Int) -> Bool { cursor.isNull(column) }
    package func text(_ column: Int) -> String { cursor.text(column) }
    package func integer(_ column: Int) -> Int { Int(cursor.integer(column)) }
    package func blob(_ column: Int) -> [UInt8] { cursor.blob(column) }
    /// Lends the bytes of a blob where they stand.
    package func withBlob<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try cursor.withBlob(column, body)
    }
    package func optionalInteger(_ column: Int) -> Int? { cursor.isNull(column) ? nil : Int(cursor.integer(column)) }
    /// Writes a text column as a member of the answer, byte for byte but for what JSON escapes.
    package func write(_ column: Int, as name: StaticString, to json: inout JSONWriter) {
        cursor.write(column, as: name, to: &json)
    }
    package func time(_ column: Int) -> Timestamp { Timestamp(milliseconds: cursor.integer(column)) }
}

/// What a database driver gives to read one row.
package protocol RowCursor {
    func isNull(_ column: Int) -> Bool
    func integer(_ column: Int) -> Int64
    func text(_ column: Int) -> String
    /// Lends the bytes of a text column, which are UTF-8.
    func withText(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void)
    /// Writes a text column as a member.
    func write(_ column: Int, as name: StaticString, to json: inout JSONWriter)
    func blob(_ column: Int) -> [UInt8]
    func withBlob<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension RowCursor {
    package func write(_ column: Int, as name: StaticString, to json: inout JSONWriter) {
        withText(column) { text in json.field(name, utf8: text) }
    }
}

extension SQLValue: SQLConvertible {
    package var sqlValue: SQLValue { self }
    package static func read(_ row: Row, _ column: Int) throws(StorageError) -> SQLValue {
        row.cursor.isNull(column) ? .null : .text(row.cursor.text(column))
    }
}

extension Int64: SQLConvertible {
    package var sqlValue: SQLValue { .integer(self) }
    package static func read(_ row: Row, _ column: Int) -> Int64 { row.cursor.integer(column) }
}

extension Int: SQLConvertible {
    package var sqlValue: SQLValue { .integer(Int64(self)) }
    package static func read(_ row: Row, _ column: Int) -> Int { Int(row.cursor.integer(column)) }
}

extension Bool: SQLConvertible {
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
    package static func read(_ row: Row, _ column: Int) -> Bool { row.cursor.integer(column) != 0 }
}

extension String: SQLConvertible {
    package var sqlValue: SQLValue { .text(self) }
    package static func read(_ row: Row, _ column: Int) -> String { row.cursor.text(column) }
}

extension [UInt8]: SQLConvertible {
    package var sqlValue: SQLValue { .blob(self) }
    package static func read(_ row: Row, _ column: Int) -> [UInt8] { row.cursor.blob(column) }
}

extension Timestamp: SQLConvertible {
    package var sqlValue: SQLValue { .integer(milliseconds) }
    package static func read(_ row: Row, _ column: Int) -> Timestamp { Timestamp(milliseconds: row.cursor.integer(column)) }
}

/// Amounts stand as plain text, so that no engine's own number type rounds them.
extension ExactDecimal: SQLConvertible {
    package var sqlValue: SQLValue { .text(description) }
    package static func read(_ row: Row, _ column: Int) throws(StorageError) -> ExactDecimal {
        let text = row.cursor.text(column)
        guard let value = ExactDecimal(text) else { throw .corrupt("An amount cannot be \"\(text)\"") }
        return value
    }
}

extension ID: SQLConvertible {
    package var sqlValue: SQLValue { .text(rawValue) }
    package static func read(_ row: Row, _ column: Int) -> ID { ID(row.cursor.text(column)) }
}

extension Optional: SQLConvertible where Wrapped: SQLConvertible {
    package var sqlValue: SQLValue { self?.sqlValue ?? .null }
    package static func read(_ row: Row, _ column: Int) throws(StorageError) -> Wrapped? {
        row.cursor.isNull(column) ? nil : try Wrapped.read(row, column)
    }
}

extension SQLConvertible where Self: RawRepresentable, RawValue == String {
    package var sqlValue: SQLValue { .text(rawValue) }
    package static func read(_ row: Row, _ column: Int) throws(StorageError) -> Self {
        let text = row.cursor.text(column)
        guard let value = Self(rawValue: text) else { throw .corrupt("\(Self.self) cannot be \"\(text)\"") }
        return value
    }
}

extension Mode: SQLConvertible {}
extension Role: SQLConvertible {}
extension Caller.Profile: SQLConvertible {}
extension Caller.Credential.Kind: SQLConvertible {}
