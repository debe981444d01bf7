import Kernel
import Prices
import Provider
import Storage
import Web

/// How an object that was there before us is told.
package enum Adoption: String, Sendable, CaseIterable {
    /// By its reference, until the next look puts our mark on it.
    case toBeMarked = "to_be_marked"
    /// By its reference alone: it bears no mark of ours, so it is looked at and never changed.
    case byReference = "by_reference"
    /// It bears our mark, like what was made from here.
    case marked
    /// It was let go; a mark that is found on it is taken off.
    case released
}

extension Admitting {
    /// Lets go of what was adopted: it is not looked at or charged any more, and stays as it is. Throws `invalid_state` for what was made from
    /// here, `in_use` while others need it, `lease_held`.
    func release(_ resource: Resource) throws -> Resource {
        try requireUnleased(resource)
        guard resource.sync.adoption != nil else {
            throw Problem(
                .invalidState, "The \(resource.kind.noun) \(resource.name) was made from here; it can be deleted and not released.")
        }
        guard resource.operation == nil else {
            throw Problem(
                .invalidState, "An operation works on it: \(resource.operation?.rawValue ?? "").",
                members: ["operation_id": JSON(resource.operation)])
        }
        try resource.requireFree(connection)
        var resource = resource
        for var drift in try Drift.open(of: resource.id, in: resource.tenant, connection) {
            try drift.resolve(.deleted, .purged, by: by, connection)
        }
        try MeteredTime.set([], for: resource.consumer, at: by.at, connection)
        try Admission.release(resource.id.rawValue, by: by, connection)
        try resource.removeLinks(connection)
        (resource.phase, resource.power, resource.purgeAt, resource.deletedAt) = (.purged, nil, nil, by.at)
        (resource.sync.adoption, resource.conditions, resource.updatedAt) = (.released, [], by.at)
        try resource.save(connection)
        connection.append(
            EventDraft(
                "\(resource.kind.rawValue).released", subject: resource.id.rawValue,
                data: [
                    "name": .string(resource.name), "project_id": JSON(resource.project), "provider_ref": JSON(resource.reference),
                    "state": resource.state,
                ]), by: by)
        return resource
    }
}

extension Resource {
    /// Throws `in_use` while others need it.
    func requireFree(_ connection: Connection) throws {
        let dependents = try dependents(connection)
        guard dependents.isEmpty else {
            throw Problem(
                .inUse, "\(dependents.count) other \(dependents.count == 1 ? "resource needs" : "resources need") it.",
                members: [
                    "dependents": .array(
                        dependents.prefix(100).map { ["id": JSON($0.id), "kind": .string($0.kind.rawValue), "name": .string($0.name)] })
                ])
        }
    }

    /// Whether it is this resource's object: by its mark, or by its reference where it has none.
    func isSeen(in sighting: Sighting) -> Bool {
        if sighting.owner == .ours(id.rawValue) { return true }
        return sync.adoption != nil && sighting.owner == .foreign && sighting.reference == reference
    }

    /// Whether it can be told by nothing but its reference, so that no other object can be made to have it.
    var isToldByReference: Bool { sync.adoption == .byReference || sync.adoption == .toBeMarked }
}

extension Synchronizer {
    /// What was adopted and is in no list of ours, found by its reference among what is nobody's.
    func adopted(_ finding: Finding, _ seen: [Sighting], _ unit: SyncUnit, _ account: SyncAccount) async throws(ProviderError) -> [Sighting]
    {
        let listed = Set(seen.map(\.reference))
        let adopted = Dictionary(
            finding.resources.filter { $0.sync.adoption != nil }.compactMap { resource in resource.reference.map { ($0, resource) } }
        ) { one, _ in one }
        guard adopted.keys.contains(where: { !listed.contains($0) }) else { return [] }
        var found: [Sighting] = []
        for stranger in try await account.provider.strangers(unit.kind) {
            guard !listed.contains(stranger.reference), !stranger.isMarked, let resource = adopted[stranger.reference] else { continue }
            if resource.sync.adoption == .toBeMarked, resource.isSettled { try await mark(resource, account) }
            found.append(Sighting(reference: stranger.reference, owner: .ours(resource.id.rawValue), state: stranger.state))
        }
        return found
    }

    /// Twice does no harm: a crash between the mark and the note of it leaves the next look to do both again.
    private func mark(_ resource: Resource, _ account: SyncAccount) async throws(ProviderError) {
        let isMarked = try await account.provider.mark(resource.subject)
        try await keeping {
            try await engine.store.write(in: resource.tenant.workspace) { [engine] connection in
                try engine.identity.requireCurrent(connection)
                var current = try Resource.find(resource.id, in: resource.tenant, connection)
                guard current.sync.adoption == .toBeMarked else { return }
                current.sync.adoption = isMarked ? .marked : .byReference
                try current.save(connection)
            }
        }
    }
}
