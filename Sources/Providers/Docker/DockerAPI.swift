import Kernel
import Outgoing
import Provider

/// Calls one daemon. Never repeats a call, and waits for none longer than its time-out.
struct DockerAPI: Sendable {
    let outgoing: Outgoing
    let endpoint: DockerEndpoint

    /// One call: `path` are segments, encoded here; the query stays in order.
    struct Call: Sendable {
        var method: OutgoingRequest.Method = .get
        var path: [String]
        var query: [(String, String)] = []
        var body: JSON?
        var timeout: Duration = .seconds(30)

        static func get(_ path: String..., query: [(String, String)] = [], timeout: Duration = .seconds(30)) -> Call {
            Call(path: path, query: query, timeout: timeout)
        }

        static func post(_ path: String..., query: [(String, String)] = [], body: JSON? = nil, timeout: Duration = .seconds(60)) -> Call {
            Call(method: .post, path: path, query: query, body: body, timeout: timeout)
        }

        static func delete(_ path: String..., query: [(String, String)] = [], timeout: Duration = .seconds(60)) -> Call {
            Call(method: .delete, path: path, query: query, timeout: timeout)
        }
    }

    /// The answer's JSON; null when it has no body or one that is no JSON and nobody needs.
    @discardableResult
    func send(_ call: Call) async throws(ProviderError) -> JSON {
        let body = try await bytes(call)
        return (try? JSONParser.parse(body)) ?? .null
    }

    /// The answer's body, for those who read it in another way.
    func bytes(_ call: Call) async throws(ProviderError) -> [UInt8] {
        let answer: OutgoingResponse
        let body: [UInt8]
        do {
            answer = try await outgoing.send(request(call))
            body = try answer.wholeBody()
        } catch {
            throw ProviderError(error)
        }
        guard (200..<300).contains(answer.status) || answer.status == 304 else {
            throw ProviderError(status: answer.status, body: body, retryAfter: answer.header("retry-after"))
        }
        return body
    }

    /// The JSON of what is there; nil when the peer says 404.
    func find(_ call: Call) async throws(ProviderError) -> JSON? {
        do throws(ProviderError) {
            let answer = try await send(call)
            guard answer != .null else { throw ProviderError(.ambiguous, "The answer of \(endpoint.base) is no JSON.") }
            return answer
        } catch  where error.kind == .absent {
            return nil
        }
    }

    /// An answer to read as it comes, once its head said that there is one.
    func stream(_ call: Call) async throws(ProviderError) -> OutgoingStream {
        let stream: OutgoingStream
        do {
            stream = try await outgoing.stream(request(call))
        } catch {
            throw ProviderError(error)
        }
        guard stream.status == 200 else {
            throw ProviderError(status: stream.status, body: await Self.beginning(of: stream), retryAfter: nil)
        }
        return stream
    }

    private static func beginning(of stream: OutgoingStream) async -> [UInt8] {
        var bytes: [UInt8] = []
        var parts = stream.body.makeAsyncIterator()
        while bytes.count < 4096, let part = try? await parts.next(isolation: nil) { bytes += part }
        return bytes
    }

    private func request(_ call: Call) -> OutgoingRequest {
        let path = call.path.map { "/" + Self.encoded($0) }.joined()
        let query = call.query.map { Self.encoded($0.0) + "=" + Self.encoded($0.1) }.joined(separator: "&")
        let url = endpoint.base + "/v1.41" + path + (query.isEmpty ? "" : "?" + query)
        return OutgoingRequest(
            call.method, url, headers: call.body == nil ? [] : [("Content-Type", "application/json")],
            body: call.body?.canonicalBytes ?? [], timeout: call.timeout, bodyLimit: 64 << 20, socket: endpoint.socket, tls: endpoint.tls,
            onlyToOpened: endpoint.tls == nil)
    }

    /// All but unreserved characters percent-encoded: RFC 3986 §2.3.
    private static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(UnicodeScalar(byte))
            default:
                result += "%" + String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }
        }
    }
}
