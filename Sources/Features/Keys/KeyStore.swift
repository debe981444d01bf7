import Identity
package import Kernel
package import Storage
import Web

extension Key {
    static let selection = """
        SELECT id, kind, mode, project, projects, name, prefix, last_four, role, scopes, profile, address_ranges, rate_limit, limited_as, person, \
        parent, expires_at, revoked_at, last_used_at, previous_until, version, created_at FROM credentials
        """

    static func read(_ row: Row) throws -> Key {
        let projects: String? = try row.get(4)
        let scopes: String = try row.get(9)
        let ranges: String = try row.get(11)
        return try Key(
            id: row.get(0), kind: row.get(1), mode: row.get(2), project: row.get(3),
            projects: projects.map { $0.listed.map { ProjectID($0) } },
            name: row.get(5), prefix: row.get(6), lastFour: row.get(7), role: row.get(8), scopes: ScopeSet(parsing: scopes.listed),
            profile: row.get(10), addressRanges: ranges.listed.compactMap { AddressRange($0) }, rateLimit: row.get(12),
            limitedAs: row.get(13),
            person: row.get(14), parent: row.get(15), expiresAt: row.get(16), revokedAt: row.get(17), lastUsedAt: row.get(18),
            overlapsUntil: row.get(19), version: row.get(20), createdAt: row.get(21))
    }

    /// Throws `not_found` for what the caller may not see: another mode seen from the sandbox, another project, keys of the whole
    /// workspace seen from single projects.
    package static func find(_ id: String, kinds: Set<Kind>, for caller: Caller, _ connection: Connection) throws -> Key {
        let found = try connection.row("\(selection) WHERE workspace = ? AND id = ?", caller.workspace, id, as: read)
        guard let found, kinds.contains(found.kind), found.isVisible(to: caller) else {
            throw Problem.notFound(kinds == [.token] ? "token" : "key")
        }
        return found
    }

    private func isVisible(to caller: Caller) -> Bool {
        guard caller.mode == .live || mode == .test else { return false }
        if caller.reachesWorkspace || id == caller.credential.id || parent == caller.credential.id { return true }
        if kind == .token, person != nil { return person == caller.widenedBy }
        guard let project else { return false }
        return caller.role(in: project) != nil
    }

    static let sortFields = ["created_at", "name"]

    package static func list(_ request: PageRequest, kind: Kind, project: ProjectID?, for caller: Caller, _ connection: Connection) throws
        -> Page<
            Key
        >
    {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")],
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND kind = ?", caller.workspace, kind)
        if caller.mode == .test { query.filter("mode = ?", Mode.test) }
        if let project { query.filter("project = ?", project) }
        if case .projects(let roles) = caller.reach {
            let places = Array(repeating: "?", count: roles.count).joined(separator: ", ")
            query.filter(
                "(id = ? OR parent = ? OR person = ?" + (roles.isEmpty ? ")" : " OR (person IS NULL AND project IN (\(places))))"),
                values: [caller.credential.id, caller.credential.id, caller.widenedBy?.rawValue ?? "-"].map(\.sqlValue)
                    + roles.keys.map(\.sqlValue))
        }
        return try query.page(
            request, connection,
            place: { key, sort in .init(value: sort == "name" ? key.name : String(key.createdAt.milliseconds), id: key.id) }, as: read)
    }

    /// Makes the credential and its secret, which is not kept.
    package static func create(_ draft: KeyDraft, by: Attribution, _ connection: Connection) throws -> FreshKey {
        let id = draft.kind == .token ? by.makeID(TokenKind.self).rawValue : by.makeID(KeyKind.self).rawValue
        let prefix = draft.secretPrefix
        let secret = Secret.make(prefix, randomBytes: by.surroundings.randomBytes(32))
        try connection.execute(
            """
            INSERT INTO credentials (workspace, id, kind, mode, project, projects, name, prefix, last_four, digest, role, scopes, profile,
                address_ranges, rate_limit, limited_as, person, parent, expires_at, version, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
            """, by.tenant.workspace, id, draft.kind, draft.mode, draft.project, draft.projects.map { String(listing: $0.map(\.rawValue)) },
            draft.name,
            prefix.rawValue, String(secret.suffix(4)), digest(of: secret), draft.role, String(listing: draft.scopes.patterns),
            draft.profile,
            String(listing: draft.addressRanges.map(\.description)), draft.rateLimit, draft.limitedAs ?? id, draft.person, draft.parent,
            draft.expiresAt, by.at)
        let key = try find(id, in: by.tenant.workspace, connection)
        connection.append(EventDraft("\(key.noun).created", subject: id, data: ["after": key.snapshot]), by: by)
        return FreshKey(key: key, secret: secret)
    }

    private static func find(_ id: String, in workspace: WorkspaceID, _ connection: Connection) throws -> Key {
        guard let found = try connection.row("\(selection) WHERE workspace = ? AND id = ?", workspace, id, as: read) else {
            throw Problem.notFound("key")
        }
        return found
    }

    /// A new secret at once; the old one works for `overlap` seconds more. Throws `conflict` for a revoked key.
    func rotate(overlap: Int64, by: Attribution, _ connection: Connection) throws -> FreshKey {
        guard isValid(at: by.at), let form = Secret.Prefix(rawValue: prefix) else {
            throw Problem(.conflict, "The key is revoked or expired.")
        }
        let secret = Secret.make(form, randomBytes: by.surroundings.randomBytes(32))
        try connection.execute(
            """
            UPDATE credentials SET previous_digest = digest, previous_until = ?, digest = ?, last_four = ?, version = version + 1
            WHERE workspace = ? AND id = ?
            """, by.at.adding(seconds: overlap), Self.digest(of: secret), String(secret.suffix(4)), by.tenant.workspace, id)
        try CredentialRevision.raise(connection)
        connection.append(
            EventDraft("\(noun).rotated", subject: id, data: ["overlap_seconds": .integer(overlap), "project_id": JSON(project)]), by: by)
        return FreshKey(key: try Self.find(id, in: by.tenant.workspace, connection), secret: secret)
    }

    /// Refuses the key, and every token made with it, from the next request on. Twice is once.
    package func revoke(by: Attribution, _ connection: Connection) throws {
        guard revokedAt == nil else { return }
        try connection.execute(
            """
            WITH RECURSIVE tree (id) AS (
                SELECT id FROM credentials WHERE workspace = ? AND id = ?
                UNION ALL SELECT credentials.id FROM credentials JOIN tree ON credentials.parent = tree.id WHERE credentials.workspace = ?
            )
            UPDATE credentials SET revoked_at = ?, version = version + 1 WHERE workspace = ? AND revoked_at IS NULL AND id IN (SELECT id FROM tree)
            """, by.tenant.workspace, id, by.tenant.workspace, by.at, by.tenant.workspace)
        try CredentialRevision.raise(connection)
        connection.append(EventDraft("\(noun).revoked", subject: id, data: ["project_id": JSON(project)]), by: by)
    }

    package func update(name: String?, rateLimit: Int??, by: Attribution, _ connection: Connection) throws -> Key {
        try connection.execute(
            "UPDATE credentials SET name = ?, rate_limit = ?, version = version + 1 WHERE workspace = ? AND id = ?", name ?? self.name,
            rateLimit ?? self.rateLimit, by.tenant.workspace, id)
        try CredentialRevision.raise(connection)
        let updated = try Self.find(id, in: by.tenant.workspace, connection)
        connection.append(EventDraft("\(noun).updated", subject: id, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// Notes when credentials were last used, to the minute. `uses` come from the request counters.
    package static func touch(_ uses: [(workspace: WorkspaceID, id: String, at: Timestamp)], _ connection: Connection) throws {
        for use in uses {
            try connection.execute(
                "UPDATE credentials SET last_used_at = ? WHERE workspace = ? AND id = ? AND (last_used_at IS NULL OR last_used_at <= ?)",
                use.at,
                use.workspace, use.id, use.at.adding(seconds: -60))
        }
    }

    private var noun: String { kind == .token ? "token" : "key" }

    private var snapshot: JSON {
        [
            "kind": .string(kind.rawValue), "mode": .string(mode.rawValue), "name": .string(name), "project_id": JSON(project),
            "role": .string(role.rawValue), "scopes": .array(scopes.patterns.map(JSON.string)), "rate_limit_per_minute": JSON(rateLimit),
            "expires_at": JSON(expiresAt),
        ]
    }
}

extension String {
    /// Lists of ids, scopes and ranges stand in one column, parted by spaces, which none of them contains.
    fileprivate init(listing parts: [String]) { self = parts.joined(separator: " ") }
    fileprivate var listed: [String] { split(separator: " ").map(String.init) }
}
