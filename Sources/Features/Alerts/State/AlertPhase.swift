// The table of states, as a function: what an alert was, what its rule says now, and the moment give what it is and what is to be told.
// Everything it knows is in the row, so a restart changes nothing; and it reads no clock, so that a test can be the clock.

package import Kernel
import Storage

/// Where an alert stands, and since when.
package struct AlertPhase: Sendable, Equatable {
    package var state: State
    /// When it came into this state.
    package var since: Timestamp
    /// When it last fired or repeated; nil when it does not fire.
    package var notifiedAt: Timestamp?

    package init(state: State, since: Timestamp, notifiedAt: Timestamp? = nil) {
        self.state = state
        self.since = since
        self.notifiedAt = notifiedAt
    }

    package enum State: String, Sendable, CaseIterable, SQLConvertible {
        case inactive
        case pending
        case firing
        case recovering
        case resolved
    }

    /// What the rules say at a moment.
    package struct Signal: Sendable, Equatable {
        /// Nil without data.
        package let holds: Bool?
        /// Whether the second rule, `recover`, holds; true where there is none.
        package let recovers: Bool

        package init(holds: Bool?, recovers: Bool = true) {
            self.holds = holds
            self.recovers = recovers
        }
    }

    /// Told once each.
    package enum Notice: String, Sendable {
        case firing
        case repeated
        case resolved
    }

    /// How long a resolved alert is shown as resolved; seconds.
    static let resolvedFor: Int64 = 900
}

/// What an alert's owner has chosen; times in seconds.
package struct AlertTiming: Sendable, Equatable {
    package var pendingFor: Int64 = 0
    package var keepFiringFor: Int64 = 0
    package var repeatEvery: Int64 = 14_400
    package var noData = NoData.ok

    package enum NoData: String, Sendable, CaseIterable, SQLConvertible {
        /// As if the condition did not hold.
        case ok
        /// As it was.
        case keep
        /// As if the condition held.
        case alert
    }

    package init() {}
}

extension AlertPhase {
    /// What it is next, and what is to be told of it.
    package func next(_ signal: Signal, _ timing: AlertTiming, at now: Timestamp) -> (phase: AlertPhase, notice: Notice?) {
        switch state {
        case .inactive, .resolved: idle(signal, timing, at: now)
        case .pending: pending(signal, timing, at: now)
        case .firing: firing(signal, timing, at: now)
        case .recovering: recovering(signal, timing, at: now)
        }
    }

    private typealias Step = (phase: AlertPhase, notice: Notice?)

    private func idle(_ signal: Signal, _ timing: AlertTiming, at now: Timestamp) -> Step {
        let isOver = state == .resolved && now >= since.adding(seconds: Self.resolvedFor)
        let rest = isOver ? AlertPhase(state: .inactive, since: now) : self
        guard signal.holds ?? (timing.noData == .alert) else { return (rest, nil) }
        return timing.pendingFor == 0 ? fire(at: now) : (AlertPhase(state: .pending, since: now), nil)
    }

    private func pending(_ signal: Signal, _ timing: AlertTiming, at now: Timestamp) -> Step {
        switch signal.holds {
        case false: return (AlertPhase(state: .inactive, since: now), nil)
        // The timer runs on, but nothing fires on what nobody has seen.
        case nil where timing.noData != .alert: return (self, nil)
        default: return now >= since.adding(seconds: timing.pendingFor) ? fire(at: now) : (self, nil)
        }
    }

    private func firing(_ signal: Signal, _ timing: AlertTiming, at now: Timestamp) -> Step {
        switch signal.holds {
        case false:
            guard signal.recovers else { return stay(timing, at: now) }
            return timing.keepFiringFor > 0
                ? (AlertPhase(state: .recovering, since: now, notifiedAt: notifiedAt), nil) : resolve(at: now)
        case nil where timing.noData == .ok: return resolve(at: now)
        default: return stay(timing, at: now)
        }
    }

    private func recovering(_ signal: Signal, _ timing: AlertTiming, at now: Timestamp) -> Step {
        switch signal.holds {
        case true: return (AlertPhase(state: .firing, since: now, notifiedAt: notifiedAt), nil)
        case false where now >= since.adding(seconds: timing.keepFiringFor): return resolve(at: now)
        default: return (self, nil)
        }
    }

    /// As if its condition had held for long enough.
    func fire(at now: Timestamp) -> (phase: AlertPhase, notice: Notice?) {
        (AlertPhase(state: .firing, since: now, notifiedAt: now), .firing)
    }
    private func resolve(at now: Timestamp) -> Step { (AlertPhase(state: .resolved, since: now), .resolved) }

    private func stay(_ timing: AlertTiming, at now: Timestamp) -> Step {
        guard let notifiedAt, timing.repeatEvery > 0, now >= notifiedAt.adding(seconds: timing.repeatEvery) else { return (self, nil) }
        return (AlertPhase(state: .firing, since: since, notifiedAt: now), .repeated)
    }
}
