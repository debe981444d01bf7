import Kernel
import Logging
import Prices
import Provider
import Storage

extension OperationEngine {
    /// An instance that was running and has ended by itself: seen as it is now, said in the log, and charged no longer. It stays where it is;
    /// whether it is to run again is for its owner, or an alert, to say.
    func noteEnd(of instance: Resource) async {
        do {
            guard let seen = try await provider(of: instance).find(instance.subject), seen.owner == .ours(instance.id.rawValue),
                let power = seen.state.power, power == .crashed || power == .stopped
            else { return }
            try await keep(power, seen.state, of: instance)
        } catch {
            logger.debug("instance not looked at", metadata: ["instance": "\(instance.id)", "error": "\(error)"])
        }
    }

    /// Nothing is kept when somebody has acted on it meanwhile: then the operation says what it is.
    private func keep(_ power: Power, _ state: ObservedState, of instance: Resource) async throws {
        let identity = identity
        let by = Attribution(
            tenant: instance.tenant, actor: .system("engine"), address: nil, request: nil, surroundings: surroundings)
        try await store.write(in: by.tenant.workspace) { connection in
            try identity.requireCurrent(connection)
            var current = try Resource.find(instance.id, in: instance.tenant, connection)
            guard current.operation == nil, current.phase == .ready, current.power == .running,
                current.observed.runningSince == instance.observed.runningSince
            else { return }
            current.power = power
            current.observed = Resource.Observed(state)
            current.syncedAt = by.at
            current.updatedAt = by.at
            current.set(.ready, false, "Ended", "It ended by itself; its logs say why.", at: by.at)
            try current.save(connection)
            try MeteredTime.set(current.chargedLines, for: current.consumer, at: by.at, connection)
            connection.append(
                EventDraft(
                    "instance.ended", subject: current.id.rawValue,
                    data: [
                        "name": .string(current.name), "project_id": JSON(current.project), "power": .string(power.rawValue),
                        "exit_code": JSON(state.exitCode), "state": current.state,
                    ]), by: by)
        }
    }
}
