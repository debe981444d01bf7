import Identity
import Kernel
import Prices
import Provider
import Storage

/// Makes the fleet, in one transaction: each member as it became and is now, and in the end the log, in the order of time.
struct SandboxPlanting {
    let project: Project
    let account: ProviderAccount
    let by: Attribution
    let cloud: SandboxResources.Cloud
    let connection: Connection
    private var planted: [String: Resource] = [:]
    private var history: [(at: Timestamp, draft: EventDraft)] = []

    init(project: Project, account: ProviderAccount, by: Attribution, cloud: SandboxResources.Cloud, connection: Connection) {
        self.project = project
        self.account = account
        self.by = by
        self.cloud = cloud
        self.connection = connection
    }

    mutating func plant(_ member: SandboxFleet.Member) throws {
        var resource = resource(of: member)
        try tell(.create, resource, at: resource.createdAt)
        try MeteredTime.set(resource.spec.demand.lines, for: resource.consumer, at: resource.createdAt, connection)
        for change in member.changes { try apply(change, to: &resource) }
        try order(&resource, by: member)
        resource.set(
            .ready, true, resource.power == .stopped ? "Stopped" : resource.power == nil ? "Present" : "Running", at: resource.updatedAt)
        try resource.insert(connection)
        history.append((resource.updatedAt.adding(seconds: 3), resource.observation()))
        _ = try Admission.reserve(resource.spec.demand, for: resource.consumer, alternatives: [], by: by, connection)
        planted[member.name] = resource
    }

    private func time(daysAgo: Int64) -> Timestamp { by.at.floored(toSeconds: 3600).adding(days: -daysAgo) }

    private func resource(of member: SandboxFleet.Member) -> Resource {
        let made = time(daysAgo: member.age)
        return Resource(
            id: SandboxIdentity(workspace: by.tenant.workspace, place: planted.count, name: member.name).id(of: member.kind),
            kind: member.kind, tenant: by.tenant, account: project.account, project: project.id, environment: project.env.rawValue,
            name: member.name, connection: ConnectionID(account.id), provider: "simulator", location: "local", phase: .ready,
            power: member.kind == .instance ? .running : nil, spec: spec(of: member), sealed: nil, labels: member.labels, dependsOn: [],
            observed: .init(), conditions: [], reference: nil, isProtected: false, expiresAt: nil, generation: 1, observedGeneration: 1,
            metadata: 1, operation: nil, createdAt: made, updatedAt: made, syncedAt: by.at, deletedAt: nil, purgeAt: nil)
    }

    private func spec(of member: SandboxFleet.Member) -> Spec {
        switch member.make {
        case .instance(let size, let image, let network, let volume):
            var spec = InstanceSpec.standard
            spec.size = size
            spec.image = image
            spec.networks = [network].compactMap { planted[$0]?.id }
            spec.volumes = [volume].compactMap { $0 }.compactMap { planted[$0] }.map { .init(volume: $0.id, path: "/var/lib/data") }
            return .instance(spec)
        case .volume(let size, let type):
            return .volume(VolumeSpec(["size_gib": JSON(size), "type": .string(type), "encrypted": .bool(false)]))
        case .network(let cidr): return .network(NetworkSpec(["cidr": .string(cidr)]))
        }
    }

    // MARK: Changes

    private mutating func apply(_ change: SandboxFleet.Change, to resource: inout Resource) throws {
        guard var spec = resource.spec.instance else { return }
        let before = resource.snapshot
        let (verb, moment): (Operation.Verb, Timestamp)
        switch change {
        case .resize(let size, let age):
            (verb, moment) = (.resize, time(daysAgo: age))
            spec.size = size
        case .stop(let age):
            (verb, moment) = (.stop, time(daysAgo: age))
            spec.power = .stopped
            resource.power = .stopped
        }
        resource.spec = .instance(spec)
        resource.generation += 1
        resource.observedGeneration = resource.generation
        resource.updatedAt = moment
        try tell(verb, resource, before: before, at: moment)
        try MeteredTime.set(resource.spec.demand.lines, for: resource.consumer, at: moment, connection)
    }

    // MARK: At the provider

    private func order(_ resource: inout Resource, by member: SandboxFleet.Member) throws {
        var account = account
        let bits = SandboxIdentity.bits(resource.id.rawValue)
        account.surroundings.random = { bits }
        let order = Order(
            subject: resource.subject, token: resource.id.rawValue, blueprint: blueprint(of: resource.spec), labels: resource.labels)
        let sighting = try cloud.plant(order, resource.power == .running, resource.createdAt, account, connection)
        resource.reference = sighting.reference
        resource.observed = Resource.Observed(sighting.state)
    }

    private func blueprint(of spec: Spec) -> Blueprint {
        switch spec {
        case .instance(let spec):
            let targets = Dictionary(planted.values.map { ($0.id, $0.subject) }) { one, _ in one }
            return .instance(
                InstanceBlueprint(
                    size: spec.capacity, image: spec.image, networks: spec.networks.compactMap { targets[$0] },
                    volumes: spec.volumes.compactMap { entry in targets[entry.volume].map { Mount(volume: $0, path: entry.path) } }))
        case .volume(let spec): return .volume(VolumeBlueprint(sizeGiB: spec.sizeGiB, type: spec.type, isEncrypted: spec.isEncrypted))
        case .network(let spec): return .network(NetworkBlueprint(cidr: spec.cidr, reachesOutside: spec.nat))
        case .bucket(let spec): return .bucket(spec.blueprint)
        case .address(let spec): return .address(spec.blueprint)
        case .firewall(let spec): return .firewall(FirewallBlueprint(rules: spec.spread))
        case .snapshot(let spec):
            let volume = planted.values.first { $0.id == spec.volume }
            return .snapshot(SnapshotBlueprint(volume: volume?.subject ?? Subject(kind: .volume, id: spec.volume?.rawValue ?? "")))
        }
    }

    // MARK: What happened

    /// An operation, and how the log tells it: asked for, and done seconds later.
    private mutating func tell(_ verb: Operation.Verb, _ resource: Resource, before: JSON? = nil, at moment: Timestamp) throws {
        let kind = resource.kind.rawValue
        let operation = SandboxIdentity.operation(verb.rawValue, resource.id, at: moment)
        try Operation(
            id: operation, tenant: by.tenant, project: resource.project, kind: resource.kind, resource: resource.id,
            connection: resource.connection, verb: verb, state: .succeeded, steps: steps(of: verb, resource, at: moment),
            input: ["spec": resource.spec.json], error: nil, isNoop: false, place: 0, waitsFor: [], supersededBy: nil, actor: by.actor,
            request: nil, epoch: 0, dueAt: nil, createdAt: moment, startedAt: moment, finishedAt: moment.adding(seconds: 2)
        ).insert(connection)
        var asked: [JSON.Member] = before.map { [.init("before", $0)] } ?? []
        asked += [.init("after", resource.snapshot), .init("operation_id", JSON(operation)), .init("state", resource.state)]
        let type = verb == .create ? "\(kind).created" : "\(kind).\(verb.rawValue)_requested"
        history.append((moment, EventDraft(type, subject: resource.id.rawValue, data: .object(asked))))
        let done = EventDraft(
            "\(kind).\(verb.pastTense)", subject: resource.id.rawValue,
            data: [
                "operation_id": JSON(operation), "name": .string(resource.name), "project_id": JSON(resource.project),
                "phase": .string(resource.phase.rawValue), "power": JSON(resource.power?.rawValue), "error": .null,
                "state": resource.state,
            ])
        history.append((moment.adding(seconds: 2), done))
    }

    private func steps(of verb: Operation.Verb, _ resource: Resource, at moment: Timestamp) -> [Step] {
        let steps =
            switch verb {
            case .resize: resource.spec.instance.map { [Step(.resize($0.size))] } ?? []
            case .stop: [Step(.stop), Step(.await(.stopped))]
            default: resource.spec.creationSteps(isMadeStopped: true)
            }
        return steps.map { step in
            var step = step
            (step.state, step.attempt, step.startedAt) = (.done, 1, moment)
            return step
        }
    }

    /// Puts everything into the log, with the times at which it happened.
    func tellHistory() throws {
        for (at, draft) in history.sorted(by: { $0.at < $1.at }) {
            var then = by.surroundings
            then.now = { at }
            connection.append(
                draft, by: Attribution(tenant: by.tenant, actor: by.actor, address: nil, request: nil, surroundings: then))
        }
    }
}

/// Ids that are the same after every reset, so that what was written against the sandbox goes on working.
private struct SandboxIdentity {
    let workspace: WorkspaceID
    let place: Int
    let name: String

    /// Older than any id a user makes, and in the order of the fleet.
    private static let epoch = Timestamp(milliseconds: 1_767_225_600_000)

    func id(of kind: ResourceKind) -> ResourceID {
        let time = Self.epoch.adding(milliseconds: Int64(place))
        let random = (Self.bits(workspace.rawValue), Self.bits(workspace.rawValue + name))
        return switch kind {
        case .instance: ResourceID(ID<InstanceKind>.make(at: time, random: random).rawValue)
        case .volume: ResourceID(ID<VolumeKind>.make(at: time, random: random).rawValue)
        case .network: ResourceID(ID<NetworkKind>.make(at: time, random: random).rawValue)
        case .bucket: ResourceID(ID<BucketKind>.make(at: time, random: random).rawValue)
        case .address: ResourceID(ID<AddressKind>.make(at: time, random: random).rawValue)
        case .firewall: ResourceID(ID<FirewallKind>.make(at: time, random: random).rawValue)
        case .snapshot: ResourceID(ID<SnapshotKind>.make(at: time, random: random).rawValue)
        }
    }

    static func operation(_ verb: String, _ resource: ResourceID, at moment: Timestamp) -> OperationID {
        .make(at: moment, random: (bits(resource.rawValue), bits(resource.rawValue + verb)))
    }

    /// FNV-1a, 64 bits.
    static func bits(_ text: String) -> UInt64 { text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 } }
}
