import Kernel
import Outgoing
import Testing

@Suite(.timeLimit(.minutes(10))) struct `An outgoing request` {
    @Test func `arrives at an address in an opened range, and its answer comes back`() async throws {
        try await LoopbackServer.with(.answer("HTTP/1.1 201 Created\r\nX-Kind: a\r\nContent-Length: 5\r\n\r\nhello")) { server in
            let request = OutgoingRequest(.post, server.url + "in?a=%2F&b#part", headers: [("X-One", "1")], body: Array("body".utf8))
            let answer = try await Outgoing(allowing: [.loopback]).send(request)
            #expect(answer.status == 201)
            #expect(answer.header("x-kind") == "a")
            #expect(try answer.wholeBody() == Array("hello".utf8))
            #expect(answer.duration > .zero)
            let sent = try #require(await server.nextRequest())
            #expect(sent.hasPrefix("POST /in?a=%2F&b HTTP/1.1\r\n"))
            #expect(sent.contains("X-One: 1\r\n"))
            #expect(sent.contains("host: 127.0.0.1:\(server.port)\r\n"))
            #expect(sent.hasSuffix("\r\n\r\nbody"))
        }
    }

    @Test func `names the host of its URL, not the address it was sent to`() async throws {
        try await LoopbackServer.with { server in
            let request = OutgoingRequest(.get, "http://Shop.Example.:\(server.port)", headers: [("Host", "admin.internal")])
            _ = try await Outgoing.local(lookUp: .always(.loopback)).send(request)
            let sent = try #require(await server.nextRequest())
            #expect(sent.contains("host: shop.example:\(server.port)\r\n"))
            #expect(!sent.contains("admin.internal"))
        }
    }

    @Test func `shares a connection with those before`() async throws {
        try await LoopbackServer.with { server in
            let outgoing = Outgoing.local()
            for _ in 1...10 { _ = try await outgoing.send(OutgoingRequest(.get, server.url)) }
            // Now and then the next request is quicker than the connection's way back.
            #expect(server.connections < 10)
        }
    }

    @Test func `goes to the next address when the first takes no connection`() async throws {
        try await LoopbackServer.with { server in
            let outgoing = Outgoing.local(lookUp: .always(.secondLoopback, .loopback))
            let answer = try await outgoing.send(OutgoingRequest(.get, "http://two.example:\(server.port)/"))
            #expect(answer.status == 200)
        }
    }

    @Test(arguments: [(4, "hell", true), (5, "hello", false), (6, "hello", false), (0, "", true)])
    func `keeps of the answer what it asked for`(limit: Int, kept: String, isTruncated: Bool) async throws {
        try await LoopbackServer.with { server in
            let answer = try await Outgoing.local().send(OutgoingRequest(.get, server.url, bodyLimit: limit))
            #expect(answer.body == Array(kept.utf8))
            #expect(answer.isTruncated == isTruncated)
            if isTruncated { #expect(throws: OutgoingError.responseTooLarge(kept: limit)) { try answer.wholeBody() } }
        }
    }

    @Test func `may have no body in its answer`() async throws {
        try await LoopbackServer.with(.answer("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")) { server in
            let answer = try await Outgoing.local().send(OutgoingRequest(.head, server.url))
            #expect(answer.body == [])
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct `A failed outgoing request` {
    @Test(arguments: [
        "", "example.com", "//example.com/", "/path", "http:/example.com", "http:///path", "http://", "http://:80/", "ftp://example.com/",
        "file:///etc/passwd", "gopher://127.0.0.1/", "javascript:alert(1)", "unix:///var/run/docker.sock",
        "http+unix://%2Fvar%2Frun%2Fdocker.sock/info", "http://user@example.com/", "http://user:password@example.com/",
        "http://@127.0.0.1/", "http://:@127.0.0.1/", "http://example.com\\@127.0.0.1/", "http://exa mple.com/", " http://example.com/",
        "http://example.com/\r\nX-Evil: 1", "http://example.com\u{0}.local/", "http://exämple.com/", "http://127。0。0。1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://%31%32%37.0.0.1/", "http://127.0.0.1%00.example.com/", "http://[fe80::1%25eth0]/", "http://[::1/", "http://[127.0.0.1]/",
        "http://::1/", "http://example.com:0/", "http://example.com:65536/", "http://example.com:x/", "http://a..b/", "http://.a/",
        "http://example.com../",
    ])
    func `has a URL we do not send to`(url: String) async throws {
        guard case .invalidURL = await Outgoing.local(lookUp: .always(.loopback)).failure(url) else {
            Issue.record("\(url.debugDescription) was accepted")
            return
        }
    }

    @Test(arguments: [("X", "a\r\nHost: b"), ("X", "a\nb"), ("X", "a\u{0}b"), ("X: Y", "a"), ("X\r\nY", "a"), ("", "a")])
    func `has a header that would begin another`(name: String, value: String) async throws {
        let request = OutgoingRequest(.get, "http://127.0.0.1/", headers: [(name, value)])
        #expect(await Outgoing.local().failure(request) == .invalidHeader(name))
    }

    @Test func `has a name without an address`() async throws {
        #expect(await Outgoing.local(lookUp: .always()).failure("http://gone.example/") == .unresolvable("gone.example"))
    }

    @Test func `found nobody listening, and says that nothing was sent`() async throws {
        let port = try await LoopbackServer.with { server in server.port }
        let failure = try #require(await Outgoing.local().failure("http://127.0.0.1:\(port)/"))
        guard case .connectionFailed = failure else { throw failure }
        #expect(failure.nothingWasSent)
    }

    @Test func `found no TLS`() async throws {
        try await LoopbackServer.with(.greeting("220 ready\r\n")) { server in
            let failure = try #require(await Outgoing.local().failure("https://127.0.0.1:\(server.port)/"))
            guard case .tlsFailed = failure else { throw failure }
        }
    }

    @Test(arguments: [LoopbackServer.Reply.hangUp, .answer("SSH-2.0-OpenSSH\r\n\r\n"), .answer("HTTP/1.1 200 OK\r\nNo colon\r\n\r\n")])
    func `got no answer, and leaves open whether it had its effect`(reply: LoopbackServer.Reply) async throws {
        try await LoopbackServer.with(reply) { server in
            let failure = try #require(await Outgoing.local().failure(OutgoingRequest(.post, server.url)))
            guard case .connectionLost = failure else { throw failure }
            #expect(!failure.nothingWasSent)
        }
    }

    @Test(arguments: [LoopbackServer.Reply.silence, .answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")])
    func `took longer than it may, to its last byte`(reply: LoopbackServer.Reply) async throws {
        try await LoopbackServer.with(reply) { server in
            let outgoing = Outgoing.local(sleep: { _ in _ = await server.nextRequest() })
            #expect(await outgoing.failure(server.url) == .timedOut)
        }
    }

    @Test func `took longer than it may looking up the name`() async throws {
        let stuck = NameLookup { _ in
            try await Task.sleep(for: .seconds(3600))  // until it is cancelled
            return [.example]
        }
        #expect(await Outgoing.local(sleep: { _ in }, lookUp: stuck).failure("http://slow.example/") == .timedOut)
    }

    @Test func `was given up by its sender`() async throws {
        try await LoopbackServer.with(.silence) { server in
            let sending = Task { await Outgoing.local().failure(server.url) }
            _ = await server.nextRequest()
            sending.cancel()
            #expect(await sending.value == .cancelled)
        }
    }
}
