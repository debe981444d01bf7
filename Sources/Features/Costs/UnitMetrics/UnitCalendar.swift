import Kernel
import Web

/// The buckets of a question, and of the period before: calendar buckets of UTC, clipped to what was asked for. Each bucket of the period
/// before is the same one moved back by as many days as were asked for, so that together they are exactly the days before.
struct UnitCalendar: Sendable {
    let current: [Range<Timestamp>]
    let previous: [Range<Timestamp>]
    /// `20220617`; `20220617130000` when buckets are hours.
    let labels: [String]

    static let bucketLimit = 10_000
    static let words = [
        "hour", "day", "week", "month", "quarter", "year", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly",
    ]

    /// From the day `start` to the day `end`, both counted. Throws `invalid_parameter` when the end is before the start, and for too many.
    init(start: Timestamp, end: Timestamp, granularity: String) throws {
        guard start <= end else { throw Problem.invalid(parameter: "end_date", "end_date must not be before start_date.") }
        let after = end.adding(days: 1)
        var spans: [Range<Timestamp>] = []
        var moment = start
        while moment < after {
            guard spans.count < Self.bucketLimit else {
                throw Problem.invalid(
                    parameter: "granularity", "That is more than \(Self.bucketLimit) buckets; take longer ones or fewer days.")
            }
            let next = min(Self.next(moment, granularity.lowercased()), after)
            spans.append(moment..<next)
            moment = next
        }
        let length = start.milliseconds - after.milliseconds
        let digits = granularity.lowercased().hasPrefix("hour") ? 14 : 8
        current = spans
        previous = spans.map { $0.lowerBound.adding(milliseconds: length)..<$0.upperBound.adding(milliseconds: length) }
        labels = spans.map { String($0.lowerBound.description.filter(\.isNumber).prefix(digits)) }
    }

    private static func next(_ moment: Timestamp, _ granularity: String) -> Timestamp {
        let (year, month, _) = moment.date
        switch granularity {
        case "hour", "hourly": return moment.adding(seconds: 3600)
        case "week", "weekly":
            // 1970-01-01 was a Thursday; weeks begin on Monday.
            let day = moment.seconds.floorDivided(by: 86_400)
            return Timestamp(seconds: ((day + 3).floorDivided(by: 7) * 7 + 4) * 86_400)
        case "month", "monthly": return moment.startOfNextMonth
        case "quarter", "quarterly":
            let first = (month - 1) / 3 * 3 + 4
            return first > 12 ? Timestamp(year: year + 1, month: 1, day: 1) : Timestamp(year: year, month: first, day: 1)
        case "year", "yearly": return Timestamp(year: year + 1, month: 1, day: 1)
        default: return moment.adding(days: 1)
        }
    }

    /// `2022-06-17` or `20220617`. Throws `invalid_parameter` for another text.
    static func day(_ name: String, _ query: Query) throws -> Timestamp {
        let text = query[name] ?? ""
        let digits = text.filter { $0 != "-" }
        let dashed = digits.count == 8 ? "\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))" : ""
        guard text == digits || text == dashed, let day = Timestamp(dashed + "T00:00:00Z") else {
            throw Problem(
                .invalidParameter, "\(name) must be a date such as 2022-06-17.",
                violations: [.init(pointer: "?" + name, code: "date", detail: "must be a date such as 2022-06-17")])
        }
        return day
    }
}
