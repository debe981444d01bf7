// Why lists and not a get per resource: ten thousand resources are two hundred calls of fifty, or ten thousand calls of one, and a cloud's
// limit is per call. So everything of ours of one kind at one connection is looked at together (`SyncUnit`), and a single object only when
// somebody asks, when a cloud says that it changed, or when a list lacked it twice.
//
// Nothing is concluded from silence. A list that failed says nothing, a connection that fails again and again is only asked whether it is
// back, and an object is gone when two complete lists lacked it and a direct look says so too. What an operation works on is left to the
// operation: it looks for itself.

import Kernel
import Logging
import Provider
import ServiceLifecycle
import Storage

/// Keeps what we know of resources in step with what their providers have, and acts on what differs.
package struct Synchronizer: Sendable {
    let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    var schedule: SyncSchedule { engine.syncs }
    private var now: Timestamp { engine.surroundings.now() }

    /// Connections looked at beside each other.
    private static let concurrency = 16
    /// How often it is looked whether there are new connections, in seconds.
    private static let renewal: Int64 = 60

    /// Looks at everything that is due, once; answers how many connections had something due.
    package func runDue() async throws -> Int {
        try await renewUnits()
        let claimed = schedule.claim(at: now, limit: Self.concurrency)
        await withDiscardingTaskGroup { group in
            for part in claimed {
                group.addTask {
                    await work(part)
                    schedule.release(part.connection)
                }
            }
        }
        return claimed.count
    }

    /// Looks at everything there is, due or not.
    package func lookAtEverything() async throws {
        schedule.renew()
        try await renewUnits()
        for unit in schedule.units { schedule.touch(unit, by: now) }
        while try await runDue() > 0 {}
    }

    /// What there is to look at: each kind a connection can have. What is new has its first look within a minute.
    ///
    /// Answers the connections, when it was time to ask for them.
    @discardableResult private func renewUnits() async throws -> [ProviderConnection] {
        let now = now
        guard schedule.isStale(at: now) else { return [] }
        let accounts = try await engine.store.read { try ProviderConnection.everywhere($0) }
        let units = accounts.flatMap { account in
            ResourceKind.allCases.filter { account.capabilities?.features.contains($0.feature) ?? true }
                .map { SyncUnit(tenant: account.tenant, connection: account.id, kind: $0) }
        }
        schedule.know(units, until: now.adding(seconds: Self.renewal)) { _ in
            now.adding(milliseconds: Int64(engine.surroundings.random() % UInt64(Self.renewal * 1000)))
        }
        return accounts
    }

    // MARK: The loop

    private func loop() async {
        await withDiscardingTaskGroup { group in
            var signals = schedule.bell.strokes().makeAsyncIterator()
            while !Task.isCancelled {
                await startDue(&group)
                let alarm = Task { [surroundings = engine.surroundings, schedule] in
                    // It is cancelled when something else came first.
                    if (try? await surroundings.sleep(.seconds(1))) != nil { schedule.wake() }
                }
                _ = await signals.next()
                alarm.cancel()
            }
        }
    }

    private func startDue(_ group: inout DiscardingTaskGroup) async {
        do {
            for account in try await renewUnits() where schedule.startFollowing(account) { group.addTask { await follow(account) } }
            for part in schedule.claim(at: now, limit: Self.concurrency) {
                group.addTask {
                    await work(part)
                    schedule.release(part.connection)
                    schedule.wake()
                }
            }
        } catch {
            engine.logger.error("connections cannot be read", metadata: ["error": "\(error)"])
        }
    }
}

extension Synchronizer: Service {
    package func run() async throws {
        await cancelWhenGracefulShutdown { await self.loop() }
    }
}
