/// The values of one execution, laid out the way libpq takes them.
///
/// Integers and texts go as text: the server infers the type of each `$n` from where it stands and reads the text as that. Blobs go
/// as they are, in the binary format, which for `bytea` is the bytes themselves.
struct PostgresParameters {
    private var bytes: [UInt8] = []
    private var starts: [Int?] = []
    private var lengths: [CInt] = []
    private var formats: [CInt] = []

    /// Throws `.constraint` for a text with a NUL, which PostgreSQL cannot hold and libpq would cut off.
    init(_ values: [SQLValue]) throws(StorageError) {
        for value in values {
            switch value {
            case .null: appendNull()
            case .integer(let number): append(String(number).utf8, format: 0)
            case .text(let text):
                guard !text.utf8.contains(0) else { throw .constraint("PostgreSQL's text cannot hold a NUL.") }
                append(text.utf8, format: 0)
            case .blob(let blob): append(blob, format: 1)
            }
        }
    }

    private mutating func appendNull() {
        starts.append(nil)
        lengths.append(0)
        formats.append(0)
    }

    private mutating func append(_ value: some Collection<UInt8>, format: CInt) {
        starts.append(bytes.count)
        lengths.append(CInt(value.count))
        formats.append(format)
        bytes.append(contentsOf: value)
        bytes.append(0)
    }

    /// Lends values, lengths and formats for the time of one call.
    func withPointers<Result>(
        _ body: (_ values: [UnsafePointer<CChar>?], _ lengths: [CInt], _ formats: [CInt]) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { raw in
            let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
            return body(starts.map { start in start.flatMap { base?.advanced(by: $0) } }, lengths, formats)
        }
    }

    /// `?` as libpq spells it: `$1`, `$2`, … in turn. Quoted text and names are left alone; comments and dollar quotes are not known.
    static func numbered(_ sql: String) -> String {
        var result: [UInt8] = []
        var quote: UInt8?
        var count = 0
        for byte in sql.utf8 {
            if quote == nil, byte == UInt8(ascii: "?") {
                count += 1
                result.append(contentsOf: "$\(count)".utf8)
                continue
            }
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
