package import Kernel
import Synchronization

/// In any 60 s at most N admitted per key: a sliding count, not a bucket, exact under concurrency.
///
/// A bucket lets 2 N pass around its edge; a count of the last 60 s does not. Admissions are kept as (millisecond, how many), so a
/// window costs at most 60,000 entries however high N is, and usually no more than N.
package final class RateLimiter: Sendable {
    private let windows = Mutex<[String: Window]>([:])

    package static let span: Int64 = 60_000

    package struct Verdict: Sendable, Equatable {
        package let isAdmitted: Bool
        package let limit: Int
        package let remaining: Int
        /// When the next place becomes free: of an admitted one, when the oldest that counts leaves the window; of a refused one, when the
        /// next will pass. The two differ where the limit was lowered below what was admitted before.
        package let resetsAt: Timestamp
    }

    package init() {}

    /// The clock is read under the lock: a moment taken before it may be older than what another request has made the window forget, and
    /// then one more than N passes in the 60 s around that moment.
    package func admit(_ key: String, limit: Int, at clock: @autoclosure () -> Timestamp) -> Verdict {
        windows.withLock { windows in
            let now = clock()
            if windows.count > 10_000, windows[key] == nil { Self.removeIdle(&windows, now) }
            return windows[key, default: Window()].admit(limit: limit, at: now.milliseconds)
        }
    }

    /// Whether the window is full, without taking a place in it: for what counts failures alone.
    package func isFull(_ key: String, limit: Int, at now: Timestamp) -> Bool {
        windows.withLock { $0[key]?.isFull(limit: limit, at: now.milliseconds) ?? false }
    }

    private static func removeIdle(_ windows: inout [String: Window], _ now: Timestamp) {
        windows = windows.filter { $0.value.latest > now.milliseconds - span }
    }

    /// The admissions of one key in the last 60 s; a ring that grows when it must.
    struct Window: Sendable {
        private var entries: [(at: Int64, count: Int32)] = []
        private var first = 0
        private var total = 0
        private(set) var latest: Int64 = 0

        mutating func admit(limit: Int, at time: Int64) -> Verdict {
            let now = max(time, latest)
            forget(until: now - RateLimiter.span)
            let isAdmitted = total < limit
            if isAdmitted { count(now) }
            let leaving = moment(whenLeft: isAdmitted ? 1 : total - limit + 1) ?? now
            return Verdict(
                isAdmitted: isAdmitted, limit: limit, remaining: max(0, limit - total),
                resetsAt: Timestamp(milliseconds: leaving + RateLimiter.span))
        }

        mutating func isFull(limit: Int, at time: Int64) -> Bool {
            forget(until: max(time, latest) - RateLimiter.span)
            return total >= limit
        }

        /// When the oldest `count` of them had been admitted.
        private func moment(whenLeft count: Int) -> Int64? {
            var left = 0
            for entry in entries[first...] {
                left += Int(entry.count)
                if left >= count { return entry.at }
            }
            return nil
        }

        private mutating func count(_ now: Int64) {
            if let last = entries.last, last.at == now, first < entries.count {
                entries[entries.count - 1].count += 1
            } else {
                entries.append((now, 1))
            }
            total += 1
            latest = now
        }

        /// What happened a whole span ago no longer counts.
        private mutating func forget(until limit: Int64) {
            while first < entries.count, entries[first].at <= limit {
                total -= Int(entries[first].count)
                first += 1
            }
            if first > 64, first * 2 > entries.count {
                entries.removeFirst(first)
                first = 0
            }
        }
    }
}
