package import Kernel
package import Storage
import Web

extension OAuthClient {
    private static let selection = """
        SELECT id, workspace, mode, kind, name, project, role, scopes, redirects, grant_types, digest, last_four, previous_digest, \
        previous_until, rate_limit, profile, last_token_at, version, created_at FROM oauth_clients
        """

    private static func read(_ row: Row) throws -> OAuthClient {
        let digest: [UInt8]? = try row.get(10)
        return try OAuthClient(
            id: row.get(0), workspace: row.get(1), mode: row.get(2), kind: row.get(3), name: row.get(4), project: row.get(5),
            role: row.get(6), scopes: ScopeSet(parsing: row.text(7).listed),
            redirects: row.text(8).listed.compactMap { RedirectURI($0) },
            grantTypes: row.text(9).listed.compactMap { GrantType(rawValue: $0) },
            secret: digest.map {
                try StoredSecret(digest: $0, lastFour: row.get(11), previous: row.get(12), overlapsUntil: row.get(13))
            }, rateLimit: row.get(14), profile: row.get(15), lastTokenAt: row.get(16), version: row.get(17), createdAt: row.get(18))
    }

    /// The client of that id in whichever workspace: for its own requests, which name no other tenant. Nil when there is none.
    package static func named(_ id: String, _ connection: Connection) throws -> OAuthClient? {
        try connection.row("\(selection) WHERE id = ?", id, as: read)
    }

    static func find(_ id: OAuthClientID, in workspace: WorkspaceID, _ connection: Connection) throws -> OAuthClient {
        guard let found = try connection.row("\(selection) WHERE workspace = ? AND id = ?", workspace, id, as: read) else {
            throw Problem.notFound("client")
        }
        return found
    }

    /// Throws `not_found` for what the caller may not see: a live client seen from the sandbox, another project's, the workspace's seen from
    /// single projects.
    package static func find(_ id: OAuthClientID, for caller: Caller, _ connection: Connection) throws -> OAuthClient {
        let found = try find(id, in: caller.workspace, connection)
        let isVisible = caller.reachesWorkspace || found.project.map { caller.role(in: $0) != nil } ?? false
        guard isVisible, caller.mode == .live || found.mode == .test else { throw Problem.notFound("client") }
        return found
    }

    /// The same, for who may change it. Throws `forbidden` unless the caller is an admin of its project or of the workspace.
    package static func administered(_ id: OAuthClientID, by caller: Caller, _ connection: Connection) throws -> OAuthClient {
        let client = try find(id, for: caller, connection)
        if let project = client.project { try caller.require(.admin, in: project) } else { try caller.requireWorkspace(.admin) }
        return client
    }

    static let sortFields = ["created_at", "name"]

    package static func list(_ request: PageRequest, for caller: Caller, _ connection: Connection) throws -> Page<OAuthClient> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", caller.workspace)
        if caller.mode == .test { query.filter("mode = ?", Mode.test) }
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        return try query.page(
            request, connection,
            place: { client, sort in
                .init(value: sort == "name" ? client.name : String(client.createdAt.milliseconds), id: client.id.rawValue)
            }, as: read)
    }

    static func create(_ draft: OAuthClientDraft, by: Attribution, _ connection: Connection) throws -> FreshOAuthClient {
        let id: OAuthClientID = by.makeID()
        let secret = draft.kind == .confidential ? Secret.make(.oauthSecret, randomBytes: by.surroundings.randomBytes(32)) : nil
        try connection.execute(
            """
            INSERT INTO oauth_clients (workspace, id, mode, kind, name, project, role, scopes, redirects, grant_types, digest, last_four,
                rate_limit, profile, version, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
            """, by.tenant.workspace, id, draft.mode, draft.kind, draft.name, draft.project, draft.role,
            String(listing: draft.scopes.patterns), String(listing: draft.redirects.map(\.text)),
            String(listing: draft.grantTypes.map(\.rawValue)), secret.map(StoredSecret.digest), secret.map { String($0.suffix(4)) },
            draft.rateLimit, draft.profile, by.at)
        let client = try find(id, in: by.tenant.workspace, connection)
        connection.append(EventDraft("oauth_client.created", subject: id.rawValue, data: ["after": client.snapshot]), by: by)
        return FreshOAuthClient(client: client, secret: secret)
    }

    func update(_ draft: OAuthClientDraft, by: Attribution, _ connection: Connection) throws -> OAuthClient {
        let changed = try connection.execute(
            """
            UPDATE oauth_clients SET name = ?, scopes = ?, redirects = ?, grant_types = ?, rate_limit = ?, version = version + 1
            WHERE workspace = ? AND id = ? AND version = ?
            """, draft.name, String(listing: draft.scopes.patterns), String(listing: draft.redirects.map(\.text)),
            String(listing: draft.grantTypes.map(\.rawValue)), draft.rateLimit, by.tenant.workspace, id, version)
        guard changed == 1 else { throw Problem(.preconditionFailed, "The client was changed meanwhile; read it again.") }
        try CredentialRevision.raise(connection)
        let updated = try Self.find(id, in: by.tenant.workspace, connection)
        connection.append(
            EventDraft("oauth_client.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// A new secret at once; the old one works for `overlap` seconds more. Throws `conflict` for a public client.
    package func rotate(overlap: Int64, by: Attribution, _ connection: Connection) throws -> FreshOAuthClient {
        guard kind == .confidential else { throw Problem(.conflict, "A public client has no secret.") }
        let secret = Secret.make(.oauthSecret, randomBytes: by.surroundings.randomBytes(32))
        try connection.execute(
            """
            UPDATE oauth_clients SET previous_digest = digest, previous_until = ?, digest = ?, last_four = ?, version = version + 1
            WHERE workspace = ? AND id = ?
            """, by.at.adding(seconds: overlap), StoredSecret.digest(of: secret), String(secret.suffix(4)), by.tenant.workspace, id)
        connection.append(
            EventDraft(
                "oauth_client.rotated", subject: id.rawValue,
                data: ["overlap_seconds": .integer(overlap), "project_id": JSON(project)]), by: by)
        return FreshOAuthClient(client: try Self.find(id, in: by.tenant.workspace, connection), secret: secret)
    }

    /// Every token and grant of it ends with it. Its tokens are refused for want of a client; their rows go when their time is over, since there
    /// can be millions.
    package func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute("DELETE FROM oauth_grants WHERE workspace = ? AND client = ?", workspace, id)
        try connection.execute("DELETE FROM oauth_clients WHERE workspace = ? AND id = ?", workspace, id)
        try CredentialRevision.raise(connection)
        connection.append(EventDraft("oauth_client.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    var snapshot: JSON {
        [
            "type": .string(kind.rawValue), "mode": .string(mode.rawValue), "name": .string(name), "project_id": JSON(project),
            "role": .string(role.rawValue), "scopes": .array(scopes.patterns.map(JSON.string)),
            "redirect_uris": .array(redirects.map { .string($0.text) }),
            "grant_types": .array(grantTypes.map { .string($0.rawValue) }), "rate_limit_per_minute": JSON(rateLimit),
        ]
    }
}

extension String {
    /// Lists of scopes and addresses stand in one column, parted by spaces, which none of them contains.
    init(listing parts: [String]) { self = parts.joined(separator: " ") }
    var listed: [String] { split(separator: " ").map(String.init) }
}
