// The rules of delivering, apart from everything that does it: given what an attempt came to, what is next for the delivery and for its
// endpoint. The schedule is that of Standard Webhooks; ten attempts take a little over three days.

package import Kernel

/// What an attempt came to.
package enum AttemptOutcome: Sendable, Equatable {
    /// `retryAfter` in seconds, where the answer said so.
    case answered(status: Int, retryAfter: Int64?)
    case unanswered
}

/// How an endpoint has been of late.
package struct EndpointHealth: Sendable, Equatable {
    /// The first failure after which nothing was taken; nil when the last attempt succeeded.
    package var failingSince: Timestamp?
    /// It asked not to be called before.
    package var pausedUntil: Timestamp?

    package init(failingSince: Timestamp? = nil, pausedUntil: Timestamp? = nil) {
        self.failingSince = failingSince
        self.pausedUntil = pausedUntil
    }
}

package struct DeliveryStep: Sendable, Equatable {
    package enum Fate: Sendable, Equatable {
        case delivered
        case retry(at: Timestamp)
        /// The last attempt of the schedule failed; only a replay sends it again.
        case failed
        /// Kept until its endpoint is enabled again.
        case held
    }

    package let fate: Fate
    package let health: EndpointHealth
    /// Why the endpoint is to be disabled, if it is.
    package let disables: Webhook.Reason?

    /// Seconds before each attempt, counted from the one before.
    package static let schedule: [Int64] = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    /// Seconds of nothing but failure after which an endpoint is disabled: five days.
    package static let patience: Int64 = 5 * 86_400
    /// The longest pause, in seconds, that an endpoint may ask for.
    package static let longestPause: Int64 = 86_400

    /// - Parameters:
    ///   - tries: attempts made in this round, this one included, from 1.
    ///   - jitter: any number; makes the wait up to a tenth shorter or longer.
    package init(after outcome: AttemptOutcome, tries: Int, health: EndpointHealth, at now: Timestamp, jitter: UInt64) {
        var health = health
        if case .answered(200..<300, _) = outcome {
            health.failingSince = nil
            (fate, disables, self.health) = (.delivered, nil, health)
            return
        }
        let failingSince = health.failingSince ?? now
        health.failingSince = failingSince
        var reason: Webhook.Reason?
        if case .answered(410, _) = outcome { reason = .gone }
        if reason == nil, failingSince.adding(seconds: Self.patience) <= now { reason = .failing }
        var earliest = now
        if case .answered(let status, let seconds?) = outcome, [429, 503].contains(status) {
            earliest = now.adding(seconds: min(max(seconds, 0), Self.longestPause))
            health.pausedUntil = max(earliest, health.pausedUntil ?? earliest)
        }
        if reason != nil {
            fate = .held
        } else if tries < Self.schedule.count {
            fate = .retry(at: max(earliest, now.adding(milliseconds: Self.wait(before: tries, jitter))))
        } else {
            fate = .failed
        }
        (self.health, disables) = (health, reason)
    }

    /// Milliseconds between attempt `index` and the next, of 90 to 110 in a hundred.
    private static func wait(before index: Int, _ jitter: UInt64) -> Int64 {
        let whole = schedule[index] * 1000
        return whole * 9 / 10 + Int64(jitter % UInt64(whole / 5 + 1))
    }
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
package enum RetryAfter {
    /// Seconds from `now`, never negative; nil for text that is neither.
    package static func seconds(_ text: String, at now: Timestamp) -> Int64? {
        if let seconds = Int64(text) { return seconds < 0 ? nil : seconds }
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])),
            let date = Timestamp("\(parts[3])-\(month < 9 ? "0" : "")\(month + 1)-\(parts[1])T\(parts[4])Z")
        else { return nil }
        return max(0, date.seconds - now.seconds)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
