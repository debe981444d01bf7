import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
import Web

/// What can be done to a resource beyond changing its fields: `POST /v1/{kind}/{id}/actions/{verb}`.
enum Action: String, Sendable, CaseIterable {
    case start
    case stop
    case restart
    case resize
    case attachVolume = "attach-volume"
    case detachVolume = "detach-volume"
    case attachIP = "attach-ip"
    case detachIP = "detach-ip"
    case attach
    case detach
    case empty
    case apply
    case snapshot

    static func all(of kind: ResourceKind) -> [Action] {
        switch kind {
        case .instance: [.start, .stop, .restart, .resize, .attachVolume, .detachVolume, .attachIP, .detachIP]
        case .volume: [.attach, .detach, .resize, .snapshot]
        case .network: [.attach, .detach]
        case .bucket: [.empty]
        case .address: [.attach, .detach]
        case .firewall: [.apply]
        case .snapshot: []
        }
    }

    func summary(_ kind: ResourceKind) -> String {
        switch (self, kind) {
        case (.start, _): "Start an instance"
        case (.stop, _): "Stop an instance"
        case (.restart, _): "Restart an instance"
        case (.resize, .volume): "Make a volume larger"
        case (.resize, _): "Give an instance another size"
        case (.attachVolume, _): "Attach a volume to an instance"
        case (.detachVolume, _): "Detach a volume from an instance"
        case (.attachIP, _), (.attach, .address): "Give an instance a public address"
        case (.detachIP, _), (.detach, .address): "Take a public address from an instance"
        case (.empty, _): "Remove everything that is in a bucket"
        case (.apply, _): "Put a firewall before the instances that fit now"
        case (.snapshot, _): "Keep what is on a volume now"
        case (.attach, .volume): "Attach a volume to an instance"
        case (.detach, .volume): "Detach a volume from its instance"
        case (.attach, _): "Put an instance on a network"
        case (.detach, _): "Take an instance off a network"
        }
    }

    var details: String {
        self == .snapshot
            ? "Like `POST /v1/snapshots` with this volume, and needs `snapshots:write` too. `operation.resource.id` is the snapshot."
            : ""
    }

    /// What can go wrong beside what can with each.
    var problems: [Problem.Code] { self == .snapshot ? [.nameTaken, .projectArchived, .insufficientScope] : [] }

    func body(_ kind: ResourceKind) -> Route.Body {
        let instance = Schema.Field.required("instance_id", .string(1...100, .name, "By id or name."))
        let path = Schema.Field.required("path", InstanceSpec.pathSchema)
        switch (self, kind) {
        case (.start, _), (.stop, _), (.restart, _), (.empty, _), (.apply, _), (.detach, .address): return .optional(.object([]))
        case (.attachIP, _), (.detachIP, _): return .required(.object([.required("ip_id", .string(1...100, .name, "By id or name."))]))
        case (.snapshot, _):
            return .optional(
                .object([
                    .optional("name", ResourceDraft.nameSchema.described("The snapshot's; the volume's name with the time when left out.")),
                    .optional("labels", ResourceDraft.labelsSchema.described("The snapshot's; the volume's when left out.")),
                ]))
        case (.resize, .volume): return .required(.object([.required("size_gib", .integer(VolumeSpec.sizes))]))
        case (.resize, _): return .required(.object([.required("size", InstanceSpec.sizeSchema)]))
        case (.attachVolume, _): return .required(.object([.required("volume_id", .string(1...100, .name, "By id or name.")), path]))
        case (.detachVolume, _): return .required(.object([.required("volume_id", .string(1...100, .name, "By id or name."))]))
        case (.attach, .volume): return .required(.object([instance, path]))
        case (.detach, .volume): return .optional(.object([]))
        case (.attach, _), (.detach, _): return .required(.object([instance]))
        }
    }
}

extension Admitting {
    /// Does it through an operation of the resource whose spec changes: of the instance for everything that concerns one.
    func perform(_ action: Action, on resource: Resource, _ body: JSON?) throws -> Admitted {
        // A snapshot leaves its volume as it is.
        if action != .snapshot { try requireUnleased(resource) }
        try requirePresent(resource)
        switch (action, resource.spec) {
        case (.start, .instance(let spec)): return try power(.start, .running, resource, spec)
        case (.stop, .instance(let spec)): return try power(.stop, .stopped, resource, spec)
        case (.restart, .instance): return try restart(resource)
        case (.resize, .instance(let spec)):
            var wanted = spec
            wanted.size = body?["size"]?.string ?? spec.size
            return try run(.resize, resource, .instance(wanted), try steps(from: spec, to: wanted, of: resource))
        case (.resize, .volume(let spec)):
            var wanted = spec
            wanted.sizeGiB = body?["size_gib"]?.integer.map { Int($0) } ?? spec.sizeGiB
            return try run(.resize, resource, .volume(wanted), try steps(from: spec, to: wanted, of: resource))
        case (.attachVolume, .instance):
            return try attach(try other(body?["volume_id"], .volume, of: resource, at: "/volume_id"), to: resource, body)
        case (.attach, .volume):
            return try attach(resource, to: try other(body?["instance_id"], .instance, of: resource, at: "/instance_id"), body)
        case (.detachVolume, .instance):
            return try detach(try other(body?["volume_id"], .volume, of: resource, at: "/volume_id"), from: resource)
        case (.detach, .volume): return try detach(resource, from: nil)
        case (.attachIP, .instance):
            return try assign(try other(body?["ip_id"], .address, of: resource, at: "/ip_id"), to: resource)
        case (.attach, .address):
            return try assign(resource, to: try other(body?["instance_id"], .instance, of: resource, at: "/instance_id"))
        case (.detachIP, .instance):
            return try unassign(try other(body?["ip_id"], .address, of: resource, at: "/ip_id"), from: resource)
        case (.detach, .address): return try unassign(resource, from: nil)
        case (.empty, .bucket): return try run(.empty, resource, resource.spec, [Step(.empty)])
        case (.apply, .firewall(let spec)):
            return try run(.apply, resource, resource.spec, try application(of: spec, resource))
        case (.snapshot, .volume): return try snapshot(resource, body)
        case (.attach, .network):
            return try join(resource, try other(body?["instance_id"], .instance, of: resource, at: "/instance_id"))
        case (.detach, .network):
            return try leave(resource, try other(body?["instance_id"], .instance, of: resource, at: "/instance_id"))
        default: throw Problem(.invalidState, "A \(resource.kind.noun) cannot \(action.rawValue).")
        }
    }

    func run(_ verb: Operation.Verb, _ resource: Resource, _ spec: Spec, _ steps: [Step]) throws -> Admitted {
        guard !steps.isEmpty else { return Admitted(resource: resource, operation: try queue.noop(verb, on: resource)) }
        var changed = resource
        return try act(verb, on: &changed, from: resource, spec: spec, steps: steps)
    }

    /// What was seen counts as well: an instance that ended by itself can be started though it is wanted running already.
    private func power(_ verb: Operation.Verb, _ power: Power, _ resource: Resource, _ spec: InstanceSpec) throws -> Admitted {
        var wanted = spec
        wanted.power = power
        let isThere = spec.power == power && (resource.operation != nil || resource.power == power)
        let steps = power == .running ? [Step(.start), Step(.await(.running))] : [Step(.stop), Step(.await(.stopped))]
        return try run(verb, resource, .instance(wanted), isThere ? [] : steps)
    }

    private func restart(_ resource: Resource) throws -> Admitted {
        guard resource.spec.instance?.power == .running else {
            throw Problem(.invalidState, "The instance \(resource.name) is stopped; start it.", members: ["power": "stopped"])
        }
        return try run(.restart, resource, resource.spec, [Step(.restart), Step(.await(.running))])
    }

    // MARK: Attachments

    private func other(_ name: JSON?, _ kind: ResourceKind, of resource: Resource, at pointer: String) throws -> Resource {
        let project = try Project.find(resource.project, for: caller, connection)
        let account = try ProviderConnection.find(resource.connection, in: resource.tenant, connection)
        return try SpecResolution(caller: caller, project: project, account: account, connection: connection)
            .reference(name?.string ?? "", kind, at: pointer)
    }

    func require(_ feature: Capabilities.Feature, for resource: Resource) throws {
        try ProviderConnection.find(resource.connection, in: resource.tenant, connection).require(feature)
    }

    private func attach(_ volume: Resource, to instance: Resource, _ body: JSON?) throws -> Admitted {
        try requireUnleased(volume)
        try require(.attachVolume, for: instance)
        try requirePresent(instance)
        guard var spec = instance.spec.instance else { throw Problem(.invalidState, "\(instance.name) is no instance.") }
        let project = try Project.find(instance.project, for: caller, connection)
        let account = try ProviderConnection.find(instance.connection, in: instance.tenant, connection)
        let path = try SpecResolution(caller: caller, project: project, account: account, connection: connection)
            .checkedPath(body?["path"]?.string ?? "", at: "/path")
        if let holder = try volume.holder(connection) {
            guard holder == instance.id, spec.volumes.contains(.init(volume: volume.id, path: path)) else {
                throw Problem(
                    .alreadyAttached, "The volume \(volume.name) is attached to \(holder).", members: ["instance_id": JSON(holder)])
            }
            return Admitted(resource: instance, operation: try queue.noop(.attach, on: instance))
        }
        guard !spec.volumes.contains(where: { $0.path == path }) else {
            throw Problem(.alreadyAttached, "Another volume is at \(path) already.")
        }
        spec.volumes.append(.init(volume: volume.id, path: path))
        return try run(.attach, instance, .instance(spec), [Step(.attach(volume.id, path: path))])
    }

    private func detach(_ volume: Resource, from asked: Resource?) throws -> Admitted {
        guard let holder = try volume.holder(connection) else {
            return Admitted(resource: volume, operation: try queue.noop(.detach, on: volume))
        }
        guard asked == nil || asked?.id == holder else {
            throw Problem(.invalidState, "The volume \(volume.name) is attached to \(holder).", members: ["instance_id": JSON(holder)])
        }
        try requireUnleased(volume)
        let instance = try Resource.find(holder, in: volume.tenant, connection)
        try require(.attachVolume, for: instance)
        guard var spec = instance.spec.instance else { throw Problem(.invalidState, "\(instance.name) is no instance.") }
        spec.volumes.removeAll { $0.volume == volume.id }
        return try run(.detach, instance, .instance(spec), [Step(.detach(volume.id))])
    }

    private func join(_ network: Resource, _ instance: Resource) throws -> Admitted {
        try require(.joinNetwork, for: instance)
        try requirePresent(instance)
        guard var spec = instance.spec.instance else { throw Problem(.invalidState, "\(instance.name) is no instance.") }
        guard !spec.networks.contains(network.id) else {
            return Admitted(resource: instance, operation: try queue.noop(.attach, on: instance))
        }
        spec.networks.append(network.id)
        return try run(.attach, instance, .instance(spec), [Step(.join(network.id)), Step(.await(.present))])
    }

    private func leave(_ network: Resource, _ instance: Resource) throws -> Admitted {
        try require(.joinNetwork, for: instance)
        guard var spec = instance.spec.instance else { throw Problem(.invalidState, "\(instance.name) is no instance.") }
        guard spec.networks.contains(network.id) else {
            return Admitted(resource: instance, operation: try queue.noop(.detach, on: instance))
        }
        spec.networks.removeAll { $0 == network.id }
        return try run(.detach, instance, .instance(spec), [Step(.leave(network.id)), Step(.await(.present))])
    }
}
