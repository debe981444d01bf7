/// The one error type: what a caller is told, and, apart from that, what the log is told.
///
/// The edge turns it into `application/problem+json` (RFC 9457). Any other error that reaches the edge is a 500 with no detail.
package struct Problem: Error, Sendable {
    package var code: Code
    /// A sentence for the caller about this occurrence; never a secret, never another tenant's data.
    package var detail: String
    /// Every place in the request that is wrong, when the request is what is wrong.
    package var violations: [Violation]
    /// Further members of the problem object, such as `required_scope`.
    package var members: [String: JSON]
    /// Seconds after which a retry makes sense; becomes `Retry-After`.
    package var retryAfter: Int?
    /// Header fields that belong to this answer, such as `Allow`.
    package var headers: [(name: String, value: String)]
    /// For the log alone.
    package var cause: (any Error)?

    package init(
        _ code: Code, _ detail: String, violations: [Violation] = [], members: [String: JSON] = [:], retryAfter: Int? = nil,
        headers: [(name: String, value: String)] = [], cause: (any Error)? = nil
    ) {
        self.code = code
        self.detail = detail
        self.violations = violations
        self.members = members
        self.retryAfter = retryAfter
        self.headers = headers
        self.cause = cause
    }

    /// One thing that is wrong at one place of the request.
    package struct Violation: Sendable, Equatable {
        /// RFC 6901 pointer into the body (`/name`), or `?name` for a query parameter.
        package var pointer: String
        package var code: String
        package var detail: String

        package init(pointer: String, code: String, detail: String) {
            self.pointer = pointer
            self.code = code
            self.detail = detail
        }
    }
}

extension Problem {
    /// A request that is wrong in these places; the sentence names `first`. So that an answer stays small whatever was sent, the first hundred
    /// places are told, each pointer cut at a thousand characters.
    package init(_ code: Code, at violations: [Violation], first: Violation) {
        let place = first.pointer.hasPrefix("?") ? "The parameter " + first.pointer.dropFirst() : first.pointer
        let told = violations.prefix(100).map { violation in
            Violation(pointer: violation.pointer.cut(to: 1000), code: violation.code, detail: violation.detail)
        }
        self.init(code, "\(place.isEmpty ? "The body" : place.cut(to: 100)) \(first.detail).", violations: told)
    }

    /// What may not be seen and what does not exist answer alike.
    package static func notFound(_ what: String) -> Problem {
        Problem(.notFound, "There is no such \(what).")
    }

    /// A single field that is well-formed and not acceptable.
    package static func invalid(_ field: String, _ detail: String, code: String = "invalid") -> Problem {
        Problem(.validationFailed, detail, violations: [.init(pointer: "/" + field, code: code, detail: detail)])
    }

    /// A parameter that is well-formed and does not go with the others.
    package static func invalid(parameter: String, _ detail: String) -> Problem {
        Problem(.invalidParameter, detail, violations: [.init(pointer: "?" + parameter, code: "combination", detail: detail)])
    }
}

extension String {
    /// The first so many Unicode scalars of a text that came from outside.
    fileprivate func cut(to count: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(count))) }
}

extension Problem: JSONRepresentable {
    /// The problem object of RFC 9457, without the members only the edge knows (`instance`, `request_id`).
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("type", "/docs/errors/" + code.rawValue)
        json.field("title", code.title)
        json.field("status", code.status)
        json.field("detail", detail)
        json.field("code", code.rawValue)
        json.field("retryable", code.isRetryable)
        if !violations.isEmpty {
            json.array("errors", violations) { json, violation in
                json.object { json in
                    json.field("pointer", violation.pointer)
                    json.field("code", violation.code)
                    json.field("detail", violation.detail)
                }
            }
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            json.dynamicField(name, value)
        }
    }
}
