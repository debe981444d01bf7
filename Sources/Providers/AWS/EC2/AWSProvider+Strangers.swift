import Kernel
import Provider

// A network of ours is a VPC with a subnet and a gateway, made together; a VPC that somebody else has made is none of that form, so it is not
// offered. Nor are the disks that instances run from, which come and go with them.
extension AWSProvider {
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        switch kind {
        case .instance:
            try await ec2.list(
                "DescribeInstances", "reservationSet", [EC2Filter("instance-state-name", ["pending", "running", "stopping", "stopped"])]
            )
            .flatMap { $0.items("instancesSet") }.compactMap { item in
                guard let found = EC2Instance(item), marks.owner(found.tags) == .foreign else { return nil }
                return Stranger(
                    reference: found.id, name: found.tags["Name"] ?? found.id, state: found.sighting(marks).state,
                    known: item.string("imageId").map { ["image": .string($0)] } ?? [:], isMarked: AWSMarks.isMarked(found.tags))
            }
        case .volume:
            try await ec2.list("DescribeVolumes", "volumeSet", []).compactMap { item in
                guard let found = EC2Volume(item, marks: marks), found.sighting.owner == .foreign, found.status != "deleted",
                    found.status != "deleting",
                    !item.items("attachmentSet").contains(where: { $0.string("deleteOnTermination") == "true" })
                else { return nil }
                return Stranger(
                    reference: found.id, name: item.tags["Name"] ?? found.id, state: found.sighting.state,
                    known: ["encrypted": .bool(item.string("encrypted") == "true")], isMarked: AWSMarks.isMarked(item.tags))
            }
        case .network, .bucket, .address, .firewall: []
        }
    }

    func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        guard let reference = subject.reference, subject.kind == .instance || subject.kind == .volume else { return false }
        guard let found = try await find(subject) else { throw .missing(subject) }
        if found.owner == .ours(subject.id) { return true }
        let strangers = try await strangers(subject.kind)
        guard found.reference == reference, strangers.contains(where: { $0.reference == reference && !$0.isMarked }) else {
            throw .notOurs(reference)
        }
        let tags = marks.tags(of: subject)
        try await ec2.tag(reference, tags[0], tags[1])
        return true
    }

    func unmark(_ subject: Subject) async throws(ProviderError) {
        guard let reference = subject.reference, let found = try await find(subject), found.reference == reference,
            found.owner == .ours(subject.id)
        else { return }
        var parameters: [AWSParameter] = [("ResourceId.1", reference)]
        for (index, tag) in marks.tags(of: subject).enumerated() { parameters.append(("Tag.\(index + 1).Key", tag.0)) }
        try await ec2.call("DeleteTags", with: parameters)
    }
}
