/// Reads the moments Cloudthread's clients send, of which its documents know five forms, as the UTC hour they name.
///
/// Digits alone, as text or as a number, go by their count: 8 `yyyyMMdd`, 10 seconds since 1970, 13 milliseconds, 14 `yyyyMMddHHmmss`.
/// Anything else is `YYYY-MM-DD`, a `T` or a space, `HH:MM[:SS[.fff]]`, and `Z` or an offset; or the date alone. Without a zone it is UTC.
/// It is made UTC first, and must then stand on an hour exactly.
package enum CloudthreadTimestamp {
    package enum Failure: Error {
        /// In none of the forms, or not from 1970 to 9999.
        case unreadable
        /// Minutes, seconds or a fraction are not zero.
        case offTheHour

        package var detail: String {
            switch self {
            case .unreadable:
                "must be a time such as 2022-10-01 00:00:00, 2022-10-01T00:00:00Z, 20221001000000 or seconds since 1970 in ten digits"
            case .offTheHour: "must be on the hour, in UTC"
            }
        }
    }

    package static func hour(_ text: some StringProtocol) throws(Failure) -> Timestamp { try hour(utf8: Array(text.utf8)) }

    package static func hour(_ number: Int64) throws(Failure) -> Timestamp {
        guard number >= 0 else { throw .unreadable }
        return try hour(utf8: Array(String(number).utf8))
    }

    /// The text's bytes, or a number's digits.
    package static func hour(utf8 bytes: [UInt8]) throws(Failure) -> Timestamp {
        let isDigits = bytes.allSatisfy { (48...57).contains($0) }
        guard let moment = isDigits ? Self.digits(bytes) : calendar(bytes), moment.time >= .first, moment.time <= .last else {
            throw .unreadable
        }
        guard !moment.hasFraction, moment.time.milliseconds % 3_600_000 == 0 else { throw .offTheHour }
        return moment.time
    }

    private typealias Moment = (time: Timestamp, hasFraction: Bool)

    private static func digits(_ bytes: [UInt8]) -> Moment? {
        var reader = DigitReader(bytes: bytes)
        switch bytes.count {
        case 10: return reader.number(10).map { (Timestamp(seconds: $0), false) }
        case 13: return reader.number(13).map { (Timestamp(milliseconds: $0), false) }
        case 8, 14:
            guard let date = date(&reader, separator: nil) else { return nil }
            guard !reader.isAtEnd else { return (date, false) }
            guard let hour = reader.number(2), let minute = reader.number(2), let second = reader.number(2), hour < 24, minute < 60,
                second < 60
            else { return nil }
            return (date.adding(seconds: hour * 3600 + minute * 60 + second), false)
        default: return nil
        }
    }

    private static func calendar(_ bytes: [UInt8]) -> Moment? {
        var reader = DigitReader(bytes: bytes)
        guard let date = date(&reader, separator: "-") else { return nil }
        if reader.isAtEnd { return (date, false) }
        guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let hour = reader.number(2), reader.skip(":"),
            let minute = reader.number(2), hour < 24, minute < 60
        else { return nil }
        var second: Int64 = 0
        var hasFraction = false
        if reader.skip(":") {
            guard let read = reader.number(2), read < 60 else { return nil }
            second = read
            if reader.skip(".") {
                guard let digit = reader.number(1) else { return nil }
                hasFraction = digit != 0
                while let digit = reader.number(1) { hasFraction = hasFraction || digit != 0 }
            }
        }
        var offset: Int64 = 0
        if !reader.isAtEnd {
            guard let read = reader.offset(), reader.isAtEnd else { return nil }
            offset = read
        }
        return (date.adding(seconds: hour * 3600 + minute * 60 + second - offset), hasFraction)
    }

    private static func date(_ reader: inout DigitReader, separator: Unicode.Scalar?) -> Timestamp? {
        guard let year = reader.number(4), separator.map({ reader.skip($0) }) ?? true, let month = reader.number(2),
            separator.map({ reader.skip($0) }) ?? true, let day = reader.number(2), year >= 1970, (1...12).contains(month), day >= 1,
            day <= Timestamp.daysIn(month: month, year: year)
        else { return nil }
        return Timestamp(year: year, month: month, day: day)
    }
}

extension CloudthreadTimestamp {
    /// A member of a request's body.
    package static func hour(_ value: JSON) throws(Failure) -> Timestamp {
        guard let text = value.text else { throw .unreadable }
        return try hour(text)
    }
}
