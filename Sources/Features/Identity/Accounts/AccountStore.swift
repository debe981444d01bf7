package import Kernel
package import Storage
import Web

extension Account {
    private static let selection =
        "SELECT id, name, is_default, quota_requests, included_requests, version, created_at, updated_at FROM accounts"

    private static func read(_ row: Row) throws -> Account {
        try Account(
            id: row.get(0), name: row.get(1), isDefault: row.get(2), quotaRequests: row.get(3), includedRequests: row.get(4),
            version: row.get(5),
            createdAt: row.get(6), updatedAt: row.get(7))
    }

    package static func find(_ id: AccountID, in workspace: WorkspaceID, _ connection: Connection) throws -> Account {
        let found = try connection.row("\(selection) WHERE workspace = ? AND id = ?", workspace, id, as: read)
        guard let found else { throw Problem.notFound("account") }
        return found
    }

    package static func standard(of workspace: WorkspaceID, _ connection: Connection) throws -> Account {
        let found = try connection.row("\(selection) WHERE workspace = ? AND is_default = 1", workspace, as: read)
        guard let found else { throw StorageError.corrupt("The workspace \(workspace) has no default account.") }
        return found
    }

    package static func ids(in workspace: WorkspaceID, _ connection: Connection) throws -> [AccountID] {
        try connection.rows("SELECT id FROM accounts WHERE workspace = ? ORDER BY id", workspace) { try $0.get(0) }
    }

    package static let sortFields = ["created_at", "name"]

    /// The accounts of the caller's projects; all of them for a caller of the whole workspace.
    package static func list(_ request: PageRequest, for caller: Caller, _ connection: Connection) throws -> Page<Account> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")],
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", caller.workspace)
        if let ids = try visible(to: caller, connection) { query.filter("id", isOneOf: ids) }
        return try query.page(
            request, connection,
            place: { account, sort in
                .init(value: sort == "name" ? account.name : String(account.createdAt.milliseconds), id: account.id.rawValue)
            }, as: read)
    }

    /// Throws `not_found` for an account none of the caller's projects belongs to.
    package static func find(_ id: AccountID, for caller: Caller, _ connection: Connection) throws -> Account {
        let account = try find(id, in: caller.workspace, connection)
        if let ids = try visible(to: caller, connection), !ids.contains(id) { throw Problem.notFound("account") }
        return account
    }

    /// Nil when the caller sees all of them.
    private static func visible(to caller: Caller, _ connection: Connection) throws -> [AccountID]? {
        guard case .projects(let roles) = caller.reach else { return nil }
        return try Project.accounts(of: Array(roles.keys), in: caller.workspace, connection)
    }

    package static func create(_ draft: AccountDraft, isDefault: Bool = false, by: Attribution, _ connection: Connection) throws -> Account
    {
        let id: AccountID = by.makeID()
        try connection.execute(
            """
            INSERT INTO accounts (workspace, id, name, is_default, quota_requests, included_requests, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)
            """, by.tenant.workspace, id, draft.name, isDefault, draft.quotaRequests, draft.includedRequests, by.at, by.at)
        let account = try find(id, in: by.tenant.workspace, connection)
        connection.append(EventDraft("account.created", subject: id.rawValue, data: ["after": account.snapshot]), by: by)
        return account
    }

    func update(_ draft: AccountDraft, by: Attribution, _ connection: Connection) throws -> Account {
        try connection.execute(
            """
            UPDATE accounts SET name = ?, quota_requests = ?, included_requests = ?, version = version + 1, updated_at = ?
            WHERE workspace = ? AND id = ?
            """, draft.name, draft.quotaRequests, draft.includedRequests, by.at, by.tenant.workspace, id)
        let updated = try Self.find(id, in: by.tenant.workspace, connection)
        connection.append(
            EventDraft("account.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// Throws `account_in_use` while it has projects, and for the default one.
    func delete(by: Attribution, _ connection: Connection) throws {
        guard !isDefault else { throw Problem(.accountInUse, "The default account of a workspace stays.") }
        let projects = try connection.row("SELECT COUNT(*) FROM projects WHERE workspace = ? AND account = ?", by.tenant.workspace, id) {
            try $0.get(0, as: Int.self)
        }
        guard projects == 0 else { throw Problem(.accountInUse, "The account still has \(projects ?? 0) projects.") }
        try connection.execute("DELETE FROM accounts WHERE workspace = ? AND id = ?", by.tenant.workspace, id)
        connection.append(EventDraft("account.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }
}
