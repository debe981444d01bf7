package import HTTPTypes
import HummingbirdTesting
package import Kernel
import NIOCore

/// An answer as it came.
package struct Reply: Sendable {
    package let status: Int
    package let headers: HTTPFields
    package let bytes: [UInt8]

    package init(status: Int, headers: HTTPFields, bytes: [UInt8]) {
        self.status = status
        self.headers = headers
        self.bytes = bytes
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
    /// The body; null when there is none or it is not JSON.
    package var json: JSON { (try? JSONParser.parse(bytes)) ?? .null }
    package subscript(_ name: String) -> JSON? { json[name] }
    /// A member that is text.
    package func text(_ name: String) -> String { json[name]?.string ?? "" }
    package func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// What went wrong; nil when nothing did.
    package var code: String? { status >= 400 ? json["code"]?.string : nil }
    /// The entries of a list, in either envelope.
    package var items: [JSON] { (json["data"] ?? json["items"])?.array ?? [] }
    package var ids: [String] { items.compactMap { ($0["id"] ?? $0["key_id"] ?? $0["user_id"])?.string } }
    /// The body without what differs between two requests that are alike.
    package var unmarked: JSON {
        .object((json.members ?? []).filter { !["request_id", "instance"].contains($0.name) })
    }
}

extension Installation {
    /// Sends a JSON body, or none, with a secret as bearer.
    package func call(
        _ method: HTTPRequest.Method, _ path: String, as secret: String? = nil, _ body: JSON? = nil, headers: [String: String] = [:]
    ) async throws -> Reply {
        try await send(method, path, as: secret, body?.canonicalBytes, headers: headers)
    }

    /// Sends bytes as they are. Without a Content-Type of its own a body is `application/json`. Throws when the answer is not described.
    package func send(
        _ method: HTTPRequest.Method, _ path: String, as secret: String? = nil, _ body: [UInt8]?, headers: [String: String] = [:]
    ) async throws -> Reply {
        var fields = HTTPFields()
        if let secret { fields[.authorization] = "Bearer " + secret }
        if body != nil { fields[.contentType] = "application/json" }
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let response = try await client.executeRequest(
            uri: path, method: method, headers: fields, body: body.map { ByteBuffer(bytes: $0) })
        let reply = Reply(status: response.status.code, headers: response.headers, bytes: Array(response.body.readableBytesView))
        try AnswerCheck.run(reply, to: method, path)
        return reply
    }

    package func get(_ path: String, as secret: String? = nil, headers: [String: String] = [:]) async throws -> Reply {
        try await call(.get, path, as: secret, headers: headers)
    }

    package func post(_ path: String, as secret: String? = nil, _ body: JSON? = nil, headers: [String: String] = [:]) async throws -> Reply
    {
        try await call(.post, path, as: secret, body, headers: headers)
    }

    package func patch(_ path: String, as secret: String? = nil, _ body: JSON? = nil, headers: [String: String] = [:]) async throws -> Reply
    {
        try await call(.patch, path, as: secret, body, headers: headers)
    }

    package func put(_ path: String, as secret: String? = nil, _ body: JSON? = nil, headers: [String: String] = [:]) async throws -> Reply {
        try await call(.put, path, as: secret, body, headers: headers)
    }

    package func delete(_ path: String, as secret: String? = nil, headers: [String: String] = [:]) async throws -> Reply {
        try await call(.delete, path, as: secret, headers: headers)
    }
}
