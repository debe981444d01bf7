// Why a row and a loop, and not a task per request: a server dies between any two lines. Here nothing is known that is not in the
// database. An operation says what is to be done and how far it has come; the intent of a step is committed before the provider is
// called, the answer after; and whoever finds an intent without an answer looks at the provider before doing anything again.
//
// What breaks if it is moved: a call without its committed intent is an object nobody knows of; a second call without a look is a
// second object. `epoch` counts the starts of the engine, so that an intent of an earlier start is never taken for a call not yet made,
// and so that a process that was thought dead cannot write over what its successor has found.

package import Kernel
package import Logging
import Provider
import ServiceLifecycle
package import Storage
import Synchronization

/// Brings about what operations ask for.
package final class OperationEngine: Sendable {
    package let store: Store
    package let pool: ProviderPool
    package let surroundings: Surroundings
    /// When what there is is looked at next.
    package let syncs = SyncSchedule()
    let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var identity = EngineIdentity(installation: "", epoch: 0)
        var running: [OperationID: ConnectionID] = [:]
        var waiting: [OperationID: [Int: AsyncStream<Void>.Continuation]] = [:]
        var nextWaiter = 0
    }

    private let bell = Bell()

    package init(store: Store, pool: ProviderPool, surroundings: Surroundings, logger: Logger) {
        self.store = store
        self.pool = pool
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Which installation this is, and which start of it. Empty before `open`.
    package var identity: EngineIdentity { state.withLock { $0.identity } }

    /// Counts this start. To be called before the engine works: once where the folder's lock keeps a second server off, and where servers share a
    /// database each time that one has taken the work over.
    package func open() async throws {
        let fresh = surroundings.makeID(InstallationKind.self).rawValue
        let identity = try await store.write { connection in try EngineIdentity.next(fresh: fresh, connection) }
        state.withLock { $0.identity = identity }
    }

    /// Learns which installation this is, to take orders while another server does the work.
    package func standBy() async throws {
        let identity = try await store.write { [surroundings] connection in try EngineIdentity.current(surroundings, connection) }
        state.withLock { $0.identity = identity }
    }

    /// Says that there is something to do. Called after the commit that made it.
    package func wake() { bell.ring() }

    /// Operations worked on beside each other, and of those at one connection; more wait for their turn.
    private static let concurrency = 64
    private static let concurrencyPerConnection = 32

    /// Looks at everything that is due, once, each operation as far as it goes now; answers how many there were.
    package func runDue() async throws -> Int {
        let due = try await claimDue(by: surroundings.now())
        await withDiscardingTaskGroup { group in
            for operation in due {
                group.addTask {
                    await self.advance(operation.id, operation.tenant)
                    self.release(operation.id)
                }
            }
        }
        return due.count
    }

    /// Takes places for what is due, as many as there are and each connection may have.
    private func claimDue(by now: Timestamp) async throws -> [Operation.Due] {
        let running = state.withLock { $0.running }
        let places = Self.concurrencyPerConnection
        let full = Set(Dictionary(grouping: running.values) { $0 }.filter { $1.count >= places }.keys)
        // Those that run are due as well; `claim` passes them over.
        let limit = Self.concurrency + running.count
        return try await store.read { try Operation.due(by: now, except: full, share: places, limit: limit, $0) }.filter(claim)
    }

    /// How many operations are worked on at the connection now.
    func operations(at connection: ConnectionID) -> Int { state.withLock { $0.running.values.count { $0 == connection } } }

    /// Takes a place for the operation, unless it has one or there is none.
    private func claim(_ operation: Operation.Due) -> Bool {
        state.withLock { state in
            guard state.running.count < Self.concurrency, state.running[operation.id] == nil,
                state.running.values.count(where: { $0 == operation.connection }) < Self.concurrencyPerConnection
            else { return false }
            state.running[operation.id] = operation.connection
            return true
        }
    }

    private func release(_ id: OperationID) { state.withLock { $0.running[id] = nil } }

    private func loop() async {
        await withDiscardingTaskGroup { group in
            var signals = bell.strokes().makeAsyncIterator()
            while !Task.isCancelled {
                let pause = await startDue(&group)
                let alarm = Task { [surroundings, bell] in
                    // It is cancelled when something else came first.
                    if (try? await surroundings.sleep(pause)) != nil { bell.ring() }
                }
                _ = await signals.next()
                alarm.cancel()
            }
        }
    }

    /// Starts what is due and not running yet; answers how long to wait for the next.
    private func startDue(_ group: inout DiscardingTaskGroup) async -> Duration {
        do {
            let now = surroundings.now()
            // Nothing can be started while all places are taken; the next that is given back wakes this again.
            guard state.withLock({ $0.running.count }) < Self.concurrency else { return .seconds(1) }
            for operation in try await claimDue(by: now) {
                group.addTask {
                    await self.advance(operation.id, operation.tenant)
                    self.release(operation.id)
                    self.wake()
                }
            }
            let next = try await store.read { connection in try Operation.nextDue(after: now, connection) }
            return .milliseconds(next.map { max(1, min(1000, $0.milliseconds - now.milliseconds)) } ?? 1000)
        } catch {
            logger.error("operations cannot be read", metadata: ["error": "\(error)"])
            return .seconds(1)
        }
    }
}

extension OperationEngine: Service {
    /// Works until the server stops. What is in the middle of a call then is found again at the next start.
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.loop() }
    }
}

extension OperationEngine {
    /// Waits until the operation is over or needs somebody, at most so long; answers at once when it is so already.
    package func wait(for id: OperationID, in tenant: Tenant, atMost limit: Duration) async throws {
        let (ended, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let place = state.withLock { state in
            state.nextWaiter += 1
            state.waiting[id, default: [:]][state.nextWaiter] = continuation
            return state.nextWaiter
        }
        defer {
            state.withLock { state in
                state.waiting[id]?[place] = nil
                if state.waiting[id]?.isEmpty == true { state.waiting[id] = nil }
            }
        }
        let current = try await store.read { try Operation.find(id, in: tenant, $0) }
        guard current.isPending else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in ended { return } }
            // What has not begun can be ended without the engine: by another server, or by a request that deletes what it waits for.
            if store.isShared || current.state == .queued { group.addTask { await self.awaitEnd(of: id, in: tenant) } }
            group.addTask { [surroundings] in try? await surroundings.sleep(limit) }  // cancelled when the operation came first
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns when it has come to an end or a halt, whoever brought it there.
    private func awaitEnd(of id: OperationID, in tenant: Tenant) async {
        struct Ended: Error {}
        // Ends with what it waits for, with cancellation, or because the database cannot be read: then the time to wait ends it.
        try? await store.signal.follow(every: .seconds(1), surroundings) { wake in
            if case .committed(let tenants) = wake, !tenants.contains(tenant) { return }
            guard try await store.read({ try Operation.find(id, in: tenant, $0) }).isPending else { throw Ended() }
        }
    }

    /// Tells those who wait that the operation has come to an end or a halt.
    func announce(_ id: OperationID) {
        let waiting = state.withLock { Array(($0.waiting[id] ?? [:]).values) }
        for continuation in waiting { continuation.yield() }
    }
}

extension Operation {
    /// Whether it may still come to an end by itself.
    var isPending: Bool { !state.isOver && state != .blocked && state != .stuck }
}

package enum InstallationKind: IDKind { package static let prefix = "ins" }

/// Which installation made an object, and which start of the engine wrote a row.
package struct EngineIdentity: Sendable, Equatable {
    package let installation: String
    package let epoch: Int

    package init(installation: String, epoch: Int) {
        self.installation = installation
        self.epoch = epoch
    }

    /// Waits for what an earlier start is writing; see `requireCurrent`.
    static func next(fresh: String, _ connection: Connection) throws -> EngineIdentity {
        _ = try connection.row("SELECT epoch FROM engine WHERE id = 1" + connection.dialect.forUpdate) { $0.integer(0) }
        try connection.execute(
            "INSERT INTO engine (id, installation, epoch) VALUES (1, ?, 1) ON CONFLICT (id) DO UPDATE SET epoch = engine.epoch + 1", fresh)
        return try read(connection)
    }

    static func current(_ surroundings: Surroundings, _ connection: Connection) throws -> EngineIdentity {
        _ = try installation(surroundings, connection)
        return try read(connection)
    }

    private static func read(_ connection: Connection) throws -> EngineIdentity {
        let row = try connection.row("SELECT installation, epoch FROM engine WHERE id = 1") { row in
            EngineIdentity(installation: row.text(0), epoch: row.integer(1))
        }
        guard let row else { throw StorageError.corrupt("The engine's row is missing.") }
        return row
    }

    /// The installation's name, made here when no engine has been started yet.
    static func installation(_ surroundings: Surroundings, _ connection: Connection) throws -> String {
        try connection.execute(
            "INSERT INTO engine (id, installation, epoch) VALUES (1, ?, 0) ON CONFLICT (id) DO NOTHING",
            surroundings.makeID(InstallationKind.self).rawValue)
        return try connection.row("SELECT installation FROM engine WHERE id = 1") { $0.text(0) } ?? ""
    }

    /// Throws when another start of the engine has taken over, and keeps one from doing so until the transaction ends.
    func requireCurrent(_ connection: Connection) throws {
        let current = try connection.row("SELECT epoch FROM engine WHERE id = 1" + connection.dialect.forKeyShare) { $0.integer(0) }
        guard current == epoch else { throw StorageError.conflict("Another start of the engine has taken over.") }
    }
}
