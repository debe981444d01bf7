import CPostgres

/// The answer to one statement, held by libpq until this goes.
final class PostgresResult {
    fileprivate let result: OpaquePointer

    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var isSuccess: Bool {
        let status = PQresultStatus(result)
        return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
    }

    /// The five characters that say what went wrong; nil when the server did not get to say.
    var state: String? { field(UInt8(ascii: "C")) }

    /// The error's first line alone: the DETAIL below it quotes the row, and with it what may be personal.
    var message: String? { field(UInt8(ascii: "M")) }

    private func field(_ code: UInt8) -> String? { PQresultErrorField(result, CInt(code)).map { String(cString: $0) } }

    /// What was done, in the server's word: `COMMIT`, `INSERT 0 1`.
    var command: String { String(cString: PQcmdStatus(result)) }
    var changedRows: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }
    var rowCount: Int { Int(PQntuples(result)) }

    func forEachRow(_ visit: (Row) throws -> Void) rethrows {
        for row in 0..<PQntuples(result) { try visit(Row(cursor: PostgresCursor(answer: self, row: row))) }
    }
}

/// Reads text-format columns with SQLite's leniency: a wrong type is 0 or raw bytes, never a trap.
private struct PostgresCursor: RowCursor {
    let answer: PostgresResult
    let row: CInt

    func isNull(_ column: Int) -> Bool { PQgetisnull(answer.result, row, CInt(column)) != 0 }

    /// The whole part, since a SUM is NUMERIC here; a comparison is 1 or 0.
    func integer(_ column: Int) -> Int64 {
        let bytes = bytes(column)
        if type(column) == .boolean { return bytes.first == UInt8(ascii: "t") ? 1 : 0 }
        return Int64(String(decoding: bytes.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)) ?? 0
    }

    func text(_ column: Int) -> String {
        type(column) == .bytes ? String(decoding: blob(column), as: UTF8.self) : String(decoding: bytes(column), as: UTF8.self)
    }

    func withText(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var text = text(column)
        text.withUTF8(body)
    }

    func withBlob<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try blob(column).withUnsafeBytes(body)
    }

    func blob(_ column: Int) -> [UInt8] {
        let bytes = bytes(column)
        guard type(column) == .bytes else { return Array(bytes) }
        let digits = bytes.dropFirst(2)  // \x
        return [UInt8](unsafeUninitializedCapacity: digits.count / 2) { buffer, count in
            count = digits.count / 2
            for place in 0..<count {
                let start = digits.startIndex + place * 2
                buffer[place] = nibble(digits[start]) << 4 | nibble(digits[start + 1])
            }
        }
    }

    /// Object ids that pg_type.dat fixes for all time.
    private enum ColumnType: Oid {
        case boolean = 16
        case bytes = 17
    }

    private func type(_ column: Int) -> ColumnType? { ColumnType(rawValue: PQftype(answer.result, CInt(column))) }

    private func bytes(_ column: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: PQgetvalue(answer.result, row, CInt(column)), count: Int(PQgetlength(answer.result, row, CInt(column))))
    }

    /// PostgreSQL writes lower case only.
    private func nibble(_ digit: UInt8) -> UInt8 { digit < 58 ? digit &- 48 : digit &- 87 }
}
