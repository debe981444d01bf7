import Kernel

/// What is sent, and how long and how much is waited for.
package struct OutgoingRequest: Sendable {
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// Absolute, `http` or `https`, ASCII (a name in other letters as `xn--…`), without user and password; a fragment is not sent.
    package var url: String
    /// Sent in this order. Those that name the server or frame the message are ours and left out: `Host`, `Content-Length`, ….
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// For all of it: looking up the name, connecting, sending, and the answer to its last byte.
    package var timeout: Duration
    /// Bytes of the answer's body that are kept.
    package var bodyLimit: Int
    /// The path of a unix socket to connect to; the URL then is an `http` one and gives the path and the `Host` alone.
    package var socket: String?
    /// For `https` to a peer with authorities of its own; nil trusts those of this machine and shows no certificate.
    package var tls: OutgoingTLS?
    /// Leaves out even public addresses unless the operator opened them: for plain HTTP that gives power over a machine.
    package var onlyToOpened: Bool

    package init(
        _ method: Method, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [],
        timeout: Duration = .seconds(15), bodyLimit: Int = 1 << 20, socket: String? = nil, tls: OutgoingTLS? = nil,
        onlyToOpened: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.bodyLimit = bodyLimit
        self.socket = socket
        self.tls = tls
        self.onlyToOpened = onlyToOpened
    }
}

extension OutgoingRequest {
    /// The headers that go out.
    var sentHeaders: [(name: String, value: String)] {
        headers.filter { !Self.ours.contains($0.name.lowercased()) }
    }

    /// With the place in a trace (W3C Trace Context) that the work at hand has, or a trace of its own; who says one himself keeps it.
    func traced() -> OutgoingRequest {
        guard !headers.contains(where: { $0.name.lowercased() == "traceparent" }) else { return self }
        // Ids of traces are labels: nothing depends on what they are, so no test hands them in.
        func random() -> UInt64 { .random(in: 0 ... .max) }
        let trace = TraceContext.current.map { $0.child(random()) } ?? .root((random(), random(), random()))
        var copy = self
        copy.headers.append(("traceparent", trace.traceparent))
        return copy
    }

    /// A line break in a value would begin a header, or a request, that nobody checked.
    func checkHeaders() throws(OutgoingError) {
        for (name, value) in sentHeaders where !Self.isToken(name) || value.utf8.contains(where: Self.isControl) {
            throw .invalidHeader(name)
        }
    }

    private static let ours: Set<String> = [
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// RFC 9110 §5.6.2.
    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { tokenCharacters.contains($0) }
    }

    private static let tokenCharacters = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~".utf8)

    private static func isControl(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
    }
}
