import Alerts
import Audit
import Background
import Costs
import Events
import Identity
import Kernel
import Metering
import OAuth
import Prices
import Resources
import Sandbox
import Storage
import Web
import Webhooks

extension Parts {
    /// Everything that happens by itself.
    func tasks(_ configuration: ServerConfiguration) -> [BackgroundTask] {
        [
            BackgroundTask("request counters", every: .milliseconds(500), .everywhere) { try await counter.flush() },
            BackgroundTask("sandbox reset", every: .seconds(60)) {
                try await sandbox.resetDue(every: configuration.sandboxReset, store: work, surroundings: surroundings)
            },
            BackgroundTask("expiry", every: .seconds(5)) { try await engine.expire() },
            BackgroundTask("schedules", every: .seconds(20)) { try await engine.runSchedules() },
            BackgroundTask("stacks", every: .milliseconds(250)) { try await engine.advanceStacks() },
            BackgroundTask("instance metrics", every: .seconds(60)) { try await engine.sample() },
            BackgroundTask("closed hours", every: .seconds(60)) { try await MeteredTime.catchUp(work, surroundings) },
            BackgroundTask("cost imports", every: .seconds(1), .everywhere) { try await importer.runQueued() },
            BackgroundTask("live events", every: .seconds(1), .everywhere) { try await hub.run() },
            BackgroundTask("points", every: .seconds(3)) { try await FoldPoints(store: work, surroundings: surroundings).run() },
            BackgroundTask("audit retention", every: .seconds(3600)) { try await AuditRetention.enforce(work, surroundings) },
            BackgroundTask("view budgets", every: .seconds(300)) { try await budgets.run() },
            BackgroundTask("discoveries", every: .seconds(1)) { try await synchronizer.discover() },
            // Not while a server that has just begun reads everything for the first time.
            BackgroundTask("savings", every: .seconds(3600), after: .seconds(10)) { try await savings.run() },
            BackgroundTask("oauth grants and tokens", every: .seconds(60)) { try await oauth.sweep(work, surroundings) },
            BackgroundTask("silent meters", every: .seconds(30)) { if store.isShared { try await counter.closeSilent() } },
            BackgroundTask("sweep", every: .seconds(600)) { try await sweep() },
        ] + (pointStore.map { [copying(to: $0)] } ?? [])
    }

    private func copying(to target: any PointStore) -> BackgroundTask {
        BackgroundTask("copies of points", every: .seconds(10)) {
            try await CopyPoints(store: work, to: target, surroundings: surroundings).run()
        }
    }

    /// Removes what has outlived its time, a bounded number of rows a transaction, so that no write waits long.
    private func sweep() async throws {
        let now = surroundings.now()
        var removed = 0
        repeat {
            removed = try await work.write { connection in
                try IdempotencyRow.removeExpired(at: now, limit: 500, connection)
                    + RequestTotals.removeOldMinutes(at: now, limit: 500, connection)
                    + Session.removeExpired(at: now, connection) + OperationEngine.removeOldSamples(at: now, limit: 500, connection)
                    + OperationEngine.removeOldPlans(at: now, limit: 500, connection)
                    + Delivery.removeOld(at: now, limit: 500, connection)
                    + SlackMessage.removeOld(at: now, limit: 500, connection)
                    + LatePoints.removeOld(at: now, limit: 500, connection)
                    + SharedLimiter.removeOld(limit: 500, connection)
                    + Drift.removeOld(at: now, limit: 500, connection)
                    + Discovery.removeOld(at: now, limit: 500, connection)
            }
        } while removed >= 500
    }
}
