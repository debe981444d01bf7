package import Kernel
import Keys
package import Storage
import Synchronization
import Web

/// Counts every authenticated request in memory, and twice a second writes what was counted in one transaction.
///
/// Counting on the way of the request would cost each its own upsert. A graceful stop flushes; a crash loses at most what was counted since
/// the last flush, never counts one twice (the counts leave memory only when their transaction has committed), and is noticed at the next
/// start by the meter that was never closed: an event in every workspace's log then names the gap.
package final class RequestCounter: RequestMeter {
    private let store: Store
    private let surroundings: Surroundings
    private let state = Mutex(State())
    /// Which counter this is, where several servers share a database.
    private let name: String

    /// While nothing happens, the meter still says this often that it is alive.
    private static let heartbeat: Int64 = 10

    private struct State {
        var counts: [Counted: Int] = [:]
        var flushedAt = Timestamp(milliseconds: 0)
    }

    struct Counted: Hashable, Sendable {
        let tenant: Tenant
        let project: ProjectID?
        let minute: Timestamp
        let credential: String
        let isKey: Bool
        let route: String

        /// The rest nearly follows from these two: a tenant and a project are the credential's.
        func hash(into hasher: inout Hasher) {
            hasher.combine(credential)
            hasher.combine(route)
        }

        var order: (String, String, String, Timestamp, String, String) {
            (tenant.workspace.rawValue, tenant.mode.rawValue, project?.rawValue ?? "", minute, credential, route)
        }
    }

    package init(store: Store, surroundings: Surroundings, name: String = "main") {
        self.name = name
        self.store = store
        self.surroundings = surroundings
    }

    package func count(_ caller: Caller, route: String, project: ProjectID?, at: Timestamp) {
        let counted = Counted(
            tenant: caller.tenant, project: caller.credential.project ?? project, minute: at.floored(toSeconds: 60),
            credential: caller.credential.id, isKey: caller.credential.kind != .session, route: route)
        state.withLock { $0.counts[counted, default: 0] += 1 }
    }

    /// Writes what was counted. Counts of a failed transaction are kept and written with the next.
    package func flush() async throws {
        let now = surroundings.now()
        let (counts, isDue) = state.withLock { state in
            defer { state.counts = [:] }
            return (state.counts, now >= state.flushedAt.adding(seconds: Self.heartbeat))
        }
        guard !counts.isEmpty || isDue else { return }
        do {
            try await store.write { [name] connection in
                try RequestTotals.add(counts, connection)
                try Key.touch(Self.uses(counts), connection)
                try RequestMeterState.note(name, flushedAt: now, isRunning: true, connection)
            }
            state.withLock { $0.flushedAt = now }
        } catch {
            state.withLock { $0.counts.merge(counts, uniquingKeysWith: +) }
            throw error
        }
    }

    /// Notes the start; if the meter was not closed, adds an event that names the gap to the log of every workspace.
    package func open() async throws {
        let now = surroundings.now()
        try await store.write { [name, surroundings] connection in
            try RequestMeterState.reportGap(name, until: now, surroundings: surroundings, connection)
            try RequestMeterState.note(name, flushedAt: now, isRunning: true, connection)
        }
    }

    /// Closes the meters of servers that have said nothing for a minute and are not coming back to do it themselves; the log names the gap.
    package func closeSilent() async throws {
        let now = surroundings.now()
        try await store.write { [surroundings] connection in
            for name in try RequestMeterState.silent(since: now.adding(seconds: -60), connection) {
                try RequestMeterState.reportGap(name, until: now, surroundings: surroundings, connection)
                try RequestMeterState.note(name, flushedAt: now, isRunning: false, connection)
            }
        }
    }

    /// Writes the rest and notes a clean stop.
    package func close() async throws {
        try await flush()
        let now = surroundings.now()
        try await store.write { [name] connection in try RequestMeterState.note(name, flushedAt: now, isRunning: false, connection) }
    }

    private static func uses(_ counts: [Counted: Int]) -> [(workspace: WorkspaceID, id: String, at: Timestamp)] {
        var latest: [String: (workspace: WorkspaceID, id: String, at: Timestamp)] = [:]
        for counted in counts.keys where counted.isKey && latest[counted.credential].map({ $0.at < counted.minute }) ?? true {
            latest[counted.credential] = (counted.tenant.workspace, counted.credential, counted.minute)
        }
        return latest.values.sorted { $0.id < $1.id }
    }
}
