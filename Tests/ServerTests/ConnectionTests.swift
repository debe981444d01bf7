import Kernel
import Server
import TestKit
import Testing

/// What never reaches the router: seen over real sockets.
@Suite struct `A connection` {
    private static func run(_ body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await Installation.run(
            .sockets,
            configure: { configuration in
                configuration.headTimeout = 1
                configuration.bodyTimeout = 1
                configuration.trustedProxies = [AddressRange(IPAddress(v4: 0x7F00_0001), prefix: 32)]
            }, body)
    }

    @Test(arguments: ["G", "GET /v1/ping HTTP/1.1\r\n", "GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX-Slow: a"])
    func `whose head does not come in time is told so`(head: String) async throws {
        try await Self.run { cloud in
            let answer = try await RawConnection.exchange(port: cloud.port, head)
            #expect(answer.status == 408 && answer.code == "request_timeout", "\(answer.text)")
            #expect(answer.text.lowercased().contains("\r\nx-request-id: req_"))
        }
    }

    @Test func `whose body does not come in time is told so`() async throws {
        try await Self.run { cloud in
            let head =
                "POST /v1/projects HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(cloud.home.liveKey)\r\nContent-Length: 100\r\n\r\n{"
            let answer = try await RawConnection.exchange(port: cloud.port, head)
            #expect(answer.status == 408 && answer.code == "request_timeout", "\(answer.text)")
        }
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX\u{0}Y: 1\r\n\r\n",
        "GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX: a\u{0}b\r\n\r\n", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        "POST /v1/projects HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func `that speaks no HTTP is told so`(bytes: String) async throws {
        try await Self.run { cloud in
            let answer = try await RawConnection.exchange(port: cloud.port, bytes)
            #expect(answer.status == 400 && answer.code == "malformed_request", "\(answer.text)")
        }
    }

    @Test func `whose head is too large is told so`() async throws {
        try await Self.run { cloud in
            let large = String(repeating: "x", count: 97 << 10)
            let answer = try await RawConnection.exchange(
                port: cloud.port, "GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nX-Large: \(large)\r\n")
            #expect(answer.status == 431 && answer.code == "headers_too_large", "\(answer.text)")
        }
    }

    @Test func `may send its body in chunks, up to the same limit`() async throws {
        try await Self.run { cloud in
            func answer(_ padding: Int) async throws -> RawConnection.Answer {
                let body = #"{"name":"In chunks"}"# + String(repeating: " ", count: padding)
                return try await RawConnection.exchange(
                    port: cloud.port,
                    "POST /v1/projects HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                        + "Authorization: Bearer \(cloud.home.liveKey)\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + String(body.utf8.count, radix: 16) + "\r\n\(body)\r\n0\r\n\r\n")
            }
            #expect(try await answer(1000).status == 201)
            let large = try await answer(1 << 20)
            #expect(large.status == 413 && large.code == "payload_too_large", "\(large.text.prefix(300))")
        }
    }

    @Test func `serves one request after the other`() async throws {
        try await Self.run { cloud in
            let one = "GET /v1/ping HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(cloud.home.liveKey)\r\n"
            let answer = try await RawConnection.exchange(port: cloud.port, one + "\r\n" + one + "\r\n" + one + "Connection: close\r\n\r\n")
            #expect(answer.text.ranges(of: "HTTP/1.1 200").count == 3)
        }
    }

    @Test func `has an address, and a key that is bound to others is refused`() async throws {
        try await Self.run { cloud in
            let key = try await cloud.post(
                "/v1/api-keys", as: cloud.home.sessionToken, ["name": "Office", "ip_ranges": ["203.0.113.0/24", "2001:db8::/32"]])
            for (address, status) in [("203.0.113.9", 200), ("2001:db8::9", 200), ("203.0.114.1", 403), ("", 403)] {
                let headers = address.isEmpty ? [:] : ["X-Forwarded-For": address]
                let reply = try await cloud.get("/v1/ping", as: key.text("key"), headers: headers)
                #expect(reply.status == status && (status == 200 || reply.code == "address_not_allowed"), "\(address): \(reply.text)")
            }
            let inside = ["X-Forwarded-For": "203.0.113.9"]
            for (ranges, status) in [(["203.0.113.128/25"], 201), (["203.0.0.0/16"], 403), (["0.0.0.0/0"], 403), (["10.0.0.1"], 403)]
                as [(JSON, Int)]
            {
                let body: JSON = ["name": "Desk", "ip_ranges": ranges]
                #expect(try await cloud.post("/v1/api-keys", as: key.text("key"), body, headers: inside).status == status, "\(ranges)")
            }
            let heir = try await cloud.post("/v1/api-keys", as: key.text("key"), ["name": "Heir"], headers: inside).expecting(201)
            #expect(heir["ip_ranges"] == ["203.0.113.0/24", "2001:db8::/32"])
        }
    }
}
