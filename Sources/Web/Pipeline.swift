package import Hummingbird
package import Kernel
import Logging
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
    package let limiter: RequestLimiter
    let meter: any RequestMeter
    let cursors: CursorSigner
    package let clientAddress: ClientAddress
    let limits: Limits
    let spool: Spool
    let running = RunningRequests()
    private let inFlight = Atomic(0)
    let streams = OpenStreams()

    package init(
        store: Store, surroundings: Surroundings, authenticator: Authenticator, limiter: RequestLimiter, meter: any RequestMeter,
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
        guard request.headers.contains(.traceparent), let traceparent = request.headers[.traceparent],
            let trace = TraceContext(traceparent: traceparent)
        else {
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
        arrival.verdict = try await limiter.admit(who.limitedAs, limit: who.requestsPerMinute, at: surroundings.now())
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
}

extension Caller {
    func check(_ access: Route.Access) throws {
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
