import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

/// `/v1/tokens`: narrower credentials that a credential makes for its own helpers.
package enum TokenRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/tokens", .scope(.tokensRead), "List scoped tokens", query: ListEnvelope.parameters(sort: Key.sortFields),
                answers: [.list(of: TokenView.schema)], handler: list),
            Route(
                .post, "/v1/tokens", .scope(.tokensWrite), "Make a scoped token",
                details:
                    "A token has no more scopes than its maker, lives no longer, and draws on its maker's rate limit. It is shown once.",
                body: .required(
                    .object([
                        .required("name", .name().example("ci-token")),
                        .required("scopes", KeyFields.scopes.example(["users:read", "usage:read"])),
                        .optional("expires_at", KeyFields.expiry),
                    ])), answers: [.created(TokenView.freshSchema)], handler: create),
            Route(.get, "/v1/tokens/{id}", .scope(.tokensRead), "Read a scoped token", answers: [.ok(TokenView.schema)], handler: get),
            Route(
                .delete, "/v1/tokens/{id}", .scope(.tokensWrite), "Revoke a scoped token", answers: [.ok(KeyFields.revoked)],
                problems: [.forbidden, .preconditionFailed], handler: revoke),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let page = try await call.read { try Key.list(request, kind: .token, project: nil, for: call.caller, $0) }
        return call.answer(page.map { TokenView(key: $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let key = try await call.read { try Key.find(call.parameter("id"), kinds: [.token], for: call.caller, $0) }
        return .json(.ok, TokenView(key: key)).with(etag: key.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        let scopes = try call.requestedScopes()
        let expiry = try call.requestedExpiry()
        return try await call.commit { connection in
            var draft = KeyDraft(kind: .token, mode: call.caller.mode, name: call.body?["name"]?.string ?? "", profile: call.caller.profile)
            draft.scopes = scopes
            draft.expiresAt = expiry
            try draft.inherit(from: call.caller, connection)
            let fresh = try Key.create(draft, by: call.attribution, connection)
            return .created(TokenView(key: fresh.key, secret: fresh.secret), at: "/v1/tokens/\(fresh.key.id)").holdingSecret()
        }
    }

    private static func revoke(_ call: Call) async throws -> Answer {
        try await call.commit { connection in
            let key = try call.administered([.token], connection)
            try call.requireMatch(key.etag)
            try key.revoke(by: call.attribution, connection)
            return .json(.ok, RevokedView(id: key.id))
        }
    }
}

extension KeyDraft {
    /// A token is what its maker is, but for its scopes: project, role, addresses, rate limit; and it ends with its maker.
    fileprivate mutating func inherit(from caller: Caller, _ connection: Connection) throws {
        guard let maker = try Key.maker(caller, connection) else {
            person = caller.user
            limitedAs = caller.user?.rawValue
            return
        }
        project = maker.project
        projects = maker.projects
        role = maker.role
        rateLimit = maker.requestsPerMinute
        limitedAs = maker.limitedAs
        person = maker.person
        parent = maker.id
        self = try bounded(by: caller, connection)
    }
}
