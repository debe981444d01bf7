import Storage

/// Names and values of a series, in one form only: sorted by the bytes of the names, each text with its length before it.
struct Dimensions: Hashable, Sendable {
    static let most = 10
    /// Unicode scalars of a name or a value.
    static let mostCharacters = 255

    /// Of each pair: length, name, length, value. Empty without dimensions.
    let bytes: [UInt8]

    static let none = Dimensions(bytes: [])

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(pairs: [(name: [UInt8], value: [UInt8])]) {
        var writer = ByteWriter()
        for pair in pairs.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            writer.sized(pair.name)
            writer.sized(pair.value)
        }
        bytes = writer.bytes
    }

    /// Sorted by name.
    var pairs: [(name: String, value: String)] {
        let read = try? ByteReader.reading(bytes) { reader in
            var pairs: [(name: String, value: String)] = []
            while !reader.isAtEnd {
                let name = String(decoding: try reader.sized(), as: UTF8.self)
                pairs.append((name, String(decoding: try reader.sized(), as: UTF8.self)))
            }
            return pairs
        }
        return read ?? []  // made by this type only
    }
}

extension Dimensions {
    /// Reads an object, or an array of pairs, of scalars: numbers and booleans become texts, a null leaves its pair out.
    init(reading bytes: UnsafeBufferPointer<UInt8>, at pointer: String) throws(IngestRefusal) {
        guard let base = bytes.baseAddress else {
            self = .none
            return
        }
        var scanner = ByteScanner(base: base, count: bytes.count)
        let pairs = scanner.take(UInt8(ascii: "{")) ? try Self.members(&scanner, pointer) : try Self.elements(&scanner, pointer)
        let kept = pairs.compactMap { pair in pair.value.map { (name: pair.name, value: $0) } }
        guard Set(pairs.map(\.name)).count == pairs.count else { throw .field(pointer, "duplicate", "names a dimension twice") }
        guard kept.count <= Self.most else { throw .field(pointer, "dimensions", "must have at most \(Self.most) dimensions") }
        for pair in kept {
            for text in [pair.name, pair.value] {
                guard 1...Self.mostCharacters ~= text.count(where: { $0 & 0xC0 != 0x80 }) else {
                    throw .field(pointer, "length", "must have names and values of 1 to \(Self.mostCharacters) characters")
                }
            }
        }
        self.init(pairs: kept)
    }

    private typealias Pair = (name: [UInt8], value: [UInt8]?)

    private static func members(_ scanner: inout ByteScanner, _ pointer: String) throws(IngestRefusal) -> [Pair] {
        var pairs: [Pair] = []
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "}")) { return pairs }
        repeat {
            scanner.skipSpace()
            let name = try scanner.unescaped(try scanner.string())
            try scanner.expect(UInt8(ascii: ":"), "a colon")
            pairs.append((name, try scalar(&scanner, pointer)))
            scanner.skipSpace()
        } while scanner.take(UInt8(ascii: ","))
        return pairs
    }

    private static func elements(_ scanner: inout ByteScanner, _ pointer: String) throws(IngestRefusal) -> [Pair] {
        let shape = IngestRefusal.field(pointer, "type", "must be an object, or an array of pairs")
        var pairs: [Pair] = []
        guard scanner.take(UInt8(ascii: "[")) else { throw shape }
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "]")) { return pairs }
        repeat {
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: "[")) else { throw shape }
            scanner.skipSpace()
            guard scanner.peek != UInt8(ascii: "]"), let name = try scalar(&scanner, pointer) else { throw shape }
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: ",")) else { throw shape }
            pairs.append((name, try scalar(&scanner, pointer)))
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: "]")) else { throw shape }
            scanner.skipSpace()
        } while scanner.take(UInt8(ascii: ","))
        return pairs
    }

    /// Nil for null.
    private static func scalar(_ scanner: inout ByteScanner, _ pointer: String) throws(IngestRefusal) -> [UInt8]? {
        scanner.skipSpace()
        switch scanner.peek {
        case UInt8(ascii: "\""): return try scanner.unescaped(try scanner.string())
        case UInt8(ascii: "t"):
            try scanner.word("true")
            return Array("true".utf8)
        case UInt8(ascii: "f"):
            try scanner.word("false")
            return Array("false".utf8)
        case UInt8(ascii: "n"):
            try scanner.word("null")
            return nil
        case let byte? where byte == UInt8(ascii: "-") || byte &- 48 < 10:
            let number = try scanner.number()
            if number.isInteger { return Array(scanner.bytes(number.start, number.length)) }
            guard let value = scanner.double(number) else { throw .field(pointer, "number", "must have finite numbers") }
            if value == value.rounded(), abs(value) < 1e18 { return Array(String(Int64(value)).utf8) }
            return Array(String(value).utf8)
        default: throw .field(pointer, "type", "must have texts as values")
        }
    }
}
