package import Foundation
package import Kernel

/// How long a bucket is.
package enum Granularity: String, Sendable, CaseIterable {
    case hour, day, week, month, quarter, year

    /// Any case; `hourly`, `daily` and so on too.
    package init?(reading text: String) {
        let word = text.lowercased()
        let short = word == "daily" ? "day" : word.hasSuffix("ly") ? String(word.dropLast(2)) : word
        guard let found = Granularity(rawValue: short) else { return nil }
        self = found
    }
}

/// Spans side by side from one hour to another: civil boundaries in a time zone, clipped to what was asked for. Weeks begin on Monday.
/// A day in a zone has 23 or 25 hours twice a year; an hour is an hour of UTC.
package struct BucketCalendar: Sendable {
    /// The first hour of each bucket, since 1970, and at the end the hour where the last one ends.
    package let bounds: [Int]
    /// Every bucket is an hour.
    let isHourly: Bool
    /// No boundary runs through a day of UTC, but perhaps the first and the last.
    var isOfWholeDays: Bool { !isHourly && bounds.dropFirst().dropLast().allSatisfy { $0 % 24 == 0 } }

    package var count: Int { bounds.count - 1 }

    package func start(_ bucket: Int) -> Timestamp { Timestamp(seconds: Int64(bounds[bucket]) * 3600) }
    package func end(_ bucket: Int) -> Timestamp { Timestamp(seconds: Int64(bounds[bucket + 1]) * 3600) }

    /// `from` and `to` are hours since 1970, `to` not included. Throws `TooMany` past `limit` buckets.
    package init(from: Int, to: Int, _ granularity: Granularity, zone: TimeZone, limit: Int) throws {
        isHourly = granularity == .hour
        var bounds = [from]
        if granularity == .hour {
            guard to - from <= limit else { throw TooMany() }
            if to > from + 1 { bounds += (from + 1)..<to }
        } else {
            let zone = zone.identifier == "GMT" ? nil : zone  // what Foundation calls UTC
            var next = Self.nextStart(after: from, granularity, zone)
            while next < to {
                guard bounds.count < limit else { throw TooMany() }
                if next > bounds[bounds.count - 1] { bounds.append(next) }
                next = Self.nextStart(after: next, granularity, zone)
            }
        }
        self.bounds = to > from ? bounds + [to] : bounds
    }

    /// Buckets that follow each other, between these hours since 1970.
    package init(bounds: [Int]) {
        self.bounds = bounds
        isHourly = zip(bounds, bounds.dropFirst()).allSatisfy { $1 == $0 + 1 }
    }

    package struct TooMany: Error {}

    /// The bucket of an hour inside the calendar.
    func bucket(of hour: Int) -> Int {
        var low = 0
        var high = count
        while low + 1 < high {
            let middle = (low + high) / 2
            if bounds[middle] <= hour { low = middle } else { high = middle }
        }
        return low
    }

    /// The first whole hour of UTC at or after the next civil boundary after that hour.
    private static func nextStart(after hour: Int, _ granularity: Granularity, _ zone: TimeZone?) -> Int {
        let seconds = Int64(hour) * 3600
        let local = Timestamp(seconds: seconds + offset(zone, seconds))
        let (year, month, day) = local.date
        let midnight = Timestamp(year: year, month: month, day: day)
        let next: Timestamp =
            switch granularity {
            case .hour, .day: midnight.adding(days: 1)
            // 1970-01-01 was a Thursday.
            case .week: midnight.adding(days: 7 - (midnight.seconds.floorDivided(by: 86_400) + 3).modulo(7))
            case .month: local.startOfNextMonth
            case .quarter where month > 9: Timestamp(year: year + 1, month: 1, day: 1)
            case .quarter: Timestamp(year: year, month: (month - 1) / 3 * 3 + 4, day: 1)
            case .year: Timestamp(year: year + 1, month: 1, day: 1)
            }
        return Int(-((-instant(ofLocal: next.seconds, zone)).floorDivided(by: 3600)))
    }

    /// Seconds east of Greenwich; no zone is UTC.
    private static func offset(_ zone: TimeZone?, _ seconds: Int64) -> Int64 {
        zone.map { Int64($0.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))) } ?? 0
    }

    /// The first moment at which clocks of the zone show that time or a later one.
    private static func instant(ofLocal seconds: Int64, _ zone: TimeZone?) -> Int64 {
        let early = seconds - offset(zone, seconds - 86_400)
        let late = seconds - offset(zone, seconds + 86_400)
        let candidates = [min(early, late), max(early, late)]
        return candidates.first { $0 + offset(zone, $0) >= seconds } ?? candidates[1]
    }
}

extension Int64 {
    fileprivate func modulo(_ divisor: Int64) -> Int64 { self - floorDivided(by: divisor) * divisor }
}
