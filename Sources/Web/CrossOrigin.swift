import HTTPTypes
package import Hummingbird

/// Lets pages of other origins call the API from a browser (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).
///
/// Off unless the operator names origins, and never with credentials of the browser: a page sends its token in a header, as every other program
/// does, and no cookie goes along. The dashboard is left out altogether. What is not allowed is answered as if nobody had asked, without the
/// headers a browser waits for; the API itself is as it always was, since none of this keeps out anything but browsers.
package struct CrossOrigin: Sendable {
    private let origins: Set<String>
    private let routes: [Route]

    /// Nil where nobody is to be let in.
    package init?(allowing origins: [String], routes: [Route]) {
        guard !origins.isEmpty else { return nil }
        self.origins = Set(origins)
        self.routes = routes
    }

    /// `https://app.example.com`, as browsers write it, or `*`. Nil for anything else: a path, a wildcard inside, `null`, which is every
    /// sandboxed frame's.
    package static func canonical(_ text: String) -> String? {
        if text == "*" { return text }
        let lower = text.lowercased()
        for scheme in ["https://", "http://"] where lower.hasPrefix(scheme) {
            let host = lower.dropFirst(scheme.count)
            let isPlain = host.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (97...122).contains(byte) || "-.:[]".utf8.contains(byte)
            }
            return host.isEmpty || !isPlain ? nil : lower
        }
        return nil
    }

    /// What a browser is told that asks before it calls; nil where none asks, or none is let in.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil, isOurs(request),
            let allowed = allowed(request.headers[.origin]), let methods = methods(of: request.uri.path)
        else { return nil }
        var response = Response(status: .noContent)
        response.headers[.accessControlAllowOrigin] = allowed
        response.headers[.accessControlAllowMethods] = methods
        response.headers[.accessControlAllowHeaders] = Self.taken
        response.headers[.accessControlMaxAge] = Self.keptSeconds
        vary(&response)
        return response
    }

    /// Says on an answer who may read it.
    package func mark(_ response: inout Response, to request: Request) {
        guard isOurs(request) else { return }
        if let allowed = allowed(request.headers[.origin]) {
            response.headers[.accessControlAllowOrigin] = allowed
            response.headers[.accessControlExposeHeaders] = Self.shown
        }
        vary(&response)
    }

    private func isOurs(_ request: Request) -> Bool { !request.uri.path.hasPrefix("/app") }

    private func allowed(_ origin: String?) -> String? {
        guard let origin else { return nil }
        if origins.contains("*") { return "*" }
        return origins.contains(origin) ? origin : nil
    }

    /// So that no cache in between hands one origin's answer to another.
    private func vary(_ response: inout Response) {
        if !origins.contains("*") { response.headers.append(HTTPField(name: .vary, value: "Origin")) }
    }

    /// Nil for a path that no call has.
    private func methods(of path: String) -> String? {
        if path == "/openapi.json" { return "GET" }
        let methods = Set(routes.filter { $0.matches(path) }.map(\.method.rawValue))
        return methods.isEmpty ? nil : methods.sorted().joined(separator: ", ")
    }

    /// Two hours, the most that Chromium keeps.
    private static let keptSeconds = "7200"
    /// What calls may carry.
    private static let taken =
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Lease-Nonce, traceparent, x-api-key"
    /// What pages may read besides what they always may.
    private static let shown = """
        Content-Disposition, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, \
        X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id
        """
}
