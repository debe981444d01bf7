import Kernel
import Logging
import Provider
import Storage

extension Synchronizer {
    /// Where a list may lag behind, what changed in so many seconds before is not judged by it.
    private static let grace: Int64 = 60

    /// One complete list, and what follows from it.
    func sweep(_ unit: SyncUnit, _ account: SyncAccount) async throws(ProviderError) {
        let begun = engine.surroundings.now()
        var seen = try await account.provider.list(unit.kind)
        schedule.health(account.account.id) { $0.answered() }
        let finding = try await keeping { try await read(unit) }
        seen += try await adopted(finding, seen, unit, account)
        let absent = try await keeping { try await take(seen, finding, begun, account) }
        var isWaiting = false
        for resource in absent {
            guard schedule.noteAbsence(of: resource.id) > 1 else {
                isWaiting = true
                continue
            }
            try await confirm(resource, begun, account)
        }
        if try await takeOrphans(seen, finding, unit, begun, account) { isWaiting = true }
        let now = engine.surroundings.now()
        if isWaiting {
            let wait = account.isLagging(unit.kind) ? SyncInterval.absent.lagging : SyncInterval.absent.consistent
            schedule.plan(unit, at: now.adding(seconds: wait))
        } else {
            schedule.plan(unit, at: SyncInterval.next(for: finding.resources, at: now, random: engine.surroundings.random()))
        }
    }

    /// What we know of a unit, read after the list.
    struct Finding: Sendable {
        var resources: [Resource]
        var drifts: [Drift]
        var byResource: [ResourceID: [Drift]] {
            Dictionary(grouping: drifts.filter { $0.resource != nil }) { $0.resource ?? ResourceID("") }
        }
    }

    private func read(_ unit: SyncUnit) async throws -> Finding {
        try await engine.store.scan { connection in
            Finding(
                resources: try connection.rows(
                    """
                    \(Resource.selection) WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? \
                    AND \(Resource.hasObject) ORDER BY id
                    """, unit.tenant.workspace, unit.tenant.mode, unit.connection, unit.kind, as: Resource.read),
                drifts: try Drift.open(of: unit, connection))
        }
    }

    /// Keeps what was seen; answers what should be there and was not.
    private func take(
        _ seen: [Sighting], _ finding: Finding, _ begun: Timestamp, _ account: SyncAccount
    ) async throws -> [Resource] {
        let sightings = Dictionary(grouping: seen.filter { $0.resource != nil }) { $0.resource ?? ResourceID("") }
        let drifts = finding.byResource
        var unchanged: [ResourceID] = []
        var changed: [(ResourceID, Sighting)] = []
        var absent: [Resource] = []
        for resource in finding.resources where isToBeJudged(resource, begun, account) {
            guard let own = sightings[resource.id], let sighting = own.first(where: { $0.reference == resource.reference }) ?? own.first
            else {
                absent.append(resource)
                continue
            }
            if resource.isUnchanged(sighting, drifts[resource.id] ?? []) {
                unchanged.append(resource.id)
            } else {
                changed.append((resource.id, sighting))
            }
        }
        schedule.noteSeen(sightings.keys)
        try await keep(changed, in: account.account.tenant, begun)
        try await touch(unchanged, in: account.account.tenant, at: begun)
        return absent
    }

    /// What an operation works on, or has worked on since the list began, is left to it.
    private func isToBeJudged(_ resource: Resource, _ begun: Timestamp, _ account: SyncAccount) -> Bool {
        guard resource.isSettled, resource.updatedAt <= begun else { return false }
        return !account.isLagging(resource.kind) || resource.updatedAt <= begun.adding(seconds: -Self.grace)
    }

    /// Looks directly at what two lists lacked.
    private func confirm(_ resource: Resource, _ begun: Timestamp, _ account: SyncAccount) async throws(ProviderError) {
        let found = try await account.provider.find(resource.subject)
        try await keeping {
            try await change(resource.id, resource.tenant, begun) { change in
                guard let found else { return try change.noteMissing() }
                try resource.isSeen(in: found) ? change.see(found) : change.noteForeign(found)
            }
        }
    }

    /// Looks at one object, because somebody asked or a cloud said something. One that is not there is for the list to say.
    func look(at hint: SyncSchedule.Hint, _ account: SyncAccount) async throws(ProviderError) {
        let begun = engine.surroundings.now()
        let known = try await keeping {
            try await engine.store.read { connection in
                try? Resource.find(hint.resource, in: hint.unit.tenant, connection)
            }
        }
        guard let known, known.isSettled, known.updatedAt <= begun else { return }
        let found = try await account.provider.find(known.subject)
        schedule.health(account.account.id) { $0.answered() }
        guard let found else { return schedule.touch(hint.unit, by: engine.surroundings.now()) }
        try await keeping {
            try await change(known.id, known.tenant, begun) { change in
                try known.isSeen(in: found) ? change.see(found) : change.noteForeign(found)
            }
        }
        schedule.noteSeen([known.id])
    }

    // MARK: Keeping

    /// Runs `body` on a resource as it is now, unless something happened to it since it was looked at.
    private func change(
        _ id: ResourceID, _ tenant: Tenant, _ begun: Timestamp, _ body: @escaping @Sendable (inout SyncChange) throws -> Void
    ) async throws {
        let by = attribution(tenant)
        let engine = engine
        let hasWork = try await engine.store.write(in: tenant.workspace) { connection in
            try engine.identity.requireCurrent(connection)
            let current = try Resource.find(id, in: tenant, connection)
            guard current.isSettled, current.updatedAt <= begun else { return false }
            var change = SyncChange(resource: current, admitting: engine.admitting(by: by, connection))
            try body(&change)
            return change.resource.operation != nil
        }
        if hasWork { engine.wake() }
    }

    /// The same for what a list showed, a bounded number a transaction; one that cannot be kept keeps no other from it.
    private func keep(_ seen: [(ResourceID, Sighting)], in tenant: Tenant, _ begun: Timestamp) async throws {
        let by = attribution(tenant)
        for start in stride(from: 0, to: seen.count, by: 50) {
            let part = seen[start..<min(start + 50, seen.count)]
            let hasWork = try await engine.store.write(in: tenant.workspace) { [engine] connection in
                try engine.identity.requireCurrent(connection)
                var hasWork = false
                for (id, sighting) in part {
                    let current = try Resource.find(id, in: tenant, connection)
                    guard current.isSettled, current.updatedAt <= begun else { continue }
                    var change = SyncChange(resource: current, admitting: engine.admitting(by: by, connection))
                    do {
                        try connection.savepoint { try change.see(sighting) }
                    } catch {
                        engine.logger.error("what was seen cannot be kept", metadata: ["resource": "\(id)", "error": "\(error)"])
                    }
                    hasWork = hasWork || change.resource.operation != nil
                }
                return hasWork
            }
            if hasWork { engine.wake() }
        }
    }

    /// Notes when the others were seen, without writing anything else of them.
    private func touch(_ resources: [ResourceID], in tenant: Tenant, at moment: Timestamp) async throws {
        for start in stride(from: 0, to: resources.count, by: 500) {
            let part = resources[start..<min(start + 500, resources.count)]
            _ = try await engine.store.write(in: tenant.workspace) { connection in
                try connection.execute(
                    """
                    UPDATE resources SET synced_at = ? WHERE workspace = ? AND mode = ? \
                    AND id IN (\(Array(repeating: "?", count: part.count).joined(separator: ", ")))
                    """, values: [moment.sqlValue, tenant.workspace.sqlValue, tenant.mode.sqlValue] + part.map(\.sqlValue))
            }
        }
    }

    /// What goes wrong on our side is no word of the cloud: it is logged, and the next look tries again.
    func keeping<Result>(_ body: () async throws -> Result) async throws(ProviderError) -> Result {
        do {
            return try await body()
        } catch {
            engine.logger.error("what was seen cannot be kept", metadata: ["error": "\(error)"])
            throw ProviderError(.ambiguous, "What was seen could not be kept.")
        }
    }
}

extension Resource {
    /// Whether it stands as an operation has left it, so that a look can tell anything.
    var isSettled: Bool { operation == nil && sync.management != .paused && (phase == .ready || phase == .missing || isKept) }

    /// Whether a look has shown nothing that is not written down.
    func isUnchanged(_ sighting: Sighting, _ drifts: [Drift]) -> Bool {
        if isKept { return true }
        guard phase == .ready, reference == sighting.reference, observed == Observed(sighting.state) else { return false }
        guard sighting.state.power == nil || sighting.state.power == power else { return false }
        guard !conditions.contains(where: { ($0.type == .providerReachable || $0.type == .credentialsValid) && !$0.isTrue }) else {
            return false
        }
        let comparison = comparison(with: sighting)
        guard comparison.baseline == sync.baseline else { return false }
        let isDone = driftPolicy == .report || drifts.allSatisfy { $0.status == .contested }
        if comparison.differences.isEmpty { return drifts.isEmpty && conditions.contains { $0.type == .synced && $0.isTrue } }
        return isDone && drifts.flatMap(\.fields).sorted { $0.path < $1.path } == comparison.differences
    }
}

extension Sighting {
    /// The resource of ours whose mark it bears.
    var resource: ResourceID? {
        if case .ours(let id) = owner { ResourceID(id) } else { nil }
    }
}
