import AWS
import Kernel
import Outgoing
import Provider
import Testing

@Suite(.serialized) struct `A bucket at a server that speaks S3` {
    private static let peers = ["CLOUDAPI_TEST_MOTO", "CLOUDAPI_TEST_SWIFT"]

    @Test(.enabled(if: peers.allSatisfy(Peer.isWanted), "`make test-peers` starts moto and Swift"), arguments: peers)
    func `that was made and not yet marked when an attempt died is found, and made whole by the next`(variable: String) async throws {
        let scene = try await Scene(try .s3(variable))
        let order = scene.bucket(BucketBlueprint(isVersioned: true))
        try await Peer.s3Client(variable).put(nil, into: order.subject.name)
        #expect(try await scene.ours.find(order.subject)?.owner == .ours(order.subject.id))
        #expect(try await scene.ours.list(.bucket).isEmpty, "a list believes marks alone")
        #expect(try await scene.ours.create(order).state.bucket == BucketBlueprint(isVersioned: true))
        #expect(try await scene.ours.list(.bucket).map(\.owner) == [.ours(order.subject.id)])
        try await scene.clear()
        try await scene.expectNothing(of: order.subject)
    }

    @Test(.enabled(if: peers.allSatisfy(Peer.isWanted), "`make test-peers` starts moto and Swift"), arguments: peers)
    func `that nobody has marked and that has something in it is nobody's to take`(variable: String) async throws {
        let scene = try await Scene(try .s3(variable))
        let order = scene.bucket()
        let client = try Peer.s3Client(variable)
        try await client.put(nil, into: order.subject.name)
        try await client.put("theirs", into: order.subject.name)
        #expect(try await scene.ours.find(order.subject)?.owner == .foreign)
        let refused = await scene.failure { () throws(ProviderError) in _ = try await scene.ours.create(order) }
        #expect(refused?.kind == .conflict)
        let kept = await scene.failure { () throws(ProviderError) in try await scene.ours.delete(order.subject) }
        #expect(kept?.kind == .conflict)
    }

    @Test(.enabled(if: peers.allSatisfy(Peer.isWanted), "`make test-peers` starts moto and Swift"), arguments: peers)
    func `is not reached with keys that are not good`(variable: String) async throws {
        var peer = try Peer.s3(variable)
        peer.secret = ["access_key_id": peer.secret?["access_key_id"] ?? "", "secret_access_key": "wrong"]
        let provider = try peer.open(installation: "conformance")
        await #expect(throws: ProviderError.self) { _ = try await provider.probe() }
        do {
            _ = try await provider.probe()
        } catch {
            #expect(error.kind == .unauthorized && !error.detail.contains("wrong"))
        }
    }

    @Test(
        arguments: [
            (["endpoint": "https://s3.example.com"], ["access_key_id": "k", "secret_access_key": "s"], []),
            (["endpoint": "http://127.0.0.1:9000/", "region": "eu-1"], ["access_key_id": "test:tester", "secret_access_key": "s+/="], []),
            (.object([]), .object([]), ["/settings/endpoint", "/secret/access_key_id", "/secret/secret_access_key"]),
            (["endpoint": "ftp://x"], ["access_key_id": "k", "secret_access_key": "s"], ["/settings/endpoint"]),
            (["endpoint": "https://x/path"], ["access_key_id": "k", "secret_access_key": "s"], ["/settings/endpoint"]),
            (["endpoint": "https://user@x"], ["access_key_id": "k", "secret_access_key": "s"], ["/settings/endpoint"]),
            (["endpoint": "https://x:0"], ["access_key_id": "k", "secret_access_key": "s"], ["/settings/endpoint"]),
            (["endpoint": "https://x", "region": "a b"], ["access_key_id": "k", "secret_access_key": "s"], ["/settings/region"]),
            (
                ["endpoint": 1, "more": 2], ["access_key_id": "k\n", "secret_access_key": ""],
                [
                    "/settings/more", "/settings/endpoint", "/secret/access_key_id", "/secret/secret_access_key",
                ]
            ),
        ] as [(JSON, JSON, [String])])
    func `is reached with settings that name a server and keys that can stand in a header`(settings: JSON, secret: JSON, wrong: [String]) {
        let found = S3Driver(outgoing: Outgoing()).violations(settings: settings, secret: secret)
        #expect(found.map(\.pointer) == wrong)
    }
}
