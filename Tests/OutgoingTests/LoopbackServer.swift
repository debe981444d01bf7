import NIOCore
import NIOPosix
import NIOSSL
import Outgoing
import Synchronization

/// A server on this machine that keeps every byte it gets, and lives as long as the closure it is given to.
///
/// It reads bytes rather than HTTP, so that a test can say that nothing came, or that what comes back is no HTTP.
struct LoopbackServer: Sendable {
    enum Reply: Sendable {
        /// To each whole request; the connection stays open.
        case answer(String)
        /// On being connected to, before anything is read.
        case greeting(String)
        case silence
        case hangUp
        /// To the first request, piece by piece as the test gives them; the connection is closed after the last.
        case pieces(AsyncStream<String>)
    }

    let host: String
    let port: Int
    private let requests = Feed<String>()
    private let closedConnections = Feed<String>()
    private let accepted = Count()

    var url: String { "http://\(host):\(port)/" }

    static func with<Value>(
        host: String = "127.0.0.1", tls: NIOSSLContext? = nil, _ reply: Reply = .answer(ok("hello")),
        _ body: (LoopbackServer) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: host, port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                return try Connection(wrappingChannelSynchronously: channel)
            }
        }
        return try await run(listener, host, reply, body)
    }

    /// The same on a unix socket, which is made at `socket`.
    static func with<Value>(
        socket: String, _ reply: Reply = .answer(ok("hello")), _ body: (LoopbackServer) async throws -> Value
    ) async throws -> Value {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        let listener = try await bootstrap.bind(unixDomainSocketPath: socket) { channel in
            channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
        }
        return try await run(listener, "socket", reply, body)
    }

    private static func run<Value>(
        _ listener: NIOAsyncChannel<Connection, Never>, _ host: String, _ reply: Reply, _ body: (LoopbackServer) async throws -> Value
    ) async throws -> Value {
        let server = LoopbackServer(host: host, port: listener.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup { group in
            group.addTask { try await server.serve(listener, reply) }
            defer { group.cancelAll() }
            return try await body(server)
        }
    }

    static func ok(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// The next whole request, as soon as it is there.
    func nextRequest() async -> String? { await requests.next() }

    /// All that came over the next connection to be closed by the client.
    func nextClosedConnection() async -> String? { await closedConnections.next() }

    var connections: Int { accepted.value }

    /// Connections are accepted in the order they were made: if a probe's is the first, there was none before it.
    func wasUntouched() async throws -> Bool {
        _ = try await Outgoing(allowing: [.loopback]).send(OutgoingRequest(.get, url))
        return connections == 1
    }
}

extension LoopbackServer {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private func serve(_ listener: NIOAsyncChannel<Connection, Never>, _ reply: Reply) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    accepted.increment()
                    group.addTask { await serve(connection, reply) }
                }
            }
        }
    }

    private func serve(_ connection: Connection, _ reply: Reply) async {
        var all = ""
        do {
            try await connection.executeThenClose { inbound, outbound in
                if case .greeting(let text) = reply { try await outbound.write(ByteBuffer(string: text)) }
                var unanswered = ""
                for try await part in inbound {
                    all += String(buffer: part)
                    unanswered += String(buffer: part)
                    guard Self.isWhole(unanswered) else { continue }
                    requests.add(unanswered)
                    unanswered = ""
                    if case .hangUp = reply { return }
                    if case .answer(let text) = reply { try await outbound.write(ByteBuffer(string: text)) }
                    if case .pieces(let pieces) = reply {
                        for await piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
                        return
                    }
                }
            }
        } catch {}  // a reset is an end too
        closedConnections.add(all)
    }

    private static func isWhole(_ request: String) -> Bool {
        guard let end = request.firstRange(of: "\r\n\r\n") else { return false }
        let length = request[..<end.lowerBound].firstMatch(of: /content-length: (\d+)/.ignoresCase()).flatMap { Int($0.1) } ?? 0
        return request[end.upperBound...].utf8.count >= length
    }
}

/// A queue for one reader.
private final class Feed<Element: Sendable>: Sendable {
    private let stream: AsyncStream<Element>
    private let continuation: AsyncStream<Element>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func add(_ element: Element) { continuation.yield(element) }

    func next() async -> Element? {
        for await element in stream { return element }
        return nil
    }
}

final class Count: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock(\.self) }

    /// The number before.
    @discardableResult func increment() -> Int {
        number.withLock { number in
            defer { number += 1 }
            return number
        }
    }
}
