import Kernel
import Provider
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A container` {
    static let made = ScriptedPeer.Reply.json(201, ["Id": "c0ffee", "Warnings": []])

    @Test func `is made from an image that is fetched when it is missing`() async throws {
        let isFetched = Flag()
        try await ScriptedPeer.Script({ request in
            switch request.line {
            case "POST /containers/create": isFetched.isSet ? Self.made : .json(404, ["message": "No such image: debian:12"])
            case "GET /images/debian:12/json": .json(404, ["message": "no such image"])
            case "POST /images/create":
                isFetched.set(
                    .stream([Array("{\"status\":\"Pull".utf8), Array("ing\"}\n{\"status\":\"Done\"}".utf8)]))
            default: .json(200, Shown.container(status: "created"))
            }
        }).run { peer in
            let sighting = try await peer.provider.create(Shown.order)
            #expect(sighting.owner == .ours("inst_1"))
            #expect(sighting.state.power == .stopped)
            let fetch = try #require(peer.requests.first { $0.path == "/images/create" })
            #expect(fetch.query == ["fromImage": "debian", "tag": "12"])
            #expect(peer.lines.filter { $0 == "POST /containers/create" }.count == 2)
        }
    }

    @Test(arguments: [
        ("{\"error\":\"manifest for debian:12 not found\"}", ProviderError.Kind.rejected),
        ("{\"status\":\"Pulling\"}\n{\"error\":\"dial tcp: lookup registry: no such host\"}\n", .rejected),
        ("{\"error\":\"toomanyrequests: You have reached your pull rate limit\"}\n", .throttled),
        ("{\"error\":\"net/http: TLS handshake timeout\"}\n", .unreachable),
        ("{\"error\":\"write /layer: no space left on device\"}\n", .capacity),
    ])
    func `is not made from an image that cannot be fetched, which is named`(answer: String, kind: ProviderError.Kind) async throws {
        try await ScriptedPeer.Script({ request in
            request.path == "/images/create" ? .text(200, answer) : .json(404, ["message": "No such image: debian:12"])
        }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.create(Shown.order) }
            #expect(error?.kind == kind)
            #expect(error?.detail.contains("debian:12") == true)
            #expect(peer.lines.filter { $0 == "POST /containers/create" }.count == 1)
        }
    }

    @Test(arguments: ["", " ", "../containers", "a/../b", "a//b", "a?b", "a#b", "a b", "-a", ".a", "a:", "http://a", "a%2f", "ä"])
    func `has an image whose name can be one`(image: String) async throws {
        try await ScriptedPeer.Script({ _ in Self.made }).run { peer in
            let order = Order(
                subject: Shown.order.subject, token: "t",
                blueprint: .instance(InstanceBlueprint(size: Capacity(milliCPUs: 1, memoryMiB: 1), image: image)))
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.create(order) }
            #expect(error?.kind == .rejected)
            #expect(peer.requests.isEmpty)
        }
    }

    @Test(arguments: [(201, ProviderError.Kind.conflict), (404, .absent)])
    func `is ours only when its labels say so, whatever was answered`(status: Int, kind: ProviderError.Kind) async throws {
        try await ScriptedPeer.Script({ request in
            if request.method == "POST" { return Self.made }
            return status == 201
                ? .json(200, Shown.container(installation: "elsewhere")) : .json(404, ["message": "No such container"])
        }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.create(Shown.order) }
            #expect(error?.kind == kind)
        }
    }

    @Test func `goes again when it cannot be put on all of its networks`() async throws {
        let networks = ["net_1", "net_2"].map { Subject(kind: .network, id: $0) }
        var blueprint = InstanceBlueprint(size: Capacity(milliCPUs: 500, memoryMiB: 64), image: "busybox:1")
        blueprint.networks = networks
        let order = Order(subject: Shown.order.subject, token: "t", blueprint: .instance(blueprint))
        try await ScriptedPeer.Script({ request in
            switch request.line {
            case "GET /networks": .json(200, [Shown.network("net_1", reference: "n1"), Shown.network("net_2", reference: "n2")])
            case "POST /networks/cloudapi-net-2/connect": .json(500, ["message": "something broke"])
            case "DELETE /containers/c0ffee": .text(204, "")
            default: Self.made
            }
        }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.create(order) }
            #expect(error?.kind == .ambiguous)
            #expect(peer.lines.last == "DELETE /containers/c0ffee")
        }
    }

    @Test func `is not found by the beginning of its id, nor asked for by what is no id`() async throws {
        try await ScriptedPeer.Script({ request in
            request.path == "/containers/c0f/json" ? .json(200, Shown.container("inst_2")) : .json(404, ["message": "No such container"])
        }).run { peer in
            for reference in ["c0f", "../volumes", "a/b", "a?b", "", ".."] {
                let found = try await peer.provider.find(Subject(kind: .instance, id: "inst_1", reference: reference))
                #expect(found == nil)
            }
            #expect(Set(peer.lines) == ["GET /containers/c0f/json", "GET /containers/cloudapi-inst-1/json"])
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A volume or network` {
    @Test func `that is another's is a conflict, though the daemon says it was made`() async throws {
        try await ScriptedPeer.Script({ _ in .json(201, Shown.volume("vol_1", installation: "elsewhere")) }).run { peer in
            let order = Order(
                subject: Subject(kind: .volume, id: "vol_1"), token: "t",
                blueprint: .volume(VolumeBlueprint(sizeGiB: 1, type: "standard", isEncrypted: false)))
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.create(order) }
            #expect(error?.kind == .conflict)
        }
    }

    @Test func `that was made twice counts once, and goes whole`() async throws {
        let twice: JSON = [
            Shown.network("net_1", reference: "younger", created: "2026-01-02"),
            Shown.network("net_1", reference: "older", created: "2026-01-01"),
            Shown.network("net_1", reference: "foreign", created: "2025", installation: "elsewhere"),
            Shown.network("net_12", reference: "other"),
        ]
        try await ScriptedPeer.Script({ request in
            switch request.line {
            case "GET /networks": .json(200, twice)
            case let line where line.hasPrefix("GET"): .json(200, ["Containers": [:]])
            default: .text(204, "")
            }
        }).run { peer in
            let subject = Subject(kind: .network, id: "net_1")
            #expect(try await peer.provider.find(subject)?.reference == "older")
            try await peer.provider.delete(subject)
            #expect(peer.lines.filter { $0.hasPrefix("DELETE") } == ["DELETE /networks/older", "DELETE /networks/younger"])
        }
    }
}

final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set<Value>(_ result: Value) -> Value {
        value.withLock { $0 = true }
        return result
    }
}
