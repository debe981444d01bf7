import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Storage

/// What a handler is handed: the request in parts, each checked.
extension Pipeline {
    func call(
        _ arrival: Arrival, _ caller: Caller, _ address: String?, _ bytes: ByteBuffer, _ file: SpooledFile?, idempotency: IdempotentRequest?
    ) throws -> Call {
        try checkMatch(of: arrival)
        try checkNonce(of: arrival)
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
    func checkMatch(of arrival: Arrival) throws {
        guard arrival.route.problems.contains(.preconditionFailed), let tags = arrival.request.headers[.ifMatch], tags != "*",
            ETag.list(tags) == nil
        else { return }
        throw Problem(.invalidHeader, "If-Match must be * or ETags such as \"v1\", parted by commas.")
    }

    /// Throws `invalid_header` for a `Lease-Nonce` that is none, whether or not there is a lease.
    private func checkNonce(of arrival: Arrival) throws {
        guard arrival.route.problems.contains(.leaseHeld), let nonces = arrival.request.headers[.leaseNonce],
            LeaseNonce.list(nonces) == nil
        else { return }
        throw Problem(.invalidHeader, "Lease-Nonce must be the nonce of a lease, or several parted by commas.")
    }

    func openCall(_ arrival: Arrival, _ body: JSON?) -> OpenCall {
        OpenCall(
            requestID: arrival.requestID, at: arrival.at, address: address(of: arrival), body: body, parameters: arrival.scope.parameters,
            headers: arrival.request.headers, logger: arrival.logger, surroundings: surroundings, store: store)
    }

    func address(of arrival: Arrival) -> String? {
        let headers = arrival.request.headers
        return clientAddress.resolve(peer: arrival.scope.peer, forwarded: headers[.forwarded], forwardedFor: headers[.forwardedFor])
    }

    func checkHeaders(_ request: Request) throws {
        var size = request.uri.string.utf8.count
        for field in request.headers { size += field.name.rawName.utf8.count + field.value.utf8.count + 4 }
        guard size <= limits.headers else {
            throw Problem(.headersTooLarge, "Headers and URL may have \(limits.headers) bytes together; these have \(size).")
        }
    }

    /// The body of a route that takes a file, on disk; nil for other routes.
    func file(of arrival: Arrival) async throws -> SpooledFile? {
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

    func body(of arrival: Arrival) async throws -> ByteBuffer {
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

extension Route {
    /// The body as JSON that fits the schema; nil when there is none, or the handler reads it itself. Throws `invalid_json`,
    /// `unsupported_media_type`, `unknown_field` or `validation_failed`.
    func checked(_ bytes: ByteBuffer, contentType: String?) throws -> JSON? {
        let schema: Schema
        switch body {
        case .none, .raw, .file: return nil
        case .form(let described): return try described.read(form: bytes, contentType: contentType)
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
        return try schema.checked(json)
    }
}

extension Schema {
    /// The value itself when it fits. Throws `unknown_field` or `validation_failed`.
    fileprivate func checked(_ json: JSON) throws -> JSON {
        let violations = violations(in: json)
        guard !violations.isEmpty else { return json }
        let unknown = violations.first { $0.code == Problem.Code.unknownField.rawValue }
        throw Problem(unknown == nil ? .validationFailed : .unknownField, at: violations, first: unknown ?? violations[0])
    }

    /// The fields of a form as an object that fits. RFC 6749, 3.2: none may be sent twice, and one without a value is as if it were left out.
    fileprivate func read(form bytes: ByteBuffer, contentType: String?) throws -> JSON {
        guard contentType?.prefix(while: { $0 != ";" && $0 != " " }).lowercased() == "application/x-www-form-urlencoded" else {
            throw Problem(
                .unsupportedMediaType, "The body must be application/x-www-form-urlencoded.",
                headers: [("Accept-Post", "application/x-www-form-urlencoded")])
        }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self), let fields = PercentEncoding.formFields(text) else {
            throw Problem(.validationFailed, "The form could not be read.")
        }
        var members: [JSON.Member] = []
        for (name, value) in fields {
            guard !members.contains(where: { $0.name == name }) else {
                let repeated = Problem.Violation(pointer: "/" + name, code: "repeated", detail: "stands twice")
                throw Problem(.validationFailed, at: [repeated], first: repeated)
            }
            members.append(.init(name, .string(value)))
        }
        return try checked(.object(members.filter { $0.value != "" }))
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
