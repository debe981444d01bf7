import Kernel
import Provider
import Storage

/// One account at the simulated cloud: what its calls do, in a transaction that the caller opened.
struct SimulatedCloud: Sendable {
    let account: ProviderAccount
    let settings: SimulatorSettings

    var tenant: Tenant { account.tenant }

    // MARK: Make

    func create(_ order: Order, _ scene: Scene) throws -> Sighting {
        let subject = order.subject
        if settings.identification == .token, let made = try object(subject.kind, uniqueKey: "token:" + order.token, scene.connection) {
            return try sighting(made, scene)
        }
        var object = SimulatedObject(
            kind: subject.kind, reference: makeReference(subject.kind), name: subject.name, installation: account.installation,
            resource: subject.id, madeAt: scene.now)
        try fill(&object, from: order.blueprint, scene)
        let uniqueKey: String? =
            switch settings.identification {
            case .token: "token:" + order.token
            case .name: "name:" + subject.name
            case .label, .none: nil
            }
        guard try insert(object, uniqueKey: uniqueKey, labels: order.labels, scene.connection) else {
            throw ProviderError(.conflict, "The name \(subject.name) is taken.")
        }
        if case .instance(let blueprint) = order.blueprint { try equip(object, blueprint, scene) }
        if case .firewall(let blueprint) = order.blueprint { try enforce(object, for: blueprint.targets, scene) }
        return try sighting(object, scene)
    }

    private func fill(_ object: inout SimulatedObject, from blueprint: Blueprint, _ scene: Scene) throws {
        switch blueprint {
        case .instance(let blueprint):
            try settings.require(.instances)
            if blueprint.userData != nil { try settings.require(.userData) }
            try settings.check(blueprint.size)
            guard !blueprint.image.contains(Self.missingImage) else {
                throw ProviderError(.rejected, "There is no image \(blueprint.image).")
            }
            object.power = .stopped
            object.size = blueprint.size
            object.image = blueprint.image
        case .volume(let blueprint):
            try settings.require(.volumes)
            if blueprint.isEncrypted { try settings.require(.encryption) }
            object.sizeGiB = blueprint.sizeGiB
            if let source = blueprint.source { try fill(&object, with: source, scene) }
        case .network(let blueprint):
            try settings.require(.networks)
            object.cidr = try range(blueprint.cidr, scene.connection)
            object.reachesOutside = blueprint.reachesOutside
        case .bucket(let blueprint):
            try settings.require(.buckets)
            try settings.check(blueprint)
            object.set(blueprint)
        case .address(let blueprint):
            try settings.require(.addresses)
            try settings.check(blueprint)
            object.set(blueprint, ip: try freeAddress(blueprint.family, scene.connection))
        case .firewall(let blueprint):
            try settings.require(.firewalls)
            object.set(blueprint.rules)
        case .snapshot(let blueprint): try fill(&object, with: blueprint.volume, scene)
        }
    }

    /// The simulated registry has every image but those whose name has this in it.
    private static let missingImage = "no-such-image"

    private func equip(_ instance: SimulatedObject, _ blueprint: InstanceBlueprint, _ scene: Scene) throws {
        for mount in blueprint.volumes { try attach(mount, to: instance, scene) }
        if blueprint.networks.isEmpty { try join(nil, instance, scene) }
        for network in blueprint.networks { try join(existing(network, scene), instance, scene) }
    }

    private func makeReference(_ kind: ResourceKind) -> String {
        let bits = String(account.surroundings.random(), radix: 16)
        return "sim-\(kind == .address ? "ip" : kind.rawValue.prefix(1))-" + String(repeating: "0", count: 16 - bits.count) + bits
    }

    // MARK: Change

    func apply(_ change: Change, to subject: Subject, _ scene: Scene) throws {
        var object = try existing(subject, scene)
        try requireOurs(object, subject)
        switch change {
        case .start where object.power != .running, .restart:
            object.power = .running
            object.runningSince = scene.now
            object.endedAt = nil
            object.exitCode = nil
        case .stop where object.power == .running:
            object.power = .stopped
            object.endedAt = scene.now
            object.exitCode = 0
        case .start, .stop: return
        case .resize(let size):
            try settings.require(.resize)
            try settings.check(size)
            guard object.power != .running || settings.features.contains(.liveResize) || object.size == size else {
                throw ProviderError(.conflict, "A running instance cannot be resized here; stop it first.")
            }
            object.size = size
        case .grow(let size):
            try settings.require(.grow)
            guard size >= object.sizeGiB ?? 0 else { throw ProviderError(.rejected, "A volume only grows.") }
            object.sizeGiB = size
        case .attach(let mount):
            return try attach(mount, to: object, scene)
        case .detach(let volume):
            try settings.require(.attachVolume)
            return try unlink(object, from: located(volume, scene), scene.connection)
        case .join(let network):
            try settings.require(.joinNetwork)
            return try join(existing(network, scene), object, scene)
        case .leave(let network):
            try settings.require(.joinNetwork)
            return try unlink(object, from: located(network, scene), scene.connection)
        case .assign(let address): return try assign(existing(address, scene), to: object, scene)
        case .unassign(let address):
            try settings.require(.attachAddress)
            return try unlink(object, from: located(address, scene), scene.connection)
        case .configure(let blueprint): try configure(&object, blueprint, scene)
        case .empty: object.objects = max(0, object.objects - Self.objectsRemovedAtOnce)
        }
        try update(object, scene.connection)
    }

    private func attach(_ mount: Mount, to instance: SimulatedObject, _ scene: Scene) throws {
        try settings.require(.attachVolume)
        let volume = try existing(mount.volume, scene)
        let holders = try links(to: volume, scene.connection)
        if holders.contains(instance.reference) { return }
        guard holders.isEmpty else { throw ProviderError(.conflict, "The volume is attached to another instance.") }
        try link(instance, to: volume.reference, .volume, mount.path, place: nil, scene.connection)
    }

    /// Puts an instance on a network, with its next free address; nil is the default network.
    private func join(_ network: SimulatedObject?, _ instance: SimulatedObject, _ scene: Scene) throws {
        let target = network?.reference ?? SimulatedRange.defaultNetwork
        if let network, try links(to: network, scene.connection).contains(instance.reference) { return }
        guard let range = network.map({ SimulatedRange($0.cidr ?? "") }) ?? SimulatedRange.standard,
            let place = try freePlace(in: target, range, scene.connection)
        else { throw ProviderError(.capacity, "The network has no free address.") }
        try link(instance, to: target, .network, range.address(place), place: place, scene.connection)
    }

    func delete(_ subject: Subject, _ scene: Scene) throws {
        guard let object = try located(subject, scene) else { return }
        try requireOurs(object, subject)
        if object.kind == .bucket, object.objects > 0 { throw ProviderError(.notEmpty, "The bucket has \(object.objects) objects in it.") }
        if object.kind != .instance, object.kind != .firewall, try !links(to: object, scene.connection).isEmpty {
            throw ProviderError(.conflict, "The \(object.kind.rawValue) is in use.")
        }
        try remove(object, scene.connection)
    }

    /// What another made is left alone, whatever name or reference leads to it.
    private func requireOurs(_ object: SimulatedObject, _ subject: Subject) throws {
        guard object.isOurs(account.installation), object.resource == subject.id else {
            throw ProviderError(.conflict, "The \(object.kind.rawValue) \(object.name) is not \(subject.id) of this installation.")
        }
    }

    // MARK: By itself

    /// What somebody else does to the object; nothing when it is gone.
    func edit(_ subject: Subject, _ kind: Fault.Kind, _ scene: Scene) throws {
        guard var object = try located(subject, scene) else { return }
        switch (object.kind, kind) {
        case (.instance, .crash):
            object.power = .crashed
            object.endedAt = scene.now
            object.exitCode = 137
        case (.instance, _) where object.power == .running:
            object.power = .stopped
            object.endedAt = scene.now
            object.exitCode = 0
        case (.instance, _):
            object.size = object.size.map { Capacity(milliCPUs: $0.milliCPUs, memoryMiB: $0.memoryMiB + 64) }
        case (.volume, _): object.sizeGiB = object.sizeGiB.map { $0 + 1 }
        case (.network, _): object.reachesOutside = object.reachesOutside.map { !$0 }
        case (.bucket, _):
            var bucket = object.bucket
            bucket.isPublic.toggle()
            object.set(bucket)
        case (.address, _):
            var (address, ip) = object.address
            address.reverseDNS = "edited.example"
            object.set(address, ip: ip)
        case (.firewall, _):
            object.set(
                object.rules + [FirewallRule(direction: .ingress, networkProtocol: .tcp, ports: 22...22, cidr: "0.0.0.0/0")])
        case (.snapshot, _): return  // it does not change
        }
        try update(object, scene.connection)
    }

    func plant(_ name: String, _ kind: ResourceKind, _ installation: String?, at now: Timestamp, _ connection: Connection) throws -> String
    {
        var object = SimulatedObject(
            kind: kind, reference: makeReference(kind), name: name, installation: installation,
            resource: installation == nil ? nil : name.replacing("cloudapi-", with: "").replacing("-", with: "_"), madeAt: now)
        switch kind {
        case .instance: (object.power, object.size, object.image) = (.stopped, Capacity(milliCPUs: 1000, memoryMiB: 1024), "debian-12")
        case .volume, .snapshot: object.sizeGiB = 10
        case .network: (object.cidr, object.reachesOutside) = ("192.168.77.0/24", true)
        case .bucket: object.set(BucketBlueprint())
        case .address: object.set(AddressBlueprint(family: .v4), ip: "198.19.255.254")
        case .firewall: object.set([FirewallRule]())
        }
        let uniqueKey = settings.identification == .name ? "name:" + name : nil
        guard try insert(object, uniqueKey: uniqueKey, labels: [:], connection) else {
            throw ProviderError(.conflict, "The name \(name) is taken.")
        }
        return object.reference
    }
}
