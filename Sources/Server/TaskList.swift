import Background
import Identity
import Kernel
import Metering
import Sandbox
import Storage

extension Parts {
    /// Everything that happens by itself.
    func tasks(_ configuration: ServerConfiguration) -> [BackgroundTask] {
        [
            BackgroundTask("request counters", every: .milliseconds(500)) { try await counter.flush() },
            BackgroundTask("sandbox reset", every: .seconds(60)) {
                try await sandbox.resetDue(every: configuration.sandboxReset, store: store, surroundings: surroundings)
            },
            BackgroundTask("sweep", every: .seconds(600)) { try await sweep() },
        ]
    }

    /// Removes what has outlived its time, a bounded number of rows a transaction, so that no write waits long.
    private func sweep() async throws {
        let now = surroundings.now()
        var removed = 0
        repeat {
            removed = try await store.write { connection in
                try IdempotencyRow.removeExpired(at: now, limit: 500, connection)
                    + RequestTotals.removeOldMinutes(at: now, limit: 500, connection)
                    + Session.removeExpired(at: now, connection)
            }
        } while removed >= 500
    }
}
