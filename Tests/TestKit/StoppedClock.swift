package import Kernel
import Synchronization

/// A clock that moves only when a test moves it, with a sleep that ends when the clock has come that far.
package final class StoppedClock: Sendable {
    /// A Tuesday, in the middle of a month, an hour and a minute.
    package static let start = Timestamp(seconds: 1_773_146_096)  // 2026-03-10T12:34:56Z

    private let state: Mutex<State>

    private struct State {
        var now: Timestamp
        var next = 0
        var sleepers: [Int: Sleeper] = [:]
    }

    private struct Sleeper {
        let until: Timestamp
        let continuation: CheckedContinuation<Void, any Error>
    }

    package init(at now: Timestamp = StoppedClock.start) { state = Mutex(State(now: now)) }

    package var now: Timestamp { state.withLock { $0.now } }

    /// How often somebody began to wait for the clock to move.
    package var sleeps: Int { state.withLock { $0.next } }

    /// How many wait for the clock to move.
    package var sleepers: Int { state.withLock { $0.sleepers.count } }

    package func advance(milliseconds: Int64) {
        let awake = state.withLock { state in
            state.now = Timestamp(milliseconds: state.now.milliseconds + milliseconds)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in awake { continuation.resume() }
    }

    package func advance(seconds: Int64) { advance(milliseconds: seconds * 1000) }

    package func sleep(for duration: Duration) async throws {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    guard !Task.isCancelled else { return true }
                    let until = Timestamp(milliseconds: state.now.milliseconds + milliseconds)
                    state.sleepers[id] = Sleeper(until: until, continuation: continuation)
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }
}

/// Bits that differ from call to call and are the same in every run.
package final class CountingBits: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    /// How many have been handed out; the next ones are those that follow.
    package var used: UInt64 {
        get { count.load(ordering: .relaxed) }
        set { count.store(newValue, ordering: .relaxed) }
    }

    /// SplitMix64, so that ids made of neighbouring numbers look nothing like each other.
    package func next() -> UInt64 {
        var bits = count.wrappingAdd(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

/// A generator for tests that try many inputs: the same seed gives the same run.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
