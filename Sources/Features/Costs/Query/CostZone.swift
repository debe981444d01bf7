import Foundation
import Kernel

/// A calendar: civil days, counted from 1970-01-01, and the moments at which they begin in a time zone.
struct CostZone: Sendable {
    let name: String
    /// Nil for UTC.
    private let zone: TimeZone?

    static let utc = CostZone(name: "UTC", zone: nil)

    private init(name: String, zone: TimeZone?) {
        self.name = name
        self.zone = zone
    }

    /// Of an IANA name such as `Europe/Berlin`; nil for another.
    init?(_ name: String) {
        if name == "UTC" || name == "Etc/UTC" {
            self.init(name: name, zone: nil)
            return
        }
        guard name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
        self.init(name: name, zone: zone)
    }

    private func offset(at seconds: Int64) -> Int64 {
        guard let zone else { return 0 }
        return Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
    }

    /// The first moment of the day: midnight, or what comes first where the clock leaves midnight out.
    func start(ofDay day: Int64) -> Timestamp {
        let local = day * 86_400
        guard zone != nil else { return Timestamp(seconds: local) }
        let candidates = [offset(at: local - 86_400), offset(at: local + 86_400)].map { local - $0 }
        if let first = candidates.filter({ $0 + offset(at: $0) == local }).min() { return Timestamp(seconds: first) }
        var (before, after) = (local - 2 * 86_400, local + 2 * 86_400)
        while after - before > 1 {
            let middle = (before + after) / 2
            if middle + offset(at: middle) >= local { after = middle } else { before = middle }
        }
        return Timestamp(seconds: after)
    }

    /// The civil time at a moment, as if it were UTC.
    func local(_ moment: Timestamp) -> Timestamp { moment.adding(seconds: offset(at: moment.seconds)) }
}

/// Civil days as numbers, and as they are written.
enum CivilDay {
    /// Of `2026-03-01`, and of `20260301`; nil for what is no date.
    static func parse(_ text: String) -> Int64? {
        var text = text
        if text.utf8.count == 8, !text.contains("-") { text = "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))" }
        guard text.utf8.count == 10 else { return nil }
        return Timestamp(text + "T00:00:00Z")?.seconds.floorDivided(by: 86_400)
    }

    static func of(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        Timestamp(year: year, month: month, day: day).seconds.floorDivided(by: 86_400)
    }

    static func parts(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) { Timestamp(seconds: day * 86_400).date }

    /// `2026-03-01`.
    static func text(_ day: Int64) -> String { String(Timestamp(seconds: day * 86_400).description.prefix(10)) }

    /// The same day so many months away, or the last of that month.
    static func adding(months: Int64, to day: Int64) -> Int64 {
        let (year, month, date) = parts(day)
        let count = year * 12 + month - 1 + months
        let (there, other) = (count.floorDivided(by: 12), count - count.floorDivided(by: 12) * 12 + 1)
        let next = other == 12 ? of(there + 1, 1, 1) : of(there, other + 1, 1)
        return min(of(there, other, 1) + date - 1, next - 1)
    }
}
