import Kernel
import Outgoing
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Private addresses` {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"), ("2130706433", "127.0.0.1"), ("017700000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0X7F.0.0.1", "127.0.0.1"), ("0x7f000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"), ("127.0.1", "127.0.0.1"), ("0", "0.0.0.0"), ("0.0.0.0", "0.0.0.0"), ("[::]", "::"), ("[::1]", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"), ("[::127.0.0.1]", "::127.0.0.1"), ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("[::ffff:7f00:1]", "::ffff:127.0.0.1"), ("[::FFFF:7F00:1]", "::ffff:127.0.0.1"), ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
        ("[64:ff9b::169.254.169.254]", "64:ff9b::a9fe:a9fe"), ("[2002:7f00:1::]", "2002:7f00:1::"),
        ("[2001:0:808:808::80ff:fffe]", "2001:0:808:808::80ff:fffe"), ("[2606:4700::5efe:10.0.0.1]", "2606:4700::5efe:a00:1"),
        ("169.254.169.254", "169.254.169.254"), ("0xa9fea9fe", "169.254.169.254"), ("[fd00:ec2::254]", "fd00:ec2::254"),
        ("[fe80::1]", "fe80::1"), ("10.0.0.1", "10.0.0.1"), ("172.31.255.255", "172.31.255.255"), ("192.168.1.1", "192.168.1.1"),
        ("100.100.100.200", "100.100.100.200"), ("168.63.129.16", "168.63.129.16"), ("255.255.255.255", "255.255.255.255"),
    ])
    func `are refused as what they are, however they are spelt`(host: String, address: String) async throws {
        for scheme in ["http", "https"] {
            #expect(await Outgoing().failure("\(scheme)://\(host):8080/x") == .refusedAddress(try #require(IPAddress(address))))
        }
    }

    @Test(arguments: ["localhost", "LOCALHOST", "localhost.", "LocalHost."])
    func `are refused behind a name`(host: String) async throws {
        guard case .refusedAddress(let address) = await Outgoing().failure("http://\(host)/") else {
            Issue.record("\(host) was not refused")
            return
        }
        #expect(address == .loopback || address == IPAddress("::1"))
    }

    @Test(arguments: ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"])
    func `are not even connected to`(host: String) async throws {
        try await LoopbackServer.with { server in
            #expect(await Outgoing().failure("http://\(host):\(server.port)/") != nil)
            let wasUntouched = try await server.wasUntouched()
            #expect(wasUntouched)
        }
    }

    @Test func `are refused on the connection too, before a byte of the request is written`() async throws {
        try await LoopbackServer.with { server in
            let deceived = Outgoing(
                allowing: [], sleep: Surroundings.real.sleep, lookUp: .always(.example), dial: { _ in IPAddress.loopback.description })
            let request = OutgoingRequest(.post, "http://shop.example:\(server.port)/", body: Array("secret".utf8))
            #expect(await deceived.failure(request) == .refusedAddress(.loopback))
            #expect(await server.nextClosedConnection() == "")
        }
    }

    @Test func `are not reached by a name that changes its address between the check and the connection`() async throws {
        try await LoopbackServer.with { server in
            let asked = Count()
            let fickle = NameLookup { _ in asked.increment() == 0 ? [.loopback] : [.secondLoopback] }
            let outgoing = Outgoing.local(allowing: AddressRange(.loopback, prefix: 32), lookUp: fickle)
            let request = OutgoingRequest(.get, "http://fickle.example:\(server.port)/")
            let answer = try await outgoing.send(request)
            #expect(answer.status == 200)
            #expect(asked.value == 1)
            #expect(await outgoing.failure(request) == .refusedAddress(.secondLoopback))
        }
    }

    @Test func `are passed over when a name has others as well`() async throws {
        try await LoopbackServer.with { server in
            let outgoing = Outgoing.local(lookUp: .always(.router, .loopback))
            let answer = try await outgoing.send(OutgoingRequest(.get, "http://mixed.example:\(server.port)/"))
            #expect(answer.status == 200)
        }
    }

    @Test func `are not reached by a redirect`() async throws {
        try await LoopbackServer.with(host: "127.0.0.2") { inner in
            let moved = "HTTP/1.1 302 Found\r\nLocation: \(inner.url)\r\nContent-Length: 0\r\n\r\n"
            try await LoopbackServer.with(.answer(moved)) { outer in
                let answer = try await Outgoing.local(allowing: AddressRange(.loopback, prefix: 32)).send(OutgoingRequest(.get, outer.url))
                #expect(answer.status == 302)
                #expect(answer.header("location") == inner.url)
                let wasUntouched = try await inner.wasUntouched()
                #expect(wasUntouched)
            }
        }
    }
}
