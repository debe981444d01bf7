import Identity
import Kernel
import Prices
import Provider
import Storage
import Web

/// Everything that admits or refuses a change, in the order of the contract; all of it in the request's transaction, before any provider
/// is called. By value: who asks, for which project.
struct Admitting {
    let caller: Caller
    let by: Attribution
    let identity: EngineIdentity
    let pool: ProviderPool
    let connection: Connection
    /// What takes a change back is no new one: policies are not asked.
    var isTakingBack = false
    /// Digests of the nonces of the leases that the caller holds.
    var proofs: Set<String> = []

    var queue: OperationQueue { OperationQueue(by: by, actor: by.actor, epoch: identity.epoch, connection: connection) }

    /// Whose the new resource is: the credential's project, or the one that is named. Throws `not_found`, `forbidden`, `project_archived`,
    /// or `validation_failed` when none is named.
    func project(_ asked: String?) throws -> Project {
        guard let id = asked.map({ ProjectID($0) }) ?? caller.credential.project else {
            throw Problem.invalid("project_id", "Say whose it is: this credential belongs to no single project.", code: "required")
        }
        try caller.require(.editor, in: id)
        let project = try Project.find(id, for: caller, connection)
        try project.requireActive()
        try ProjectFreeze.forbid(in: id, caller.tenant, connection)
        return project
    }

    // MARK: Create

    func create(_ draft: ResourceDraft, in project: Project, isDryRun: Bool = false) throws -> Admitted {
        let (draft, placement) = try placed(draft, in: project)
        let account = try account(for: draft, in: project)
        let resolution = SpecResolution(caller: caller, project: project, account: account, connection: connection)
        let resolved = try resolution.resolve(draft)
        try requireUnleased(resolved.spec.references, in: caller.tenant)
        var resource = Resource(
            id: draft.kind.makeID(by), kind: draft.kind, tenant: caller.tenant, account: project.account, project: project.id,
            environment: project.env.rawValue, name: draft.name, connection: account.id, provider: account.provider,
            location: resolved.location ?? Resource.usualLocation, phase: .pending, power: nil, spec: resolved.spec, sealed: nil,
            labels: draft.labels,
            dependsOn: draft.dependsOn.map { ResourceID($0) }, observed: .init(), conditions: [], reference: nil,
            isProtected: draft.isProtected, expiresAt: draft.expiresAt, generation: 1, observedGeneration: 0, metadata: 1, operation: nil,
            createdAt: by.at, updatedAt: by.at, syncedAt: nil, deletedAt: nil, purgeAt: nil)
        draft.sync.apply(to: &resource.sync)
        try requireFree(resource.name, resource.kind, in: project.id)
        let results = try requirePolicies(resource, isDryRun: isDryRun)
        if isDryRun {
            let estimate = try Admission.quote(
                resource.spec.demand, for: resource.consumer, alternatives: resource.spec.alternatives, by: by, connection)
            return Admitted(
                resource: resource, operation: nil, estimate: estimate, isNew: true, policyResults: results, placement: placement)
        }
        let estimate = try Admission.reserve(
            resource.spec.demand, for: resource.consumer, isNew: true, alternatives: resource.spec.alternatives, by: by, connection)
        resource.sealed = try resolved.hidden.map { try pool.seal(hidden: $0, for: resource.id) }
        let operation = try queue.add(
            .create, to: &resource, steps: try steps(toMake: resource, at: account), input: [.init("spec", resource.spec.json)],
            waitsFor: resolved.waitsFor)
        try resource.insert(connection)
        log("created", resource, operation, estimate: estimate, placement: placement)
        return Admitted(
            resource: resource, operation: operation, estimate: estimate, isNew: true, policyResults: results, placement: placement)
    }

    /// The connection that is named, or that of what it is made from, or the project's only one.
    private func account(for draft: ResourceDraft, in project: Project) throws -> ProviderConnection {
        let source = draft.source.flatMap { try? Resource.find($0.name, $0.kind, project: project.id, for: caller, connection) }
        let place = source.flatMap { $0.project == project.id ? $0.connection.rawValue : nil }
        return try ProviderConnection.resolve(draft.provider ?? place, for: project.id, caller.tenant, connection)
    }

    private func requireFree(_ name: String, _ kind: ResourceKind, in project: ProjectID) throws {
        guard let known = try Resource.find(named: name, kind, in: project, caller.tenant, connection) else { return }
        throw Problem(
            .nameTaken,
            known.isGone
                ? "A deleted \(kind.rawValue) named \(name) is kept until \(known.purgeAt?.description ?? "it is purged"). Undelete it, or delete it with `purge=true`."
                : "There is a \(kind.rawValue) named \(name) in this project.", members: ["existing_id": JSON(known.id)])
    }

    // MARK: Undelete

    /// Makes again what was deleted, from its spec; what was kept is what it was. Throws `lease_held`, `not_deleted`, and `invalid_state` for what
    /// cannot be as it was.
    func undelete(_ resource: Resource) throws -> Admitted {
        try requireUnleased(resource)
        guard resource.phase == .deleted else {
            throw Problem(.notDeleted, "The \(resource.kind.rawValue) \(resource.name) is not deleted.")
        }
        try requireRecoverable(resource)
        try ProjectFreeze.forbid(in: resource.project, resource.tenant, connection)
        var resource = resource
        let waitsFor = try requireReferences(of: resource)
        let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
        let results = resource.isKept ? [] : try requirePolicies(resource)
        let estimate = try Admission.reserve(
            resource.spec.demand, for: resource.consumer, alternatives: resource.spec.alternatives, by: by, connection)
        let steps = resource.isKept ? [Step(.await(.present))] : try self.steps(toMake: resource, at: account)
        // What is kept stays so until it is seen.
        if !resource.isKept { (resource.deletedAt, resource.purgeAt) = (nil, nil) }
        resource.phase = .pending
        let operation = try queue.add(
            .undelete, to: &resource, steps: steps, input: [.init("spec", resource.spec.json)], waitsFor: waitsFor)
        try resource.writeLinks(connection)
        try resource.save(connection)
        log("undelete_requested", resource, operation, estimate: estimate)
        return Admitted(resource: resource, operation: operation, estimate: estimate, policyResults: results)
    }

    private func requireRecoverable(_ resource: Resource) throws {
        if let operation = resource.operation {
            throw Problem(
                .invalidState, "The \(resource.kind.noun) \(resource.name) is being purged.", members: ["operation_id": JSON(operation)])
        }
        if resource.isKept { return }
        guard !resource.kind.isKeptWhenDeleted else {
            throw Problem(
                .invalidState,
                "The provider does not have the \(resource.kind.noun) \(resource.name) any more: its data are gone; make a new one.")
        }
        guard resource.kind.canBeUndeleted else {
            let why = resource.kind == .address ? "A deleted address is somebody else's by now" : "The data of a deleted snapshot are gone"
            throw Problem(.invalidState, why + "; make a new one.")
        }
        guard resource.sync.adoption == nil else {
            throw Problem(.invalidState, "It was adopted: how it was made is not known, so it cannot be made again.")
        }
    }

    func requireReferences(of resource: Resource) throws -> [OperationID] {
        try (resource.spec.standingReferences.map(\.id) + resource.dependsOn).compactMap { id in
            let other = try Resource.find(id, in: resource.tenant, connection)
            guard !other.isGone, other.phase != .deleting else {
                throw Problem(.invalidReference, "It needs \(other.kind.rawValue) \(other.name), which is gone.")
            }
            return other.operation
        }
    }

    // MARK: The log

    func log(
        _ action: String, _ resource: Resource, _ operation: Operation?, before: JSON? = nil, estimate: Estimate? = nil,
        placement: Placement? = nil
    ) {
        // In the order of a row of the log, which then need not be sorted.
        var data: [JSON.Member] = [.init("after", resource.snapshot)]
        if let before { data.append(.init("before", before)) }
        if let estimate {
            data.append(
                .init("estimate", ["currency": .string(estimate.currency), "hourly": .string(estimate.hourly.description)]))
        }
        if let operation { data.append(.init("operation_id", JSON(operation.id))) }
        if let placement { data.append(.init("placement", placement.json)) }
        data.append(.init("state", resource.state))
        connection.append(EventDraft("\(resource.kind.rawValue).\(action)", subject: resource.id.rawValue, data: .object(data)), by: by)
    }
}

extension Spec {
    /// The calls that make it. Where making an instance starts it, one that is wanted stopped is stopped after.
    func creationSteps(isMadeStopped: Bool) -> [Step] {
        if case .snapshot = self { return [Step(.create), Step(.await(.whole))] }
        guard case .instance(let spec) = self else { return [Step(.create)] }
        let made = [Step(.create)] + spec.addresses.map { Step(.assign($0)) }
        if spec.power == .running { return made + [Step(.start), Step(.await(.running))] }
        return made + (isMadeStopped ? [] : [Step(.stop), Step(.await(.stopped))])
    }
}

extension Resource {
    /// What stands in the log about it, in the log's order.
    var snapshot: JSON {
        [
            "connection_id": JSON(connection), "deletion_protection": .bool(isProtected),
            "drift_ignore": .array(sync.ignored.map(JSON.string)), "drift_policy": .string(driftPolicy.rawValue),
            "expires_at": JSON(expiresAt), "generation": JSON(generation),
            "labels": .object(labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
            "management": .string(sync.management.rawValue), "name": .string(name), "project_id": JSON(project), "spec": spec.json,
            "sync_interval_s": JSON(sync.interval),
        ]
    }
}
