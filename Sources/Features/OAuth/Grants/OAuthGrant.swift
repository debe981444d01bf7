package import Identity
package import Kernel
package import Storage
import Web

/// What a person let a client do for them, once: the family of every token that comes of one consent.
///
/// Each consent is a grant of its own, so that a stolen refresh token ends the sessions of one device and not of all.
package struct OAuthGrant: Sendable {
    package let id: OAuthGrantID
    package let workspace: WorkspaceID
    package let mode: Mode
    package let client: OAuthClientID
    package let clientName: String
    package let clientProject: ProjectID?
    package let person: UserID
    package let scopes: ScopeSet
    package let createdAt: Timestamp
    /// When it last got tokens; nil while its code was not exchanged.
    package let usedAt: Timestamp?
    /// A minute after consent; when its code was exchanged, as long as its newest token may live.
    package let expiresAt: Timestamp

    /// Why one ended.
    package enum End: String, Sendable, CaseIterable {
        /// The person took it back.
        case person
        /// The client gave it back (RFC 7009).
        case client
        /// Its code or a refresh token came a second time.
        case reuse
        /// The person was deactivated.
        case deactivated
        /// The person got a new password from the operator.
        case passwordReset = "password_reset"
    }
}

extension OAuthGrant {
    private static let selection = """
        SELECT id, workspace, mode, client, person, scopes, created_at, used_at, expires_at, \
        (SELECT name FROM oauth_clients c WHERE c.workspace = oauth_grants.workspace AND c.id = oauth_grants.client), \
        (SELECT project FROM oauth_clients c WHERE c.workspace = oauth_grants.workspace AND c.id = oauth_grants.client) FROM oauth_grants
        """

    private static func read(_ row: Row) throws -> OAuthGrant {
        try OAuthGrant(
            id: row.get(0), workspace: row.get(1), mode: row.get(2), client: row.get(3), clientName: row.get(9), clientProject: row.get(10),
            person: row.get(4), scopes: ScopeSet(parsing: row.text(5).listed), createdAt: row.get(6), usedAt: row.get(7),
            expiresAt: row.get(8))
    }

    /// With its row locked; nil for one that ended.
    static func locked(_ id: OAuthGrantID, in workspace: WorkspaceID, at now: Timestamp, _ connection: Connection) throws -> OAuthGrant? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND id = ? AND expires_at > ?" + connection.dialect.forUpdate, workspace, id, now, as: read)
    }

    static func alive(_ id: OAuthGrantID, in workspace: WorkspaceID, at now: Timestamp, _ connection: Connection) throws -> OAuthGrant? {
        try connection.row("\(selection) WHERE workspace = ? AND id = ? AND expires_at > ?", workspace, id, now, as: read)
    }

    /// A person's own, of applications that hold tokens. Throws `not_found` for anybody else's.
    package static func find(_ id: OAuthGrantID, of person: UserID, in workspace: WorkspaceID, at now: Timestamp, _ connection: Connection)
        throws -> OAuthGrant
    {
        guard let found = try alive(id, in: workspace, at: now, connection), found.person == person, found.usedAt != nil else {
            throw Problem.notFound("grant")
        }
        return found
    }

    static let sortFields = ["created_at"]

    /// A person's own, newest first.
    package static func list(
        of person: UserID, in workspace: WorkspaceID, at now: Timestamp, _ request: PageRequest, _ connection: Connection
    ) throws -> Page<OAuthGrant> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND person = ? AND used_at IS NOT NULL AND expires_at > ?", workspace, person, now)
        return try query.page(
            request, connection, place: { grant, _ in .init(value: String(grant.createdAt.milliseconds), id: grant.id.rawValue) }, as: read)
    }

    static func create(
        for client: OAuthClient, of person: UserID, _ scopes: ScopeSet, until: Timestamp, by: Attribution, _ connection: Connection
    ) throws -> OAuthGrantID {
        let id: OAuthGrantID = by.makeID()
        try connection.execute(
            """
            INSERT INTO oauth_grants (workspace, id, mode, client, person, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, client.workspace, id, client.mode, client.id, person, String(listing: scopes.patterns), by.at, until)
        let data: JSON = [
            "client_id": JSON(client.id), "user_id": JSON(person), "project_id": JSON(client.project),
            "scopes": .array(scopes.patterns.map(JSON.string)),
        ]
        connection.append(EventDraft("oauth_grant.created", subject: id.rawValue, data: data), by: by.on(client.tenant))
        return id
    }

    /// Every one of a person, codes that were not exchanged included.
    static func end(of person: UserID, _ reason: End, by: Attribution, _ connection: Connection) throws {
        let grants = try connection.rows(
            "\(selection) WHERE workspace = ? AND person = ? ORDER BY id" + connection.dialect.forUpdate, by.tenant.workspace, person,
            as: read)
        for grant in grants { try grant.revoke(reason, by: by, connection) }
    }

    /// Notes that it got tokens, and how long it lives now.
    func extend(until: Timestamp, at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE oauth_grants SET used_at = ?, expires_at = ? WHERE workspace = ? AND id = ?", now, until, workspace, id)
    }

    /// Every token of it is refused from the next request on, since its row is gone (`OAuthCredentials.isThere`).
    package func revoke(_ reason: End, by: Attribution, _ connection: Connection) throws {
        for table in ["oauth_tokens", "oauth_refresh_tokens", "oauth_codes"] {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND grant_id = ?", workspace, id)
        }
        try connection.execute("DELETE FROM oauth_grants WHERE workspace = ? AND id = ?", workspace, id)
        append("oauth_grant.revoked", [.init("reason", .string(reason.rawValue))], by: by, connection)
    }

    /// What came a second time ends everything (RFC 6749, 10.5; RFC 9700, 4.14.2).
    func revoke(reused kind: String, by: Attribution, _ connection: Connection) throws {
        append("oauth_token.reuse_detected", [.init("kind", .string(kind))], by: by, connection)
        try revoke(.reuse, by: by, connection)
    }

    func append(_ type: String, _ more: [JSON.Member], by: Attribution, _ connection: Connection) {
        let whose: [JSON.Member] = [
            .init("client_id", JSON(client)), .init("user_id", JSON(person)), .init("project_id", JSON(clientProject)),
        ]
        let tenant = Tenant(workspace: workspace, mode: mode)
        connection.append(EventDraft(type, subject: id.rawValue, data: .object(whose + more)), by: by.on(tenant))
    }
}

extension Consents {
    /// The applications somebody let act for them.
    package static let oauth = Consents { person, reason, by, connection in
        let end: OAuthGrant.End =
            switch reason {
            case .deactivated: .deactivated
            case .passwordReset: .passwordReset
            }
        try OAuthGrant.end(of: person, end, by: by, connection)
    }
}

extension Attribution {
    /// The same doer on a grant's own side: what is issued for the sandbox stands in the sandbox's log, whoever consented.
    func on(_ tenant: Tenant) -> Attribution {
        Attribution(tenant: tenant, actor: actor, address: address, request: request, surroundings: surroundings, trace: trace)
    }
}
