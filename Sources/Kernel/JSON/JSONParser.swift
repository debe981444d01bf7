/// Reads JSON strictly: RFC 8259 and nothing more, and refuses what would mean two things to two readers.
///
/// Duplicate names, lone surrogates, NUL characters, invalid UTF-8, integers past 64 bits, numbers past a double's range and nesting
/// deeper than `maximumDepth` are errors that name the byte. Foundation's parser accepts some of these, so it is not used.
package struct JSONParser {
    package static let maximumDepth = 64
    /// From so many members on an object's names are hashed.
    private static let comparedMembers = 16

    /// Why the bytes are not JSON, and at which byte (from 0).
    package struct Failure: Error, Equatable {
        package let reason: String
        package let offset: Int
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let keepsDigits: Bool
    private var index = 0

    /// Reads one value that takes up all of `bytes`. With `keepingDigits` a number with a fraction or an exponent is the text it was written
    /// as, so that not a digit of an exact decimal is lost.
    package static func parse(_ bytes: some Collection<UInt8>, keepingDigits: Bool = false) throws(Failure) -> JSON {
        let read = { (bytes: UnsafeBufferPointer<UInt8>) in Self.read(bytes, keepsDigits: keepingDigits) }
        let result = bytes.withContiguousStorageIfAvailable(read) ?? ContiguousArray(bytes).withUnsafeBufferPointer(read)
        return try result.get()
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>, keepsDigits: Bool) -> Result<JSON, Failure> {
        var parser = JSONParser(bytes: bytes, keepsDigits: keepsDigits)
        do throws(Failure) {
            return .success(try parser.document())
        } catch {
            return .failure(error)
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, keepsDigits: Bool) {
        self.bytes = bytes
        self.keepsDigits = keepsDigits
    }

    private mutating func document() throws(Failure) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw failure("there is more after the value") }
        return value
    }

    private mutating func value(depth: Int) throws(Failure) -> JSON {
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth)") }
        skipSpace()
        guard index < bytes.count else { throw failure("it ends where a value should be") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 48...57: return try number()
        default: throw failure("no value begins like this")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON {
        index += 1
        var members: [JSON.Member] = []
        // Comparing beats hashing for the few members that objects mostly have.
        var names: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([]) }
        repeat {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { throw failure("a member's name should be here") }
            let start = index
            let name = try string()
            if members.count == Self.comparedMembers { names = Set(members.map(\.name)) }
            let isNew = members.count < Self.comparedMembers ? !members.contains { $0.name == name } : names.insert(name).inserted
            guard isNew else {
                throw Failure(reason: "the name \"\(name.prefix(64))\" stands twice in one object", offset: start)
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("a colon should be here") }
            members.append(.init(name, try value(depth: depth + 1)))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("a comma or the end of the object should be here") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Failure) -> JSON {
        index += 1
        var values: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        repeat {
            values.append(try value(depth: depth + 1))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("a comma or the end of the array should be here") }
        return .array(values)
    }

    private mutating func word(_ text: StaticString, _ value: JSON) throws(Failure) -> JSON {
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[index...].starts(with: expected) else { throw failure("no value begins like this") }
        index += expected.count
        return value
    }

    private mutating func number() throws(Failure) -> JSON {
        let start = index
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if keepsDigits, !isInteger || Int64(text) == nil { return .string(text) }
        if isInteger {
            guard let value = Int64(text) else { throw Failure(reason: "the integer does not fit 64 bits", offset: start) }
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else { throw Failure(reason: "the number is too large", offset: start) }
        return .double(value)
    }

    private mutating func digits() throws(Failure) {
        let start = index
        while index < bytes.count, (48...57).contains(bytes[index]) { index += 1 }
        guard index > start else { throw failure("a digit should be here") }
    }

    private mutating func string() throws(Failure) -> String {
        index += 1
        let start = index
        while index < bytes.count, bytes[index] != UInt8(ascii: "\""), bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20 {
            index += 1
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
            index += 1
            return try text(UnsafeBufferPointer(rebasing: bytes[start..<index - 1]), at: start)
        }
        var unescaped = Array(bytes[start..<index])
        while true {
            guard index < bytes.count else { throw failure("the string has no end") }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return try unescaped.withUnsafeBufferPointer { (bytes) throws(Failure) in try text(bytes, at: start) }
            case UInt8(ascii: "\\"): try escape(into: &unescaped)
            case 0..<0x20: throw failure("a control character must be escaped")
            default:
                unescaped.append(bytes[index])
                index += 1
            }
        }
    }

    private func text(_ utf8: UnsafeBufferPointer<UInt8>, at offset: Int) throws(Failure) -> String {
        // The standard library's validation is generic and slow; almost every text is ASCII, which needs none.
        if utf8.isASCII { return String(decoding: utf8, as: UTF8.self) }
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw Failure(reason: "the string is not valid UTF-8", offset: offset)
        }
        return text
    }

    private mutating func escape(into unescaped: inout [UInt8]) throws(Failure) {
        index += 1
        guard index < bytes.count else { throw failure("the string has no end") }
        let character = bytes[index]
        index += 1
        switch character {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(character)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): unescaped.append(contentsOf: Array(String(try unicodeEscape()).utf8))
        default: throw Failure(reason: "there is no such escape", offset: index - 1)
        }
    }

    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let start = index
        let first = try hexadecimal()
        guard first != 0 else { throw Failure(reason: "NUL characters are not accepted", offset: start) }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw Failure(reason: "a surrogate stands alone", offset: start)
        }
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) else {
            throw Failure(reason: "a surrogate stands alone", offset: start)
        }
        return scalar
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        guard index + 4 <= bytes.count else { throw failure("four hexadecimal digits should be here") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 65...70: digit = byte - 55
            case 97...102: digit = byte - 87
            default: throw failure("four hexadecimal digits should be here")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x0A || bytes[index] == 0x0D || bytes[index] == 0x09 {
            index += 1
        }
    }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: index) }
}

extension UnsafeBufferPointer<UInt8> {
    /// Looked at eight at a time.
    fileprivate var isASCII: Bool {
        let raw = UnsafeRawBufferPointer(self)
        var bits: UInt64 = 0
        var index = 0
        while index + 8 <= raw.count {
            bits |= raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < raw.count {
            bits |= UInt64(raw[index])
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }
}
