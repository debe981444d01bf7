import AWS
import Foundation
import Kernel
import NIOCore
import NIOPosix
import Outgoing
import Provider
import Synchronization

/// A server of the query API that answers as a test tells it, on a port of this machine.
struct ScriptedCloud: Sendable {
    struct Request: Sendable {
        /// `Authorization`, in full.
        let authorization: String
        let parameters: [String: String]

        var action: String { parameters["Action"] ?? "" }
        /// The key it was signed with.
        var key: String { authorization.split(separator: "=").dropFirst().first?.split(separator: "/").first.map(String.init) ?? "" }
    }

    struct Reply: Sendable {
        var status = 200
        var body: String
        var headers: [String] = []

        static func ok(_ body: String) -> Reply { Reply(body: body) }

        static func error(_ status: Int, _ code: String, _ message: String = "said", headers: [String] = []) -> Reply {
            Reply(
                status: status,
                body: "<Response><Errors><Error><Code>\(code)</Code><Message>\(message)</Message></Error></Errors></Response>",
                headers: headers)
        }
    }

    let endpoint: String
    private let log: Log

    var requests: [Request] { log.requests.withLock { $0 } }
    var actions: [String] { requests.map(\.action) }

    func provider(
        _ settings: [JSON.Member] = [], pageSize: Int = 500, now: @escaping @Sendable () -> Timestamp = Surroundings.real.now
    ) throws -> any Provider {
        var surroundings = Surroundings.real
        surroundings.now = now
        let loopback = AddressRange("127.0.0.0/8").map { [$0] } ?? []
        return try AWSDriver(outgoing: Outgoing(allowing: Egress(ranges: loopback)), pageSize: pageSize).open(
            ProviderAccount(
                tenant: Tenant(workspace: WorkspaceID("wsp_1"), mode: .live), id: "con_1", installation: "here",
                settings: .object([.init("region", "us-east-1"), .init("endpoint", .string(endpoint))] + settings),
                secret: ["access_key_id": "AKIAOWNOWNOWNOWN", "secret_access_key": "hidden"], surroundings: surroundings))
    }

    /// What it answers; it lives as long as the closure that `run` is given.
    struct Script: Sendable {
        let answer: @Sendable (Request) -> Reply

        init(_ answer: @escaping @Sendable (Request) -> Reply) { self.answer = answer }

        func run<Value>(_ body: (ScriptedCloud) async throws -> Value) async throws -> Value {
            let log = Log()
            let answer = answer
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Conversation(log: log, answer: answer))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            let cloud = ScriptedCloud(endpoint: "http://127.0.0.1:\(listener.localAddress?.port ?? 0)", log: log)
            do {
                let value = try await body(cloud)
                try await listener.close()
                return value
            } catch {
                try await listener.close()
                throw error
            }
        }
    }

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// One request after the other; the body's length is always said.
    private final class Conversation: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let log: Log
        private let answer: @Sendable (Request) -> Reply
        private var text = ""

        init(log: Log, answer: @escaping @Sendable (Request) -> Reply) {
            self.log = log
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            guard let end = text.range(of: "\r\n\r\n") else { return }
            let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
            func header(_ name: String) -> String {
                lines.first { $0.lowercased().hasPrefix(name + ": ") }.map { String($0.dropFirst(name.count + 2)) } ?? ""
            }
            let body = text[end.upperBound...]
            guard body.utf8.count >= Int(header("content-length")) ?? 0 else { return }
            let request = Request(authorization: header("authorization"), parameters: Self.parameters(String(body)))
            text = ""
            log.requests.withLock { $0.append(request) }
            let reply = answer(request)
            let head = ["HTTP/1.1 \(reply.status) X", "Content-Length: \(reply.body.utf8.count)"] + reply.headers
            context.writeAndFlush(
                wrapOutboundOut(ByteBuffer(string: head.joined(separator: "\r\n") + "\r\n\r\n" + reply.body)), promise: nil)
        }

        private static func parameters(_ form: String) -> [String: String] {
            Dictionary(
                form.split(separator: "&").map { pair in
                    let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                        .map { String($0).removingPercentEncoding ?? "" }
                    return (parts[0], parts.count < 2 ? "" : parts[1])
                }
            ) { $1 }
        }
    }
}
