import Kernel
import Provider

/// A volume as `DescribeVolumes` shows it.
struct EC2Volume: Sendable {
    let id: String
    let status: String
    let sizeGiB: Int
    let madeAt: Timestamp?
    /// Instances that have it, those that are about to let go of it left out.
    let holders: [String]
    let sighting: Sighting

    init?(_ item: XMLTree, marks: AWSMarks) {
        guard let id = item.string("volumeId"), let size = item.string("size").flatMap({ Int($0) }) else { return nil }
        self.id = id
        status = item.string("status") ?? ""
        sizeGiB = size
        madeAt = item.string("createTime").flatMap { Timestamp($0) }
        holders = item.items("attachmentSet").filter { !["detaching", "detached"].contains($0.string("status") ?? "") }
            .compactMap { $0.string("instanceId") }
        var state = ObservedState()
        state.sizeGiB = size
        sighting = Sighting(reference: id, owner: marks.owner(item.tags), state: state)
    }
}

extension AWSProvider {
    /// Oldest first.
    func volumes(_ filters: [EC2Filter]) async throws(ProviderError) -> [EC2Volume] {
        try await ec2.list("DescribeVolumes", "volumeSet", filters).compactMap { EC2Volume($0, marks: marks) }
            .filter { $0.status != "deleted" }.sorted { ($0.madeAt ?? .last, $0.id) < ($1.madeAt ?? .last, $1.id) }
    }

    func volume(_ subject: Subject) async throws(ProviderError) -> EC2Volume? {
        try await located(subject, "volume-id", "vol-", volumes) { $0.sighting.owner }
    }

    func ownVolume(_ subject: Subject) async throws(ProviderError) -> EC2Volume {
        guard let found = try await volume(subject) else { throw .missing(subject) }
        guard found.sighting.owner == .ours(subject.id) else { throw .notOurs(found.id) }
        return found
    }

    func createVolume(_ order: Order, _ blueprint: VolumeBlueprint) async throws(ProviderError) -> Sighting {
        if let known = try await volumes(marks.filters(order.subject)).first(where: { $0.status != "deleting" }) { return known.sighting }
        var parameters: [AWSParameter] = [
            ("AvailabilityZone", zone), ("Size", String(blueprint.sizeGiB)), ("VolumeType", "gp3"),
            ("Encrypted", blueprint.isEncrypted ? "true" : "false"), ("ClientToken", order.token),
        ]
        if let source = blueprint.source { parameters.append(("SnapshotId", try await ownSnapshot(source).id)) }
        if blueprint.type == "fast" {
            // A gp3 volume has 3000 operations a second, and can have 500 for each GiB, 16000 at most.
            parameters += [("Iops", String(min(max(3000, blueprint.sizeGiB * 500), 16_000))), ("Throughput", "500")]
        }
        let answer = try await ec2.call("CreateVolume", with: parameters + marks.specification("volume", for: order))
        guard let made = EC2Volume(answer, marks: marks) else { throw ProviderError(.ambiguous, "EC2 did not say which volume it made.") }
        return made.sighting
    }

    func grow(_ subject: Subject, to size: Int) async throws(ProviderError) {
        let volume = try await ownVolume(subject)
        guard size > volume.sizeGiB else {
            if size == volume.sizeGiB { return }
            throw ProviderError(.rejected, "A volume only grows.")
        }
        try await ec2.call("ModifyVolume", ("VolumeId", volume.id), ("Size", String(size)))
    }

    /// As a device; what is on it is mounted by the instance itself.
    func attach(_ subject: Subject, to instance: EC2Instance) async throws(ProviderError) {
        let volume = try await ownVolume(subject)
        if volume.holders.contains(instance.id) { return }
        guard volume.holders.isEmpty else { throw ProviderError(.conflict, "The volume is attached to another instance.") }
        guard let device = "fghijklmnop".map({ "/dev/sd\($0)" }).first(where: { !instance.devices.contains($0) }) else {
            throw ProviderError(.rejected, "The instance has eleven volumes already.")
        }
        try await ec2.call("AttachVolume", ("VolumeId", volume.id), ("InstanceId", instance.id), ("Device", device))
    }

    func detach(_ subject: Subject, from instance: EC2Instance) async throws(ProviderError) {
        guard let volume = try await volume(subject), volume.holders.contains(instance.id) else { return }
        guard volume.sighting.owner == .ours(subject.id) else { throw .notOurs(volume.id) }
        try await ec2.call("DetachVolume", ("VolumeId", volume.id), ("InstanceId", instance.id))
    }

    func deleteVolumes(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await volume(subject) else { return }
        guard found.sighting.owner == .ours(subject.id) else { throw .notOurs(found.id) }
        for volume in try await volumes(marks.filters(subject)) where volume.status != "deleting" {
            try await ec2.call("DeleteVolume", ("VolumeId", volume.id))
        }
    }
}
