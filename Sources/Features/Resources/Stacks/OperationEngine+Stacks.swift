import Kernel
import Logging
import Storage
import Web

extension OperationEngine {
    /// Takes every unfinished run of a stack as far as it goes now. What was begun before a stop is gone on with.
    package func advanceStacks() async throws {
        let runs = try await store.read { connection in
            try StackRun.unfinished(connection).filter { try $0.canGoOn(connection) }
        }
        for run in runs {
            do {
                try await advance(run)
            } catch {
                logger.error("stack not advanced", metadata: ["operation": "\(run.id)", "error": "\(error)"])
            }
        }
    }

    private func advance(_ run: StackRun) async throws {
        let identity = identity
        let by = Attribution(tenant: run.tenant, actor: run.actor, address: nil, request: run.request, surroundings: surroundings)
        let pool = pool
        try await store.write(in: run.tenant.workspace) { connection in
            try identity.requireCurrent(connection)
            guard let run = try StackRun.find(run.id, in: run.tenant, connection), !run.isOver,
                let stack = try Stack.find(run.stack, in: run.tenant, pool, connection)
            else { return }
            let admitting = Admitting(
                caller: .itself(by), by: by, identity: identity, pool: pool, connection: connection, proofs: run.proofs)
            var advance = StackAdvance(run: run, stack: stack, admitting: admitting)
            try advance.advance()
            try advance.run.save(connection)
        }
        wake()
    }
}

extension StackRun {
    /// Whether a step has ended, or can begin. A look that costs no write.
    func canGoOn(_ connection: Connection) throws -> Bool {
        let running = steps.filter { $0.state == .running }
        if running.isEmpty { return true }
        for step in running {
            guard let id = step.operation else { return true }
            let state = try Operation.find(id, in: tenant, connection).state
            if state.isOver || state == .blocked || state == .stuck { return true }
        }
        return false
    }
}
