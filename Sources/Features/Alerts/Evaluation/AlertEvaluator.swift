// Alerts are looked at when something was committed, and every two seconds, since much of what they watch changes with time alone. Looking
// reads; only a step that changes something writes, and it looks again in its own transaction, so that two servers on one database take
// it once. State, event, messages and the action's operations commit together: dying in between loses and doubles nothing.

package import Kernel
package import Logging
package import Resources
import ServiceLifecycle
package import Storage
import Synchronization

/// Watches rules, and does what follows.
package final class AlertEvaluator: Sendable {
    /// How often everything is looked at.
    private static let interval = Duration.seconds(2)
    /// Rest between two looks that commits have asked for.
    private static let rest = Duration.milliseconds(200)

    private let store: Store
    private let engine: OperationEngine
    private let messenger: SlackMessenger
    private let sources: AlertSources
    private let surroundings: Surroundings
    private let logger: Logger
    private let tally = Mutex(Counts())

    /// For `/metrics`.
    package struct Counts: Sendable {
        /// Looks at one alert.
        package var evaluations = 0
        /// Those that changed something.
        package var steps = 0
        /// What the last look at everything of a tenant took.
        package var lastMicroseconds: Int64 = 0
    }

    package var counts: Counts { tally.withLock { $0 } }

    package init(
        store: Store, engine: OperationEngine, messenger: SlackMessenger, sources: AlertSources, surroundings: Surroundings, logger: Logger
    ) {
        self.sources = sources
        self.store = store
        self.engine = engine
        self.messenger = messenger
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Takes each alert concerned one step; answers how many steps changed something.
    @discardableResult
    package func evaluate(_ wake: EventWake) async throws -> Int {
        let known = Set(try await store.read { try Alert.tenants($0) })
        let tenants =
            switch wake {
            case .committed(let changed): known.intersection(changed)
            case .anything: known
            }
        var count = 0
        for tenant in tenants { count += try await evaluate(in: tenant) }
        return count
    }

    private func evaluate(in tenant: Tenant) async throws -> Int {
        let now = surroundings.now()
        let begun = ContinuousClock.now
        let (changing, count) = try await store.read { [logger, sources] connection in
            let alerts = try Alert.all(in: tenant, connection)
            var count = 0
            let changing = try alerts.filter { alert in
                do {
                    let members = try alert.members(at: now, sources, connection).alerts
                    count += members.count
                    let late = try LateData.read(alert, groups: members.count, at: now, connection)
                    if let late, late.mark != alert.lateMark { return true }
                    return try members.contains { $0.isChanged(by: try $0.step(at: now, sources, connection)) }
                } catch let problem as Problem {
                    // One alert that cannot be read does not keep the others from being watched.
                    logger.error("an alert cannot be evaluated", metadata: ["alert": "\(alert.id)", "error": "\(problem.detail)"])
                    return false
                }
            }.map(\.id)
            return (changing, count)
        }
        let took = (ContinuousClock.now - begun).components
        tally.withLock { tally in
            tally.evaluations += count
            tally.lastMicroseconds = took.seconds * 1_000_000 + took.attoseconds / 1_000_000_000_000
        }
        var steps = 0
        for id in changing {
            do {
                steps += try await advance(id, in: tenant)
            } catch let problem as Problem {
                logger.error("an alert cannot be evaluated", metadata: ["alert": "\(id)", "error": "\(problem.detail)"])
            }
        }
        tally.withLock { $0.steps += steps }
        return steps
    }

    /// Takes those of its groups that something has changed for one step each; answers how many.
    private func advance(_ id: AlertID, in tenant: Tenant) async throws -> Int {
        let by = Attribution(tenant: tenant, actor: .system(id.rawValue), address: nil, request: nil, surroundings: surroundings)
        let (steps, hasWork) = try await store.write(in: tenant.workspace) { [engine, sources] connection in
            // Locked, so that of two servers one takes the step.
            _ = try connection.row(
                "SELECT id FROM alerts WHERE workspace = ? AND mode = ? AND id = ?" + connection.dialect.forUpdate, tenant.workspace,
                tenant.mode, id
            ) { $0.text(0) }
            guard let alert = try Alert.find(id, in: tenant, connection) else { return (0, false) }
            var steps = 0
            var hasWork = false
            let members = try alert.members(at: by.at, sources, connection).alerts
            let late = try LateData.read(alert, groups: members.count, at: by.at, connection)
            if let late, late.mark != alert.lateMark { try alert.save(late.mark, connection) }
            for member in members {
                let step = try member.step(at: by.at, late: late?.hours ?? [], sources, connection)
                guard member.isChanged(by: step) else { continue }
                steps += 1
                if try member.take(step, engine, by: by, connection) { hasWork = true }
            }
            return (steps, hasWork)
        }
        if hasWork { engine.wake() }
        messenger.wake()
        return steps
    }
}

extension AlertEvaluator: Service {
    /// Works until the server stops.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.loop() }
                group.addTask { await self.messenger.loop() }
            }
        }
    }

    private func loop() async {
        while !Task.isCancelled {
            do {
                try await store.signal.follow(every: Self.interval, surroundings) { wake in
                    try await evaluate(wake)
                    try await surroundings.sleep(Self.rest)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.error("alerts cannot be evaluated", metadata: ["error": "\(error)"])
                guard (try? await surroundings.sleep(Self.interval)) != nil else { return }  // cancelled
            }
        }
    }
}
