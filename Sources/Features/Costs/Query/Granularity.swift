import Kernel

/// How long a bucket is.
package enum Granularity: String, Sendable, CaseIterable {
    case hour
    case day
    case week
    case month
    case quarter
    case year

    /// Any case, and `daily` for `day`; nil for another word.
    init?(anyCase text: String) {
        let word = text.lowercased()
        let adverbs = ["hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"]
        self.init(rawValue: adverbs[word] ?? word)
    }

    /// The first day of the bucket after the one that holds `day`. Weeks begin on Monday.
    func next(after day: Int64) -> Int64 {
        let (year, month, _) = CivilDay.parts(day)
        switch self {
        case .hour, .day: return day + 1
        case .week:
            let weekday = (day + 3) - (day + 3).floorDivided(by: 7) * 7  // 1970-01-01 was a Thursday; Monday is 0
            return day - weekday + 7
        case .month: return CivilDay.adding(months: 1, to: CivilDay.of(year, month, 1))
        case .quarter: return CivilDay.adding(months: 3, to: CivilDay.of(year, (month - 1) / 3 * 3 + 1, 1))
        case .year: return CivilDay.of(year + 1, 1, 1)
        }
    }
}

/// A span of time that costs are summed up over: half-open, clipped to what was asked for.
struct Bucket: Sendable, Equatable {
    let from: Timestamp
    let to: Timestamp
    /// The local time of its begin, as if it were UTC.
    let local: Timestamp

    /// `20260301`; with the hour when that is what buckets are.
    func label(hours: Int) -> String {
        String(decoding: local.description.utf8.filter { (48...57).contains($0) }.prefix(8 + hours), as: UTF8.self)
    }
}

/// The buckets of inclusive civil dates in a zone.
struct CostSpan: Sendable {
    let first: Int64
    let last: Int64
    let buckets: [Bucket]

    static let bucketLimit = 10_000

    var from: Timestamp { buckets.first?.from ?? .first }
    var to: Timestamp { buckets.last?.to ?? .first }
    var days: Int64 { last - first + 1 }

    /// Throws when there would be more than ten thousand buckets.
    init(_ first: Int64, _ last: Int64, _ granularity: Granularity, _ zone: CostZone) throws {
        (self.first, self.last) = (first, last)
        guard
            (last - first + 1) * (granularity == .hour ? 24 : 1) / (granularity == .hour || granularity == .day ? 1 : 7) <= Self.bucketLimit
        else {
            throw Problem.invalid(
                parameter: "granularity", "That is more than \(Self.bucketLimit) buckets; take longer ones or fewer days.")
        }
        if granularity == .hour {
            buckets = Self.hours(from: zone.start(ofDay: first), to: zone.start(ofDay: last + 1), zone)
        } else {
            buckets = Self.days(first, last, granularity).map { Self.bucket($0.0, $0.1, zone) }
        }
    }

    /// Spans of UTC that follow each other.
    init(_ spans: [Range<Timestamp>]) {
        buckets = spans.map { Bucket(from: $0.lowerBound, to: $0.upperBound, local: $0.lowerBound) }
        first = (buckets.first?.from.milliseconds ?? 0) / 86_400_000
        last = ((buckets.last?.to.milliseconds ?? 1) - 1) / 86_400_000
    }

    private init(first: Int64, last: Int64, buckets: [Bucket]) {
        (self.first, self.last, self.buckets) = (first, last, buckets)
    }

    /// The span of equal length that ends the day before, each bucket moved by as many days: so they add up to it exactly.
    func previous(_ granularity: Granularity, _ zone: CostZone) -> CostSpan {
        let (length, start) = (days, first - days)
        if granularity == .hour {
            let hours = Self.hours(from: zone.start(ofDay: start), to: zone.start(ofDay: first), zone)
            return CostSpan(first: start, last: first - 1, buckets: hours)
        }
        let moved = Self.days(first, last, granularity).map { Self.bucket($0.0 - length, $0.1 - length, zone) }
        return CostSpan(first: start, last: first - 1, buckets: moved)
    }

    /// First day and the day after the last of each bucket.
    private static func days(_ first: Int64, _ last: Int64, _ granularity: Granularity) -> [(Int64, Int64)] {
        var found: [(Int64, Int64)] = []
        var day = first
        while day <= last {
            let next = min(granularity.next(after: day), last + 1)
            found.append((day, next))
            day = next
        }
        return found
    }

    private static func bucket(_ first: Int64, _ end: Int64, _ zone: CostZone) -> Bucket {
        Bucket(from: zone.start(ofDay: first), to: zone.start(ofDay: end), local: Timestamp(seconds: first * 86_400))
    }

    private static func hours(from: Timestamp, to: Timestamp, _ zone: CostZone) -> [Bucket] {
        var found: [Bucket] = []
        var moment = from
        while moment < to {
            let next = min(moment.floored(toSeconds: 3600).adding(seconds: 3600), to)
            found.append(Bucket(from: moment, to: next, local: zone.local(moment)))
            moment = next
        }
        return found
    }
}
