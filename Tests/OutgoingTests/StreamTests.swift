import Kernel
import Outgoing
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A streamed answer` {
    static let head = "HTTP/1.1 200 OK\r\nX-Kind: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `is read as it comes`() async throws {
        let (pieces, piece) = AsyncStream.makeStream(of: String.self)
        try await LoopbackServer.with(.pieces(pieces)) { server in
            piece.yield(Self.head)
            let answer = try await Outgoing.local().stream(OutgoingRequest(.get, server.url))
            #expect(answer.status == 200)
            #expect(answer.headers.contains { $0.name == "X-Kind" && $0.value == "a" })
            var parts = answer.body.makeAsyncIterator()
            for text in ["one", "three"] {
                piece.yield("\(text.count)\r\n\(text)\r\n")  // the next is sent when this one was read
                let part = try await parts.next()
                #expect(part == Array(text.utf8))
            }
            piece.yield("0\r\n\r\n")
            let end = try await parts.next()
            #expect(end == nil)
        }
    }

    @Test func `has a time-out for its head`() async throws {
        try await LoopbackServer.with(.silence) { server in
            let outgoing = Outgoing.local(sleep: { _ in _ = await server.nextRequest() })
            await #expect(throws: OutgoingError.timedOut) { try await outgoing.stream(OutgoingRequest(.get, server.url)) }
        }
    }

    @Test func `has none for its body`() async throws {
        let (pieces, piece) = AsyncStream.makeStream(of: String.self)
        try await LoopbackServer.with(.pieces(pieces)) { server in
            piece.yield(Self.head)
            let ended = Count()
            let outgoing = Outgoing.local(sleep: { duration in
                defer { ended.increment() }
                try await Task.sleep(for: duration)
            })
            let answer = try await outgoing.stream(OutgoingRequest(.get, server.url, timeout: .seconds(3600)))
            #expect(ended.value == 1)  // given up with the head; nothing counts from here on
            piece.yield("1\r\na\r\n")
            var parts = answer.body.makeAsyncIterator()
            let part = try await parts.next()
            #expect(part == Array("a".utf8))
        }
    }

    @Test func `ends with its reader's task, and so does the connection`() async throws {
        try await LoopbackServer.with(.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")) { server in
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            let reading = Task {
                let answer = try await Outgoing.local().stream(OutgoingRequest(.get, server.url))
                var parts = answer.body.makeAsyncIterator()
                while try await parts.next() != nil { begin.finish() }
            }
            for await _ in begun {}
            reading.cancel()
            await #expect(throws: OutgoingError.cancelled) { try await reading.value }
            #expect(await server.nextClosedConnection() != nil)
        }
    }

    @Test func `that nobody wants any more closes the connection`() async throws {
        try await LoopbackServer.with(.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")) { server in
            let outgoing = Outgoing.local()
            do {
                let answer = try await outgoing.stream(OutgoingRequest(.get, server.url))
                var parts = answer.body.makeAsyncIterator()
                let part = try await parts.next()
                #expect(part == Array("half".utf8))
            }
            #expect(await server.nextClosedConnection() != nil)
            withExtendedLifetime(outgoing) {}
        }
    }

    @Test func `outlives the client it came through`() async throws {
        let (pieces, piece) = AsyncStream.makeStream(of: String.self)
        try await LoopbackServer.with(.pieces(pieces)) { server in
            piece.yield(Self.head)
            var parts = try await Outgoing.local().stream(OutgoingRequest(.get, server.url)).body.makeAsyncIterator()
            piece.yield("1\r\na\r\n")
            let part = try await parts.next()
            #expect(part == Array("a".utf8))
        }
    }

    @Test func `that breaks off is no whole one`() async throws {
        let (pieces, piece) = AsyncStream.makeStream(of: String.self)
        try await LoopbackServer.with(.pieces(pieces)) { server in
            piece.yield(Self.head + "1\r\na\r\n")
            piece.finish()
            var parts = try await Outgoing.local().stream(OutgoingRequest(.get, server.url)).body.makeAsyncIterator()
            var failure: (any Error)?
            do {
                while try await parts.next() != nil {}
            } catch {
                failure = error
            }
            guard case .connectionLost? = failure as? OutgoingError else {
                Issue.record("\(String(describing: failure))")
                return
            }
        }
    }

    @Test func `is refused like any other`() async throws {
        await #expect(throws: OutgoingError.refusedAddress(.loopback)) {
            try await Outgoing().stream(OutgoingRequest(.get, "http://127.0.0.1/"))
        }
        await #expect(throws: OutgoingError.refusedSocket("/tmp/x")) {
            try await Outgoing().stream(OutgoingRequest(.get, "http://docker/", socket: "/tmp/x"))
        }
    }
}
