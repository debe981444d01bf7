import Identity
import Kernel
import Provider
import Storage
import Web

extension Policy {
    private static let selection = """
        SELECT id, workspace, mode, project, name, message, kinds, environments, rule, enforcement, is_enabled, version, created_at, \
        updated_at FROM policies
        """
    static let sortFields = ["created_at", "name"]

    private static func read(_ row: Row) throws -> Policy {
        func list(_ column: Int) throws -> [String] { (try JSONParser.parse(row.text(column).utf8).array ?? []).compactMap(\.string) }
        return try Policy(
            id: row.get(0), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: row.get(2)), project: row.get(3), name: row.text(4),
            message: row.text(5), kinds: Set(list(6).compactMap(ResourceKind.init)), environments: Set(list(7)),
            rule: PolicyRule(JSONParser.parse(row.text(8).utf8)), enforcement: row.get(9), isEnabled: row.get(10), version: row.integer(11),
            createdAt: row.time(12), updatedAt: row.time(13))
    }

    /// Throws `not_found`, also for one of a project that the caller may not see. One of the whole workspace binds everybody, so everybody
    /// sees it.
    static func find(_ id: PolicyID, for caller: Caller, _ connection: Connection) throws -> Policy {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", caller.workspace, caller.mode, id, as: read)
        guard let found, found.project.map({ caller.role(in: $0) != nil }) ?? true else { throw Problem.notFound("policy") }
        return found
    }

    /// Those that are asked about a project's resources, in the order of their names.
    static func enabled(for project: ProjectID, in tenant: Tenant, _ connection: Connection) throws -> [Policy] {
        try connection.rows(
            """
            \(selection) WHERE workspace = ? AND mode = ? AND is_enabled <> 0 AND (project IS NULL OR project = ?) ORDER BY name
            """, tenant.workspace, tenant.mode, project, as: read)
    }

    static func list(_ request: PageRequest, project: String?, for caller: Caller, _ connection: Connection) throws -> Page<Policy> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys), orNull: true) }
        if let project { query.filter("project = ?", project) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) }, as: read)
    }

    // MARK: Changes

    /// Throws `name_taken`.
    func insert(by: Attribution, _ connection: Connection) throws {
        try translatingTwins {
            try connection.execute(
                """
                INSERT INTO policies (workspace, mode, id, project, name, message, kinds, environments, rule, enforcement, is_enabled, \
                version, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, tenant.workspace, tenant.mode, id, project, name, message, kindsText, environmentsText, rule.json.text, enforcement,
                isEnabled, version, createdAt, updatedAt)
        }
        connection.append(EventDraft("policy.created", subject: id.rawValue, data: ["after": snapshot]), by: by)
    }

    /// Throws `name_taken`.
    func save(before: JSON, by: Attribution, _ connection: Connection) throws {
        try translatingTwins {
            try connection.execute(
                """
                UPDATE policies SET name = ?, message = ?, kinds = ?, environments = ?, rule = ?, enforcement = ?, is_enabled = ?, \
                version = ?, updated_at = ? WHERE workspace = ? AND mode = ? AND id = ?
                """, name, message, kindsText, environmentsText, rule.json.text, enforcement, isEnabled, version, updatedAt,
                tenant.workspace, tenant.mode, id)
        }
        connection.append(EventDraft("policy.updated", subject: id.rawValue, data: ["before": before, "after": snapshot]), by: by)
    }

    func remove(by: Attribution, _ connection: Connection) throws {
        try connection.execute("DELETE FROM policies WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("policy.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private var kindsText: String { JSON.array(kinds.map(\.rawValue).sorted().map(JSON.string)).text }
    private var environmentsText: String { JSON.array(environments.sorted().map(JSON.string)).text }

    private func translatingTwins(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a policy named \(name) already.")
        }
    }
}
