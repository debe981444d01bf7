import AWS
import Kernel
import Provider
import Testing

/// What EC2 says of snapshots that no emulator says; the rest is in ProviderConformance.
@Suite(.timeLimit(.minutes(5))) struct `A snapshot at AWS` {
    private static let subject = Subject(kind: .snapshot, id: "snap_1")

    private static func tags(_ id: String) -> String {
        let tags = [("cloudapi.installation", "here"), ("cloudapi.resource", id)]
        return "<tagSet>" + tags.map { "<item><key>\($0.0)</key><value>\($0.1)</value></item>" }.joined() + "</tagSet>"
    }

    private static func snapshot(_ status: String, _ id: String = "snap-1") -> String {
        "<snapshotId>\(id)</snapshotId><volumeId>vol-1</volumeId><volumeSize>8</volumeSize><status>\(status)</status>\(tags("snap_1"))"
    }

    private static func snapshots(_ items: String...) -> ScriptedCloud.Reply {
        .ok("<R><snapshotSet>\(items.map { "<item>\($0)</item>" }.joined())</snapshotSet></R>")
    }

    @Test(arguments: [
        ("pending", ObservedState.Progress.going), ("completed", .done), ("error", .failed), ("recovering", .going),
    ])
    func `has its data when EC2 says that it is completed`(status: String, progress: ObservedState.Progress) async throws {
        try await ScriptedCloud.Script({ _ in Self.snapshots(Self.snapshot(status)) }).run { cloud in
            let seen = try #require(try await cloud.provider().find(Self.subject))
            #expect(seen.state.progress == progress && seen.state.sizeGiB == 8 && seen.owner == .ours("snap_1"))
            #expect(cloud.requests.allSatisfy { $0.parameters["Owner.1"] == "self" }, "others' are not asked for")
        }
    }

    @Test func `is made with its tags, and told when EC2 wants it later`() async throws {
        let order = Order(
            subject: Self.subject, token: "t", blueprint: .snapshot(SnapshotBlueprint(volume: Subject(kind: .volume, id: "vol_1"))))
        let volume =
            "<R><volumeSet><item><volumeId>vol-1</volumeId><size>8</size><status>in-use</status>\(Self.tags("vol_1"))</item></volumeSet></R>"
        func script(_ answer: ScriptedCloud.Reply) -> ScriptedCloud.Script {
            ScriptedCloud.Script { request in
                switch request.action {
                case "DescribeSnapshots": Self.snapshots()
                case "DescribeVolumes": .ok(volume)
                default: answer
                }
            }
        }
        try await script(.ok("<R>\(Self.snapshot("pending"))</R>")).run { cloud in
            let made = try await cloud.provider().create(order)
            #expect(made.reference == "snap-1" && made.owner == .ours("snap_1") && made.state.progress == .going)
            let asked = try #require(cloud.requests.last)
            #expect(asked.action == "CreateSnapshot" && asked.parameters["VolumeId"] == "vol-1")
            #expect(asked.parameters["TagSpecification.1.ResourceType"] == "snapshot")
            #expect(asked.parameters.values.contains("cloudapi.resource") && asked.parameters.values.contains("snap_1"))
        }
        try await script(.error(400, "SnapshotCreationPerVolumeRateExceeded")).run { cloud in
            do {
                _ = try await cloud.provider().create(order)
                Issue.record("It was made.")
            } catch let error as ProviderError {
                #expect(error.kind == .throttled)
            }
        }
    }

    @Test func `that two requests have made is deleted twice`() async throws {
        try await ScriptedCloud.Script({ request in
            request.action == "DescribeSnapshots"
                ? Self.snapshots(Self.snapshot("completed"), Self.snapshot("pending", "snap-2")) : .ok("<R><return>true</return></R>")
        }).run { cloud in
            try await cloud.provider().delete(Self.subject)
            let deleted = cloud.requests.filter { $0.action == "DeleteSnapshot" }.compactMap { $0.parameters["SnapshotId"] }
            #expect(deleted == ["snap-1", "snap-2"])
        }
    }
}
