import Kernel
import Logging
import Prices
import Provider
import Storage

/// An object that bears our mark and that no resource knows.
struct Orphan: Sendable {
    let sighting: Sighting
    /// The id its mark names.
    let id: ResourceID
    /// The resource of that id, where there was one: gone, or one that has another object.
    let resource: Resource?

    var isSecond: Bool { resource.map { !$0.isGone } ?? false }

    var message: String {
        guard let resource else { return "It bears our mark for \(id), which does not exist here." }
        return resource.isGone
            ? "It bears our mark for the \(resource.kind.rawValue) \(resource.name), which is \(resource.phase.rawValue)."
            : "It bears our mark for the \(resource.kind.rawValue) \(resource.name), which has another object."
    }
}

extension Synchronizer {
    /// How long what was deleted may still be shown, and how long an orphan is left before it is deleted by itself; seconds.
    private static let lag: Int64 = 60
    private static let grace: Int64 = 86_400

    /// Says which objects belong to nothing, ends what is over, and deletes what has been left long enough. True when something was deleted.
    func takeOrphans(
        _ seen: [Sighting], _ finding: Finding, _ unit: SyncUnit, _ begun: Timestamp, _ account: SyncAccount
    ) async throws(ProviderError) -> Bool {
        let orphans = try await keeping { try await self.orphans(among: seen, finding, unit, begun) }
        let known = Dictionary(finding.drifts.filter { $0.sort == .orphan }.map { ($0.reference ?? "", $0) }) { one, _ in one }
        let present = Set(orphans.map(\.sighting.reference))
        for drift in known.values where !present.contains(drift.reference ?? "") {
            try await keeping { try await end(drift, unit.tenant) }
        }
        var hasDeleted = false
        for orphan in orphans {
            if orphan.resource?.sync.adoption == .released {
                try await account.provider.unmark(
                    Subject(kind: unit.kind, id: orphan.id.rawValue, reference: orphan.sighting.reference))
                continue
            }
            if let drift = known[orphan.sighting.reference] {
                if try await treat(drift, orphan, account) { hasDeleted = true }
            } else if try await isStillThere(orphan, unit.kind, account) {
                try await keeping { try await report(orphan, unit, account.account) }
            }
        }
        return hasDeleted
    }

    private func orphans(among seen: [Sighting], _ finding: Finding, _ unit: SyncUnit, _ begun: Timestamp) async throws -> [Orphan] {
        let known = Dictionary(finding.resources.map { ($0.id, $0) }) { one, _ in one }
        let references = Set(seen.map(\.reference))
        var orphans: [Orphan] = []
        for sighting in seen {
            guard let id = sighting.resource else { continue }
            if let resource = known[id] {
                // One that has no object yet, or whose object is not in the list, may be about to take this one.
                guard resource.isSettled, let own = resource.reference, own != sighting.reference, references.contains(own) else {
                    continue
                }
                orphans.append(Orphan(sighting: sighting, id: id, resource: resource))
            } else {
                let (gone, isElsewhere) = try await engine.store.read { connection in
                    (
                        try? Resource.find(id, in: unit.tenant, connection),
                        try Resource.isElsewhere(id, than: unit.tenant, connection)
                    )
                }
                // Two workspaces on one cloud see each other's objects.
                if gone == nil, isElsewhere { continue }
                let isReleased = gone?.sync.adoption == .released
                guard gone.map({ $0.isGone && (isReleased || $0.updatedAt <= begun.adding(seconds: -Self.lag)) }) ?? true else { continue }
                orphans.append(Orphan(sighting: sighting, id: id, resource: gone))
            }
        }
        return orphans
    }

    private func isStillThere(_ orphan: Orphan, _ kind: ResourceKind, _ account: SyncAccount) async throws(ProviderError) -> Bool {
        let subject = Subject(kind: kind, id: orphan.id.rawValue, reference: orphan.sighting.reference)
        guard let found = try await account.provider.find(subject) else { return false }
        return found.reference == orphan.sighting.reference && found.owner == .ours(orphan.id.rawValue)
    }

    private func report(_ orphan: Orphan, _ unit: SyncUnit, _ account: ProviderConnection) async throws {
        let by = attribution(unit.tenant)
        try await engine.store.write(in: unit.tenant.workspace) { connection in
            let rate = try HourlyRate.of(
                orphan.sighting.state.lines(of: unit.kind), provider: account.provider, location: orphan.resource?.location ?? "local",
                at: by.at, in: unit.tenant, connection)
            let drift = Drift(
                id: by.makeID(), tenant: unit.tenant, project: orphan.resource?.project, connection: unit.connection, kind: unit.kind,
                resource: nil, name: orphan.resource?.name, reference: orphan.sighting.reference, sort: .orphan, status: .open, fields: [],
                message: orphan.message, operation: nil, reverts: [],
                cost: rate.map { Drift.Cost(perDay: $0.amount * 24, currency: $0.currency) }, resolution: nil, detectedAt: by.at,
                updatedAt: by.at, resolvedAt: nil)
            try drift.insert(connection)
            var more: [JSON.Member] = [.init("policy", .string(orphan.policy.rawValue))]
            if let cost = drift.cost {
                more += [
                    .init("cost_per_day", .string(cost.perDay.formatted(minimumPlaces: 4))), .init("currency", .string(cost.currency)),
                ]
            }
            connection.append(drift.event("detected", nil, more), by: by)
        }
    }

    private func end(_ drift: Drift, _ tenant: Tenant) async throws {
        let by = attribution(tenant)
        try await engine.store.write(in: tenant.workspace) { connection in
            var drift = try Drift.find(drift.id, in: tenant, connection)
            guard drift.isOpen else { return }
            try drift.resolve(drift.status == .reverting ? .reverted : .byItself, nil, by: by, connection)
        }
    }

    /// Deletes it when a person has said so, or the policy says so and it was left alone for a day. What holds data is never deleted, and
    /// nothing is whose name a resource still has: a cloud that finds by name might take the wrong one.
    private func treat(_ drift: Drift, _ orphan: Orphan, _ account: SyncAccount) async throws(ProviderError) -> Bool {
        let now = engine.surroundings.now()
        let isOld = drift.detectedAt <= now.adding(seconds: -Self.grace)
        guard drift.kind.isStateless, !orphan.isSecond, drift.status == .reverting || (orphan.policy == .revert && isOld),
            try await isStillThere(orphan, drift.kind, account)
        else { return false }
        let by = attribution(drift.tenant)
        try await keeping {
            try await engine.store.write(in: drift.tenant.workspace) { connection in
                var current = try Drift.find(drift.id, in: drift.tenant, connection)
                guard current.isOpen else { return }
                let wasReverting = current.status == .reverting
                current.status = .reverting
                current.reverts.append(by.at)
                current.updatedAt = by.at
                try current.save(connection)
                if !wasReverting { connection.append(current.event("reverting"), by: by) }
            }
        }
        do throws(ProviderError) {
            try await account.provider.delete(
                Subject(kind: drift.kind, id: orphan.id.rawValue, reference: orphan.sighting.reference))
        } catch  where error.kind == .conflict || error.kind == .rejected {
            let detail = error.detail
            try await keeping { try await refuse(drift, detail) }
            return false
        }
        return true
    }

    private func refuse(_ drift: Drift, _ detail: String) async throws {
        let now = engine.surroundings.now()
        try await engine.store.write(in: drift.tenant.workspace) { connection in
            var current = try Drift.find(drift.id, in: drift.tenant, connection)
            (current.status, current.message, current.updatedAt) = (.open, detail, now)
            try current.save(connection)
        }
    }
}

extension Orphan {
    /// What belongs to no resource that is known is only reported.
    var policy: DriftPolicy { resource?.driftPolicy ?? .report }
}

extension ObservedState {
    /// What it would be charged for: an instance of the smallest size that covers it, while it runs.
    func lines(of kind: ResourceKind) -> [Demand.Line] {
        switch kind {
        case .instance:
            guard power == .running else { return [] }
            let size = capacity.flatMap { seen in
                InstanceSize.all.first { $0.milliCPUs >= seen.milliCPUs && $0.memoryMiB >= seen.memoryMiB } ?? InstanceSize.all.last
            }
            return size.map { [Demand.Line(sku: $0.sku, units: 1)] } ?? []
        case .volume: return sizeGiB.map { [Demand.Line(sku: "volume.standard", units: $0)] } ?? []
        case .snapshot: return sizeGiB.map { [Demand.Line(sku: "snapshot", units: $0)] } ?? []
        case .bucket: return [Demand.Line(sku: "bucket", units: 1)]
        case .network, .address, .firewall: return Spec(kind, .object([]))?.demand.lines ?? []
        }
    }
}

extension SyncChange {
    /// A person says that an orphan is to go: it is deleted at the next look. Throws `invalid_state` for what holds data.
    static func revertOrphan(_ drift: inout Drift, by: Attribution, _ connection: Connection) throws {
        guard drift.kind.isStateless else {
            throw Problem(
                .invalidState,
                "A deleted \(drift.kind.noun) cannot be brought back, so it is not deleted from here; do that at the provider.")
        }
        guard !drift.message.hasSuffix("which has another object.") else {
            throw Problem(.invalidState, "A resource has its name; delete the object at the provider.")
        }
        guard drift.status != .reverting else { return }
        drift.status = .reverting
        drift.updatedAt = by.at
        try drift.save(connection)
        connection.append(drift.event("reverting"), by: by)
    }
}
