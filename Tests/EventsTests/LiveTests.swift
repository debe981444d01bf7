import Events
import Kernel
import NIOCore
import NIOPosix
import Server
import Storage
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct `The live stream` {
    @Test func `shows each event once and in order, from where a listener was`() async throws {
        try await Self.run { cloud in
            let before = try #require(try await cloud.events("limit=1").first).seq
            try await LiveClient.open(cloud, "/v1/events?after=\(before - 2)") { client in
                try await client.read(events: 2)
                for name in ["a", "b", "c"] { try await cloud.note(name) }
                try await client.read(events: 5)
                #expect(client.ids == Array(before - 1...before + 3))
            }
            for name in ["d", "e"] { try await cloud.note(name) }
            try await LiveClient.open(cloud, "/v1/events", lastEventID: before + 2) { client in
                try await client.read(events: 3)
                try await cloud.note("f")
                try await client.read(events: 4)
                #expect(client.ids == Array(before + 3...before + 6))
            }
        }
    }

    @Test func `tells a new listener where it is, and only what it asked for`() async throws {
        try await Self.run { cloud in
            let head = try #require(try await cloud.events("limit=1").first).seq
            try await LiveClient.open(cloud, "/v1/events?type=project.*") { client in
                try await client.read(until: "id: \(head)\n\n")
                try await cloud.note("a")
                _ = try await cloud.makeProject("A")
                try await client.read(events: 1)
                #expect(client.ids == [head + 2])
                #expect(client.received.contains("\"type\":\"project.created\""))
            }
        }
    }

    @Test func `loses and repeats nothing while many write and many listen, come and go`() async throws {
        try await Self.run { cloud in
            let start = try #require(try await cloud.events("limit=1").first).seq
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask { for number in 0..<25 { try await cloud.note("w\(writer).\(number)") } }
                }
                for listener in 0..<12 {
                    group.addTask {
                        var seen: [Int64] = []
                        while seen.count < 100 {
                            try await LiveClient.open(cloud, "/v1/events", lastEventID: seen.last ?? start) { client in
                                let part = min(100 - seen.count, 7 + listener * 5)
                                try await client.read(events: part)
                                seen += client.ids.prefix(part)
                            }
                        }
                        #expect(seen == Array(start + 1...start + 100))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `keeps tenants, modes and projects apart`() async throws {
        try await Self.run { cloud in
            let elsewhere = try await cloud.makeWorkspace()
            let listeners = [elsewhere.liveKey, cloud.home.testKey, cloud.home.projectKey]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for secret in listeners {
                    group.addTask {
                        try await LiveClient.open(cloud, "/v1/events", as: secret) { client in
                            try await client.read(until: "id: ")
                            try await client.read(until: "the end")
                            #expect(!client.received.contains("secret"))
                        }
                    }
                }
                while cloud.parts.hub.listeners < 3 { try await Task.sleep(for: .milliseconds(1)) }
                _ = try await cloud.makeProject("secret")
                let path = "/v1/projects/\(cloud.home.project)"
                _ = try await cloud.patch(path, as: cloud.home.sessionToken, ["description": "the end"]).expecting(200)
                _ = try await cloud.post("/v1/projects", as: elsewhere.liveKey, ["name": "the end"]).expecting(201)
                try await cloud.note("the end", in: Tenant(workspace: cloud.home.workspace, mode: .test))
                try await group.waitForAll()
            }
        }
    }

    @Test func `ends with the credential: what happens after its revocation is not shown`() async throws {
        try await Self.run { cloud in
            let made = try await cloud.post("/v1/api-keys", as: cloud.home.sessionToken, ["name": "Brief"]).expecting(201)
            try await LiveClient.open(cloud, "/v1/events", as: made.text("key")) { client in
                try await client.read(until: "id: ")
                try await cloud.note("before")
                try await client.read(until: "before")
                _ = try await cloud.delete("/v1/api-keys/\(made.text("key_id"))", as: cloud.home.sessionToken)
                try await cloud.note("after")
                try await client.read(until: "credential_invalid")
                #expect(!client.received.contains("\"after\"") && !client.received.contains("key.revoked"))
            }
        }
    }

    @Test func `cuts off who does not keep up`() async throws {
        try await Installation.run { cloud in
            try await cloud.following {
                let tenant = cloud.tenant
                let count = try await cloud.parts.hub.listen(to: tenant, matching: .init()) { _, events in
                    try await cloud.store.write { connection in
                        for number in 0..<EventHub.queue + 10 {
                            let by = Attribution(
                                tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: cloud.place.surroundings)
                            connection.append(EventDraft("note.made", subject: "\(number)"), by: by)
                        }
                    }
                    while cloud.parts.hub.listeners > 0 { await Task.yield() }
                    return await events.reduce(0) { count, _ in count + 1 }
                }
                #expect(count == EventHub.queue)
            }
        }
    }

    private static func run(_ body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await Installation.run(.sockets) { cloud in try await cloud.following { try await body(cloud) } }
    }
}

/// A client of the live stream on a connection of its own, which it hangs up at its end.
struct LiveClient {
    struct Ended: Error {
        let received: String
    }

    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private(set) var received = ""

    static func open<Result: Sendable>(
        _ cloud: Installation, _ path: String, as secret: String? = nil, lastEventID: Int64? = nil,
        _ body: (inout LiveClient) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: cloud.port ?? 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let resumed = lastEventID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
            let head =
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\(resumed)"
                + "Authorization: Bearer \(secret ?? cloud.home.liveKey)\r\n\r\n"
            try await outbound.write(ByteBuffer(string: head))
            var client = LiveClient(inbound: inbound.makeAsyncIterator())
            return try await body(&client)
        }
    }

    /// The numbers of the events that have come whole.
    var ids: [Int64] { received.matches(of: /id: ([0-9]+)\ndata: .*\n\n/).compactMap { Int64($0.output.1) } }

    mutating func read(events count: Int) async throws { while ids.count < count { try await readMore() } }
    mutating func read(until text: String) async throws { while !received.contains(text) { try await readMore() } }

    private mutating func readMore() async throws {
        guard let part = try await inbound.next() else { throw Ended(received: received) }
        received += String(buffer: part)
    }
}

extension Installation {
    func note(_ subject: String, in tenant: Tenant) async throws {
        let by = Attribution(tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: place.surroundings)
        try await store.write { $0.append(EventDraft("note.made", subject: subject), by: by) }
    }
}
