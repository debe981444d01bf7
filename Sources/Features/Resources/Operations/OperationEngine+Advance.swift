import Kernel
import Logging
import Provider
import Storage

extension OperationEngine {
    /// Takes one operation as far as it goes now: step after step, until it is over or has to wait.
    func advance(_ id: OperationID, _ tenant: Tenant) async {
        do {
            guard try await begin(id, tenant) else { return }
            while !Task.isCancelled {
                let work = try await load(id, tenant)
                syncs.touch(SyncUnit(work.operation), by: surroundings.now().adding(seconds: SyncInterval.changed))
                guard work.operation.state.isActive else { break }
                guard let step = work.step else { break }
                guard let place = work.operation.position, try await goesOn(work, place) else { break }
                let outcome = await Attempt(work: work, step: step, now: surroundings.now()).run()
                // What a call that was cut off by the stop has done is in doubt, and looked for at the next start.
                guard !Task.isCancelled else { return }
                guard try await take(outcome, of: work, place) else { break }
            }
        } catch {
            logger.error("operation failed inside", metadata: ["operation": "\(id)", "error": "\(error)"])
            try? await postpone(id, tenant)  // if that fails too, it stays due
        }
        announce(id)
    }

    /// Runs `body` on the operation and its resource as they are now, and keeps what it makes of them. The only way the engine writes.
    func change<Result: Sendable>(
        _ id: OperationID, _ tenant: Tenant, _ body: @escaping @Sendable (inout OperationChange) throws -> Result
    ) async throws -> Result {
        let identity = identity
        let surroundings = surroundings
        let (result, dismissed) = try await store.write(in: tenant.workspace) { connection in
            try identity.requireCurrent(connection)
            let operation = try Operation.find(id, in: tenant, connection)
            let resource = try Resource.find(operation.resource, in: tenant, connection)
            let by = Attribution(
                tenant: tenant, actor: .system("engine"), address: nil, request: operation.request, surroundings: surroundings)
            var change = OperationChange(operation: operation, resource: resource, by: by, epoch: identity.epoch, connection: connection)
            let result = try body(&change)
            try change.keep()
            return (result, change.dismissed)
        }
        for id in dismissed { announce(id) }
        return result
    }

    /// Lets a queued operation begin when what it waits for is over; false when it is not its turn.
    private func begin(_ id: OperationID, _ tenant: Tenant) async throws -> Bool {
        let operation = try await store.read { try Operation.find(id, in: tenant, $0) }
        guard operation.state == .queued else { return operation.state.isActive }
        return try await change(id, tenant) { change in try change.beginIfReady() }
    }

    /// Ends what was canceled at a step boundary; false when there is nothing more to call.
    private func goesOn(_ work: Work, _ place: Int) async throws -> Bool {
        let isAtBoundary = work.operation.steps[place].attempt == 0 && !work.mayHaveHappened(work.operation.steps[place])
        guard work.operation.state == .canceling, isAtBoundary || place > 0 else { return true }
        return try await change(work.operation.id, work.operation.tenant) { change in
            guard change.operation.state == .canceling else { return true }
            try change.cancelAtBoundary()
            return change.operation.state.isActive
        }
    }

    /// Keeps what came of an attempt; true when there is more to do at once.
    private func take(_ outcome: Outcome, of work: Work, _ place: Int) async throws -> Bool {
        try await change(work.operation.id, work.operation.tenant) { change in
            try change.take(outcome, at: place)
            return change.operation.state.isActive && (change.operation.dueAt ?? change.by.at) <= change.by.at
        }
    }

    private func postpone(_ id: OperationID, _ tenant: Tenant) async throws {
        try await change(id, tenant) { change in change.operation.dueAt = change.by.at.adding(seconds: 60) }
    }
}
