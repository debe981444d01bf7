import AsyncHTTPClient
import Kernel
import NIOCore
import NIOHTTP1

/// Where connections of one client go.
enum Pin: Hashable, Sendable {
    /// A host of URLs, tied to one checked address.
    case host(String, at: IPAddress)
    /// A checked path without links.
    case socket(String)

    /// As AsyncHTTPClient takes it.
    func url(of destination: Destination) -> String {
        switch self {
        case .host: destination.url
        case .socket(let path): "http+unix://" + Self.encoded(path) + destination.target
        }
    }

    /// All but unreserved characters percent-encoded (RFC 3986 §2.3), so that the whole path is the URL's host.
    private static func encoded(_ path: String) -> String {
        path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// An HTTP client that knows a single host, or socket, and reaches it at a single address.
///
/// A class for its end: an `HTTPClient` must be shut down, and this one is when the last sender lets go of it.
final class PinnedClient: Sendable {
    private let http: HTTPClient
    private let pin: Pin

    init(_ pin: Pin, rule: AddressRule, dial: @Sendable (IPAddress) -> String) {
        self.pin = pin
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(pin, rule, dial))
    }

    deinit {
        http.shutdown { _ in }  // fails only when it was shut down before
    }

    /// Ends, as it is cancelled, with the caller's task; `timeout` is a second line.
    func send(_ request: OutgoingRequest, to destination: Destination) async throws -> OutgoingResponse {
        defer { withExtendedLifetime(self) {} }
        let answer = try await head(of: request, to: destination)
        let (body, isTruncated) = try await Self.read(answer.body, atMost: request.bodyLimit)
        return OutgoingResponse(
            status: Int(answer.status.code), headers: answer.headers.map { ($0.name, $0.value) }, body: body, isTruncated: isTruncated)
    }

    /// The answer with its body still to come; `timeout` ends with the head.
    func stream(_ request: OutgoingRequest, to destination: Destination) async throws -> OutgoingStream {
        OutgoingStream(try await head(of: request, to: destination), through: self)
    }

    private func head(of request: OutgoingRequest, to destination: Destination) async throws -> HTTPClientResponse {
        var message = HTTPClientRequest(url: pin.url(of: destination))
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.headers = HTTPHeaders(request.sentHeaders.map { ($0.name, $0.value) })
        if case .socket = pin { message.headers.add(name: "host", value: destination.host) }
        if !request.body.isEmpty { message.body = .bytes(request.body) }
        message.tlsConfiguration = request.tls?.configuration
        return try await http.execute(message, timeout: TimeAmount(request.timeout))
    }

    /// Leaving the loop early drops the rest of the body, and AsyncHTTPClient its connection.
    private static func read(_ body: HTTPClientResponse.Body, atMost limit: Int) async throws -> ([UInt8], isTruncated: Bool) {
        var bytes: [UInt8] = []
        for try await part in body {
            let room = limit - bytes.count
            bytes.append(contentsOf: part.readableBytesView.prefix(room))
            if part.readableBytes > room { return (bytes, true) }
        }
        try Task.checkCancellation()  // a cancelled body ends like a whole one
        return (bytes, false)
    }
}

extension PinnedClient {
    private static func configuration(_ pin: Pin, _ rule: AddressRule, _ dial: (IPAddress) -> String) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool = pool
        if case .host(let name, let address) = pin {
            configuration.dnsOverride = [name: dial(address)]
            configuration.http1_1ConnectionDebugInitializer = { checkPeer(of: $0, rule) }
            configuration.http2ConnectionDebugInitializer = { checkPeer(of: $0, rule) }
        }
        return configuration
    }

    private static var pool: HTTPClient.Configuration.ConnectionPool {
        // Servers hang up idle connections after five seconds (Node) or later; a request on its way at that moment would be lost.
        var pool = HTTPClient.Configuration.ConnectionPool(idleTimeout: .seconds(4))
        pool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024  // callers have their own limits; here one customer would wait for another
        pool.retryConnectionEstablishment = false  // a refusal is final, and retries are the callers' business
        return pool
    }

    /// AsyncHTTPClient gives the connection its first request only when this has succeeded.
    private static func checkPeer(of channel: any Channel, _ rule: AddressRule) -> EventLoopFuture<Void> {
        let peer = channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }
        if let peer, rule.permits(peer) { return channel.eventLoop.makeSucceededVoidFuture() }
        channel.close(promise: nil)
        return channel.eventLoop.makeFailedFuture(peer.map(OutgoingError.refusedAddress) ?? .connectionFailed("closed at once"))
    }
}
