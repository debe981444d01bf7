import NIOCore
import NIOPosix

/// One connection that reads as it comes, and can hang up at any moment.
struct StreamClient {
    struct Ended: Error {
        let received: String
    }

    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private(set) var received = ""

    /// Asks for `/v1/stream`; hangs up when `body` returns.
    static func open<Result: Sendable>(
        _ server: StreamServer, method: String = "GET", _ body: (inout StreamClient) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let head = "\(method) /v1/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(server.keys.secret)\r\n\r\n"
            try await outbound.write(ByteBuffer(string: head))
            var client = StreamClient(inbound: inbound.makeAsyncIterator())
            return try await body(&client)
        }
    }

    /// Reads until `text` has come so often; throws when the other side ends before.
    mutating func read(until text: String, times: Int = 1) async throws {
        while received.ranges(of: text).count < times { guard await readMore() else { throw Ended(received: received) } }
    }

    /// Reads the answer up to its last chunk, or until the connection is cut. Answers whether it ended as it should.
    mutating func readToEnd() async -> Bool {
        while !received.hasSuffix("0\r\n\r\n") { guard await readMore() else { return false } }
        return true
    }

    private mutating func readMore() async -> Bool {
        guard let part = try? await inbound.next() else { return false }
        received += String(buffer: part)
        return true
    }
}
