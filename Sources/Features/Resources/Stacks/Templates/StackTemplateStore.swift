import Kernel
import Provider
import Storage
import Web

extension StackTemplate {
    private static let selection =
        "SELECT id, workspace, mode, project, name, description, content, version, created_at, updated_at FROM stack_templates"
    static let sortFields = ["created_at", "name"]

    private static func read(_ row: Row, _ pool: ProviderPool) throws -> StackTemplate {
        let id = TemplateID(row.text(0))
        let content = try pool.open(hidden: row.get(6), for: ResourceID(id))
        return StackTemplate(
            id: id, tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), project: try row.get(3), name: row.text(4),
            description: row.text(5), variables: (content["variables"]?.array ?? []).map(TemplateVariable.init),
            resources: content["resources"] ?? .array([]), version: row.integer(7), createdAt: row.time(8), updatedAt: row.time(9))
    }

    /// Throws `not_found`, also for one of a project that the caller may not see.
    static func find(_ id: TemplateID, for caller: Caller, _ pool: ProviderPool, _ connection: Connection) throws -> StackTemplate {
        let found = try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", caller.workspace, caller.mode, id) {
            try read($0, pool)
        }
        guard let found, found.project.map({ caller.role(in: $0) != nil }) ?? true else { throw Problem.notFound("template") }
        return found
    }

    /// With those of the whole workspace.
    static func list(
        _ request: PageRequest, project: String?, name: String?, for caller: Caller, _ pool: ProviderPool, _ connection: Connection
    ) throws -> Page<StackTemplate> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys), orNull: true) }
        if let project { query.filter("project = ?", project) }
        if let name { query.filter("name = ?", name) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) },
            as: { try read($0, pool) })
    }

    /// Throws `name_taken`.
    func insert(_ pool: ProviderPool, by: Attribution, _ connection: Connection) throws {
        try requireFreeName(connection)
        try connection.execute(
            """
            INSERT INTO stack_templates (workspace, mode, id, project, name, description, content, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, project, name, description, try pool.seal(hidden: content, for: ResourceID(id)),
            version,
            createdAt, updatedAt)
        connection.append(EventDraft("template.created", subject: id.rawValue, data: ["after": snapshot]), by: by)
    }

    /// Throws `name_taken`.
    func save(before: JSON, _ pool: ProviderPool, by: Attribution, _ connection: Connection) throws {
        try requireFreeName(connection)
        try connection.execute(
            """
            UPDATE stack_templates SET name = ?, description = ?, content = ?, version = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, name, description, try pool.seal(hidden: content, for: ResourceID(id)), version, updatedAt, tenant.workspace, tenant.mode,
            id)
        connection.append(
            EventDraft("template.updated", subject: id.rawValue, data: ["before": before, "after": snapshot]), by: by)
    }

    func remove(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM stack_templates WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("template.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private func requireFreeName(_ connection: Connection) throws {
        let taken = try connection.row(
            """
            SELECT id FROM stack_templates WHERE workspace = ? AND mode = ? AND COALESCE(project, '') = ? AND name = ? AND id <> ?
            """, tenant.workspace, tenant.mode, project?.rawValue ?? "", name, id
        ) { $0.text(0) }
        guard let taken else { return }
        throw Problem(
            .nameTaken, "There is a template named \(name) \(project == nil ? "in this workspace" : "in this project").",
            members: ["existing_id": .string(taken)])
    }
}

extension ResourceID {
    /// What a template's content is sealed for.
    fileprivate init(_ template: TemplateID) { self.init(template.rawValue) }
}
