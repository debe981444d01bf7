import AsyncHTTPClient
package import Foundation
package import Kernel
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server, spoken to over HTTP. Everything it refuses comes out as `RemoteFailure`.
package struct Remote: Sendable {
    package let target: Target
    private let client: HTTPClient

    package enum Method: String, Sendable {
        case get, post, put, delete
    }

    package struct Answer: Sendable {
        package let status: Int
        let headers: HTTPHeaders
        package let body: [UInt8]

        /// Null for an answer without a body.
        package var json: JSON { (try? JSONParser.parse(body)) ?? .null }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Seconds an answer may take to begin, longer than any `wait` that is asked for.
    static let patience: Int64 = 90
    /// Bytes of an answer that is kept whole.
    static let largest = 64 << 20

    package static func with<Result>(_ target: Target, _ body: (Remote) async throws -> Result) async throws -> Result {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)))
        // A server that is down is said to be down at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        return try await HTTPClient.withHTTPClient(configuration: configuration) { try await body(Remote(target: target, client: $0)) }
    }

    @discardableResult
    package func get(_ path: String, _ query: [(String, String?)] = []) async throws -> Answer { try await send(.get, path, query) }

    /// A change goes out under an Idempotency-Key, so that sending it again after a lost connection does nothing twice.
    @discardableResult
    package func send(_ method: Method, _ path: String, _ query: [(String, String?)] = [], _ body: JSON? = nil) async throws -> Answer {
        var request = request(method, path, query)
        if method != .get { request.headers.add(name: "Idempotency-Key", value: UUID().uuidString) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            var json = JSONWriter()
            body.write(to: &json)
            request.body = .bytes(ByteBuffer(bytes: json.bytes))
        }
        do {
            return try await whole(request)
        } catch let failure as Unreachable where failure.wasConnected {
            return try await whole(request)
        }
    }

    /// Sends a file without holding it; `progress` hears of the bytes that have gone.
    package func upload(
        _ path: String, _ query: [(String, String?)], file: FileHandle, size: Int, type: String, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> Answer {
        var request = request(.post, path, query)
        request.headers.add(name: "Content-Type", value: type)
        request.body = .stream(FileChunks(file: file, progress: progress), length: .known(Int64(size)))
        return try await whole(request)
    }

    /// An answer whose body is read while it comes; it has begun with 2xx.
    func open(_ path: String, _ query: [(String, String?)] = [], headers: [(String, String)]) async throws -> HTTPClientResponse {
        var request = request(.get, path, query)
        request.headers.add(contentsOf: headers)
        let response = try await begun(request, within: .hours(24))
        guard response.status.code < 300 else { throw Self.failure(try await read(response)) }
        return response
    }

    /// Posts bytes to another address than the server's; answers its status.
    func forward(_ body: [UInt8], to url: String, headers: [(String, String)]) async throws -> Int {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(contentsOf: headers)
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await begun(request, within: .seconds(30))
        for try await _ in response.body {}
        return Int(response.status.code)
    }

    // MARK: The way there and back

    private func request(_ method: Method, _ path: String, _ query: [(String, String?)]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: target.url + path + Self.query(query))
        request.method = HTTPMethod(rawValue: method.rawValue.uppercased())
        request.headers.add(name: "User-Agent", value: "cloudapi-cli/1")
        request.headers.add(name: "Accept", value: "application/json")
        if let token = target.token { request.headers.add(name: "Authorization", value: "Bearer " + token) }
        return request
    }

    package static func query(_ parameters: [(String, String?)]) -> String {
        let given = parameters.compactMap { name, value in value.map { name + "=" + escaped($0) } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }

    /// Percent-encoded but for what RFC 3986 calls unreserved.
    package static func escaped(_ text: String) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
    }

    private func whole(_ request: HTTPClientRequest) async throws -> Answer {
        let answer = try await read(begun(request, within: .seconds(Self.patience)))
        guard answer.status < 300 else { throw Self.failure(answer) }
        return answer
    }

    private func begun(_ request: HTTPClientRequest, within: TimeAmount) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, timeout: within)
        } catch let error as HTTPClientError where error == .invalidURL || error == .emptyScheme || error == .emptyHost {
            throw RemoteFailure(.usage, "Error: \(request.url) is not the address of a server.")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let wasConnected = (error as? HTTPClientError) == .remoteConnectionClosed
            throw Unreachable(url: request.url, reason: Self.reason(error), wasConnected: wasConnected)
        }
    }

    private func read(_ response: HTTPClientResponse) async throws -> Answer {
        do {
            let body = try await response.body.collect(upTo: Self.largest)
            return Answer(status: Int(response.status.code), headers: response.headers, body: Array(body.readableBytesView))
        } catch {
            throw Unreachable(url: target.url, reason: Self.reason(error), wasConnected: true)
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let unknown = error.dnsAError ?? error.dnsAAAAError, error.connectionErrors.isEmpty {
            return "its name is not known (\(unknown))"
        }
        return error.connectionErrors.first.map { "\($0.error)" } ?? "\(error)"
    }

    private static func failure(_ answer: Answer) -> RemoteFailure {
        let advice: String? =
            switch answer.status {
            case 401: "cloudapi login, or set CLOUDAPI_KEY to a key that is valid."
            case 429: answer.headers.first(name: "Retry-After").map { "Wait \($0) seconds." }
            default: nil
            }
        return RemoteFailure(answer: answer.status, answer.json == .null ? nil : answer.json, advice: advice)
    }
}

/// The server did not answer.
struct Unreachable: Error {
    let url: String
    let reason: String
    /// It was there, and hung up: a request that is safe to repeat may go again.
    let wasConnected: Bool

    var failure: RemoteFailure {
        RemoteFailure(
            .unavailable,
            "Error: \(url) does not answer: \(reason)\n  Next: see that the server runs, and that --url or CLOUDAPI_URL is right.")
    }
}

/// A file in pieces of 256 KiB.
private struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    let file: FileHandle
    let progress: @Sendable (Int) -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: FileHandle
        let progress: @Sendable (Int) -> Void
        var sent = 0

        mutating func next() async throws -> ByteBuffer? {
            guard let data = try file.read(upToCount: 256 << 10), !data.isEmpty else { return nil }
            sent += data.count
            progress(sent)
            return ByteBuffer(bytes: data)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file, progress: progress) }
}
