import Kernel
import Logging
import Provider
import Storage

/// Some clouds say by themselves what happens. That makes a look come sooner and decides nothing: what is missed is found by the lists.
extension Synchronizer {
    /// Seconds between two questions whether a connection is still the one that is followed, and at most before it is followed again.
    private static let renewal: Int64 = 60

    /// Listens to one connection until it is gone or changed. A cloud that says nothing is let go at once.
    func follow(_ account: ProviderConnection) async {
        var failures = 0
        while !Task.isCancelled, await isCurrent(account) {
            do {
                let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
                guard let hints = try await provider.hints() else { return }
                failures = 0
                // What happened while nobody listened is found by lists.
                schedule.touchAll(of: account.id, by: engine.surroundings.now())
                await listen(to: hints, at: account)
            } catch {
                engine.logger.debug("events not followed", metadata: ["connection": "\(account.id)", "error": "\(error)"])
            }
            failures += 1
            let wait = min(Self.renewal, Int64(1) << Int64(min(failures, 6)))
            guard (try? await engine.surroundings.sleep(.seconds(wait))) != nil else { break }  // cancelled
        }
        schedule.unfollow(account)
    }

    private func listen(to hints: AsyncThrowingStream<Hint, any Error>, at account: ProviderConnection) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await hint in hints { try await take(hint, at: account) }
                } catch {
                    engine.logger.debug("events broke off", metadata: ["connection": "\(account.id)", "error": "\(error)"])
                }
            }
            group.addTask {
                repeat {
                    guard (try? await engine.surroundings.sleep(.seconds(Self.renewal))) != nil else { return }  // cancelled
                } while await isCurrent(account)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func isCurrent(_ account: ProviderConnection) async -> Bool {
        let current = try? await engine.store.read { try ProviderConnection.find(account.id, in: account.tenant, $0) }
        return current?.version == account.version
    }

    private func take(_ hint: Hint, at account: ProviderConnection) async throws {
        func unit(_ kind: ResourceKind) -> SyncUnit { SyncUnit(tenant: account.tenant, connection: account.id, kind: kind) }
        switch hint {
        case .resource(let kind, let id): schedule.hint(ResourceID(id), in: unit(kind))
        case .object(let kind, let reference):
            let id: ResourceID? = try await engine.store.read { connection in
                try connection.row(
                    "SELECT id FROM resources WHERE workspace = ? AND mode = ? AND connection = ? AND reference = ?",
                    account.tenant.workspace, account.tenant.mode, account.id, reference
                ) { ResourceID($0.text(0)) }
            }
            if let id { schedule.hint(id, in: unit(kind)) }
        }
    }
}
