import Foundation
import Kernel
import Provider
import Web

/// Times of the week, by the clock of a place, at which things are started and stopped.
struct WeeklyTimes: Sendable, Equatable {
    enum Day: String, Sendable, CaseIterable {
        case mon, tue, wed, thu, fri, sat, sun
    }

    struct Moment: Sendable, Equatable {
        let at: Timestamp
        let power: Power
    }

    let zone: String
    let days: [Day]
    /// `HH:MM`; nil when nothing is started.
    let start: String?
    let stop: String?
    private let clock: TimeZone

    /// Throws `validation_failed` with the place of what cannot be.
    init(zone: String, days: [Day], start: String?, stop: String?) throws {
        guard zone == "UTC" || zone.contains("/"), let clock = TimeZone(identifier: zone) else {
            throw Problem.invalid("time_zone", "\(zone.prefix(60)) is no time zone such as Europe/Berlin.", code: "time_zone")
        }
        for (name, time) in [("start_time", start), ("stop_time", stop)] where time != nil && time.flatMap(Self.minutes) == nil {
            throw Problem.invalid(name, "A time is written as 08:30.", code: "time")
        }
        guard start != nil || stop != nil, start != stop else {
            throw Problem.invalid("stop_time", "Say a stop_time, a start_time, or two that differ.", code: "combination")
        }
        self.zone = zone
        self.days = Day.allCases.filter(days.contains)
        self.start = start
        self.stop = stop
        self.clock = clock
    }

    private static func minutes(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hours = Int64(parts[0]), let minutes = Int64(parts[1]), hours < 24, minutes < 60
        else { return nil }
        return hours * 60 + minutes
    }

    var json: JSON {
        [
            "time_zone": .string(zone), "days": .array(days.map { .string($0.rawValue) }), "start_time": JSON(start),
            "stop_time": JSON(stop),
        ]
    }

    init(_ json: JSON) throws {
        try self.init(
            zone: json["time_zone"]?.string ?? "UTC", days: (json["days"]?.array ?? []).compactMap { $0.string.flatMap(Day.init) },
            start: json["start_time"]?.string, stop: json["stop_time"]?.string)
    }

    // MARK: Moments

    /// The first after that moment.
    func next(after moment: Timestamp) -> Moment? { moments(around: moment, -1...8).first { $0.at > moment } }

    /// The last until that moment.
    func last(until moment: Timestamp) -> Moment? { moments(around: moment, -8...1).last { $0.at <= moment } }

    /// In order, on days counted from that of the moment.
    private func moments(around moment: Timestamp, _ range: ClosedRange<Int64>) -> [Moment] {
        let today = (moment.seconds + offset(at: moment.seconds)).floorDivided(by: 86_400)
        let found = range.flatMap { shift -> [Moment] in
            let day = today + shift
            // 1970-01-01 was a Thursday.
            let weekday = Day.allCases[Int(day + 3 - (day + 3).floorDivided(by: 7) * 7)]
            guard days.contains(weekday) else { return [] }
            return [(start, Power.running), (stop, .stopped)].compactMap { time, power in
                time.flatMap(Self.minutes).map { Moment(at: instant(day * 86_400 + $0 * 60), power: power) }
            }
        }
        return found.sorted { $0.at < $1.at }
    }

    private func offset(at seconds: Int64) -> Int64 { Int64(clock.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))) }

    /// When the clock shows that: the first time where it does so twice, and as much later as is left out where it never does.
    private func instant(_ local: Int64) -> Timestamp {
        let candidates = [offset(at: local - 86_400), offset(at: local + 86_400)].map { local - $0 }
        let shown = candidates.filter { $0 + offset(at: $0) == local }.min()
        return Timestamp(seconds: shown ?? candidates[0])
    }
}
