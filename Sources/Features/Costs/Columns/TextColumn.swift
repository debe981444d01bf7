/// A column of texts in a segment: each distinct one once, and a code for every row. Code 0 is null.
struct TextColumn: Sendable {
    /// All distinct texts, one behind the other, UTF-8.
    let bytes: [UInt8]
    /// Where each text ends; text `n` belongs to code `n + 1`.
    let ends: [UInt32]
    /// One per row; empty when every row has code 1.
    let codes: [UInt16]

    static let null = TextColumn(bytes: [], ends: [], codes: [])

    /// How many codes there are, null's included.
    var cardinality: Int { ends.count + 1 }
    /// No row has a value.
    var isNull: Bool { ends.isEmpty }
    var isConstant: Bool { codes.isEmpty }

    func code(_ row: Int) -> Int { codes.isEmpty ? (ends.isEmpty ? 0 : 1) : Int(codes[row]) }

    func text(_ code: Int) -> String? {
        guard code > 0 else { return nil }
        let start = code == 1 ? 0 : Int(ends[code - 2])
        return String(decoding: bytes[start..<Int(ends[code - 1])], as: UTF8.self)
    }

    /// One entry per code: what `body` makes of null, and of each text.
    func map<Value>(_ body: (String?) throws -> Value) rethrows -> [Value] { try (0..<cardinality).map { try body(text($0)) } }

    var size: Int { bytes.count + ends.count * 4 + codes.count * 2 }
}

extension TextColumn {
    /// For columns made of others. `values` has one entry per code of `codes`, nil for null.
    init(distinct values: [String?], codes old: [UInt16]) {
        var bytes: [UInt8] = []
        var ends: [UInt32] = []
        var known: [String: UInt16] = [:]
        let renamed = values.map { value -> UInt16 in
            guard let value else { return 0 }
            if let code = known[value] { return code }
            bytes.append(contentsOf: value.utf8)
            ends.append(UInt32(bytes.count))
            known[value] = UInt16(ends.count)
            return UInt16(ends.count)
        }
        self.init(bytes: bytes, ends: ends, codes: ends.isEmpty ? [] : old.map { renamed[Int($0)] })
    }

    /// A code for every row, written out.
    func allCodes(_ rows: Int) -> [UInt16] { codes.isEmpty ? Array(repeating: ends.isEmpty ? 0 : 1, count: rows) : codes }
}
