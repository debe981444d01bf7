/// A moment in UTC, to the millisecond.
///
/// Kept as a count of milliseconds since 1970 because that is what is stored, compared and written; calendar arithmetic is
/// the proleptic Gregorian "days from civil" of Howard Hinnant's date algorithms.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }
    package init(seconds: Int64) { milliseconds = seconds * 1000 }

    package static func < (one: Self, other: Self) -> Bool { one.milliseconds < other.milliseconds }

    package func adding(seconds: Int64) -> Self { Self(milliseconds: milliseconds + seconds * 1000) }
    package func adding(milliseconds more: Int64) -> Self { Self(milliseconds: milliseconds + more) }
    package func adding(days: Int64) -> Self { adding(seconds: days * 86_400) }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 { milliseconds.floorDivided(by: 1000) }

    /// The start of the span of `size` seconds that holds this moment, counted from 1970.
    package func floored(toSeconds size: Int64) -> Self {
        Self(seconds: seconds.floorDivided(by: size) * size)
    }
}

extension Timestamp {
    /// Year, month (1–12) and day (1–31) in UTC.
    package var date: (year: Int64, month: Int64, day: Int64) {
        Self.civil(fromDays: seconds.floorDivided(by: 86_400))
    }

    /// Midnight UTC of that day.
    package init(year: Int64, month: Int64, day: Int64) {
        self.init(seconds: Self.days(year: year, month: month, day: day) * 86_400)
    }

    /// The first moment of this moment's calendar month, UTC.
    package var startOfMonth: Self {
        let (year, month, _) = date
        return Self(year: year, month: month, day: 1)
    }

    /// The first moment of the calendar month after this one, UTC.
    package var startOfNextMonth: Self {
        let (year, month, _) = date
        return month == 12 ? Self(year: year + 1, month: 1, day: 1) : Self(year: year, month: month + 1, day: 1)
    }

    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity, so that moments before 1970 fall into the right span.
    package func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return (self % divisor != 0 && (self < 0) != (divisor < 0)) ? quotient - 1 : quotient
    }
}
