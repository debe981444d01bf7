import Docker
import Foundation
import Kernel
import NIOCore
import NIOPosix
import Outgoing
import Provider
import Synchronization

/// A daemon that answers as a test tells it, on a unix socket; it lives as long as the closure it is given to.
struct ScriptedPeer: Sendable {
    struct Request: Sendable {
        let method: String
        /// Without the version, percent-encoding undone: `/containers/abc/json`.
        let path: String
        let query: [String: String]
        let body: JSON

        var line: String { "\(method) \(path)" }
    }

    enum Reply: Sendable {
        case json(Int, JSON)
        case text(Int, String)
        /// A 200 with these pieces as its body, each sent alone.
        case stream([[UInt8]])
        /// These bytes as they are; then the connection is closed.
        case raw([UInt8])
        /// Closes the connection without a word.
        case hangUp
        case silence
    }

    let endpoint: String
    let provider: any Provider
    private let log: Log

    /// Every request so far.
    var requests: [Request] { log.requests.withLock { $0 } }
    var lines: [String] { requests.map(\.line) }

    /// What it answers, and how the driver waits.
    struct Script: Sendable {
        let answer: @Sendable (Request) -> Reply
        let sleep: @Sendable (Duration) async throws -> Void

        init(
            sleep: @escaping @Sendable (Duration) async throws -> Void = Surroundings.real.sleep,
            _ answer: @escaping @Sendable (Request) -> Reply
        ) {
            self.answer = answer
            self.sleep = sleep
        }

        func run<Value>(_ body: (ScriptedPeer) async throws -> Value) async throws -> Value {
            try await ScriptedPeer.run(self, body)
        }
    }

    private static func run<Value>(_ script: Script, _ body: (ScriptedPeer) async throws -> Value) async throws -> Value {
        let path = "/tmp/" + UUID().uuidString.prefix(13) + ".sock"
        let log = Log()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Conversation(log: log, answer: script.answer))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let outgoing = Outgoing(allowing: Egress(ranges: [], sockets: [path]), sleep: script.sleep)
        var surroundings = Surroundings.real
        surroundings.sleep = script.sleep
        let peer = Peer(
            driver: DockerDriver(outgoing: outgoing), settings: ["endpoint": .string("unix://" + path)], image: "",
            surroundings: surroundings)
        let scripted = ScriptedPeer(endpoint: "unix://" + path, provider: try peer.open(installation: "here"), log: log)
        do {
            let value = try await body(scripted)
            try await listener.close()
            return value
        } catch {
            try? await listener.close()
            throw error
        }
    }

    fileprivate final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }
}

/// One connection.
private final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let log: ScriptedPeer.Log
    private let answer: @Sendable (ScriptedPeer.Request) -> ScriptedPeer.Reply
    private var text = ""

    init(log: ScriptedPeer.Log, answer: @escaping @Sendable (ScriptedPeer.Request) -> ScriptedPeer.Reply) {
        self.log = log
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        guard let request = ScriptedPeer.Request(text) else { return }
        text = ""
        log.requests.withLock { $0.append(request) }
        switch answer(request) {
        case .json(let status, let body): write(Self.whole(status, String(decoding: body.canonicalBytes, as: UTF8.self)), context)
        case .text(let status, let body): write(Self.whole(status, body), context)
        case .stream(let pieces):
            write(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8), context)
            for piece in pieces {
                write(Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + Array("\r\n".utf8), context)
            }
            write(Array("0\r\n\r\n".utf8), context)
        case .raw(let bytes):
            write(bytes, context)
            context.close(promise: nil)
        case .hangUp: context.close(promise: nil)
        case .silence: break
        }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    private static func whole(_ status: Int, _ body: String) -> [UInt8] {
        let hasBody = status != 204 && status != 304
        return Array(("HTTP/1.1 \(status) Told\r\n" + (hasBody ? "Content-Length: \(body.utf8.count)\r\n\r\n\(body)" : "\r\n")).utf8)
    }
}

extension ScriptedPeer.Request {
    /// Nil as long as it is not whole.
    fileprivate init?(_ text: String) {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.lowerBound].split(separator: "\r\n")
        let length = head.first { $0.lowercased().hasPrefix("content-length:") }.flatMap { Int($0.drop { $0 != " " }.dropFirst()) } ?? 0
        let body = Array(text[end.upperBound...].utf8)
        guard body.count >= length, let first = head.first else { return nil }
        let words = first.split(separator: " ")
        let parts = words[1].split(separator: "?", maxSplits: 1)
        method = String(words[0])
        path = String(parts[0].dropFirst("/v1.41".count)).removingPercentEncoding ?? ""
        let pairs = (parts.count > 1 ? parts[1] : "").split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
        query = Dictionary(
            pairs.map { (String($0[0]), $0.count > 1 ? String($0[1]).removingPercentEncoding ?? "" : "") },
            uniquingKeysWith: { one, _ in one })
        self.body = (try? JSONParser.parse(body)) ?? .null
    }
}

/// What a daemon shows of objects that are ours.
enum Shown {
    static let order = Order(
        subject: Subject(kind: .instance, id: "inst_1"), token: "t",
        blueprint: .instance(InstanceBlueprint(size: Capacity(milliCPUs: 500, memoryMiB: 64), image: "debian-12")))

    static func labels(_ id: String, installation: String = "here") -> JSON {
        ["cloudapi.installation": .string(installation), "cloudapi.resource": .string(id)]
    }

    static func container(_ id: String = "inst_1", status: String = "running", installation: String = "here") -> JSON {
        [
            "Id": .string("c0ffee"), "Name": .string("/" + Subject(kind: .instance, id: id).name),
            "State": ["Status": .string(status), "ExitCode": 0, "StartedAt": "2026-01-02T03:04:05.123456789Z"],
            "Config": ["Labels": labels(id, installation: installation)], "HostConfig": ["NanoCpus": 500_000_000, "Memory": 67_108_864],
            "NetworkSettings": ["Networks": [:]], "Mounts": [],
        ]
    }

    static func volume(_ id: String, installation: String = "here") -> JSON {
        ["Name": .string(Subject(kind: .volume, id: id).name), "Labels": labels(id, installation: installation)]
    }

    static func network(_ id: String, reference: String, created: String = "2026", installation: String = "here") -> JSON {
        [
            "Id": .string(reference), "Name": .string(Subject(kind: .network, id: id).name), "Created": .string(created),
            "IPAM": ["Config": [["Subnet": "10.1.0.0/24"]]], "Labels": labels(id, installation: installation),
        ]
    }
}

extension Provider {
    /// The error of a call that must not succeed.
    func failure(_ work: (any Provider) async throws(ProviderError) -> Void) async -> ProviderError? {
        do throws(ProviderError) {
            try await work(self)
            return nil
        } catch {
            return error
        }
    }
}
