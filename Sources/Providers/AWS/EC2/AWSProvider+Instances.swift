import Foundation
import Kernel
import Provider

extension AWSProvider {
    // MARK: Look

    /// What is not terminated, oldest first. EC2 shows what is terminated for an hour.
    func instances(_ filters: [EC2Filter]) async throws(ProviderError) -> [EC2Instance] {
        let states = EC2Filter("instance-state-name", ["pending", "running", "shutting-down", "stopping", "stopped"])
        return try await ec2.list("DescribeInstances", "reservationSet", filters + [states])
            .flatMap { $0.items("instancesSet") }.compactMap(EC2Instance.init)
            .filter { $0.state != "terminated" }
            .sorted { ($0.isEnding ? 1 : 0, $0.startedAt ?? .last, $0.id) < ($1.isEnding ? 1 : 0, $1.startedAt ?? .last, $1.id) }
    }

    func instance(_ subject: Subject) async throws(ProviderError) -> EC2Instance? {
        try await located(subject, "instance-id", "i-", instances) { marks.owner($0.tags) }
    }

    /// What may be changed: there, and ours.
    func ownInstance(_ subject: Subject) async throws(ProviderError) -> EC2Instance {
        guard let found = try await instance(subject) else { throw .missing(subject) }
        guard marks.owner(found.tags) == .ours(subject.id) else { throw .notOurs(found.id) }
        return found
    }

    /// With our ids of the volumes and addresses they have, in one call of each for all.
    func sightings(of instances: [EC2Instance]) async throws(ProviderError) -> [Sighting] {
        let ids = Set(instances.flatMap(\.volumes))
        var names: [String: String] = [:]
        if !ids.isEmpty {
            let isFew = ids.count <= 100  // EC2 takes two hundred values of one filter
            let chosen = isFew ? [EC2Filter("volume-id", ids.sorted())] : []
            for volume in try await volumes([marks.filter] + chosen) {
                if case .ours(let id) = volume.sighting.owner { names[volume.id] = id }
            }
        }
        var held: [String: [(id: String, ip: String)]] = [:]
        for address in instances.isEmpty ? [] : try await addresses([marks.filter]) {
            guard let holder = address.instance, case .ours(let id) = marks.owner(address.tags) else { continue }
            held[holder, default: []].append((id, address.ip))
        }
        return instances.map { $0.sighting(marks, names: names, public: held[$0.id] ?? []) }
    }

    // MARK: Make

    /// EC2 starts what it makes, and takes volumes only once that runs; until then a create says that it is not over, and is asked again.
    func createInstance(_ order: Order, _ blueprint: InstanceBlueprint) async throws(ProviderError) -> Sighting {
        let known = try await instances(marks.filters(order.subject)).first { !$0.isEnding }
        let made = if let known { known } else { try await run(try await request(order, blueprint)) }
        return try await completing { () throws(ProviderError) in
            try await equip(made, blueprint, order.subject)
        } orElse: { () throws(ProviderError) in
            for made in try await instances(marks.filters(order.subject)) {
                try await ec2.call("TerminateInstances", ("InstanceId.1", made.id))
            }
        }
    }

    private func request(_ order: Order, _ blueprint: InstanceBlueprint) async throws(ProviderError) -> [AWSParameter] {
        guard blueprint.command.isEmpty, blueprint.environment.isEmpty else {
            throw ProviderError(.unsupported(.command), "An EC2 instance has no command and no environment; give it user data.")
        }
        guard blueprint.networks.count <= 1 else {
            throw ProviderError(.unsupported(.joinNetwork), "An EC2 instance is in one network.")
        }
        guard let type = AWSInstanceType.fitting(blueprint.size) else {
            throw ProviderError(
                .rejected, "No instance type has \(blueprint.size.milliCPUs) milli-CPUs and \(blueprint.size.memoryMiB) MiB.")
        }
        guard let image = images.image(blueprint.image) else {
            throw ProviderError(
                .rejected, ProviderError.readable("\(blueprint.image) is neither an image's id nor a name of this connection."))
        }
        for mount in blueprint.volumes { _ = try await ownVolume(mount.volume) }
        var parameters: [AWSParameter] = [
            ("ImageId", image), ("InstanceType", type.name), ("MinCount", "1"), ("MaxCount", "1"), ("ClientToken", order.token),
            // Tokens are needed to read an instance's metadata, and its role's keys, from inside.
            ("MetadataOptions.HttpTokens", "required"), ("MetadataOptions.HttpEndpoint", "enabled"),
            ("InstanceInitiatedShutdownBehavior", "stop"),
        ]
        if let network = blueprint.networks.first {
            parameters.append(("SubnetId", try await subnet(of: network)))
        } else {
            parameters.append(("Placement.AvailabilityZone", zone))
        }
        if let data = blueprint.userData { parameters.append(("UserData", Data(data.utf8).base64EncodedString())) }
        return parameters + marks.specification("instance", for: order)
    }

    private func run(_ parameters: [AWSParameter]) async throws(ProviderError) -> EC2Instance {
        let answer = try await ec2.call("RunInstances", with: parameters)
        guard let made = answer.items("instancesSet").lazy.compactMap(EC2Instance.init).first else {
            throw ProviderError(.ambiguous, "EC2 did not say which instance it made.")
        }
        return made
    }

    private func equip(_ made: EC2Instance, _ blueprint: InstanceBlueprint, _ subject: Subject) async throws(ProviderError) -> Sighting {
        guard !blueprint.volumes.isEmpty else { return try await sightings(of: [made]).first ?? made.sighting(marks) }
        var current = made
        for mount in blueprint.volumes {
            try await attach(mount.volume, to: current)
            current = try await ownInstance(Subject(kind: .instance, id: subject.id, reference: made.id))
        }
        return try await sightings(of: [current]).first ?? current.sighting(marks)
    }

    // MARK: Change

    func make(_ change: Change, of instance: EC2Instance) async throws(ProviderError) {
        let id: AWSParameter = ("InstanceId.1", instance.id)
        switch (change, instance.state) {
        case (.start, "running"), (.start, "pending"), (.stop, "stopped"), (.stop, "stopping"): return
        case (.start, "stopped"), (.restart, "stopped"): try await ec2.call("StartInstances", id)
        case (.stop, "running"): try await ec2.call("StopInstances", id)
        case (.restart, "running"):
            try await ec2.call("RebootInstances", id)
            try await ec2.tag(instance.id, AWSMarks.restart(at: now()))
        case (.resize(let size), _): try await resize(instance, to: size)
        default: throw ProviderError(.conflict, "The instance is \(instance.state).")
        }
    }

    private func resize(_ instance: EC2Instance, to size: Capacity) async throws(ProviderError) {
        guard let type = AWSInstanceType.fitting(size) else {
            throw ProviderError(.rejected, "No instance type has \(size.milliCPUs) milli-CPUs and \(size.memoryMiB) MiB.")
        }
        if type.name != instance.type {
            guard instance.state == "stopped" else {
                throw ProviderError(.conflict, "The instance is \(instance.state); it is resized while stopped.")
            }
            try await ec2.call("ModifyInstanceAttribute", ("InstanceId", instance.id), ("InstanceType.Value", type.name))
        }
        try await ec2.tag(instance.id, AWSMarks.size(size))
    }

    // MARK: Remove

    /// Every one of ours: where tokens are not kept, two requests on their way at once make two.
    func deleteInstances(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await instance(subject) else { return }
        guard marks.owner(found.tags) == .ours(subject.id) else { throw .notOurs(found.id) }
        let all = Set(try await instances(marks.filters(subject)).map(\.id) + [found.id])
        try await ec2.call("TerminateInstances", with: all.sorted().enumerated().map { ("InstanceId.\($0 + 1)", $1) })
    }
}
