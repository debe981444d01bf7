import Kernel
import Provider

/// What a simulated instance has written since it started: its boot, then a line a minute. Told by its start and its reference alone.
struct SimulatedLog {
    private let start: Timestamp?
    private let end: Timestamp?
    private let image: String
    private let seed: UInt64

    /// Kept at most, as a cloud's log would be rotated: a week of minutes.
    static let capacity = 10_080

    init(_ object: SimulatedObject) {
        start = object.runningSince
        end = object.power == .running ? nil : object.endedAt
        image = object.image ?? ""
        seed = SimulatedNoise.bits(object.reference)
    }

    private static let boot: [(after: Int64, text: String)] = [
        (0, "booting"), (120, "mounting root file system"), (340, "network is up"), (560, "ready"),
    ]

    /// The line with that number, counted from 0; nil for what was not written before it ended.
    private func line(_ number: Int) -> LogLine? {
        guard let start else { return nil }
        let after: Int64
        let text: String
        if number < Self.boot.count {
            (after, text) = Self.boot[number]
        } else {
            let minute = number - Self.boot.count + 1
            after = Int64(minute) * 60_000
            let milliseconds = Int(2 + 40 * SimulatedNoise.share(seed, 8, UInt64(minute)))
            text = "minute \(minute): healthy, answered in \(milliseconds) ms"
        }
        let at = Timestamp(milliseconds: start.milliseconds + after)
        if let end, at > end { return nil }
        return LogLine(at: at, stream: .stdout, message: number == 0 ? "\(text) \(image)" : text)
    }

    /// The number of the first line written after `moment`.
    func next(after moment: Timestamp) -> Int {
        guard let start, moment >= start else { return 0 }
        let elapsed = moment.milliseconds - start.milliseconds
        let booted = Self.boot.count { $0.after <= elapsed }
        return booted + Int(elapsed / 60_000)
    }

    /// The lines from that number on that are written by `now`.
    func lines(from number: Int, by now: Timestamp) -> [LogLine] { (number..<max(number, next(after: now))).compactMap(line) }

    /// When the line with that number will be written; nil when it never will.
    func time(of number: Int) -> Timestamp? { line(number)?.at }
}

/// Reads one instance's log, line by line; with `follow`, on the injected clock until the instance ends or starts anew.
actor SimulatedLogReader {
    private var log: SimulatedLog
    private let runningSince: Timestamp?
    private let isFollowing: Bool
    private let look: @Sendable () async throws -> SimulatedObject?
    private var waiting: ArraySlice<LogLine>
    private var number: Int

    init(
        _ object: SimulatedObject, _ request: LogRequest, now: Timestamp, look: @escaping @Sendable () async throws -> SimulatedObject?
    ) {
        let log = SimulatedLog(object)
        self.log = log
        runningSince = object.runningSince
        isFollowing = request.follow && object.power == .running
        self.look = look
        number = log.next(after: now)
        let oldest = max(0, number - min(max(0, request.tail ?? SimulatedLog.capacity), SimulatedLog.capacity))
        let first = max(oldest, request.since.map { log.next(after: $0) } ?? 0)
        waiting = log.lines(from: first, by: now)[...]
    }

    /// How often a reader that waits looks whether the instance still runs.
    private static let look: Int64 = 5000

    func next(_ surroundings: Surroundings) async throws -> LogLine? {
        while true {
            if let line = waiting.popFirst() { return line }
            guard isFollowing, let due = log.time(of: number) else { return nil }
            let now = surroundings.now()
            try await surroundings.sleep(.milliseconds(min(Self.look, max(1, due.milliseconds - now.milliseconds))))
            guard let object = try await look(), object.runningSince == runningSince else { return nil }
            log = SimulatedLog(object)
            let fresh = log.lines(from: number, by: surroundings.now())
            number += fresh.count
            waiting = fresh[...]
            if fresh.isEmpty, object.power != .running { return nil }
        }
    }
}
