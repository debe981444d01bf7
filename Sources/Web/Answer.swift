package import HTTPTypes
package import Kernel

/// What a handler gives back: a status, a few header fields and bytes that are ready to send.
package struct Answer: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]
    /// The body shows a secret once; a kept copy of it is sealed.
    package var holdsSecret = false
    /// Written while it is sent, in place of `body`.
    package internal(set) var streaming: Streaming?

    package init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(_ status: HTTPResponse.Status = .ok, _ value: some JSONRepresentable, capacity: Int = 512) -> Answer {
        var json = JSONWriter(capacity: capacity)
        value.write(to: &json)
        return Answer(status: status, headers: .json, body: json.take())
    }

    package static func created(_ value: some JSONRepresentable, at location: String) -> Answer {
        var answer = json(.created, value)
        answer.headers[.location] = location
        return answer
    }

    package static var noContent: Answer { Answer(status: .noContent, body: []) }

    package func with(etag: ETag) -> Answer {
        var copy = self
        copy.headers[.eTag] = etag.text
        return copy
    }

    package func holdingSecret() -> Answer {
        var copy = self
        copy.holdsSecret = true
        return copy
    }
}

extension HTTPFields {
    /// Of an answer in JSON.
    package static let json: Self = [.contentType: "application/json"]
}

/// The version of an object's user-writable fields; a strong validator (RFC 9110, 8.8.3).
package struct ETag: Sendable, Equatable {
    /// As it stands in the header, quotes included.
    package let text: String

    package init(version: Int) { text = "\"v\(version)\"" }

    /// Of an object that has what is wanted (`generation`) and what is noted about it (`metadata`) counted apart.
    package init(generation: Int, metadata: Int) { text = "\"g\(generation).m\(metadata)\"" }

    /// The entity tags of an `If-Match`, quotes and `W/` included (RFC 9110, 8.8.3; visible ASCII only); nil when it is no list of them.
    static func list(_ text: String) -> [Substring]? {
        var rest = text[...]
        var tags: [Substring] = []
        repeat {
            if !tags.isEmpty { rest = rest.dropFirst() }
            rest = rest.drop(while: \.isBlank)
            let start = rest.startIndex
            if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
            guard rest.hasPrefix("\""), let end = rest.dropFirst().firstIndex(of: "\"") else { return nil }
            guard rest[..<end].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
            tags.append(text[start...end])
            rest = text[text.index(after: end)...].drop(while: \.isBlank)
        } while rest.hasPrefix(",")
        return rest.isEmpty ? tags : nil
    }
}

extension Character {
    fileprivate var isBlank: Bool { self == " " || self == "\t" }
}
