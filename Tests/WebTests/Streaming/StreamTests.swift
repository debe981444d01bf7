import Kernel
import Synchronization
import TestKit
import Testing
import Web

@Suite(.timeLimit(.minutes(10))) struct `A stream` {
    /// Sends one event and waits, telling when it is over.
    private static func endless(_ ended: Counter = Counter()) -> @Sendable (Call) -> Answer {
        { call in
            .events { stream in
                defer { ended.add() }
                try await stream.send(JSON.object([.init("n", 1)]), id: "7", event: "tick")
                try await call.surroundings.sleep(.seconds(86_400))
            }
        }
    }

    @Test func `sends events as they happen and ends when they do`() async throws {
        let answer: @Sendable (Call) -> Answer = { _ in
            .events { stream in
                try await stream.send(JSON.object([.init("a", 1)]), id: "1\n2", event: "made")
                try await stream.send(text: "one\ntwo\r\nthree\r")
            }
        }
        try await StreamServer.run(answer: answer) { server in
            try await StreamClient.open(server) { client in
                #expect(await client.readToEnd())
                let text = client.received
                #expect(text.hasPrefix("HTTP/1.1 200") && text.lowercased().contains("\r\ncontent-type: text/event-stream\r\n"))
                #expect(text.lowercased().contains("\r\nx-request-id: req_") && text.contains("\r\nX-RateLimit-Remaining: "))
                #expect(text.contains("event: made\nid: 12\ndata: {\"a\":1}\n\n"))
                #expect(text.contains("data: one\ndata: two\ndata: three\ndata: \n\n"))
            }
            try await server.drain()
        }
    }

    @Test func `ends when the client hangs up, and takes its work with it`() async throws {
        let ended = Counter()
        try await StreamServer.run(answer: Self.endless(ended)) { server in
            try await StreamClient.open(server) { client in
                try await client.read(until: "id: 7")
                #expect(server.pipeline.openStreams == 1)
                #expect(server.pipeline.requestsInFlight == 0)
            }
            try await server.drain()
        }
        #expect(ended.count == 1)
    }

    @Test func `shows every fifteen seconds that it lives`() async throws {
        let (steps, step) = AsyncStream.makeStream(of: String.self)
        let sent = Counter()
        let answer: @Sendable (Call) -> Answer = { _ in
            .events { stream in
                for await text in steps {
                    try await stream.send(text: text)
                    sent.add()
                }
            }
        }
        try await StreamServer.run(answer: answer) { server in
            try await StreamClient.open(server) { client in
                for beats in 1...3 {
                    // What has been sent was written whole, and so was the beat before it: a beat says nothing while something is written.
                    step.yield("before")
                    try await server.wait { sent.count == beats }
                    try await server.settle(1)
                    server.clock.advance(seconds: 15)
                    try await client.read(until: "3\r\n:\n\n\r\n", times: beats)
                }
            }
        }
    }

    @Test(arguments: [nil, ScopeSet.none, ScopeSet([.eventsRead])])
    func `ends at the next beat when its credential is revoked or changed`(scopes: ScopeSet?) async throws {
        try await StreamServer.run(answer: Self.endless()) { server in
            try await StreamClient.open(server) { client in
                try await client.read(until: "id: 7")
                try await server.change(scopes)
                try await server.settle(2)
                server.clock.advance(seconds: 15)
                #expect(await client.readToEnd())
                let code = scopes == nil ? "credential_invalid" : scopes == ScopeSet.none ? "insufficient_scope" : "forbidden"
                #expect(client.received.contains("event: error\ndata: {") && client.received.contains("\"code\":\"\(code)\""))
            }
            try await server.drain()
        }
    }

    @Test func `shows nothing that happens after the credential was revoked`() async throws {
        let (steps, step) = AsyncStream.makeStream(of: String.self)
        let answer: @Sendable (Call) -> Answer = { _ in
            .events { stream in for await text in steps { try await stream.send(text: text) } }
        }
        try await StreamServer.run(answer: answer) { server in
            try await StreamClient.open(server) { client in
                step.yield("before")
                try await client.read(until: "data: before")
                try await server.change(nil)
                step.yield("after")
                #expect(await client.readToEnd())
                #expect(client.received.contains("credential_invalid") && !client.received.contains("after"))
            }
        }
    }

    @Test func `ends when its credential expires`() async throws {
        try await StreamServer.run(expiresAt: StoppedClock.start.adding(seconds: 10), answer: Self.endless()) { server in
            try await StreamClient.open(server) { client in
                try await client.read(until: "id: 7")
                try await server.settle(2)
                server.clock.advance(seconds: 15)
                #expect(await client.readToEnd())
                #expect(client.received.contains("credential_invalid"))
            }
        }
    }

    @Test func `ends in order when the server stops`() async throws {
        let ended = Counter()
        try await StreamServer.run(answer: Self.endless(ended)) { server in
            try await StreamClient.open(server) { client in
                try await client.read(until: "id: 7")
                await server.stop()
                #expect(await client.readToEnd())
                #expect(!client.received.contains("event: error"))
            }
        }
        #expect(ended.count == 1)
    }

    @Test func `has a place; past the last one is overloaded, and a place comes back`() async throws {
        var limits = Pipeline.Limits()
        limits.streams = 1
        try await StreamServer.run(limits: limits, answer: Self.endless()) { server in
            try await StreamClient.open(server) { first in
                try await first.read(until: "id: 7")
                try await StreamClient.open(server) { second in
                    try await second.read(until: "\"code\":\"overloaded\"")
                    #expect(second.received.hasPrefix("HTTP/1.1 503") && second.received.contains("Retry-After: 5"))
                }
            }
            try await server.drain()
            try await StreamClient.open(server) { third in try await third.read(until: "id: 7") }
            try await server.drain()
            try await StreamClient.open(server, method: "HEAD") { head in try await head.read(until: "\r\n\r\n") }
            try await server.drain()
        }
    }

    @Test func `that goes wrong says so as its last event`() async throws {
        let answer: @Sendable (Call) -> Answer = { _ in
            .events { stream in
                try await stream.send(text: "one")
                throw Problem(.providerUnreachable, "The cloud went away.")
            }
        }
        try await StreamServer.run(answer: answer) { server in
            try await StreamClient.open(server) { client in
                #expect(await client.readToEnd())
                #expect(client.received.contains("event: error\ndata: {") && client.received.contains("provider_unreachable"))
            }
        }
    }

    @Test func `of bytes is cut when it goes wrong, so that nobody takes a part for the whole`() async throws {
        let answer: @Sendable (Call) -> Answer = { _ in
            .stream(contentType: "text/csv") { writer in
                try await writer.write(Array("a,b\n".utf8))
                throw Problem(.internalError, "No.")
            }
        }
        try await StreamServer.run(answer: answer) { server in
            try await StreamClient.open(server) { client in
                #expect(await client.readToEnd() == false)
                #expect(client.received.contains("a,b\n"))
            }
        }
    }

    @Test func `that nobody reads is cut in the end`() async throws {
        let answer: @Sendable (Call) -> Answer = { _ in
            .stream(contentType: "text/plain") { writer in
                while true { try await writer.write(Array(repeating: 0x61, count: 1 << 16)) }
            }
        }
        try await StreamServer.run(answer: answer) { server in
            try await StreamClient.open(server) { client in
                // Nothing is read here: what the sockets hold fills up, and the writer waits.
                try await server.wait { server.pipeline.openStreams == 1 }
                try await server.wait {
                    if server.clock.sleepers > 0 { server.clock.advance(seconds: 15) }
                    return server.pipeline.openStreams == 0
                }
            }
        }
    }
}

private final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }
    func add() { value.add(1, ordering: .relaxed) }
}

@Suite struct `Accept` {
    @Test(arguments: [
        ("text/event-stream", true), ("application/json, text/event-stream;q=0.5", true), ("Text/Event-Stream; charset=utf-8", true),
        ("*/*", false), ("text/*", false), ("application/json", false), ("text/event-stream;q=0", false), ("", false),
    ])
    func `names events or does not`(accept: String, wants: Bool) { #expect(Call.namesEvents(accept) == wants) }
}
