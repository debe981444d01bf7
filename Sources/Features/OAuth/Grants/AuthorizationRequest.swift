package import Kernel
package import Storage
import Web

/// A request to `/oauth/authorize` (RFC 6749, 4.1.1; RFC 7636, 4.3), checked.
///
/// First who asks and where the answer would go, in errors that are shown and never sent anywhere; only when those two are sure, what is asked
/// for, in errors that the client gets at its address. So this server redirects nobody to where no admin of the workspace said it may.
package struct AuthorizationRequest: Sendable {
    package let client: OAuthClient
    package let redirect: RedirectURI
    /// What is asked for; never more than the client may.
    package let scopes: ScopeSet
    private let isRedirectSent: Bool
    private let challenge: String
    private let state: String?
    private let issuer: String

    package enum Outcome: Sendable {
        case good(AuthorizationRequest)
        /// The answer is this address at the client.
        case refused(location: String, OAuthClient)
    }

    /// Reads the query of a URL. Throws `invalid_request` and `not_found`, for a page of ours.
    package static func read(_ query: String, issuer: String, _ connection: Connection) throws -> Outcome {
        guard query.utf8.count <= 6000, let fields = PercentEncoding.formFields(query) else {
            throw Problem(.invalidRequest, "The address is not a request to authorize an application.")
        }
        func value(_ name: String) -> String? { fields.first { $0.name == name && !$0.value.isEmpty }?.value }
        func isRepeated(_ name: String) -> Bool { fields.count { $0.name == name } > 1 }

        guard !isRepeated("client_id"), let id = value("client_id"), let client = try OAuthClient.named(id, connection) else {
            throw Problem(.notFound, "There is no such application. Its link names a client_id that is not known here.")
        }
        guard !isRepeated("redirect_uri"), let redirect = client.redirect(value("redirect_uri")) else {
            throw Problem(.invalidRequest, "The link would send the answer to an address the application has not registered.")
        }
        let reply = Reply(redirect: redirect, state: isRepeated("state") ? nil : value("state"), issuer: issuer)
        func refuse(_ error: String, _ description: String) -> Outcome {
            .refused(location: reply.refusal(error, description), client)
        }
        if let twice = ["response_type", "scope", "state", "code_challenge", "code_challenge_method"].first(where: isRepeated) {
            return refuse("invalid_request", "\(twice) stands twice.")
        }
        guard let type = value("response_type") else { return refuse("invalid_request", "response_type is missing.") }
        guard type == "code" else { return refuse("unsupported_response_type", "response_type must be code.") }
        guard value("response_mode") ?? "query" == "query" else { return refuse("invalid_request", "response_mode must be query.") }
        guard client.grantTypes.contains(.authorizationCode) else {
            return refuse("unauthorized_client", "The client has no authorization_code among its grant types.")
        }
        guard let challenge = value("code_challenge") else {
            return refuse("invalid_request", "code_challenge is missing: PKCE is required.")
        }
        guard value("code_challenge_method") == "S256" else { return refuse("invalid_request", "code_challenge_method must be S256.") }
        guard CodeChallenge.isOne(challenge) else {
            return refuse("invalid_request", "code_challenge must be 43 characters of base64url: the SHA-256 of the verifier.")
        }
        guard let scopes = client.scopes(askedFor: value("scope")) else {
            return refuse("invalid_scope", "The scope is unknown, or more than the client may have.")
        }
        return .good(
            AuthorizationRequest(
                client: client, redirect: redirect, scopes: scopes, isRedirectSent: value("redirect_uri") != nil, challenge: challenge,
                state: reply.state, issuer: issuer))
    }

    /// The scopes it would have: those of the request that the person has too. Throws `not_found` for an application of another workspace and
    /// `forbidden` for somebody who has nothing to give it.
    package func scopes(from caller: Caller) throws -> ScopeSet {
        try client.requireWorkspace(of: caller)
        if let project = client.project, caller.role(in: project) == nil {
            throw Problem(.forbidden, "The application works in a project you are not a member of.")
        }
        let shared = scopes.intersection(client.role.scopes).intersection(caller.scopes)
        guard !shared.patterns.isEmpty else {
            throw Problem(.forbidden, "The application asks for nothing that you may do.")
        }
        return shared
    }

    /// Consent: a grant, and a code that stands for it for a minute. Answers where the code goes. `caller` is a person's session.
    package func grant(by caller: Caller, _ by: Attribution, _ connection: Connection) throws -> String {
        let until = by.at.adding(seconds: AuthorizationCode.lifetime)
        let person = caller.user ?? UserID("")
        let id = try OAuthGrant.create(for: client, of: person, scopes(from: caller), until: until, by: by, connection)
        let code = Secret.make(.oauthCode, randomBytes: by.surroundings.randomBytes(32))
        try connection.execute(
            """
            INSERT INTO oauth_codes (digest, workspace, grant_id, client, redirect, redirect_sent, challenge, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, StoredSecret.digest(of: code), client.workspace, id, client.id, redirect.text, isRedirectSent, challenge, until)
        return reply.success(code)
    }

    /// Where a person's no goes.
    package var denial: String { reply.refusal("access_denied", "The person did not consent.") }

    private var reply: Reply { Reply(redirect: redirect, state: state, issuer: issuer) }

    /// RFC 6749, 4.1.2; with `iss` (RFC 9207) a client that speaks to several servers knows which one answered.
    private struct Reply {
        let redirect: RedirectURI
        let state: String?
        let issuer: String

        func success(_ code: String) -> String { location([("code", code)]) }

        func refusal(_ error: String, _ description: String) -> String {
            location([("error", error), ("error_description", description.oauthDescription)])
        }

        private func location(_ parameters: [(name: String, value: String)]) -> String {
            redirect.adding(parameters + (state.map { [("state", $0)] } ?? []) + [("iss", issuer)])
        }
    }
}

extension OAuthClient {
    /// The registered address the request names, as it names it; without a name, the only one there is.
    fileprivate func redirect(_ text: String?) -> RedirectURI? {
        guard let text else { return redirects.count == 1 ? redirects[0] : nil }
        guard let asked = RedirectURI(text) else { return nil }
        return redirects.contains { $0.matches(asked) } ? asked : nil
    }

    /// Those of a `scope` parameter, or all it may have; nil for what is unknown, or more than that.
    func scopes(askedFor text: String?) -> ScopeSet? {
        guard let text else { return allowed }
        guard let asked = try? ScopeSet(parsing: text.listed), !asked.patterns.isEmpty, asked.isSubset(of: scopes) else { return nil }
        return asked.intersection(role.scopes)
    }
}

extension OAuthClient {
    /// Only people of the client's workspace are sent to its addresses (RFC 9700, 4.11.2). Throws `not_found`.
    package func requireWorkspace(of caller: Caller) throws {
        guard caller.workspace == workspace else {
            throw Problem(.notFound, "There is no such application in your workspace. Sign in to the workspace it belongs to.")
        }
    }
}
