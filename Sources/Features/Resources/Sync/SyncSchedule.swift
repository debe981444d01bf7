package import Kernel
import Provider
import Synchronization

/// When what is looked at next, and how the connections are. Kept in memory alone: a start, and a server that takes the work over, begins by
/// looking at everything within a minute, and whatever was counted here is counted again.
package final class SyncSchedule: Sendable {
    private let state = Mutex(State())
    /// Outlives the loop: a server may take the background work over more than once, and a stream ends with the first who hears it.
    let bell = Bell()

    private struct State {
        var due: [SyncUnit: Timestamp] = [:]
        /// Single objects to be looked at now, because somebody asked or a cloud said something.
        var hints: Set<Hint> = []
        var busy: Set<ConnectionID> = []
        var health: [ConnectionID: ConnectionHealth] = [:]
        var budgets: [ConnectionID: ReadBudget] = [:]
        /// How many complete lists in a row lacked it.
        var absences: [ResourceID: Int] = [:]
        var knownUntil: Timestamp?
        /// Connections whose own events are followed, and at which version.
        var followed: [ConnectionID: Int] = [:]
    }

    struct Hint: Hashable, Sendable {
        let unit: SyncUnit
        let resource: ResourceID
    }

    package init() {}

    /// The unit is looked at by then at the latest.
    package func touch(_ unit: SyncUnit, by moment: Timestamp) {
        state.withLock { $0.due[unit] = min($0.due[unit] ?? moment, moment) }
    }

    func take(_ request: SyncRequest) {
        switch request {
        case .resource(let id, let unit): hint(id, in: unit)
        case .unit(let unit, let moment):
            touch(unit, by: moment)
            bell.ring()
        case .connections: renew()
        }
    }

    /// Forgets what it knows, which is old when another server has looked meanwhile.
    package func reset() { state.withLock { $0 = State() } }

    /// This one object is looked at now.
    package func hint(_ resource: ResourceID, in unit: SyncUnit) {
        _ = state.withLock { $0.hints.insert(Hint(unit: unit, resource: resource)) }
        bell.ring()
    }

    func wake() { bell.ring() }

    /// What there is to look at has changed: a connection was made, changed or deleted.
    package func renew() {
        state.withLock { $0.knownUntil = nil }
        bell.ring()
    }

    // MARK: For the synchronizer

    /// True when nobody follows the connection as it is now.
    func startFollowing(_ account: ProviderConnection) -> Bool {
        state.withLock { $0.followed.updateValue(account.version, forKey: account.id) != account.version }
    }

    func unfollow(_ account: ProviderConnection) {
        state.withLock { state in
            if state.followed[account.id] == account.version { state.followed[account.id] = nil }
        }
    }

    func touchAll(of connection: ConnectionID, by moment: Timestamp) {
        state.withLock { state in
            for (unit, due) in state.due where unit.connection == connection { state.due[unit] = min(due, moment) }
        }
        bell.ring()
    }

    /// Takes note of what there is to look at; what is new is due at the moment `first` gives it, what is gone is forgotten.
    func know(_ units: [SyncUnit], until moment: Timestamp, first: (SyncUnit) -> Timestamp) {
        state.withLock { state in
            let known = Set(units)
            for unit in state.due.keys where !known.contains(unit) { state.due[unit] = nil }
            for unit in units where state.due[unit] == nil { state.due[unit] = first(unit) }
            state.knownUntil = moment
        }
    }

    func isStale(at now: Timestamp) -> Bool { state.withLock { $0.knownUntil.map { $0 <= now } ?? true } }
    func dueAt(_ unit: SyncUnit) -> Timestamp? { state.withLock { $0.due[unit] } }
    var units: [SyncUnit] { state.withLock { Array($0.due.keys) } }

    struct Claimed: Sendable {
        let connection: ConnectionID
        let units: [SyncUnit]
        let hints: [Hint]
    }

    /// What is due, by connection; each is taken by one at a time.
    func claim(at now: Timestamp, limit: Int) -> [Claimed] {
        state.withLock { state in
            var claimed: [Claimed] = []
            let due = Dictionary(grouping: state.due.filter { $0.value <= now }.keys, by: \.connection)
            let hinted = Dictionary(grouping: state.hints, by: \.unit.connection)
            for connection in Set(due.keys).union(hinted.keys) where !state.busy.contains(connection) && claimed.count < limit {
                guard state.health[connection]?.isReady(at: now) ?? true else { continue }
                state.busy.insert(connection)
                for hint in hinted[connection] ?? [] { state.hints.remove(hint) }
                let units = (due[connection] ?? []).sorted { $0.kind.rawValue > $1.kind.rawValue }
                claimed.append(Claimed(connection: connection, units: units, hints: hinted[connection] ?? []))
            }
            return claimed
        }
    }

    func release(_ connection: ConnectionID) { state.withLock { _ = $0.busy.remove(connection) } }
    func plan(_ unit: SyncUnit, at moment: Timestamp) { state.withLock { $0.due[unit] = moment } }

    /// Runs `body` on how the connection is.
    func health<Result>(_ connection: ConnectionID, isKnownDown: Bool = false, _ body: (inout ConnectionHealth) -> Result) -> Result {
        state.withLock { state in
            var health = state.health[connection] ?? ConnectionHealth(isKnownDown: isKnownDown)
            defer { state.health[connection] = health }
            return body(&health)
        }
    }

    /// Nil when a call may be made, else how long to wait.
    func takeToken(_ connection: ConnectionID, published: Int?, at now: Timestamp) -> Duration? {
        guard let published else { return nil }
        return state.withLock { state in
            var budget = state.budgets[connection] ?? ReadBudget(published: published, at: now)
            if !budget.isFor(published: published) { budget = ReadBudget(published: published, at: now) }
            defer { state.budgets[connection] = budget }
            return budget.take(at: now)
        }
    }

    /// Counts one more list without it; answers how many that makes.
    func noteAbsence(of resource: ResourceID) -> Int {
        state.withLock { state in
            state.absences[resource, default: 0] += 1
            return state.absences[resource] ?? 0
        }
    }

    func noteSeen(_ resources: some Sequence<ResourceID>) {
        state.withLock { state in
            guard !state.absences.isEmpty else { return }
            for resource in resources { state.absences[resource] = nil }
        }
    }
}
