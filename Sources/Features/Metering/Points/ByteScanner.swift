// The decoder of one payload: batches of points. Foundation's JSONDecoder takes 4 µs a point, a tree of JSON values about as long; this
// reads a point in well under half a microsecond, because it makes no value it does not keep: texts stay where they are in the body until
// a series is met for the first time (SeriesBook).

/// Walks the bytes of a JSON document. Strict: RFC 8259 and nothing more; strings are UTF-8 without NUL or lone surrogates.
struct ByteScanner {
    /// A string as it stands in the body, without its quotes.
    struct Text {
        let start: Int
        let length: Int
        /// Has escapes, so that its bytes are not its text.
        let isEscaped: Bool
    }

    static let maximumDepth = 64

    let base: UnsafePointer<UInt8>
    let count: Int
    var index = 0

    @inline(__always)
    var peek: UInt8? { index < count ? base[index] : nil }

    func bytes(_ start: Int, _ length: Int) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base + start, count: length) }

    func failure(_ detail: String) -> IngestRefusal { .syntax(detail, at: index) }

    @inline(__always)
    mutating func skipSpace() {
        while index < count {
            let byte = base[index]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard index < count, base[index] == byte else { return false }
        index += 1
        return true
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8, _ what: StaticString) throws(IngestRefusal) {
        skipSpace()
        guard take(byte) else { throw failure("\(what) should be here") }
    }

    // MARK: Strings

    /// The string that begins here, checked. The index is at its opening quote.
    mutating func string() throws(IngestRefusal) -> Text {
        guard take(UInt8(ascii: "\"")) else { throw failure("a string should be here") }
        let start = index
        var isEscaped = false
        var isASCII = true
        while true {
            skipPlain()
            guard index < count else { throw failure("the string has no end") }
            let byte = base[index]
            switch byte {
            case UInt8(ascii: "\""):
                let text = Text(start: start, length: index - start, isEscaped: isEscaped)
                index += 1
                if !isASCII { try checkUTF8(text) }
                if isEscaped { _ = try unescaped(text) }
                return text
            case UInt8(ascii: "\\"):
                isEscaped = true
                index += 2
            case 0..<0x20: throw failure("a control character must be escaped")
            case 0x80...:
                isASCII = false
                index += 1
            default: index += 1
            }
        }
    }

    /// Goes on to the next byte that may be a quote, a backslash, a control character or not ASCII: eight bytes at a time.
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while index + 8 <= count {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            let found = (((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | ((word &- (ones &* 0x20)) & ~word) | word) & highs
            if found != 0 {
                index += found.trailingZeroBitCount >> 3
                return
            }
            index += 8
        }
        while index < count, base[index] >= 0x20, base[index] < 0x80, base[index] != 0x22, base[index] != 0x5C { index += 1 }
    }

    private func checkUTF8(_ text: Text) throws(IngestRefusal) {
        guard String(validating: bytes(text.start, text.length), as: UTF8.self) != nil else {
            throw .syntax("the string is not valid UTF-8", at: text.start)
        }
    }

    /// The text's own bytes.
    func unescaped(_ text: Text) throws(IngestRefusal) -> [UInt8] {
        guard text.isEscaped else { return Array(bytes(text.start, text.length)) }
        var result: [UInt8] = []
        result.reserveCapacity(text.length)
        var inner = ByteScanner(base: base, count: text.start + text.length, index: text.start)
        while let byte = inner.peek {
            inner.index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            guard let escape = inner.peek else { throw inner.failure("the string has no end") }
            inner.index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"): result.append(contentsOf: Array(String(try inner.unicodeEscape()).utf8))
            default: throw inner.failure("there is no such escape")
            }
        }
        return result
    }

    private mutating func unicodeEscape() throws(IngestRefusal) -> Unicode.Scalar {
        let first = try hexadecimal()
        guard first != 0 else { throw failure("NUL characters are not accepted") }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw failure("a surrogate stands alone") }
        let second = try hexadecimal()
        guard (0xDC00...0xDFFF).contains(second), let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)) else {
            throw failure("a surrogate stands alone")
        }
        return scalar
    }

    private mutating func hexadecimal() throws(IngestRefusal) -> UInt32 {
        guard index + 4 <= count else { throw failure("four hexadecimal digits should be here") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch base[index] {
            case 48...57: digit = base[index] - 48
            case 65...70: digit = base[index] - 55
            case 97...102: digit = base[index] - 87
            default: throw failure("four hexadecimal digits should be here")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    // MARK: Whatever is not wanted

    /// Goes past one value, whatever it is.
    mutating func skipValue(depth: Int) throws(IngestRefusal) {
        guard depth <= Self.maximumDepth else { throw failure("nested deeper than \(Self.maximumDepth)") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"): try skipMembers(depth: depth, closing: UInt8(ascii: "}"))
        case UInt8(ascii: "["): try skipMembers(depth: depth, closing: UInt8(ascii: "]"))
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case let byte? where byte == UInt8(ascii: "-") || byte &- 48 < 10: _ = try number()
        case nil: throw failure("it ends where a value should be")
        default: throw failure("no value begins like this")
        }
    }

    private mutating func skipMembers(depth: Int, closing: UInt8) throws(IngestRefusal) {
        index += 1
        skipSpace()
        if take(closing) { return }
        while true {
            if closing == UInt8(ascii: "}") {
                skipSpace()
                _ = try string()
                try expect(UInt8(ascii: ":"), "a colon")
            }
            try skipValue(depth: depth + 1)
            skipSpace()
            if take(closing) { return }
            guard take(UInt8(ascii: ",")) else { throw failure("a comma or the end should be here") }
        }
    }

    mutating func word(_ word: StaticString) throws(IngestRefusal) {
        let length = word.utf8CodeUnitCount
        guard index + length <= count else { throw failure("no value begins like this") }
        for place in 0..<length where base[index + place] != word.utf8Start[place] { throw failure("no value begins like this") }
        index += length
    }
}
