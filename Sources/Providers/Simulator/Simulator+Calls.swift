import Kernel
import Provider
import Storage

/// What an effect may know of the call it belongs to.
struct Scene {
    let connection: Connection
    let now: Timestamp
    /// Objects made after this moment do not show yet.
    let hiddenAfter: Timestamp?
    /// Whether rows that are read will be changed.
    let isChanging: Bool
}

extension Simulator {
    /// One call, with the faults that stand in its way.
    func call<Result: Sendable>(
        _ step: SimulatedStep, _ subject: Subject? = nil, _ effect: @escaping @Sendable (Scene) throws -> Result
    ) async throws(ProviderError) -> Result {
        let faults = try await fire(step, subject?.kind) { $0.kind != .wrongError }
        let isLost = faults.contains { $0.kind == .lostAnswer }
        let latency = settings.latency + faults.filter { $0.kind == .latency }.reduce(0) { $0 + ($1.milliseconds ?? 1000) }
        if !isLost { try await wait(latency, orThrow: .unreachable) }
        if let refusal = faults.lazy.compactMap(\.refusal).first { throw refusal }
        let result: Result
        do throws(ProviderError) {
            result = try await perform(step, subject, faults, effect)
        } catch {
            if isLost {
                try await wait(latency, orThrow: .ambiguous)
                throw ProviderError(.ambiguous, "The simulated cloud did not answer.")
            }
            guard error.kind != .ambiguous, try await !fire(step, subject?.kind, where: { $0.kind == .wrongError }).isEmpty else {
                throw error
            }
            throw ProviderError(.ambiguous, "The simulated cloud answered 500.")
        }
        if isLost {
            try await wait(latency, orThrow: .ambiguous)
            throw ProviderError(.ambiguous, "The simulated cloud did not answer.")
        }
        if faults.contains(where: { $0.kind == .errorAfterSuccess }) {
            throw ProviderError(.ambiguous, "The simulated cloud answered 500.")
        }
        return result
    }

    private func wait(_ milliseconds: Int64, orThrow kind: ProviderError.Kind) async throws(ProviderError) {
        guard milliseconds > 0 else { return }
        do {
            try await account.surroundings.sleep(.milliseconds(milliseconds))
        } catch {
            throw ProviderError(kind, "The call was given up.")
        }
    }

    /// The effect, and what happens to the object by itself right after it, in one transaction.
    private func perform<Result: Sendable>(
        _ step: SimulatedStep, _ subject: Subject?, _ faults: [Fault], _ effect: @escaping @Sendable (Scene) throws -> Result
    ) async throws(ProviderError) -> Result {
        let now = account.surroundings.now()
        let stale = faults.first { $0.kind == .staleList }
        let hiddenAfter = stale.map { Timestamp(milliseconds: now.milliseconds - ($0.milliseconds ?? 10_000)) }
        let edits = faults.map(\.kind).filter { $0 == .outOfBandEdit || $0 == .crash }
        let isChanging = !step.isReading
        let whole: @Sendable (Connection) throws -> Result = { connection in
            let result = try effect(Scene(connection: connection, now: now, hiddenAfter: hiddenAfter, isChanging: isChanging))
            if var subject {
                if let made = result as? Sighting { subject.reference = made.reference }
                let scene = Scene(connection: connection, now: now, hiddenAfter: nil, isChanging: true)
                for edit in edits { try cloud.edit(subject, edit, scene) }
            }
            return result
        }
        do {
            return try await isChanging || !edits.isEmpty ? store.write(whole) : store.read(whole)
        } catch let error as ProviderError {
            throw error
        } catch {
            throw ProviderError(isChanging ? .ambiguous : .unreachable, "The simulated cloud could not be read or written.")
        }
    }

    /// The faults that strike this call, each now counted once more. After one that refuses, no other refusal is used up.
    private func fire(
        _ step: SimulatedStep, _ kind: ResourceKind?, where isMeant: @escaping @Sendable (Fault) -> Bool
    ) async throws(ProviderError) -> [Fault] {
        let candidates = settings.faults.enumerated().filter { isMeant($1) && $1.concerns(step, kind) }
        guard !candidates.isEmpty else { return [] }
        let tally = FaultTally(tenant: account.tenant, connection: account.id, settings: account.settings)
        do {
            return try await store.write { connection in
                var fired: [Fault] = []
                for (index, fault) in candidates where fault.refusal == nil || !fired.contains(where: { $0.refusal != nil }) {
                    if try tally.count(index, atMost: fault.times, connection) { fired.append(fault) }
                }
                return fired
            }
        } catch {
            throw ProviderError(.unreachable, "The simulated cloud could not be read or written.")
        }
    }
}
