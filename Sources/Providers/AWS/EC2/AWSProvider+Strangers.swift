import Kernel
import Provider

// Not offered are the disks that instances run from, which come and go with them, the snapshots that images are made of, and the default
// groups of VPCs, which cannot be deleted.
extension AWSProvider {
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        switch kind {
        case .instance: try await strangeInstances()
        case .volume: try await strangeVolumes()
        case .network: try await strangeNetworks()
        case .bucket: try await buckets.strangers()
        case .address: try await strangeAddresses()
        case .firewall: try await strangeFirewalls()
        case .snapshot: try await strangeSnapshots()
        }
    }

    /// One of a type that no size becomes shows its type, which no spec says.
    private func strangeInstances() async throws(ProviderError) -> [Stranger] {
        let living = EC2Filter("instance-state-name", ["pending", "running", "stopping", "stopped"])
        return try await ec2.list("DescribeInstances", "reservationSet", [living]).flatMap { $0.items("instancesSet") }.compactMap { item in
            guard let found = EC2Instance(item), marks.owner(found.tags) == .foreign else { return nil }
            var state = found.sighting(marks).state
            if let type = AWSInstanceType.named(found.type), state.capacity == type.capacity { state.capacity = type.standing }
            return stranger(
                found.id, found.tags, state, known: item.string("imageId").map { ["image": .string($0)] } ?? [:])
        }
    }

    private func strangeVolumes() async throws(ProviderError) -> [Stranger] {
        try await ec2.list("DescribeVolumes", "volumeSet", []).compactMap { item in
            guard let found = EC2Volume(item, marks: marks), found.sighting.owner == .foreign, found.status != "deleted",
                found.status != "deleting",
                !item.items("attachmentSet").contains(where: { $0.string("deleteOnTermination") == "true" })
            else { return nil }
            return stranger(
                found.id, item.tags, found.sighting.state, known: ["encrypted": .bool(item.string("encrypted") == "true")])
        }
    }

    /// Whether one reaches the world outside is whether it has a gateway.
    private func strangeNetworks() async throws(ProviderError) -> [Stranger] {
        let found = try await networks([]).filter { $0.sighting.owner == .foreign }
        guard !found.isEmpty else { return [] }
        let gateways = try await ec2.list("DescribeInternetGateways", "internetGatewaySet", [])
        let open = Set(gateways.flatMap { $0.items("attachmentSet") }.compactMap { $0.string("vpcId") })
        return found.map { stranger($0.id, $0.tags, $0.sighting.state, known: ["nat": .bool(open.contains($0.id))]) }
    }

    private func strangeSnapshots() async throws(ProviderError) -> [Stranger] {
        let items = try await ec2.list("DescribeSnapshots", "snapshotSet", [], with: [("Owner.1", "self")])
        return items.filter { $0.string("description")?.hasPrefix("Created by CreateImage(") != true }.compactMap { item in
            guard let found = EC2Snapshot(item), marks.owner(found.tags) == .foreign else { return nil }
            return stranger(
                found.id, found.tags, found.sighting(marks).state, known: ["encrypted": .bool(item.string("encrypted") == "true")])
        }
    }

    private func strangeAddresses() async throws(ProviderError) -> [Stranger] {
        try await addresses([]).filter { marks.owner($0.tags) == .foreign }.map { address in
            let family = AddressBlueprint.Family.v4.rawValue
            return stranger(address.id, address.tags, address.sighting(marks).state, called: address.ip, known: ["family": .string(family)])
        }
    }

    private func strangeFirewalls() async throws(ProviderError) -> [Stranger] {
        let found = try await groups([]).filter { marks.owner($0.tags) == .foreign && $0.name != EC2Group.standard }
        let members = found.isEmpty ? [] : try await instances([marks.filter])
        return found.map { stranger($0.id, $0.tags, sighting([$0], among: members).state, called: $0.name) }
    }

    private func stranger(
        _ id: String, _ tags: [String: String], _ state: ObservedState, called name: String? = nil, known: [String: JSON] = [:]
    ) -> Stranger {
        Stranger(reference: id, name: tags["Name"] ?? name ?? id, state: state, known: known, isMarked: AWSMarks.isMarked(tags))
    }

    // MARK: Marks

    func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        guard let reference = subject.reference else { return false }
        if subject.kind == .bucket { return try await buckets.mark(subject) }
        guard let found = try await find(subject) else { throw .missing(subject) }
        if found.owner == .ours(subject.id) { return true }
        let strangers = try await strangers(subject.kind)
        guard found.reference == reference, strangers.contains(where: { $0.reference == reference && !$0.isMarked }) else {
            throw .notOurs(reference)
        }
        let standing = subject.kind == .instance ? try await instance(subject).map { AWSMarks.standing($0) } ?? [] : []
        try await ec2.tag(reference, with: standing + marks.tags(of: subject))
        return true
    }

    func unmark(_ subject: Subject) async throws(ProviderError) {
        if subject.kind == .bucket { return try await buckets.unmark(subject) }
        guard let reference = subject.reference, let found = try await find(subject), found.reference == reference,
            found.owner == .ours(subject.id)
        else { return }
        let keys = AWSMarks.keys(on: subject.kind == .instance ? try await instance(subject) : nil)
        let tags = keys.enumerated().map { (name: "Tag.\($0 + 1).Key", value: $1) }
        try await ec2.call("DeleteTags", with: [("ResourceId.1", reference)] + tags)
    }
}
