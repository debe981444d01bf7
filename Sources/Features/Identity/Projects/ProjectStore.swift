package import Kernel
package import Storage
import Web

extension Project {
    private static let selection =
        "SELECT id, account, name, description, env, status, quota_requests, version, created_at, updated_at FROM projects"

    private static func read(_ row: Row) throws -> Project {
        guard let env = Environment(rawValue: row.text(4)), let status = Status(rawValue: row.text(5)) else {
            throw StorageError.corrupt("A project has an unknown env or status.")
        }
        return Project(
            id: ProjectID(row.text(0)), account: AccountID(row.text(1)), name: row.text(2), description: row.text(3), env: env,
            status: status,
            quotaRequests: row.optionalInteger(6), version: row.integer(7), createdAt: row.time(8), updatedAt: row.time(9))
    }

    /// Throws `not_found` for what is not there and for what the caller may not see.
    package static func find(_ id: ProjectID, for caller: Caller, _ connection: Connection) throws -> Project {
        guard caller.role(in: id) != nil else { throw Problem.notFound("project") }
        return try find(id, in: caller.workspace, connection)
    }

    package static func find(_ id: ProjectID, in workspace: WorkspaceID, _ connection: Connection) throws -> Project {
        let found = try connection.remembered([workspace.rawValue, id.rawValue], of: "projects") {
            try connection.row("\(selection) WHERE workspace = ? AND id = ?", workspace, id, as: read)
        }
        guard let found else { throw Problem.notFound("project") }
        return found
    }

    /// The project a workspace began with; nil while it has none.
    package static func oldest(in workspace: WorkspaceID, _ connection: Connection) throws -> Project? {
        try connection.row("\(selection) WHERE workspace = ? ORDER BY id LIMIT 1", workspace, as: read)
    }

    /// Of those that are not archived, of one account or of all, the oldest first.
    package static func ids(in workspace: WorkspaceID, account: AccountID?, limit: Int, _ connection: Connection) throws -> [ProjectID] {
        var sql = "SELECT id FROM projects WHERE workspace = ? AND status <> ?"
        var values = [workspace.sqlValue, Status.archived.sqlValue]
        if let account {
            sql += " AND account = ?"
            values.append(account.sqlValue)
        }
        return try connection.rows(sql + " ORDER BY id LIMIT ?", values + [limit.sqlValue]) { try $0.get(0) }
    }

    /// The accounts those projects belong to, each once.
    static func accounts(of projects: [ProjectID], in workspace: WorkspaceID, _ connection: Connection) throws -> [AccountID] {
        guard !projects.isEmpty else { return [] }
        let places = Array(repeating: "?", count: projects.count).joined(separator: ", ")
        return try connection.rows(
            "SELECT DISTINCT account FROM projects WHERE workspace = ? AND id IN (\(places))",
            [workspace.sqlValue] + projects.map(\.sqlValue)
        ) { try $0.get(0) }
    }

    package static let sortFields = ["created_at", "name"]
    private static let sortable: [String: ListQuery.Column] = ["created_at": .id, "name": .text("name")]

    package struct Filter: Sendable {
        package var status: String?
        package var env: String?
        package var account: String?
        package var name: String?

        package init() {}
    }

    package static func list(
        _ request: PageRequest, _ filter: Filter, for caller: Caller, _ connection: Connection
    ) throws -> Page<Project> {
        try listQuery(filter, for: caller).page(
            request, connection,
            place: { project, sort in .init(value: sort == "name" ? project.name : "", id: project.id.rawValue) }, as: read)
    }

    /// The same part of the list, each project written as `write(to:)` would, of columns that are read for this alone.
    static func writtenList(
        _ request: PageRequest, as name: StaticString, _ filter: Filter, for caller: Caller, _ connection: Connection
    ) throws -> WrittenPage {
        let columns = "SELECT id, name, status, env, account, created_at FROM projects"
        return try listQuery(filter, for: caller, selection: columns).writtenPage(
            request, as: name, connection, place: { row, sort in .init(value: sort == "name" ? row.text(1) : "", id: row.text(0)) },
            write: { row, json in
                json.object { json in
                    row.write(0, as: "id", to: &json)
                    row.write(1, as: "name", to: &json)
                    row.write(2, as: "status", to: &json)
                    row.write(3, as: "env", to: &json)
                    row.write(4, as: "account_id", to: &json)
                    json.field("created_at", row.time(5))
                }
            })
    }

    private static func listQuery(_ filter: Filter, for caller: Caller, selection: String = selection) -> ListQuery {
        var query = ListQuery(
            selection, sortable: sortable,
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", caller.workspace)
        if case .projects(let roles) = caller.reach { query.filter("id", isOneOf: Array(roles.keys)) }
        if let status = filter.status { query.filter("status = ?", status) }
        if let env = filter.env { query.filter("env = ?", env) }
        if let account = filter.account { query.filter("account = ?", account) }
        if let name = filter.name { query.filter("name = ?", name) }
        return query
    }

    package static func create(_ draft: ProjectDraft, by: Attribution, _ connection: Connection) throws -> Project {
        let workspace = by.tenant.workspace
        let account =
            try draft.account.map { try Account.named($0, in: workspace, connection) } ?? Account.standard(of: workspace, connection)
        try draft.check(against: account)
        let project = Project(
            id: by.makeID(), account: account.id, name: draft.name, description: draft.description, env: draft.env, status: draft.status,
            quotaRequests: draft.quotaRequests, version: 1, createdAt: by.at, updatedAt: by.at)
        try connection.execute(
            """
            INSERT INTO projects (workspace, id, account, name, description, env, status, quota_requests, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
            """, workspace, project.id, project.account, project.name, project.description, project.env, project.status,
            project.quotaRequests, by.at,
            by.at)
        connection.append(EventDraft("project.created", subject: project.id.rawValue, data: ["after": project.snapshot]), by: by)
        return project
    }

    package func update(_ draft: ProjectDraft, by: Attribution, _ connection: Connection) throws -> Project {
        if draft.status == .archived { try requireActive() }
        let workspace = by.tenant.workspace
        let account = try Account.named(draft.account ?? self.account, in: workspace, connection)
        try draft.check(against: account)
        try connection.execute(
            """
            UPDATE projects SET account = ?, name = ?, description = ?, env = ?, status = ?, quota_requests = ?, version = version + 1, updated_at = ?
            WHERE workspace = ? AND id = ?
            """, account.id, draft.name, draft.description, draft.env, draft.status, draft.quotaRequests, by.at, workspace, id)
        let updated = try Self.find(id, in: workspace, connection)
        let type = updated.status == status ? "project.updated" : updated.status == .archived ? "project.archived" : "project.restored"
        connection.append(EventDraft(type, subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// A project is kept for its history, so deleting it archives it. Twice is once.
    func archive(by: Attribution, _ connection: Connection) throws -> Project {
        guard status == .active else { return self }
        var draft = ProjectDraft(self)
        draft.status = .archived
        return try update(draft, by: by, connection)
    }
}

extension ProjectDraft {
    package init(_ project: Project) {
        name = project.name
        description = project.description
        env = project.env
        status = project.status
        account = project.account
        quotaRequests = project.quotaRequests
    }

    /// A project's quota stays under its account's.
    fileprivate func check(against account: Account) throws {
        guard let own = quotaRequests, let limit = account.quotaRequests, own > limit else { return }
        throw Problem.invalid("quota_requests", "The quota cannot be above the account's, which is \(limit).", code: "above_account")
    }
}

extension Account {
    /// For an account that a body names: what does not exist is a mistake in the body.
    fileprivate static func named(_ id: AccountID, in workspace: WorkspaceID, _ connection: Connection) throws -> Account {
        do {
            return try find(id, in: workspace, connection)
        } catch let problem as Problem where problem.code == .notFound {
            throw Problem.invalid("account_id", "There is no such account.", code: "not_found")
        }
    }
}
