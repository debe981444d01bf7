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
    /// Removes what has outlived its time.
    package func sweep(_ store: Store, _ surroundings: Surroundings) async throws {
        // Some at a time, so that no other write waits for all of them.
        let steps: [@Sendable (Timestamp, Connection) throws -> Int] = [
            { try AccessToken.removeExpired(at: $0, limit: Self.atOnce, $1) },
            { try RefreshToken.removeExpired(at: $0, limit: Self.atOnce, $1) },
            { try RefreshToken.forgetAnswers(at: $0, limit: Self.atOnce, $1) },
            { try OAuthGrant.removeExpired(at: $0, limit: Self.atOnce, $1) },
        ]
        for step in steps {
            while try await store.write({ try step(surroundings.now(), $0) }) >= Self.atOnce {}
        }
    }

    private static let atOnce = 500
}

extension OAuthGrant {
    /// Answers how many were looked at.
    fileprivate static func removeExpired(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let found = try connection.rows(
            "SELECT workspace, id FROM oauth_grants WHERE expires_at <= ? ORDER BY expires_at LIMIT ?", now, limit
        ) { try ($0.get(0, as: WorkspaceID.self), $0.get(1, as: OAuthGrantID.self)) }
        for (workspace, id) in found {
            // It may have been extended meanwhile.
            let removed = try connection.execute(
                "DELETE FROM oauth_grants WHERE workspace = ? AND id = ? AND expires_at <= ?", workspace, id, now)
            guard removed > 0 else { continue }
            for table in ["oauth_codes", "oauth_refresh_tokens"] {
                try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND grant_id = ?", workspace, id)
            }
        }
        return found.count
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
