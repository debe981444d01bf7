import Kernel
import Provider

/// How a connection has answered lately, and when it may be asked again. Says what to do; the synchronizer does it.
struct ConnectionHealth: Sendable, Equatable {
    private(set) var failures = 0
    /// Nothing is asked before; nil for at once.
    private(set) var retryAt: Timestamp?
    /// After so many failures in a row: asked only whether it is back, and nothing is concluded from what it says.
    private(set) var isOpen = false

    static let failuresToOpen = 5
    static let probeInterval: Int64 = 60
    /// 1 s doubled each time, at most 5 minutes.
    static let longestWait: Int64 = 300_000

    /// - Parameter isKnownDown: an earlier start of the server has opened the breaker.
    init(isKnownDown: Bool = false) {
        guard isKnownDown else { return }
        (failures, isOpen) = (Self.failuresToOpen, true)
    }

    func isReady(at now: Timestamp) -> Bool { retryAt.map { $0 <= now } ?? true }

    /// True when the breaker opens with this one.
    mutating func failed(_ error: ProviderError, at now: Timestamp, random: UInt64) -> Bool {
        failures += 1
        let wasOpen = isOpen
        if failures >= Self.failuresToOpen { isOpen = true }
        if isOpen {
            retryAt = now.adding(seconds: Self.probeInterval)
        } else if let asked = error.retryAfter {
            retryAt = now.adding(milliseconds: asked.milliseconds)
        } else {
            let most = min(Self.longestWait, Int64(1000) << Int64(min(failures - 1, 9)))
            retryAt = now.adding(milliseconds: max(100, Int64(random % UInt64(most))))
        }
        return isOpen && !wasOpen
    }

    mutating func answered() { self = ConnectionHealth() }
}

/// Calls that may be made for reading: a quarter of what the cloud publishes for a minute, in a bucket of that size.
struct ReadBudget: Sendable, Equatable {
    private let perMinute: Int64
    /// Thousandths of a call.
    private var tokens: Int64
    private var filledAt: Timestamp

    init(published: Int, at now: Timestamp) {
        perMinute = max(1, Int64(published) / 4)
        tokens = perMinute * 1000
        filledAt = now
    }

    func isFor(published: Int) -> Bool { perMinute == max(1, Int64(published) / 4) }

    /// Nil when the call may be made now, else how long until it may.
    mutating func take(at now: Timestamp) -> Duration? {
        let passed = max(0, now.milliseconds - filledAt.milliseconds)
        let gained = passed * perMinute / 60
        if gained > 0 {
            tokens = min(perMinute * 1000, tokens + gained)
            filledAt = now
        }
        guard tokens < 1000 else {
            tokens -= 1000
            return nil
        }
        return .milliseconds(((1000 - tokens) * 60 + perMinute - 1) / perMinute)
    }
}
