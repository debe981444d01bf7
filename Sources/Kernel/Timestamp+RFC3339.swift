extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC: `2026-03-01T12:00:00Z`, with a fraction of three digits only when it is not zero.
    package var description: String {
        String(unsafeUninitializedCapacity: 24) { buffer in write(to: buffer) }
    }

    /// The date alone: `2026-03-01`.
    package var dateText: String { String(description.prefix(10)) }

    /// Writes the RFC 3339 form into `buffer` (at least 24 bytes) and says how many bytes it took.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        precondition(buffer.count >= 24)
        let (year, month, day) = date
        let days = milliseconds.floorDivided(by: 86_400_000)
        let ofDay = UInt32(truncatingIfNeeded: milliseconds - days * 86_400_000)
        let (second, fraction) = (ofDay / 1000, ofDay % 1000)
        func two(_ value: UInt32, at index: Int, then mark: Unicode.Scalar) {
            buffer[index] = UInt8(truncatingIfNeeded: 48 + value / 10 % 10)
            buffer[index + 1] = UInt8(truncatingIfNeeded: 48 + value % 10)
            buffer[index + 2] = UInt8(ascii: mark)
        }
        let century = UInt32(truncatingIfNeeded: year)
        two(century / 100, at: 0, then: "-")
        two(century % 100, at: 2, then: "-")
        two(UInt32(truncatingIfNeeded: month), at: 5, then: "-")
        two(UInt32(truncatingIfNeeded: day), at: 8, then: "T")
        two(second / 3600, at: 11, then: ":")
        two(second / 60 % 60, at: 14, then: ":")
        two(second % 60, at: 17, then: fraction == 0 ? "Z" : ".")
        guard fraction != 0 else { return 20 }
        buffer[20] = UInt8(truncatingIfNeeded: 48 + fraction / 100)
        two(fraction % 100, at: 21, then: "Z")
        return 24
    }

    /// Reads RFC 3339 with any offset; digits past the millisecond are dropped. Years 1970–9999. Nil when it is not that.
    package init?(_ text: some StringProtocol) {
        var reader = DigitReader(bytes: Array(text.utf8))
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"), let day = reader.number(2),
            reader.skip("T") || reader.skip("t") || reader.skip(" "),
            let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
            (1...12).contains(month), day >= 1, day <= Self.daysIn(month: month, year: year), hour < 24, minute < 60, second < 60,
            year >= 1970
        else { return nil }
        var fraction: Int64 = 0
        if reader.skip(".") {
            guard let parsed = reader.fraction() else { return nil }
            fraction = parsed
        }
        guard let offset = reader.offset(), reader.isAtEnd else { return nil }
        let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        self = min(max(Self(milliseconds: seconds * 1000 + fraction), .first), .last)
    }

    /// What can be written and read: 1970 to the last millisecond of 9999. An offset that leads out of it is cut.
    package static let first = Timestamp(milliseconds: 0)
    package static let last = Timestamp(milliseconds: days(year: 10_000, month: 1, day: 1) * 86_400_000 - 1)

    static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Reads a text of digits and marks from its start.
struct DigitReader {
    let bytes: [UInt8]
    var index = 0

    var isAtEnd: Bool { index == bytes.count }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func number(_ count: Int) -> Int64? {
        guard index + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for _ in 0..<count {
            guard (48...57).contains(bytes[index]) else { return nil }
            value = value * 10 + Int64(bytes[index] - 48)
            index += 1
        }
        return value
    }

    mutating func fraction() -> Int64? {
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, (48...57).contains(bytes[index]) {
            if digits < 3 { value = value * 10 + Int64(bytes[index] - 48) }
            digits += 1
            index += 1
        }
        guard digits > 0 else { return nil }
        while digits < 3 {
            value *= 10
            digits += 1
        }
        return value
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let sign: Int64
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
