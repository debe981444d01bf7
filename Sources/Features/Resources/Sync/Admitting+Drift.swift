import Identity
import Kernel
import Prices
import Provider
import Storage

/// What ends a drift, admitted like anything a caller asks for: prices, quotas, budgets, freezes and the queue say their word.
extension Admitting {
    // MARK: Revert

    /// Makes the object as it is wanted, by an operation. Throws `invalid_state` for what cannot be changed back, and what any change throws.
    func revert(_ differences: [Difference], _ drifts: [DriftID], of resource: inout Resource) throws -> Operation {
        let steps = try reversal(of: differences, resource)
        let verb: Operation.Verb =
            if differences.allSatisfy(\.isState) { resource.spec.instance?.power == .stopped ? .stop : .start } else { .update }
        try resource.requireManaged(for: verb)
        if !verb.isAllowedWhileFrozen(to: resource.spec, from: resource.spec) {
            try ProjectFreeze.forbid(in: resource.project, resource.tenant, connection)
        }
        let estimate = try Admission.reserve(
            resource.spec.demand, for: resource.consumer, alternatives: resource.spec.alternatives, by: by, connection)
        let before = resource.snapshot
        let operation = try queue.add(verb, to: &resource, steps: steps, input: [Drift.input(drifts)])
        log(verb == .update ? "updated" : "\(verb.rawValue)_requested", resource, operation, before: before, estimate: estimate)
        return operation
    }

    /// The calls that lead from what is seen to what is wanted.
    private func reversal(of differences: [Difference], _ resource: Resource) throws -> [Step] {
        let changed = Dictionary(differences.map { ($0.path, $0) }) { $1 }
        var steps: [Step] = []
        switch resource.spec {
        case .instance(let spec):
            try steps += links(changed["volumes"], resource, require: .attachVolume) { id in
                spec.volumes.first { $0.volume == id }.map { .attach(id, path: $0.path) }
            } remove: {
                .detach($0)
            }
            try steps += links(changed["network_ids"], resource, require: .joinNetwork) {
                .join($0)
            } remove: {
                .leave($0)
            }
            try steps += links(changed["ip_ids"], resource, require: .attachAddress) {
                .assign($0)
            } remove: {
                .unassign($0)
            }
            var seen = spec
            if let size = changed["size"] { seen.size = size.observed.string ?? "" }
            if let power = changed[CanonicalState.power] { seen.power = power.observed == "running" ? .running : .stopped }
            let powerSteps = try self.steps(from: seen, to: spec, of: resource)
            if powerSteps.isEmpty, !steps.isEmpty { steps.append(Step(.await(.present))) }
            steps += powerSteps
        case .volume(let spec):
            if let size = changed["size_gib"], let observed = size.observed.integer, observed < Int64(spec.sizeGiB) {
                try ProviderConnection.find(resource.connection, in: resource.tenant, connection).require(.grow)
                steps = [Step(.grow(spec.sizeGiB)), Step(.await(.present))]
            }
        case .bucket(let spec):
            let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
            for feature in spec.features { try account.require(feature) }
            steps = [Step(.configure(spec.json, targets: []))]
        case .address(let spec): steps = [Step(.configure(spec.json, targets: []))]
        case .firewall(let spec): steps = try application(of: spec, resource)
        case .network, .snapshot: break
        }
        guard !steps.isEmpty else {
            throw Problem(
                .invalidState,
                "\(differences.map(\.path).joined(separator: ", ")) of a \(resource.kind.noun) cannot be changed back; accept what is there, or make a new one."
            )
        }
        return steps
    }

    private func links(
        _ difference: Difference?, _ resource: Resource, require feature: Capabilities.Feature,
        add: (ResourceID) -> Step.Action?, remove: (ResourceID) -> Step.Action
    ) throws -> [Step] {
        guard let difference else { return [] }
        try ProviderConnection.find(resource.connection, in: resource.tenant, connection).require(feature)
        let wanted = difference.wanted.ids
        let observed = difference.observed.ids
        let known = observed.filter { id in
            !wanted.contains(id) && (try? Resource.find(id, in: resource.tenant, connection)) != nil
        }
        return known.map { Step(remove($0)) } + wanted.filter { !observed.contains($0) }.compactMap(add).map { Step($0) }
    }

    /// Makes again what is gone, under its old id and name. Throws `invalid_state` for what held data.
    func recreate(_ drift: DriftID, _ resource: inout Resource) throws -> Operation {
        guard resource.sync.adoption == nil else {
            throw Problem(.invalidState, "It was adopted: how it was made is not known, so it cannot be made again.")
        }
        guard resource.kind.isStateless else {
            throw Problem(
                .invalidState,
                "The \(resource.kind.noun) \(resource.name) cannot be made again: \(resource.kind == .address ? "it would be another" : "its data are gone")."
            )
        }
        try resource.requireManaged(for: .create)
        try ProjectFreeze.forbid(in: resource.project, resource.tenant, connection)
        let waitsFor = try requireReferences(of: resource)
        let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
        let estimate = try Admission.reserve(
            resource.spec.demand, for: resource.consumer, alternatives: resource.spec.alternatives, by: by, connection)
        (resource.reference, resource.power, resource.observed, resource.sync.baseline) = (nil, nil, .init(), nil)
        resource.phase = .pending
        let operation = try queue.add(
            .create, to: &resource, steps: try steps(toMake: resource, at: account),
            input: [.init("spec", resource.spec.json), Drift.input([drift])],
            waitsFor: waitsFor)
        log("updated", resource, operation, before: resource.snapshot, estimate: estimate)
        return operation
    }

    // MARK: Accept

    /// What is seen becomes what is wanted. Throws `invalid_state` for what a spec cannot say, `quota_exceeded`, `budget_exceeded`.
    func accept(_ differences: [Difference], of resource: inout Resource) throws {
        let before = resource
        var spec = resource.spec
        for difference in differences { spec = try spec.accepting(difference, of: resource.kind) }
        for reference in spec.references where !before.spec.references.contains(reference) {
            let other = try? Resource.find(reference.id, in: resource.tenant, connection)
            guard let other, other.project == resource.project, !other.isGone else {
                throw Problem(.invalidReference, "\(reference.id) is nothing of this project.")
            }
        }
        _ = try Admission.reserve(spec.demand, for: resource.consumer, alternatives: spec.alternatives, by: by, connection)
        resource.spec = spec
        resource.generation += 1
        resource.observedGeneration = resource.generation
        resource.updatedAt = by.at
        for difference in differences where !difference.isState {
            resource.sync.baseline = resource.sync.baseline ?? CanonicalState()
            resource.sync.baseline?.fields[difference.path] = difference.observed
        }
        if spec.references != before.spec.references { try resource.replaceLinks(connection) }
        try MeteredTime.set(resource.chargedLines, for: resource.consumer, at: by.at, connection)
        log("updated", resource, nil, before: before.snapshot)
    }

    /// What is gone counts as deleted. Throws `in_use` while others need it.
    func bury(_ resource: inout Resource) throws {
        try resource.requireFree(connection)
        let operation = try queue.noop(.delete, on: resource)
        resource.phase = .deleted
        (resource.power, resource.reference, resource.observed, resource.conditions) = (nil, nil, .init(), [])
        (resource.deletedAt, resource.purgeAt, resource.expiresAt) = (by.at, by.at.adding(days: Resource.retention), nil)
        resource.updatedAt = by.at
        try MeteredTime.set([], for: resource.consumer, at: by.at, connection)
        try Admission.release(resource.id.rawValue, by: by, connection)
        try resource.removeLinks(connection)
        connection.append(
            EventDraft(
                "\(resource.kind.rawValue).deleted", subject: resource.id.rawValue,
                data: [
                    "operation_id": JSON(operation.id), "name": .string(resource.name), "project_id": JSON(resource.project),
                    "phase": .string(resource.phase.rawValue), "power": .null, "error": .null,
                ]), by: by)
    }
}

extension Spec {
    /// The same with what was seen of one field. Throws `invalid_state` when it cannot be said.
    fileprivate func accepting(_ difference: Difference, of kind: ResourceKind) throws -> Spec {
        let refusal = Problem(
            .invalidState, "\(difference.path) cannot be accepted as it is there: a spec cannot say it. Revert it, or make a new one.")
        if difference.path == "volumes" {
            // Where a volume that was added appears is not known.
            guard case .instance(var spec) = self else { throw refusal }
            let seen = difference.observed.ids
            guard seen.allSatisfy({ id in spec.volumes.contains { $0.volume == id } }) else { throw refusal }
            spec.volumes.removeAll { !seen.contains($0.volume) }
            return .instance(spec)
        }
        if difference.path == "size", difference.observed.string.flatMap(InstanceSize.named) == nil { throw refusal }
        let value: JSON = difference.observed == "crashed" ? "stopped" : difference.observed
        let members = (json.members ?? []).map { $0.name == difference.path ? JSON.Member($0.name, value) : $0 }
        guard let spec = Spec(kind, .object(members)), CanonicalState(spec)[difference.path] == value else { throw refusal }
        return spec
    }
}

extension JSON {
    fileprivate var ids: [ResourceID] { (array ?? []).compactMap(\.string).map { ResourceID($0) } }
}

extension OperationEngine {
    /// What the server itself admits, with the right of the whole workspace.
    func admitting(by: Attribution, _ connection: Connection) -> Admitting {
        let itself = Caller(
            workspace: by.tenant.workspace, mode: by.tenant.mode, credential: .init(kind: .token, id: by.actor.id, project: nil), user: nil,
            scopes: .all, reach: .workspace(.editor), profile: .cloudapi)
        return Admitting(caller: itself, by: by, identity: identity, pool: pool, connection: connection)
    }
}
