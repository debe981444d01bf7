import AsyncHTTPClient
import Kernel
import NIOCore
import NIOHTTP1

/// A host of URLs, tied to one checked address.
struct Pin: Hashable, Sendable {
    let host: String
    let address: IPAddress
}

/// An HTTP client that knows a single host and reaches it at a single address.
///
/// A class for its end: an `HTTPClient` must be shut down, and this one is when the last sender lets go of it.
final class PinnedClient: Sendable {
    private let http: HTTPClient

    init(_ pin: Pin, rule: AddressRule, dial: @Sendable (IPAddress) -> String) {
        self.http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(pin, rule, dial))
    }

    deinit {
        http.shutdown { _ in }  // fails only when it was shut down before
    }

    /// Ends, as it is cancelled, with the caller's task; `timeout` is a second line.
    func send(_ request: OutgoingRequest, to url: String) async throws -> OutgoingResponse {
        defer { withExtendedLifetime(self) {} }
        var message = HTTPClientRequest(url: url)
        message.method = HTTPMethod(rawValue: request.method.rawValue)
        message.headers = HTTPHeaders(request.sentHeaders.map { ($0.name, $0.value) })
        if !request.body.isEmpty { message.body = .bytes(request.body) }
        let answer = try await http.execute(message, timeout: TimeAmount(request.timeout))
        let (body, isTruncated) = try await Self.read(answer.body, atMost: request.bodyLimit)
        return OutgoingResponse(
            status: Int(answer.status.code), headers: answer.headers.map { ($0.name, $0.value) }, body: body, isTruncated: isTruncated)
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
        configuration.dnsOverride = [pin.host: dial(pin.address)]
        configuration.httpVersion = .http1Only
        configuration.connectionPool = pool
        configuration.http1_1ConnectionDebugInitializer = { checkPeer(of: $0, rule) }
        configuration.http2ConnectionDebugInitializer = { checkPeer(of: $0, rule) }
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
