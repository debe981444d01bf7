import Docker
import Kernel
import Outgoing
import Provider
import Testing

@Suite(.timeLimit(.minutes(10))) struct `What a daemon's answer means` {
    @Test(arguments: [
        (400, "Minimum memory limit allowed is 6MB", ProviderError.Kind.rejected), (400, "invalid JSON", .rejected),
        (401, "who are you", .unauthorized), (403, "authorization denied by plugin", .unauthorized),
        (403, "network n has active endpoints", .conflict), (403, "Pool overlaps with other one on this address space", .conflict),
        (404, "No such container: c", .absent), (409, "Conflict. The container name is in use", .conflict), (429, "slow down", .throttled),
        (500, "something broke", .ambiguous), (500, "that name is already in use", .conflict),
        (500, "network is being used", .conflict), (500, "container state improper", .conflict),
        (500, "subnet 10.9.1.0/24 is already used on the host or by another config", .conflict),
        (500, "write /x: no space left on device", .capacity),
        (500, "could not find an available, non-overlapping IPv4 address pool among the defaults", .capacity),
        (500, "exec: \"x\": executable file not found in $PATH", .rejected), (400, "Range of CPUs is from 0.01 to 2.00", .rejected),
        (502, "", .ambiguous), (503, "busy", .ambiguous), (301, "moved", .rejected),
    ])
    func `is told by its status and its sentence`(status: Int, sentence: String, kind: ProviderError.Kind) async throws {
        for reply in [ScriptedPeer.Reply.json(status, ["message": .string(sentence)]), .text(status, sentence)] {
            try await Self.starting(answeredBy: reply) { error in
                #expect(error.kind == kind)
                #expect(sentence.isEmpty || error.detail == sentence)
            }
        }
    }

    @Test(arguments: [
        ScriptedPeer.Reply.hangUp, .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".utf8)),
        .raw(Array("SSH-2.0\r\n\r\n".utf8)),
    ])
    func `is open when the answer was lost`(reply: ScriptedPeer.Reply) async throws {
        try await Self.starting(answeredBy: reply) { error in #expect(error.kind == .ambiguous) }
    }

    @Test func `is open when it does not come in time`() async throws {
        let clock: @Sendable (Duration) async throws -> Void = { _ in }
        try await ScriptedPeer.Script(sleep: clock, { _ in .silence }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in _ = try await provider.list(.volume) }
            #expect(error?.kind == .ambiguous)
        }
    }

    @Test func `is told in one short line`() async throws {
        let long = "one\ntwo\t\u{1B}[31m" + String(repeating: "long ", count: 1000)
        try await Self.starting(answeredBy: .json(500, ["message": .string(long)])) { error in
            #expect(error.detail.hasPrefix("one two [31mlong long"))
            #expect(error.detail.count == 500)
        }
    }

    @Test func `is nothing when nobody listens, and nothing has happened`() async throws {
        let endpoint = try await ScriptedPeer.Script({ _ in .silence }).run { peer in peer.endpoint }
        let path = String(endpoint.dropFirst("unix://".count))
        let provider = try Peer(
            driver: DockerDriver(outgoing: Outgoing(allowing: Egress(ranges: [], sockets: [path]))),
            settings: ["endpoint": .string(endpoint)], image: ""
        ).open(installation: "here")
        let error = await provider.failure { provider throws(ProviderError) in _ = try await provider.probe() }
        #expect(error?.kind == .unreachable)
    }

    @Test(arguments: ["unix:///var/run/docker.sock", "tcp://127.0.0.1:2375", "tcp://93.184.216.34:2375"])
    func `is not asked for where the operator opened nothing`(endpoint: String) async throws {
        let provider = try Peer(driver: DockerDriver(outgoing: Outgoing()), settings: ["endpoint": .string(endpoint)], image: "")
            .open(installation: "here")
        let error = await provider.failure { provider throws(ProviderError) in _ = try await provider.probe() }
        #expect(error?.kind == .rejected)
        #expect(error?.detail.contains("--allow-egress") == true)
    }

    private static func starting(answeredBy reply: ScriptedPeer.Reply, _ check: (ProviderError) -> Void) async throws {
        try await ScriptedPeer.Script({ $0.path.hasSuffix("/json") ? .json(200, Shown.container(status: "exited")) : reply }).run { peer in
            let error = await peer.provider.failure { provider throws(ProviderError) in
                try await provider.apply(.start, to: Shown.order.subject)
            }
            check(try #require(error))
            #expect(peer.lines == ["GET /containers/cloudapi-inst-1/json", "POST /containers/c0ffee/start"])  // and never twice
        }
    }
}
