// A snapshot is an EBS snapshot. EC2 takes no token for one, so it is found by its tags; two requests on their way at once make two, and both go
// when it is deleted. It is there at once, and has its data when EC2 says that it is completed.

import Kernel
import Provider

/// A snapshot as `DescribeSnapshots` shows it.
struct EC2Snapshot: Sendable {
    let id: String
    let madeAt: Timestamp?
    let tags: [String: String]
    private let state: ObservedState

    init?(_ item: XMLTree) {
        guard let id = item.string("snapshotId") else { return nil }
        self.id = id
        madeAt = item.string("startTime").flatMap { Timestamp($0) }
        tags = item.tags
        var state = ObservedState()
        state.sizeGiB = item.string("volumeSize").flatMap { Int($0) }
        state.progress =
            switch item.string("status") {
            case "completed": .done
            case "error": .failed
            default: .going
            }
        self.state = state
    }

    func sighting(_ marks: AWSMarks) -> Sighting { Sighting(reference: id, owner: marks.owner(tags), state: state) }
}

extension AWSProvider {
    /// Of this account: others share theirs with everybody. Oldest first.
    func snapshots(_ filters: [EC2Filter]) async throws(ProviderError) -> [EC2Snapshot] {
        try await ec2.list("DescribeSnapshots", "snapshotSet", filters, with: [("Owner.1", "self")]).compactMap(EC2Snapshot.init)
            .sorted { ($0.madeAt ?? .last, $0.id) < ($1.madeAt ?? .last, $1.id) }
    }

    func snapshot(_ subject: Subject) async throws(ProviderError) -> EC2Snapshot? {
        try await located(subject, "snapshot-id", "snap-", snapshots) { marks.owner($0.tags) }
    }

    func ownSnapshot(_ subject: Subject) async throws(ProviderError) -> EC2Snapshot {
        guard let found = try await snapshot(subject) else { throw .missing(subject) }
        guard marks.owner(found.tags) == .ours(subject.id) else { throw .notOurs(found.id) }
        return found
    }

    func createSnapshot(_ order: Order, _ blueprint: SnapshotBlueprint) async throws(ProviderError) -> Sighting {
        if let known = try await snapshots(marks.filters(order.subject)).first { return known.sighting(marks) }
        let volume = try await ownVolume(blueprint.volume)
        let answer = try await ec2.call(
            "CreateSnapshot",
            with: [("VolumeId", volume.id), ("Description", order.subject.name)] + marks.specification("snapshot", for: order))
        guard let made = EC2Snapshot(answer) else { throw ProviderError(.ambiguous, "EC2 did not say which snapshot it made.") }
        return Sighting(reference: made.id, owner: .ours(order.subject.id), state: made.sighting(marks).state)
    }

    func deleteSnapshots(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await snapshot(subject) else { return }
        guard marks.owner(found.tags) == .ours(subject.id) else { throw .notOurs(found.id) }
        for snapshot in try await snapshots(marks.filters(subject)) {
            try await passing { () throws(ProviderError) in try await ec2.call("DeleteSnapshot", ("SnapshotId", snapshot.id)) }
        }
    }
}
