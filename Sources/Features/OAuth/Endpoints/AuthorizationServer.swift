import HTTPTypes
package import Kernel
package import Storage
package import Web

/// The OAuth 2.0 authorization server: what issues tokens, looks into them, takes them back, and says how (RFC 6749, 7636, 7662, 7009, 8414).
///
/// The page where a person consents is the dashboard's (`ConsentPage`); everything it decides stands in `AuthorizationRequest`.
package struct AuthorizationServer: Sendable {
    /// Where this server is found; what `iss` says.
    package let issuer: String
    let gate = ClientGate()

    package init(issuer: String) { self.issuer = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer }

    package var routes: [Route] { OAuthClientRoutes.all + OAuthGrantRoutes.all + endpoints }

    private var endpoints: [Route] {
        [
            Route(
                open: .post, "/oauth/token", "Get tokens",
                details:
                    "For a code (with its `code_verifier`), a refresh token, or the client itself. The client proves itself by HTTP Basic, or by `client_id` and `client_secret` in the form; a public client sends its `client_id` alone.",
                body: .form(TokenEndpoint.form), answers: [.ok(AccessToken.schema)],
                problems: [.invalidClient, .invalidGrant, .unauthorizedClient, .unsupportedGrantType, .invalidScope, .signInThrottled],
                handler: { try await TokenEndpoint(server: self, call: $0).answer() }
            ).onOAuth("oauth_token"),
            Route(
                open: .post, "/oauth/introspect", "Look into a token",
                details:
                    "For resource servers: a confidential client sees the tokens of its own workspace and mode. Everything else is inactive (RFC 7662).",
                body: .form(TokenInspection.form), answers: [.ok(TokenInspection.schema)],
                problems: [.invalidClient, .unauthorizedClient, .signInThrottled], handler: introspect
            ).onOAuth("oauth_introspect"),
            Route(
                open: .post, "/oauth/revoke", "Take a token back",
                details:
                    "An access token by itself; with a refresh token everything issued by its consent. An unknown token is a success too (RFC 7009).",
                body: .form(TokenInspection.form), answers: [.init(status: 200, description: "It is refused from now on.", schema: nil)],
                problems: [.invalidClient, .invalidGrant, .signInThrottled], handler: revoke
            ).onOAuth("oauth_revoke"),
            Route(
                open: .get, "/.well-known/oauth-authorization-server", "How to use the authorization server",
                details: "Its metadata (RFC 8414).", answers: [.ok(ServerMetadata.schema)],
                handler: { _ in .json(.ok, ServerMetadata(issuer: issuer), capacity: 4096) }
            ).onOAuth("oauth_metadata"),
        ]
    }
}

extension AuthorizationServer {
    /// What has outlived its time; answers how many tokens and grants went. The grants of people who were deactivated go too, so that they stay
    /// gone when somebody is active again.
    package func sweep(_ store: Store, _ surroundings: Surroundings) async throws {
        var removed = 0
        repeat {
            removed = try await store.write { try AccessToken.removeExpired(at: surroundings.now(), limit: 1000, $0) }
        } while removed >= 1000
        try await store.write { connection in
            let now = surroundings.now()
            try RefreshToken.forgetAnswers(at: now, connection)
            try OAuthGrant.removeExpired(at: now, connection)
            try OAuthGrant.revokeOfDeactivated(surroundings, connection)
        }
    }
}

extension OAuthGrant {
    fileprivate static func removeExpired(at now: Timestamp, _ connection: Connection) throws {
        try connection.execute("DELETE FROM oauth_grants WHERE expires_at <= ?", now)
        for table in ["oauth_codes", "oauth_refresh_tokens"] {
            try connection.execute(
                """
                DELETE FROM \(table) WHERE NOT EXISTS (
                    SELECT 1 FROM oauth_grants g WHERE g.workspace = \(table).workspace AND g.id = \(table).grant_id)
                """)
        }
    }

    fileprivate static func revokeOfDeactivated(_ surroundings: Surroundings, _ connection: Connection) throws {
        let found = try connection.rows(
            """
            SELECT g.workspace, g.id FROM oauth_grants g JOIN users u ON u.workspace = g.workspace AND u.id = g.person
            WHERE u.status <> 'active' LIMIT 500
            """
        ) { try ($0.get(0, as: WorkspaceID.self), $0.get(1, as: OAuthGrantID.self)) }
        for (workspace, id) in found {
            guard let grant = try alive(id, in: workspace, at: surroundings.now(), connection) else { continue }
            let by = Attribution(
                tenant: Tenant(workspace: workspace, mode: grant.mode), actor: .system("oauth"), address: nil, request: nil,
                surroundings: surroundings)
            try grant.revoke(.deactivated, by: by, connection)
        }
    }
}

extension Answer {
    /// Tokens and what is said of them belong in no cache (RFC 6749, 5.1).
    static func unstored(_ value: some JSONRepresentable) -> Answer {
        var answer = json(.ok, value, capacity: 256)
        answer.headers[.cacheControl] = "no-store"
        answer.headers[.pragma] = "no-cache"
        return answer
    }
}

extension OpenCall {
    /// The client as who does it.
    func attribution(_ client: OAuthClient) -> Attribution {
        Attribution(
            tenant: client.tenant, actor: Actor(type: "client", id: client.id.rawValue, credential: client.id.rawValue), address: address,
            request: requestID, surroundings: surroundings)
    }
}
