// How consumers of the log learn, within the process, that a transaction with events has committed. A commit costs one short lock and an
// insert into a set for each consumer, no statement and no wait: a consumer that is busy finds all that happened meanwhile as one wake.
// Other processes on the same database are not heard, so whoever follows the log also looks from time to time.

package import Kernel
import Synchronization

/// Why a consumer of the log is called.
package enum EventWake: Sendable, Equatable {
    /// Events of these tenants have been committed since the last call.
    case committed(Set<Tenant>)
    /// Nobody said anything for a while, or nothing was looked at yet: any tenant may have new events.
    case anything
}

/// Tells those who follow the log of every commit that appended to it.
package final class EventSignal: Sendable {
    private struct State {
        var next = 0
        var followers: [Int: Follower] = [:]
    }

    /// What one consumer has not been told yet.
    private final class Follower: Sendable {
        let waiting = Mutex<Set<Tenant>>([])
        let bell: AsyncStream<Bool>.Continuation

        init(bell: AsyncStream<Bool>.Continuation) { self.bell = bell }
    }

    private let state = Mutex(State())

    package init() {}

    /// Called after each commit; a reader who may have missed one calls it too.
    package func fire(_ tenants: [Tenant]) {
        guard !tenants.isEmpty else { return }
        for follower in state.withLock({ Array($0.followers.values) }) {
            follower.waiting.withLock { $0.formUnion(tenants) }
            follower.bell.yield(false)
        }
    }

    /// Calls `body` with `.anything` at once and every `interval`, and with the tenants that changed as soon as they did; one call at
    /// a time. Ends when the task is cancelled or `body` throws.
    package func follow(
        every interval: Duration, _ surroundings: Surroundings, _ body: (EventWake) async throws -> Void
    ) async throws {
        let (bells, bell) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
        let follower = Follower(bell: bell)
        let number = add(follower)
        defer { remove(number) }
        try await body(.anything)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await surroundings.sleep(interval)
                    bell.yield(true)
                }
            }
            defer { group.cancelAll() }
            for await isTime in bells {
                let tenants = follower.waiting.withLock { waiting in
                    defer { waiting = [] }
                    return waiting
                }
                if isTime { try await body(.anything) } else if !tenants.isEmpty { try await body(.committed(tenants)) }
            }
            try Task.checkCancellation()
        }
    }

    /// How many follow at this moment.
    package var followers: Int { state.withLock { $0.followers.count } }

    private func add(_ follower: Follower) -> Int {
        state.withLock { state in
            state.next += 1
            state.followers[state.next] = follower
            return state.next
        }
    }

    private func remove(_ number: Int) { state.withLock { $0.followers[number] = nil } }
}
