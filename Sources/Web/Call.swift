package import HTTPTypes
package import Hummingbird
package import Kernel
package import Logging
package import NIOCore
package import Storage

/// An authenticated request as a handler sees it. It cannot be made without a caller, so no handler checks for one.
package struct Call: Sendable {
    package let caller: Caller
    package let requestID: ID<RequestKind>
    package let at: Timestamp
    /// The client's address, after trusted proxies.
    package let address: String?
    package let parameters: Parameters
    package let query: Query
    /// Checked against the route's schema; nil when the route takes no body.
    package let body: JSON?
    /// The body as it came.
    package let bytes: ByteBuffer
    /// The body of a route that takes a file; gone when the handler returns unless it was moved.
    package let file: SpooledFile?
    package let headers: HTTPFields
    package let logger: Logger
    /// The path as it was asked for.
    let path: String
    /// The route's template.
    let routePath: String
    let envelope: Envelope
    package let surroundings: Surroundings
    /// For what comes after the answer is committed; reads and changes go through `read` and `commit`.
    package let store: Store
    let idempotency: IdempotentRequest?
    let cursors: CursorSigner
    /// What its `traceparent` says; nil without one.
    package let trace: TraceContext?

    /// The path's `{name}`, decoded. The route table guarantees it.
    package func parameter(_ name: String) -> String { parameters.get(name).flatMap(PercentEncoding.decode) ?? "" }

    package func id<Kind: IDKind>(_ name: String = "id", of: Kind.Type = Kind.self) -> ID<Kind> { ID(parameter(name)) }

    /// What `?wait=` asks for; zero without it.
    package var wait: Duration { .seconds(query["wait"].flatMap(Query.seconds) ?? 0) }

    package var attribution: Attribution {
        Attribution(
            tenant: caller.tenant, actor: caller.actor, address: address, request: requestID, surroundings: surroundings, trace: trace)
    }

    /// A long read, on a database thread.
    package func scan<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await store.scan(body)
    }

    package func read<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await store.read(body)
    }

    /// Like `read`, for a body of one statement.
    package func peek<Result: Sendable>(_ body: @escaping @Sendable (Connection) throws -> Result) async throws -> Result {
        try await store.peek(body)
    }

    /// Runs `body` in one transaction with the row that makes a retry harmless: state, events and kept answer commit together. It may run more
    /// than once, as `Store.write` says; a refusal leaves nothing, and is kept after. What it reads of the caller's workspace stays so until
    /// then, unless `inTurn` is false: then others write to the workspace meanwhile, and `body` locks what it needs.
    package func commit(inTurn: Bool = true, _ body: @escaping @Sendable (Connection) throws -> Answer) async throws -> Answer {
        let workspace = inTurn ? caller.workspace : nil
        guard let idempotency else { return try await store.write(in: workspace, body) }
        return try await store.write(in: workspace) { connection in try idempotency.perform(body, connection) }
    }

    /// Throws `precondition_failed` when the request has an `If-Match` that the object does not fulfil.
    package func requireMatch(_ etag: ETag) throws {
        guard let expected = headers[.ifMatch], expected != "*" else { return }
        guard ETag.list(expected)?.contains(where: { $0 == etag.text }) == true else {
            throw Problem(.preconditionFailed, "The object is at \(etag.text), the request asks for \(expected.prefix(100)).")
        }
    }
}

extension Caller {
    /// Who stands in the log for what this caller does.
    package var actor: Actor {
        let type =
            switch credential.kind {
            case .session: "user"
            case .token, .oauthToken: "token"
            case .projectKey, .workspaceKey: "key"
            }
        return Actor(type: type, id: user?.rawValue ?? credential.id, credential: credential.id)
    }
}

/// A request that needs no credential.
package struct OpenCall: Sendable {
    package let requestID: ID<RequestKind>
    package let at: Timestamp
    package let address: String?
    package let body: JSON?
    package let parameters: Parameters
    package let headers: HTTPFields
    package let logger: Logger
    package let surroundings: Surroundings
    package let store: Store

    package func parameter(_ name: String) -> String { parameters.get(name).flatMap(PercentEncoding.decode) ?? "" }
}
