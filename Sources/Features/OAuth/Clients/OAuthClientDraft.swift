import Identity
package import Kernel
import Keys
package import Storage
import Web

/// What a client is to be. Nothing can make a client wider than itself, as with keys.
package struct OAuthClientDraft: Sendable {
    package var name: String
    package var kind = OAuthClient.Kind.confidential
    package var mode = Mode.live
    package var project: ProjectID?
    package var role = Role.admin
    package var scopes = ScopeSet.all
    package var redirects: [RedirectURI] = []
    package var grantTypes: [OAuthClient.GrantType] = []
    package var rateLimit: Int?
    package var profile = Caller.Profile.cloudapi

    /// As wide as the caller may give, in the caller's mode unless another is asked for. Throws `forbidden` or `insufficient_scope`, and
    /// `not_found` for a project out of reach.
    package init(named name: String, mode: Mode?, project asked: ProjectID?, role: Role?, scopes: [String]?, for caller: Caller) throws {
        self.name = name
        self.mode = try caller.granting(mode)
        profile = caller.profile
        project = asked ?? caller.credential.project
        if let project {
            try caller.require(.admin, in: project)
            self.role = role ?? .admin
        } else {
            guard case .workspace(let held) = caller.reach else {
                throw Problem.invalid("project_id", "Say which of your projects it belongs to.", code: "required")
            }
            self.role = role ?? held
            try caller.requireWorkspace(.admin)
        }
        self.scopes = try caller.granting(scopes, role: self.role)
    }

    package init(_ client: OAuthClient) {
        name = client.name
        kind = client.kind
        mode = client.mode
        project = client.project
        role = client.role
        scopes = client.scopes
        redirects = client.redirects
        grantTypes = client.grantTypes
        rateLimit = client.rateLimit
        profile = client.profile
    }

    /// Throws `validation_failed` naming the one that cannot be registered.
    package mutating func redirect(to texts: [String]) throws {
        redirects = try texts.enumerated().map { index, text in
            guard let uri = RedirectURI(text) else {
                throw Problem.invalid(
                    "redirect_uris/\(index)",
                    "It must be https, or http on 127.0.0.1, [::1] or localhost, or a scheme of its own such as com.example.app:/callback, without a fragment.",
                    code: "refused_uri")
            }
            return uri
        }
    }

    /// What a client of its kind with its addresses needs, unless it was said.
    package mutating func grant(_ types: [OAuthClient.GrantType]?) {
        grantTypes =
            types ?? (redirects.isEmpty && kind == .confidential ? [.clientCredentials] : [.authorizationCode, .refreshToken])
    }

    /// Throws `validation_failed` for what does not go together.
    package func check() throws {
        if kind == .public, grantTypes.contains(.clientCredentials) {
            throw Problem.invalid("grant_types", "A public client has no secret to be given tokens for.", code: "combination")
        }
        if grantTypes.contains(.authorizationCode), redirects.isEmpty {
            throw Problem.invalid(
                "redirect_uris", "The authorization code grant needs an address to send the code to.", code: "combination")
        }
        if grantTypes.contains(.refreshToken), !grantTypes.contains(.authorizationCode) {
            throw Problem.invalid("grant_types", "There is nothing to refresh without authorization_code.", code: "combination")
        }
    }
}

extension OAuthClient {
    /// Makes what was drafted, after the checks that need the database. Throws `not_found`, `project_archived` and `forbidden`.
    package static func register(_ draft: OAuthClientDraft, for caller: Caller, by: Attribution, _ connection: Connection) throws
        -> FreshOAuthClient
    {
        try draft.check()
        try requireLastingMaker(caller, connection)
        if let project = draft.project { try Project.find(project, for: caller, connection).requireActive() }
        return try create(draft, by: by, connection)
    }

    /// A client does not expire and works from everywhere: who makes one, or sees its secret, must be such a one too. Throws `forbidden`.
    package static func requireLastingMaker(_ caller: Caller, _ connection: Connection) throws {
        guard let maker = try Key.maker(caller, connection) else { return }
        guard maker.kind != .token, maker.expiresAt == nil, maker.addressRanges.isEmpty else {
            throw Problem(
                .forbidden,
                "A client outlives tokens, and keys that expire or are bound to addresses. Use a session or a key without bounds.")
        }
    }
}
