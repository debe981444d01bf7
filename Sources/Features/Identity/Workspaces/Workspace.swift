package import Kernel
package import Storage
package import Web

/// The tenant: owns accounts, users, projects, keys and its event log.
package struct Workspace: Sendable {
    package let id: WorkspaceID
    package let name: String
    package let version: Int
    package let createdAt: Timestamp

    package var etag: ETag { ETag(version: version) }
}

extension Workspace {
    /// A new workspace with its default account (1,000,000 requests a month, all of them included).
    package static func create(name: String, surroundings: Surroundings, _ connection: Connection) throws -> (Workspace, Account) {
        let now = surroundings.now()
        let workspace = Workspace(id: surroundings.makeID(), name: name, version: 1, createdAt: now)
        try connection.execute(
            "INSERT INTO workspaces (id, name, version, created_at) VALUES (?, ?, ?, ?)", workspace.id, name, 1, now)
        let attribution = Attribution(
            tenant: Tenant(workspace: workspace.id, mode: .live), actor: .system("setup"), address: nil, request: nil,
            surroundings: surroundings)
        connection.append(EventDraft("workspace.created", subject: workspace.id.rawValue, data: ["name": .string(name)]), by: attribution)
        let account = try Account.create(
            AccountDraft(name: "Default", quotaRequests: 1_000_000, includedRequests: 1_000_000), isDefault: true, by: attribution,
            connection)
        return (workspace, account)
    }

    package static func find(_ id: WorkspaceID, _ connection: Connection) throws -> Workspace {
        let found = try connection.row("SELECT id, name, version, created_at FROM workspaces WHERE id = ?", id, as: read)
        guard let found else { throw Problem.notFound("workspace") }
        return found
    }

    /// Every workspace of the installation; for the operator, never for a caller.
    package static func all(_ connection: Connection) throws -> [Workspace] {
        try connection.rows("SELECT id, name, version, created_at FROM workspaces ORDER BY id", as: read)
    }

    package static func rename(_ id: WorkspaceID, to name: String, match: (ETag) throws -> Void, by: Attribution, _ connection: Connection)
        throws -> Workspace
    {
        let old = try find(id, connection)
        try match(old.etag)
        try connection.execute("UPDATE workspaces SET name = ?, version = version + 1 WHERE id = ?", name, id)
        connection.append(
            EventDraft(
                "workspace.updated", subject: id.rawValue, data: ["before": ["name": .string(old.name)], "after": ["name": .string(name)]]),
            by: by)
        return try find(id, connection)
    }

    private static func read(_ row: Row) throws -> Workspace {
        try Workspace(id: row.get(0), name: row.get(1), version: row.get(2), createdAt: row.get(3))
    }
}

extension Workspace: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("name", name)
            json.field("created_at", createdAt)
        }
    }

    package static let schema = Schema.named(
        "Workspace",
        .object([.required("id", .id("wsp")), .required("name", .name()), .required("created_at", .timestamp())]))
}
