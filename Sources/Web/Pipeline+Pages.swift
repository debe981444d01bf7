import Crypto
import HTTPTypes
package import Hummingbird
package import Kernel
package import Logging
import NIOCore
import Storage

/// A call of the API that a page makes for the person who looks at it.
package struct PageCall: Sendable {
    package let route: Route
    /// By name, as they are; escaped here.
    package var parameters: [(name: String, value: String)]
    package var query: [(name: String, value: String)]
    /// Nil for a call without one.
    package var body: JSON?
    /// The body of a call that takes a file.
    package var file: SpooledFile?
    /// What makes a form that is sent twice work once; nil for a reading call.
    package var once: String?
    package let requestID: ID<RequestKind>
    package let at: Timestamp
    package let address: String?
    package let logger: Logger

    package init(
        route: Route, parameters: [(name: String, value: String)], query: [(name: String, value: String)], body: JSON?, once: String?,
        requestID: ID<RequestKind>, at: Timestamp, address: String?, logger: Logger
    ) {
        self.route = route
        self.parameters = parameters
        self.query = query
        self.body = body
        self.once = once
        self.requestID = requestID
        self.at = at
        self.address = address
        self.logger = logger
    }
}

/// The dashboard calls the API's own handlers, within the process: so a page has the scopes, the team filter, the checks and the events of the
/// call it stands for, and none of its own. What stays behind is what belongs to HTTP clients: no credential is looked for, since the page
/// knows its caller, and nothing is counted or limited here, since opening a page is.
extension Pipeline {
    /// Throws the problem of any answer that is one.
    package func answer(_ asked: PageCall, for caller: Caller) async throws -> Answer {
        guard case .authenticated(let handler) = asked.route.handler else { throw Problem.notFound("page") }
        try caller.check(asked.route.access)
        let call = try call(asked, caller)
        let answer =
            if let idempotency = call.idempotency {
                try await once(idempotency) { try await handler(call) }
            } else {
                try await handler(call)
            }
        guard answer.status.code < 400 else { throw Problem(kept: answer) }
        return answer
    }

    /// Keeps a file on disk for a call that takes one, and removes it when `body` returns unless it was moved. Throws `payload_too_large`.
    package func spooling<Result>(
        _ content: RequestBody, named id: ID<RequestKind>, for route: Route, _ body: (SpooledFile) async throws -> Result
    ) async throws -> Result {
        guard case .file(_, let limit) = route.body else { throw Problem.notFound("page") }
        let file = try await spool.take(content, named: id.rawValue, limit: limit)
        defer { file.discard() }
        return try await body(file)
    }

    /// A file that a page hands on. `authorize` throws when the person's session is over.
    package func response(
        _ answer: Answer, to scope: RequestScope, of caller: Caller, requestID: ID<RequestKind>,
        authorize: @escaping @Sendable () async throws -> Void
    ) throws -> Response {
        guard let streaming = answer.streaming else {
            return Response(status: answer.status, headers: answer.headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        }
        guard let place = streams.take(for: caller.credential.id, limit: limits.streams, each: limits.streamsEach) else {
            throw Problem(.overloaded, "Too many streams are open.", retryAfter: 5)
        }
        let session = StreamSession(
            streaming: streaming, place: place, channel: scope.channel, surroundings: surroundings, limits: limits, logger: scope.logger,
            problemWriter: ProblemWriter(requestID: requestID, path: "/app"), authorize: authorize)
        return Response(status: answer.status, headers: answer.headers, body: ResponseBody { writer in try await session.run(&writer) })
    }

    private func call(_ asked: PageCall, _ caller: Caller) throws -> Call {
        var json = JSONWriter()
        asked.body?.write(to: &json)
        let bytes = ByteBuffer(bytes: asked.file?.digest ?? (asked.body == nil ? [] : json.bytes))
        var parameters = Parameters()
        for parameter in asked.parameters { parameters[parameter.name[...]] = PercentEncoding.encode(parameter.value)[...] }
        let query = asked.query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let asksForPages = asked.query.contains { $0.name == "page" || $0.name == "per_page" }
        let path = asked.path
        return Call(
            caller: caller, requestID: asked.requestID, at: asked.at, address: asked.address, parameters: parameters,
            query: try Query(query[...], parameters: asked.route.query, ignoringUnknown: asked.route.surface.ignoresUnknown),
            body: try asked.route.checked(bytes, contentType: "application/json"), bytes: bytes, file: asked.file, headers: [:],
            logger: asked.logger,
            path: path, routePath: asked.route.path, envelope: asksForPages ? .page : .cursor, surroundings: surroundings, store: store,
            idempotency: idempotency(asked, caller, path, bytes), cursors: cursors, trace: nil)
    }

    /// Once for each form and what stands in it: a form that was sent back is corrected and sent again. The kept copy of an answer that
    /// holds a secret is sealed for nobody, so that no page can show it twice.
    private func idempotency(_ asked: PageCall, _ caller: Caller, _ path: String, _ body: ByteBuffer) -> IdempotentRequest? {
        guard let once = asked.once, asked.route.isWrite else { return nil }
        var text = Array(asked.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&").utf8)
        text.append(0)
        text += body.readableBytesView
        let fingerprint = Array(SHA256.hash(data: text))
        let secret = (0..<4).map { _ in String(surroundings.random()) }.joined()
        return IdempotentRequest(
            name: .init(
                tenant: caller.tenant, credential: caller.user?.rawValue ?? caller.credential.id, method: asked.route.method.rawValue,
                path: path, key: "\(once)-\(EventLog.hexadecimal(fingerprint).prefix(32))"),
            fingerprint: fingerprint, secret: secret, at: asked.at, problemWriter: ProblemWriter(requestID: asked.requestID, path: path))
    }
}

extension PageCall {
    /// With the values of its parameters.
    fileprivate var path: String {
        route.path.split(separator: "/").map { part in
            guard part.hasPrefix("{") else { return "/\(part)" }
            let value = parameters.first { $0.name == part.dropFirst().dropLast() }?.value ?? ""
            return "/\(PercentEncoding.encode(value))"
        }.joined()
    }
}

extension Answer {
    /// Whether it was kept from the first time.
    package var isReplay: Bool { headers[.idempotentReplayed] != nil }
}

extension Problem {
    /// A problem that was kept as an answer.
    fileprivate init(kept answer: Answer) {
        let json = try? JSONParser.parse(answer.body)  // what ProblemWriter wrote is JSON
        let code = (json?["code"]?.string).flatMap(Code.init) ?? .internalError
        let violations = (json?["errors"]?.array ?? []).map {
            Violation(pointer: $0["pointer"]?.string ?? "", code: $0["code"]?.string ?? "", detail: $0["detail"]?.string ?? "")
        }
        let common: Set = ["type", "title", "status", "detail", "instance", "code", "request_id", "retryable", "errors"]
        let own = (json?.members ?? []).filter { !common.contains($0.name) }
        self.init(
            code, json?["detail"]?.string ?? code.title, violations: violations,
            members: Dictionary(own.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }
}
