import Identity
import Kernel
import Prices
import Provider
import Storage
import Web

extension Admitting {
    /// What of a resource is to be different.
    struct Wanted {
        var labels: [String: String]?
        var isProtected: Bool?
        /// `.some(nil)` takes the expiry away.
        var expiresAt: Timestamp??
        var sync = SyncDraft(nil)
        /// A merge-patch of the spec.
        var spec: JSON?
    }

    // MARK: Update

    /// Metadata at once, the spec through an operation; no operation when the spec stays as it is.
    func update(_ resource: Resource, to wanted: Wanted) throws -> Admitted {
        try requireUnleased(resource)
        try requirePresent(resource)
        var changed = resource
        if let labels = wanted.labels { changed.labels = labels }
        if let isProtected = wanted.isProtected { changed.isProtected = isProtected }
        if let expiresAt = wanted.expiresAt { changed.expiresAt = expiresAt }
        wanted.sync.apply(to: &changed.sync)
        if changed.sync.management != resource.sync.management { try requireInStep(changed) }
        let hasNewMetadata =
            changed.labels != resource.labels || changed.isProtected != resource.isProtected || changed.expiresAt != resource.expiresAt
            || changed.sync != resource.sync
        if hasNewMetadata { changed.metadata += 1 }
        if changed.labels != resource.labels { try changed.replaceLabels(connection) }
        changed.updatedAt = hasNewMetadata ? by.at : changed.updatedAt
        let (spec, steps) = try change(resource, by: wanted.spec ?? .object([]))
        guard !steps.isEmpty else {
            let results = changed.labels == resource.labels ? [] : try requirePolicies(changed, before: resource)
            if hasNewMetadata {
                try changed.save(connection)
                log("updated", changed, nil, before: resource.snapshot)
            }
            return Admitted(resource: changed, policyResults: results)
        }
        return try act(.update, on: &changed, from: resource, spec: spec, steps: steps)
    }

    /// What the patched spec is, and the calls that lead there. Throws `validation_failed`, `unsupported_by_provider`.
    private func change(_ resource: Resource, by patch: JSON) throws -> (Spec, [Step]) {
        switch resource.spec {
        case .instance(let spec):
            var wanted = spec
            if let size = patch["size"]?.string { wanted.size = size }
            if let power = patch["power"]?.string.flatMap(Power.init) { wanted.power = power }
            return (.instance(wanted), try steps(from: spec, to: wanted, of: resource))
        case .volume(let spec):
            var wanted = spec
            if let size = patch["size_gib"]?.integer { wanted.sizeGiB = Int(size) }
            return (.volume(wanted), try steps(from: spec, to: wanted, of: resource))
        case .network, .snapshot: return (resource.spec, [])
        case .bucket(let spec): return try change(spec, by: patch, of: resource)
        case .address(let spec): return try change(spec, by: patch, of: resource)
        case .firewall(let spec): return try change(spec, by: patch, of: resource)
        }
    }

    func steps(from spec: InstanceSpec, to wanted: InstanceSpec, of resource: Resource) throws -> [Step] {
        var steps: [Step] = []
        let wasRunning = spec.power == .running
        let isRunning = wanted.power == .running
        if wanted.size != spec.size {
            let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
            try account.require(.resize)
            try requireRoom(for: wanted, at: account)
            let mustStop = wasRunning && account.capabilities.map { !$0.features.contains(.liveResize) } == true
            if mustStop || (wasRunning && !isRunning) { steps += [Step(.stop), Step(.await(.stopped))] }
            steps.append(Step(.resize(wanted.size)))
            if isRunning && (mustStop || !wasRunning) { steps.append(Step(.start)) }
            if isRunning { steps.append(Step(.await(.running))) }
            return steps
        }
        if wasRunning == isRunning { return [] }
        return isRunning ? [Step(.start), Step(.await(.running))] : [Step(.stop), Step(.await(.stopped))]
    }

    private func requireRoom(for spec: InstanceSpec, at account: ProviderConnection) throws {
        guard let largest = account.capabilities?.largest else { return }
        guard spec.capacity.milliCPUs <= largest.milliCPUs, spec.capacity.memoryMiB <= largest.memoryMiB else {
            throw Problem.invalid("spec/size", "The size \(spec.size) does not fit the provider.", code: "too_large")
        }
    }

    func steps(from spec: VolumeSpec, to wanted: VolumeSpec, of resource: Resource) throws -> [Step] {
        guard wanted.sizeGiB != spec.sizeGiB else { return [] }
        guard wanted.sizeGiB > spec.sizeGiB else {
            throw Problem(
                .validationFailed, "A volume can grow and not shrink: this one has \(spec.sizeGiB) GiB.",
                violations: [.init(pointer: "/spec/size_gib", code: "shrinks", detail: "must be at least \(spec.sizeGiB)")],
                members: ["minimum": JSON(spec.sizeGiB)])
        }
        try ProviderConnection.find(resource.connection, in: resource.tenant, connection).require(.grow)
        return [Step(.grow(wanted.sizeGiB))]
    }

    /// Takes what the new spec needs and puts the work into the queue.
    func act(_ verb: Operation.Verb, on changed: inout Resource, from resource: Resource, spec: Spec, steps: [Step]) throws -> Admitted {
        try requireUnleased(resource)
        try resource.requireManaged(for: verb)
        if !verb.isAllowedWhileFrozen(to: spec, from: resource.spec) {
            try ProjectFreeze.forbid(in: resource.project, resource.tenant, connection)
        }
        changed.spec = spec
        changed.generation += 1
        changed.updatedAt = by.at
        let results = spec == resource.spec && changed.labels == resource.labels ? [] : try requirePolicies(changed, before: resource)
        // A stop frees its share of the budget only when it has happened.
        var estimate: Estimate?
        if spec.demand.grows(from: resource.spec.demand) {
            estimate = try Admission.reserve(spec.demand, for: changed.consumer, alternatives: spec.alternatives, by: by, connection)
        }
        if spec.references != resource.spec.references { try changed.replaceLinks(connection) }
        let operation = try queue.add(
            verb, to: &changed, steps: steps, input: [.init("before", resource.spec.json)], waitsFor: try unmade(steps, resource))
        try changed.save(connection)
        log(verb == .update ? "updated" : "\(verb.rawValue)_requested", changed, operation, before: resource.snapshot, estimate: estimate)
        return Admitted(resource: changed, operation: operation, estimate: estimate, policyResults: results)
    }

    /// Operations that still make what the steps are about.
    private func unmade(_ steps: [Step], _ resource: Resource) throws -> [OperationID] {
        try Set(steps.flatMap(\.action.targets)).sorted().compactMap { id in
            let other = try Resource.find(id, in: resource.tenant, connection)
            return other.reference == nil ? other.operation : nil
        }
    }

    /// Throws `invalid_state` for what is gone, going or was never made.
    func requirePresent(_ resource: Resource) throws {
        switch resource.phase {
        case .deleting, .deleted, .failed, .purged, .missing:
            throw Problem(
                .invalidState, "The \(resource.kind.rawValue) \(resource.name) is \(resource.phase.rawValue).",
                members: ["phase": .string(resource.phase.rawValue)])
        default: break
        }
    }

    // MARK: Put

    /// Makes it, or brings what is there in line. Throws `immutable_field` for what only a new resource can have.
    func put(_ draft: ResourceDraft, in project: Project) throws -> Admitted {
        guard let known = try Resource.find(named: draft.name, draft.kind, in: project.id, caller.tenant, connection) else {
            return try create(draft, in: project)
        }
        if known.phase == .deleted { return try undelete(known) }
        let account = try ProviderConnection.find(known.connection, in: known.tenant, connection)
        guard draft.provider == nil || draft.provider == account.id.rawValue || draft.provider == account.name else {
            throw Problem(.immutableField, "It lives at the connection \(account.name); make a new one to move it.")
        }
        try requireSame(known, draft.spec)
        return try update(
            known,
            to: Wanted(
                labels: draft.labels, isProtected: draft.isProtected, expiresAt: .some(draft.expiresAt), sync: draft.sync,
                spec: draft.spec))
    }

    /// What a put repeats must be what it was made with.
    private func requireSame(_ known: Resource, _ spec: JSON) throws {
        let kept = known.spec.json
        for member in spec.members ?? [] where !known.kind.changeable.contains(member.name) {
            let isSame =
                switch member.name {
                case "image", "command", "type", "encrypted", "cidr", "nat", "family": kept[member.name] == member.value
                case "volume_id", "from_snapshot": try isNamed(kept[member.name], by: member.value, known)
                default: true
                }
            guard isSame else {
                throw Problem(
                    .immutableField, "/spec/\(member.name) cannot be changed; make a new \(known.kind.rawValue).",
                    violations: [.init(pointer: "/spec/" + member.name, code: "immutable_field", detail: "cannot be changed")])
            }
        }
    }

    /// Whether an id or a name is that of what it was made from, which may be gone.
    private func isNamed(_ kept: JSON?, by said: JSON, _ known: Resource) throws -> Bool {
        guard let source = kept?.string else { return said == .null }
        return try said.string == source || said.string == Resource.find(ResourceID(source), in: known.tenant, connection).name
    }
}

extension ResourceKind {
    /// The members of a spec that an update can change.
    var changeable: Set<String> {
        switch self {
        case .instance: ["size", "power"]
        case .volume: ["size_gib"]
        case .network: []
        case .bucket: ["public", "versioning", "encryption", "expire_days", "quota_bytes"]
        case .address: ["reverse_dns"]
        case .firewall: ["rules", "apply_to"]
        case .snapshot: []
        }
    }
}

extension Demand {
    /// Whether it takes more of anything.
    func grows(from other: Demand) -> Bool {
        if counts.contains(where: { $0.value > (other.counts[$0.key] ?? 0) }) { return true }
        return lines != other.lines && !lines.isEmpty
    }
}
