import Identity
package import Kernel
import Keys
package import Storage
package import Web

/// OAuth tokens as credentials. What one may do is looked at anew whenever anything changed: what the client may now, and what the person may now.
package struct OAuthCredentials: CredentialSource {
    package init() {}

    package func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) throws
        -> Authenticated?
    {
        guard let token = try IssuedToken.find(digest, at: now, connection), let client = try token.client(connection) else { return nil }
        let scopes = token.scopes.intersection(client.allowed)
        guard let id = token.grant else {
            return client.authenticated(
                as: client.id.rawValue, person: nil, scopes, client.ownReach, until: token.expiresAt)
        }
        guard let grant = try OAuthGrant.alive(id, in: client.workspace, at: now, connection), grant.client == client.id,
            let rights = try UserRights.of(grant.person, in: client.workspace, connection), let reach = client.narrowed(rights.reach)
        else { return nil }
        return client.authenticated(
            as: id.rawValue, person: grant.person, scopes.intersection(rights.scopes), reach, until: token.expiresAt)
    }

    /// Giving a token back, and ending a grant, delete its row and raise no revision: a program does so as often as it likes.
    package func isThere(_ digest: @autoclosure () -> [UInt8], prefix: Secret.Prefix, _ connection: Connection) throws -> Bool {
        try connection.row("SELECT 1 FROM oauth_tokens WHERE digest = ?", digest()) { _ in true } ?? false
    }
}

/// An access token as it is kept.
struct IssuedToken: Sendable {
    let workspace: WorkspaceID
    let clientID: OAuthClientID
    let grant: OAuthGrantID?
    let scopes: ScopeSet
    let issuedAt: Timestamp
    let expiresAt: Timestamp

    static func find(_ digest: [UInt8], at now: Timestamp, _ connection: Connection) throws -> IssuedToken? {
        try connection.row(
            "SELECT workspace, client, grant_id, scopes, issued_at, expires_at FROM oauth_tokens WHERE digest = ? AND expires_at > ?",
            digest,
            now
        ) {
            try IssuedToken(
                workspace: $0.get(0), clientID: $0.get(1), grant: $0.get(2), scopes: ScopeSet(parsing: $0.text(3).listed),
                issuedAt: $0.get(4), expiresAt: $0.get(5))
        }
    }

    /// Nil for one that was deleted.
    func client(_ connection: Connection) throws -> OAuthClient? {
        try OAuthClient.named(clientID.rawValue, connection).flatMap { $0.workspace == workspace ? $0 : nil }
    }
}

extension OAuthClient {
    package var requestsPerMinute: Int { rateLimit ?? Key.standardRateLimit(mode) }

    fileprivate func authenticated(
        as id: String, person: UserID?, _ scopes: ScopeSet, _ reach: Caller.Reach, until: Timestamp
    ) -> Authenticated {
        let caller = Caller(
            workspace: workspace, mode: mode, credential: .init(kind: .oauthToken, id: id, project: project), user: person, scopes: scopes,
            reach: reach, profile: profile)
        return Authenticated(
            caller: caller, limitedAs: id, requestsPerMinute: requestsPerMinute, expiresAt: until, addressRanges: [])
    }

    fileprivate var ownReach: Caller.Reach { project.map { .projects([$0: role]) } ?? .workspace(role) }

    /// What is left of a person's reach: the client's project alone, where it has one, and no role above the client's. Nil when nothing is.
    fileprivate func narrowed(_ reach: Caller.Reach) -> Caller.Reach? {
        if let project {
            let held: Role? =
                switch reach {
                case .workspace(let role): role
                case .projects(let roles): roles[project]
                }
            return held.map { .projects([project: min($0, role)]) }
        }
        switch reach {
        case .workspace(let held): return .workspace(min(held, role))
        case .projects(let roles): return .projects(roles.mapValues { min($0, role) })
        }
    }
}
