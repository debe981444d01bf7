import Crypto
import HTTPTypes
package import Hummingbird
package import Kernel
import Logging
import NIOCore
package import Storage
import Synchronization

/// What `Web` needs of metering: to be told of every authenticated request that was admitted.
package protocol RequestMeter: Sendable {
    /// `project` is the one named by the path or the body, when the credential has none of its own.
    func count(_ caller: Caller, route: String, project: ProjectID?, at: Timestamp)
}

/// The way of a request: id → who → rate limit → scope → idempotency → handler. Every answer leaves through here, every error as a problem.
package final class Pipeline: Sendable {
    package struct Limits: Sendable {
        /// Bytes of a JSON body.
        package var body = 1 << 20
        /// Bytes of all header fields and the URL.
        package var headers = 32 << 10
        /// Requests being worked on at one moment; more are answered 503 `overloaded`.
        package var inFlight = 2048
        /// How long a second request under one Idempotency-Key waits for the first.
        package var idempotencyWait = Duration.seconds(5)
        /// Streams open at one moment, in all and by one credential; more are answered 503 `overloaded`.
        package var streams = 3000
        package var streamsEach = 1000
        /// How often an open stream shows that it lives and its credential is looked at.
        package var heartbeat = Duration.seconds(15)
        /// How long a client may take nothing of what waits for it before its stream is cut.
        package var streamStall = Duration.seconds(60)

        package init() {}
    }

    let store: Store
    let surroundings: Surroundings
    package let authenticator: Authenticator
    package let limiter: RateLimiter
    let meter: any RequestMeter
    let cursors: CursorSigner
    package let clientAddress: ClientAddress
    let limits: Limits
    let spool: Spool
    private let running = RunningRequests()
    private let inFlight = Atomic(0)
    private let streams = OpenStreams()

    package init(
        store: Store, surroundings: Surroundings, authenticator: Authenticator, limiter: RateLimiter, meter: any RequestMeter,
        cursors: CursorSigner, clientAddress: ClientAddress, limits: Limits, spool: Spool
    ) {
        self.store = store
        self.surroundings = surroundings
        self.authenticator = authenticator
        self.limiter = limiter
        self.meter = meter
        self.cursors = cursors
        self.clientAddress = clientAddress
        self.limits = limits
        self.spool = spool
    }

    package var requestsInFlight: Int { inFlight.load(ordering: .relaxed) }
    package var openStreams: Int { streams.total }

    /// Answers a request that matched `route`.
    package func respond(to request: Request, scope: RequestScope, route: Route, mount: Mount) async -> Response {
        let at = surroundings.now()
        var arrival = Arrival(
            request: request, scope: scope, route: route, mount: mount, at: at,
            requestID: .make(at: at, random: (surroundings.random(), surroundings.random())), logger: scope.logger)
        guard let traceparent = request.headers[.traceparent], let trace = TraceContext(traceparent: traceparent) else {
            return await respond(to: &arrival)
        }
        // Our part of the caller's trace: what is logged and sent meanwhile says so.
        let own = trace.child(surroundings.random())
        arrival.trace = own
        arrival.logger[metadataKey: "trace_id"] = "\(own.traceID)"
        return await TraceContext.$current.withValue(own) { [arrival] in
            var arrival = arrival
            return await respond(to: &arrival)
        }
    }

    private func respond(to arrival: inout Arrival) async -> Response {
        let request = arrival.request
        let count = inFlight.wrappingAdd(1, ordering: .relaxed).newValue
        defer { inFlight.wrappingSubtract(1, ordering: .relaxed) }
        do {
            guard count <= limits.inFlight else { throw Problem(.overloaded, "Too many requests are being worked on.", retryAfter: 1) }
            try checkHeaders(request)
            let answer = try await answer(&arrival)
            guard let streaming = answer.streaming else { return arrival.response(answer) }
            return arrival.response(answer, try body(streaming, of: arrival))
        } catch {
            return arrival.response(to: error)
        }
    }

    private func answer(_ arrival: inout Arrival) async throws -> Answer {
        switch arrival.route.handler {
        case .open(let handler):
            let body = try await body(of: arrival)
            let json = try arrival.route.checked(body, contentType: arrival.request.headers[.contentType])
            return try await handler(openCall(arrival, json))
        case .authenticated(let handler):
            return try await answer(&arrival, handler)
        }
    }

    private func answer(_ arrival: inout Arrival, _ handler: @Sendable (Call) async throws -> Answer) async throws -> Answer {
        let address = address(of: arrival)
        let (who, secret) = try await authenticator.authenticate(arrival.request.headers, address: address, at: arrival.at)
        arrival.verdict = limiter.admit(who.limitedAs, limit: who.requestsPerMinute, at: surroundings.now())
        guard let verdict = arrival.verdict, verdict.isAdmitted else { throw Problem.rateLimited(arrival.verdict, at: arrival.at) }
        var project = arrival.route.project.flatMap { arrival.scope.parameters.get($0) }.map { ProjectID($0) }
        defer { meter.count(who.caller, route: arrival.route.name, project: project, at: arrival.at) }
        try who.caller.check(arrival.route.access)
        arrival.caller = who.caller

        let file = try await file(of: arrival)
        defer { file?.discard() }
        // A file's digest stands for it where requests are compared.
        let bytes = if let file { ByteBuffer(bytes: file.digest) } else { try await body(of: arrival) }
        guard arrival.route.isWrite, let key = try IdempotencyKey.read(arrival.request.headers) else {
            let call = try call(arrival, who.caller, address, bytes, file, idempotency: nil)
            project = project ?? call.body?["project_id"]?.string.map { ProjectID($0) }
            return try await handler(call)
        }
        let idempotent = idempotentRequest(arrival, who.caller, secret, key, bytes)
        return try await once(idempotent) {
            let call = try call(arrival, who.caller, address, bytes, file, idempotency: idempotent)
            project = project ?? call.body?["project_id"]?.string.map { ProjectID($0) }
            return try await handler(call)
        }
    }

    // MARK: Streams

    /// Takes a place among the open streams, which the body gives back at its end or when it is dropped unsent.
    private func body(_ streaming: Streaming, of arrival: Arrival) throws -> ResponseBody {
        let owner = arrival.caller?.credential.id ?? arrival.scope.peer ?? ""
        guard let place = streams.take(for: owner, limit: limits.streams, each: limits.streamsEach) else {
            throw Problem(.overloaded, "Too many streams are open.", retryAfter: 5)
        }
        let session = StreamSession(
            streaming: streaming, place: place, channel: arrival.scope.channel, surroundings: surroundings, limits: limits,
            logger: arrival.logger, problemWriter: arrival.problemWriter,
            authorize: { [self] in if let caller = arrival.caller { try await confirm(caller, for: arrival) } })
        return ResponseBody { writer in try await session.run(&writer) }
    }

    /// Throws when the credential is not valid any more, or may do other things than when it was first seen.
    private func confirm(_ caller: Caller, for arrival: Arrival) async throws {
        let (now, _) = try await authenticator.authenticate(
            arrival.request.headers, address: address(of: arrival), at: surroundings.now())
        try now.caller.check(arrival.route.access)
        guard now.caller.scopes == caller.scopes, now.caller.reach == caller.reach else {
            throw Problem(.forbidden, "What the credential may do has changed; open the stream anew.")
        }
    }

    // MARK: Idempotency

    /// Runs `work` unless its answer is kept already; waits for the same request if it is running.
    private func once(_ idempotent: IdempotentRequest, _ work: () async throws -> Answer) async throws -> Answer {
        try await begin(idempotent)
        defer { running.end(idempotent.name) }
        if let kept = try await kept(idempotent) { return kept }
        do {
            return try await work()
        } catch is IdempotentRequest.AlreadyAnswered {
            guard let kept = try await kept(idempotent) else { throw StorageError.conflict("The kept answer is gone.") }
            return kept
        } catch let problem as Problem where problem.isKept {
            let answer = idempotent.problemWriter.answer(problem)
            let row = try idempotent.row(keeping: answer)
            _ = try await store.write { connection in try row.insert(idempotent.name, at: idempotent.at, connection) }
            return answer
        }
    }

    /// Several may have waited for the one that ran; each has its turn. Throws `idempotency_in_progress` when the time to wait is over.
    private func begin(_ idempotent: IdempotentRequest) async throws {
        let start = surroundings.now().milliseconds
        while !running.begin(idempotent.name) {
            let left = limits.idempotencyWait - .milliseconds(surroundings.now().milliseconds - start)
            guard left > .zero else {
                throw Problem(.idempotencyInProgress, "A request with this Idempotency-Key is still running.", retryAfter: 1)
            }
            await running.wait(for: idempotent.name, atMost: left, surroundings)
        }
    }

    private func kept(_ idempotent: IdempotentRequest) async throws -> Answer? {
        let row = try await store.read { connection in try IdempotencyRow.find(idempotent.name, at: idempotent.at, connection) }
        return try row.map { try idempotent.replay($0) }
    }

    private func idempotentRequest(_ arrival: Arrival, _ caller: Caller, _ secret: String, _ key: String, _ body: ByteBuffer)
        -> IdempotentRequest
    {
        let owner = caller.credential.kind == .session ? caller.user?.rawValue ?? caller.credential.id : caller.credential.id
        var hasher = SHA256()
        hasher.update(data: Array((arrival.request.uri.query ?? "").utf8))
        hasher.update(data: [0])
        body.withUnsafeReadableBytes { hasher.update(bufferPointer: $0) }
        return IdempotentRequest(
            name: .init(
                tenant: caller.tenant, credential: owner, method: arrival.route.method.rawValue, path: arrival.unmountedPath, key: key),
            fingerprint: Array(hasher.finalize()), secret: secret + key, at: arrival.at, problemWriter: arrival.problemWriter)
    }

    // MARK: Parts of a call

    private func call(
        _ arrival: Arrival, _ caller: Caller, _ address: String?, _ bytes: ByteBuffer, _ file: SpooledFile?, idempotency: IdempotentRequest?
    ) throws -> Call {
        try checkMatch(of: arrival)
        let query = try Query(
            arrival.request.uri.query.map { $0[...] }, parameters: arrival.route.query,
            ignoringUnknown: arrival.route.surface.ignoresUnknown)
        let body = try arrival.route.checked(bytes, contentType: arrival.request.headers[.contentType])
        let profile = arrival.mount.profile ?? caller.profile
        let asksForPages = query["page"] != nil || query["per_page"] != nil
        let asksForCursor = query["limit"] != nil || query["cursor"] != nil
        return Call(
            caller: caller, requestID: arrival.requestID, at: arrival.at, address: address, parameters: arrival.scope.parameters,
            query: query,
            body: body, bytes: bytes, file: file, headers: arrival.request.headers, logger: arrival.logger,
            path: arrival.request.uri.path,
            routePath: arrival.route.path, envelope: asksForPages || (!asksForCursor && profile == .cloudplatform) ? .page : .cursor,
            surroundings: surroundings, store: store, idempotency: idempotency, cursors: cursors, trace: arrival.trace)
    }

    /// Throws `invalid_header` for an `If-Match` that is none, whether or not there is anything to match.
    private func checkMatch(of arrival: Arrival) throws {
        guard arrival.route.problems.contains(.preconditionFailed), let tags = arrival.request.headers[.ifMatch], tags != "*",
            ETag.list(tags) == nil
        else { return }
        throw Problem(.invalidHeader, "If-Match must be * or ETags such as \"v1\", parted by commas.")
    }

    private func openCall(_ arrival: Arrival, _ body: JSON?) -> OpenCall {
        OpenCall(
            requestID: arrival.requestID, at: arrival.at, address: address(of: arrival), body: body, parameters: arrival.scope.parameters,
            headers: arrival.request.headers, logger: arrival.logger, surroundings: surroundings, store: store)
    }

    private func address(of arrival: Arrival) -> String? {
        let headers = arrival.request.headers
        return clientAddress.resolve(peer: arrival.scope.peer, forwarded: headers[.forwarded], forwardedFor: headers[.forwardedFor])
    }

    private func checkHeaders(_ request: Request) throws {
        var size = request.uri.string.utf8.count
        for field in request.headers { size += field.name.rawName.utf8.count + field.value.utf8.count + 4 }
        guard size <= limits.headers else {
            throw Problem(.headersTooLarge, "Headers and URL may have \(limits.headers) bytes together; these have \(size).")
        }
    }

    /// The body of a route that takes a file, on disk; nil for other routes.
    private func file(of arrival: Arrival) async throws -> SpooledFile? {
        guard case .file(let types, let limit) = arrival.route.body else { return nil }
        let request = arrival.request
        let type = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
        let coding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
        guard type.map(types.contains) ?? true, ["identity", "gzip", "x-gzip"].contains(coding) else {
            throw Problem(
                .unsupportedMediaType, "The body must be \(types.joined(separator: " or ")), plain or in gzip.",
                headers: [("Accept-Post", types.joined(separator: ", ")), ("Accept-Encoding", "gzip")])
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            throw Problem(.payloadTooLarge, "The body may have \(limit) bytes.")
        }
        return try await spool.take(request.body, named: arrival.requestID.rawValue, limit: limit)
    }

    private func body(of arrival: Arrival) async throws -> ByteBuffer {
        guard arrival.route.isWrite else { return ByteBuffer() }
        let limit = arrival.route.bodyLimit ?? limits.body
        let tooLarge = Problem(.payloadTooLarge, "The body may have \(limit) bytes.")
        if let length = arrival.request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        do {
            return try await arrival.request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }
}

extension Caller {
    fileprivate func check(_ access: Route.Access) throws {
        switch access {
        case .open, .authenticated: break
        case .scope(let scope): try require(scope)
        case .session:
            guard credential.kind == .session else {
                throw Problem(.sessionRequired, "This call needs a dashboard session; sign in with POST /v1/sessions.")
            }
        }
    }
}

extension Problem {
    fileprivate static func rateLimited(_ verdict: RateLimiter.Verdict?, at now: Timestamp) -> Problem {
        let wait = ((verdict?.resetsAt.milliseconds ?? now.milliseconds) - now.milliseconds + 999) / 1000
        return Problem(.rateLimited, "The limit is \(verdict?.limit ?? 0) requests in any 60 seconds.", retryAfter: max(1, Int(wait)))
    }
}

extension Route {
    /// The body as JSON that fits the schema; nil when there is none, or the handler reads it itself. Throws `invalid_json`,
    /// `unsupported_media_type`, `unknown_field` or `validation_failed`.
    func checked(_ bytes: ByteBuffer, contentType: String?) throws -> JSON? {
        let schema: Schema
        switch body {
        case .none, .raw, .file: return nil
        case .optional where bytes.readableBytes == 0: return .object([])
        case .optional(let described), .required(let described): schema = described
        }
        if surface == .platform, let contentType, bytes.readableBytes > 0, !contentType.isJSON {
            throw Problem(.unsupportedMediaType, "The body must be application/json.", headers: [("Accept-Post", "application/json")])
        }
        let json: JSON
        do throws(JSONParser.Failure) {
            json = try JSONParser.parse(bytes.readableBytesView)
        } catch {
            throw Problem(.invalidJSON, "At byte \(error.offset): \(error.reason).")
        }
        let violations = schema.violations(in: json)
        guard !violations.isEmpty else { return json }
        let unknown = violations.first { $0.code == Problem.Code.unknownField.rawValue }
        throw Problem(unknown == nil ? .validationFailed : .unknownField, at: violations, first: unknown ?? violations[0])
    }
}

extension String {
    /// `application/json`, with or without parameters, and the `+json` family.
    fileprivate var isJSON: Bool {
        if self == "application/json" { return true }
        let type = prefix { $0 != ";" }.lowercased().trimmingPrefix { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        return String(type) == "application/json" || String(type).hasSuffix("+json")
    }
}
