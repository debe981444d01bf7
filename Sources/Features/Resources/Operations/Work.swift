import Crypto
import Kernel
import Prices
import Provider
import Storage

/// One operation with everything an attempt needs, as read in one go.
struct Work: Sendable {
    let operation: Operation
    let resource: Resource
    let provider: any Provider
    let capabilities: Capabilities?
    /// Resources that a step or a spec names.
    let others: [ResourceID: Resource]
    let identity: EngineIdentity
    let hidden: JSON?

    var step: Step? { operation.position.map { operation.steps[$0] } }
    var subject: Subject { resource.subject }

    /// An earlier attempt may have reached the provider.
    func mayHaveHappened(_ step: Step) -> Bool { step.attempt > 0 || operation.epoch != identity.epoch }

    var identification: Capabilities.Identification { capabilities?.identification[resource.kind] ?? .name }

    func subject(of id: ResourceID, _ kind: ResourceKind) -> Subject {
        others[id]?.subject ?? Subject(kind: kind, id: id.rawValue)
    }

    /// The same on every attempt of the step: 40 letters of a digest of who asks for what.
    func token(_ step: Step) -> String {
        let text = [identity.installation, operation.id.rawValue, step.name].joined(separator: "|")
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        var bits: UInt64 = 0
        var count = 0
        var token = ""
        for byte in SHA256.hash(data: Array(text.utf8)) {
            bits = bits << 8 | UInt64(byte)
            count += 8
            while count >= 5 {
                token.append(alphabet[Int((bits >> UInt64(count - 5)) & 31)])
                count -= 5
            }
        }
        return String(token.prefix(40))
    }
}

extension Work {
    /// What the create asks for, from the spec that was fixed when it was admitted.
    func order(_ step: Step) -> Order {
        Order(subject: subject, token: token(step), blueprint: blueprint, labels: resource.labels)
    }

    private var blueprint: Blueprint {
        blueprint(Spec(resource.kind, operation.input["spec"] ?? resource.spec.json) ?? resource.spec, targets: [])
    }

    private func blueprint(_ spec: Spec, targets: [ResourceID]) -> Blueprint {
        switch spec {
        case .instance(let spec): .instance(blueprint(spec))
        case .volume(let spec):
            .volume(
                VolumeBlueprint(
                    sizeGiB: spec.sizeGiB, type: spec.type, isEncrypted: spec.isEncrypted,
                    source: spec.source.map { subject(of: $0, .snapshot) }))
        case .network(let spec): .network(NetworkBlueprint(cidr: spec.cidr, reachesOutside: spec.nat))
        case .bucket(let spec): .bucket(spec.blueprint)
        case .address(let spec): .address(spec.blueprint)
        case .firewall(let spec):
            .firewall(FirewallBlueprint(rules: spec.spread, targets: targets.map { subject(of: $0, .instance) }))
        case .snapshot(let spec):
            // One that was adopted is not made, and names no volume.
            .snapshot(SnapshotBlueprint(volume: subject(of: spec.volume ?? resource.id, .volume)))
        }
    }

    private func blueprint(_ spec: InstanceSpec) -> InstanceBlueprint {
        let environment = hidden?["env"]?.members ?? []
        return InstanceBlueprint(
            size: spec.capacity, image: spec.image, command: spec.command,
            environment: Dictionary(environment.map { ($0.name, $0.value.string ?? "") }) { $1 }, userData: hidden?["user_data"]?.string,
            networks: spec.networks.map { subject(of: $0, .network) },
            volumes: spec.volumes.map { Mount(volume: subject(of: $0.volume, .volume), path: $0.path) })
    }

    func change(_ action: Step.Action) -> Change? {
        switch action {
        case .start: .start
        case .stop: .stop
        case .restart: .restart
        case .resize(let size): InstanceSize.named(size).map { .resize(Capacity(milliCPUs: $0.milliCPUs, memoryMiB: $0.memoryMiB)) }
        case .grow(let size): .grow(toGiB: size)
        case .attach(let volume, let path): .attach(Mount(volume: subject(of: volume, .volume), path: path))
        case .detach(let volume): .detach(volume: subject(of: volume, .volume))
        case .join(let network): .join(network: subject(of: network, .network))
        case .leave(let network): .leave(network: subject(of: network, .network))
        case .assign(let address): .assign(address: subject(of: address, .address))
        case .unassign(let address): .unassign(address: subject(of: address, .address))
        case .configure(let spec, let targets):
            Spec(resource.kind, spec).map { .configure(blueprint($0, targets: targets)) }
        case .empty: .empty
        case .create, .delete, .keep, .await: nil
        }
    }
}

extension OperationEngine {
    func load(_ id: OperationID, _ tenant: Tenant) async throws -> Work {
        let identity = identity
        let (operation, resource, account, others) = try await store.read { connection in
            let operation = try Operation.find(id, in: tenant, connection)
            let resource = try Resource.find(operation.resource, in: tenant, connection)
            let account = try ProviderConnection.find(operation.connection, in: tenant, connection)
            var others: [ResourceID: Resource] = [:]
            let references = operation.makesTheObject ? resource.spec.references : resource.spec.standingReferences
            for id in references.map(\.id) + operation.steps.flatMap(\.action.targets) {
                others[id] = try Resource.find(id, in: tenant, connection)
            }
            return (operation, resource, account, others)
        }
        return Work(
            operation: operation, resource: resource, provider: try pool.provider(for: account, installation: identity.installation),
            capabilities: account.capabilities, others: others, identity: identity,
            hidden: try resource.sealed.map { try pool.open(hidden: $0, for: resource.id) })
    }
}

extension Step.Action {
    /// The other resources it is about.
    var targets: [ResourceID] {
        switch self {
        case .attach(let id, _), .detach(let id), .join(let id), .leave(let id), .assign(let id), .unassign(let id): [id]
        case .configure(_, let targets): targets
        default: []
        }
    }
}
