package import HTTPTypes
package import Kernel

/// What a handler gives back: a status, a few header fields and bytes that are ready to send.
package struct Answer: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]
    /// The body shows a secret once; a kept copy of it is sealed.
    package var holdsSecret = false

    package init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package static func json(_ status: HTTPResponse.Status = .ok, _ value: some JSONRepresentable, capacity: Int = 512) -> Answer {
        var json = JSONWriter(capacity: capacity)
        value.write(to: &json)
        return Answer(status: status, headers: [.contentType: "application/json"], body: json.bytes)
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

/// The version of an object's user-writable fields; a strong validator (RFC 9110, 8.8.3).
package struct ETag: Sendable, Equatable {
    package let version: Int

    package init(version: Int) { self.version = version }

    package var text: String { "\"v\(version)\"" }
}
