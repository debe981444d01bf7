import Kernel

/// Hours since 1970, UTC.
package typealias HourIndex = Int32

/// Reads the forms of a point's time. By the number of digits: 8 `yyyyMMdd`, 10 seconds since 1970, 13 milliseconds, 14 `yyyyMMddHHmmss`;
/// else `YYYY-MM-DD[ T]HH:MM[:SS[.fff]][Z|±hh:mm]` or a bare date. Without a zone it is UTC.
enum PointTime {
    enum Failure: Error {
        case form
        /// A time, but not on the hour in UTC.
        case offHour
    }

    static func hour(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) -> HourIndex {
        var digits = 0
        while digits < text.count, text[digits] &- 48 < 10 { digits += 1 }
        if digits == text.count || (digits >= 8 && text[digits] == UInt8(ascii: ".") && isZeros(text, from: digits + 1)) {
            return try ofDigits(text, digits)
        }
        return try ofDate(text)
    }

    private static func isZeros(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        start < text.count && (start..<text.count).allSatisfy { text[$0] == 48 }
    }

    private static func ofDigits(_ text: UnsafeBufferPointer<UInt8>, _ count: Int) throws(Failure) -> HourIndex {
        switch count {
        case 8, 14:
            let seconds = count == 14 ? (number(text, 8, 2), number(text, 10, 2), number(text, 12, 2)) : (0, 0, 0)
            return try hour(day(number(text, 0, 4), number(text, 4, 2), number(text, 6, 2)), seconds.0, seconds.1, seconds.2)
        case 10: return try hour(seconds: Int64(number(text, 0, 10)))
        case 13:
            let milliseconds = Int64(number(text, 0, 13))
            guard milliseconds % 1000 == 0 else { throw .offHour }
            return try hour(seconds: milliseconds / 1000)
        default: throw .form
        }
    }

    private static func hour(seconds: Int64) throws(Failure) -> HourIndex {
        guard seconds % 3600 == 0 else { throw .offHour }
        return HourIndex(truncatingIfNeeded: seconds.floorDivided(by: 3600))
    }

    private static func ofDate(_ text: UnsafeBufferPointer<UInt8>) throws(Failure) -> HourIndex {
        guard text.count >= 10, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), isNumber(text, 0, 4), isNumber(text, 5, 2),
            isNumber(text, 8, 2)
        else { throw .form }
        let day = try day(number(text, 0, 4), number(text, 5, 2), number(text, 8, 2))
        if text.count == 10 { return try hour(day, 0, 0, 0) }
        guard text.count >= 16, [UInt8(ascii: " "), UInt8(ascii: "T"), UInt8(ascii: "t")].contains(text[10]), isNumber(text, 11, 2),
            text[13] == UInt8(ascii: ":"), isNumber(text, 14, 2)
        else { throw .form }
        var place = 16
        var second = 0
        var isWhole = true
        if place < text.count, text[place] == UInt8(ascii: ":") {
            guard isNumber(text, place + 1, 2) else { throw .form }
            second = number(text, place + 1, 2)
            place += 3
            if place < text.count, text[place] == UInt8(ascii: ".") {
                let start = place + 1
                place = start
                while place < text.count, text[place] &- 48 < 10 {
                    if text[place] != 48 { isWhole = false }
                    place += 1
                }
                guard place > start else { throw .form }
            }
        }
        let offset = try offset(text, from: place)
        let hours = number(text, 11, 2)
        let minutes = number(text, 14, 2)
        guard hours < 24, minutes < 60, second < 60 else { throw .form }
        let seconds = day * 86_400 + Int64(hours * 3600 + minutes * 60 + second) - Int64(offset)
        guard isWhole else { throw .offHour }
        return try hour(seconds: seconds)
    }

    /// Seconds east of UTC.
    private static func offset(_ text: UnsafeBufferPointer<UInt8>, from place: Int) throws(Failure) -> Int {
        if place == text.count { return 0 }
        switch text[place] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard place + 1 == text.count else { throw .form }
            return 0
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard place + 6 == text.count, isNumber(text, place + 1, 2), text[place + 3] == UInt8(ascii: ":"), isNumber(text, place + 4, 2),
                number(text, place + 1, 2) < 24, number(text, place + 4, 2) < 60
            else { throw .form }
            let seconds = number(text, place + 1, 2) * 3600 + number(text, place + 4, 2) * 60
            return text[place] == UInt8(ascii: "-") ? -seconds : seconds
        default: throw .form
        }
    }

    private static func hour(_ day: Int64, _ hour: Int, _ minute: Int, _ second: Int) throws(Failure) -> HourIndex {
        guard hour < 24, minute < 60, second < 60 else { throw .form }
        guard minute == 0, second == 0 else { throw .offHour }
        return HourIndex(truncatingIfNeeded: day * 24 + Int64(hour))
    }

    /// Days since 1970. A date that does not exist comes back as another one.
    private static func day(_ year: Int, _ month: Int, _ day: Int) throws(Failure) -> Int64 {
        guard year > 0, 1...12 ~= month, 1...31 ~= day else { throw .form }
        let start = Timestamp(year: Int64(year), month: Int64(month), day: Int64(day))
        guard start.date == (Int64(year), Int64(month), Int64(day)) else { throw .form }
        return start.seconds.floorDivided(by: 86_400)
    }

    private static func isNumber(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ length: Int) -> Bool {
        start + length <= text.count && (start..<start + length).allSatisfy { text[$0] &- 48 < 10 }
    }

    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ length: Int) -> Int {
        (start..<start + length).reduce(0) { $0 * 10 + Int(text[$1] &- 48) }
    }
}
