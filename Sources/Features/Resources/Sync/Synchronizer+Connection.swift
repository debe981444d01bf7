import Kernel
import Logging
import Provider
import Storage

/// A connection that is being looked at.
struct SyncAccount: Sendable {
    let account: ProviderConnection
    let provider: any Provider

    /// Where a list may lag behind, what is young is not judged by it.
    func isLagging(_ kind: ResourceKind) -> Bool { (account.capabilities?.identification[kind] ?? .name) != .name }
}

extension Synchronizer {
    /// While so many operations run at a connection, looking waits for so many seconds: reads yield to writes.
    private static let yielding = (operations: 16, seconds: Int64(5))
    /// A connection whose credentials are refused is looked at again when it was changed; that is asked for so often, in seconds.
    private static let quiet: Int64 = 60

    /// Looks at what is due at one connection.
    func work(_ part: SyncSchedule.Claimed) async {
        guard let tenant = part.units.first?.tenant ?? part.hints.first?.unit.tenant else { return }
        do {
            let account: ProviderConnection
            do {
                account = try await engine.store.read { try ProviderConnection.find(part.connection, in: tenant, $0) }
            } catch let problem as Problem where problem.code == .notFound {
                schedule.renew()
                for unit in part.units { schedule.plan(unit, at: later(Self.quiet)) }
                return
            }
            guard account.state != .unauthorized else {
                for unit in part.units { schedule.plan(unit, at: later(Self.quiet)) }
                return
            }
            guard engine.operations(at: account.id) < Self.yielding.operations else {
                for unit in part.units { schedule.plan(unit, at: later(Self.yielding.seconds)) }
                for hint in part.hints { schedule.touch(hint.unit, by: later(Self.yielding.seconds)) }
                return
            }
            let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
            try await look(part, SyncAccount(account: account, provider: provider))
        } catch {
            engine.logger.error("sync failed inside", metadata: ["connection": "\(part.connection)", "error": "\(error)"])
            for unit in part.units { schedule.plan(unit, at: later(Self.quiet)) }
        }
    }

    private func later(_ seconds: Int64) -> Timestamp { engine.surroundings.now().adding(seconds: seconds) }

    private func look(_ part: SyncSchedule.Claimed, _ account: SyncAccount) async throws {
        let isKnownDown = account.account.state == .unreachable
        if schedule.health(account.account.id, isKnownDown: isKnownDown, { $0.isOpen }) {
            guard try await isBack(account) else { return }
        }
        for hint in part.hints {
            guard await call(account, { () async throws(ProviderError) in try await look(at: hint, account) }) else { return }
        }
        for unit in part.units {
            if let wait = schedule.takeToken(account.account.id, published: account.provider.publishedReads, at: later(0)) {
                schedule.plan(unit, at: later(0).adding(milliseconds: wait.milliseconds))
                continue
            }
            guard await call(account, { () async throws(ProviderError) in try await sweep(unit, account) }) else { return }
        }
    }

    /// Makes calls that look; false when the connection is not to be asked again now. What is due then stays due.
    private func call(_ account: SyncAccount, _ body: () async throws(ProviderError) -> Void) async -> Bool {
        do throws(ProviderError) {
            try await body()
            return true
        } catch {
            return await failed(error, account)
        }
    }

    // MARK: The breaker

    private func isBack(_ account: SyncAccount) async throws -> Bool {
        do {
            let capabilities = try await account.provider.probe()
            try await note(.success(capabilities), account.account)
            schedule.health(account.account.id) { $0.answered() }
            return true
        } catch let error as ProviderError {
            return await failed(error, account)
        }
    }

    /// Always false: nothing more is asked for the moment.
    private func failed(_ error: ProviderError, _ account: SyncAccount) async -> Bool {
        do {
            switch error.kind {
            case .unauthorized:
                try await note(.failure(error), account.account)
                try await mark(account.account, .credentialsValid, "Refused", error.detail)
            default:
                let now = engine.surroundings.now()
                let hasOpened = schedule.health(account.account.id) { $0.failed(error, at: now, random: engine.surroundings.random()) }
                guard hasOpened else { return false }
                try await note(.failure(ProviderError(.unreachable, error.detail)), account.account)
                try await mark(account.account, .providerReachable, "Unreachable", error.detail)
            }
        } catch {
            engine.logger.error("a connection's state cannot be kept", metadata: ["error": "\(error)"])
        }
        return false
    }

    /// Keeps how the connection is; a line in the log only when that is new.
    func note(_ outcome: Result<Capabilities, ProviderError>, _ account: ProviderConnection) async throws {
        let by = attribution(account.tenant)
        try await engine.store.write(in: account.tenant.workspace) { connection in
            var current = try ProviderConnection.find(account.id, in: account.tenant, connection)
            let before = current.state
            current.note(outcome, at: by.at)
            guard before != current.state else { return }
            try current.saveFindings(before: before, by: by, connection)
        }
    }

    /// Says of everything at the connection that it is not so, a bounded number a transaction.
    private func mark(_ account: ProviderConnection, _ type: Condition.Kind, _ reason: String, _ detail: String) async throws {
        let by = attribution(account.tenant)
        var last = ""
        var isDone = false
        while !isDone {
            (last, isDone) = try await engine.store.write(in: account.tenant.workspace) { [last] connection in
                let resources = try connection.rows(
                    """
                    \(Resource.selection) WHERE workspace = ? AND mode = ? AND connection = ? AND phase NOT IN ('deleted', 'purged') \
                    AND id > ? ORDER BY id LIMIT 200
                    """, account.tenant.workspace, account.tenant.mode, account.id, last, as: Resource.read)
                for var resource in resources {
                    let told = resource
                    resource.set(type, false, reason, detail, at: by.at)
                    guard !resource.looksLike(told) else { continue }
                    try resource.save(connection)
                    resource.tellObserved(by: by, connection)
                }
                return (resources.last?.id.rawValue ?? "", resources.count < 200)
            }
        }
    }

    func attribution(_ tenant: Tenant) -> Attribution {
        Attribution(tenant: tenant, actor: .system("sync"), address: nil, request: nil, surroundings: engine.surroundings)
    }
}
