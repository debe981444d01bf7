extension ExactDecimal {
    /// Digits a text may have in all, leading zeros aside, its exponent applied: far more than any bill has, and little enough to
    /// be harmless.
    package static let digitLimit = 100

    /// Reads `12`, `-0.50`, `+1.5E-7`: a sign, digits with at most one point among them, an exponent. Nil for anything else, spaces and
    /// separators included.
    package init?(_ text: some StringProtocol) {
        var copy = String(text)
        let parsed = copy.withUTF8 { Self.parse($0) }
        guard let parsed else { return nil }
        self = parsed
    }

    private static func parse(_ text: UnsafeBufferPointer<UInt8>) -> Self? {
        var index = 0
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        var value: Int128 = 0
        var long: [UInt8]?
        var count = 0
        var significant = 0
        var scale = 0
        var point = false
        while index < text.count, text[index] != UInt8(ascii: "e"), text[index] != UInt8(ascii: "E") {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: ".") {
                guard !point, count > 0 else { return nil }
                point = true
                continue
            }
            guard (48...57).contains(byte) else { return nil }
            count += 1
            if point { scale += 1 }
            if significant > 0 || byte != 48 { significant += 1 }
            guard significant <= digitLimit, scale <= digitLimit else { return nil }
            if significant <= 37 {
                value = value * 10 + Int128(byte - 48)
            } else {
                if long == nil { long = Array(value.description.utf8) }
                long?.append(byte)
            }
        }
        guard count > 0, text[index - 1] != UInt8(ascii: ".") else { return nil }
        if index < text.count {
            guard let exponent = exponent(text, index + 1) else { return nil }
            scale -= exponent
        }
        guard scale <= digitLimit, significant - scale <= digitLimit || significant == 0 else { return nil }
        return make(isNegative, value, long, scale: significant == 0 ? 0 : scale)
    }

    private static func make(_ isNegative: Bool, _ value: Int128, _ long: [UInt8]?, scale: Int) -> Self {
        if long == nil, scale >= 0 { return Self(small: isNegative ? -value : value, scale: scale) }
        let magnitude = long.map { Magnitude(text: $0) } ?? Magnitude(value.magnitude)
        return Self(isNegative: isNegative, magnitude.raised(by: max(0, -scale)), scale: max(0, scale))
    }

    private static func exponent(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        var index = start
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        guard index < text.count, text.count - index <= 6 else { return nil }
        var value = 0
        while index < text.count {
            guard (48...57).contains(text[index]) else { return nil }
            value = value * 10 + Int(text[index] - 48)
            index += 1
        }
        return isNegative ? -value : value
    }
}

extension ExactDecimal: CustomStringConvertible {
    /// Plain digits, no exponent, no zeros at the end of the fraction: `0.007`, `-12`, `100`.
    package var description: String { formatted(minimumPlaces: 0) }

    /// The same with at least so many digits behind the point: `0.0070`. Never rounds.
    package func formatted(minimumPlaces: Int) -> String {
        let places = max(scale, minimumPlaces)
        if case .small(let value) = digits, let short = UInt64(exactly: value.magnitude), places <= 40 {
            return String(unsafeUninitializedCapacity: 64) {
                Self.write(short, isNegative: value < 0, scale: scale, places: places, to: $0)
            }
        }
        let (isNegative, magnitude) = long
        var text = magnitude.text
        if text.count <= scale { text.insert(contentsOf: repeatElement(48, count: scale + 1 - text.count), at: 0) }
        text.append(contentsOf: repeatElement(48, count: places - scale))
        if places > 0 { text.insert(UInt8(ascii: "."), at: text.count - places) }
        if isNegative { text.insert(UInt8(ascii: "-"), at: 0) }
        return String(decoding: text, as: UTF8.self)
    }

    /// From the last digit to the first; says how many bytes it took.
    private static func write(
        _ value: UInt64, isNegative: Bool, scale: Int, places: Int, to buffer: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var count = 1
        var rest = value
        while rest > 9 {
            rest /= 10
            count += 1
        }
        let whole = max(count - scale, 1)
        let length = (isNegative ? 1 : 0) + whole + (places > 0 ? places + 1 : 0)
        var index = length
        rest = value
        func digit() {
            index -= 1
            buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        for place in stride(from: places, to: 0, by: -1) {
            if place <= scale {
                digit()
            } else {
                index -= 1
                buffer[index] = UInt8(ascii: "0")
            }
        }
        if places > 0 {
            index -= 1
            buffer[index] = UInt8(ascii: ".")
        }
        for _ in 0..<whole { digit() }
        if isNegative { buffer[0] = UInt8(ascii: "-") }
        return length
    }
}

extension ExactDecimal: JSONRepresentable {
    /// As a string, since a JSON number is a double to most who read it.
    package func write(to json: inout JSONWriter) { json.value(description) }
}

extension ExactDecimal {
    /// To be written as a JSON number, every digit of it: how Cloudthread's answers say money.
    package var asNumber: JSONNumber { JSONNumber(value: self) }

    package struct JSONNumber: JSONRepresentable, Sendable {
        fileprivate let value: ExactDecimal

        package func write(to json: inout JSONWriter) { json.embed(value.description.utf8) }
    }
}

extension JSON {
    package init(_ value: ExactDecimal?) { self = value.map { .string($0.description) } ?? .null }
}
