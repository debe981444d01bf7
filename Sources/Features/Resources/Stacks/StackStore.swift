import Kernel
import Provider
import Storage
import Web

extension Stack {
    static let selection = """
        SELECT id, workspace, mode, project, name, definition, version, run, created_at, updated_at FROM stacks
        """
    static let sortFields = ["created_at", "name"]

    static func read(_ row: Row, _ pool: ProviderPool) throws -> Stack {
        let id = StackID(row.text(0))
        return Stack(
            id: id, tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), project: ProjectID(row.text(3)),
            name: row.text(4), definition: StackDefinition(try pool.open(hidden: row.get(5), for: ResourceID(id))), version: row.integer(6),
            run: try row.get(7), createdAt: row.time(8), updatedAt: row.time(9))
    }

    static func find(_ id: StackID, in tenant: Tenant, _ pool: ProviderPool, _ connection: Connection) throws -> Stack? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id) {
            try read($0, pool)
        }
    }

    /// Throws `not_found`, also for one of a project that the caller may not see.
    static func find(_ id: StackID, for caller: Caller, _ pool: ProviderPool, _ connection: Connection) throws -> Stack {
        guard let found = try find(id, in: caller.tenant, pool, connection), caller.role(in: found.project) != nil else {
            throw Problem.notFound("stack")
        }
        return found
    }

    static func find(
        named name: String, in project: ProjectID, _ tenant: Tenant, _ pool: ProviderPool, _ connection: Connection
    ) throws -> Stack? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND project = ? AND name = ?", tenant.workspace, tenant.mode, project, name
        ) { try read($0, pool) }
    }

    static func list(
        _ request: PageRequest, project: String?, name: String?, for caller: Caller, _ pool: ProviderPool, _ connection: Connection
    ) throws -> Page<Stack> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        if let project { query.filter("project = ?", project) }
        if let name { query.filter("name = ?", name) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) },
            as: { try read($0, pool) })
    }

    /// Throws `name_taken`.
    func insert(_ pool: ProviderPool, by: Attribution, _ connection: Connection) throws {
        let taken = try connection.row(
            "SELECT id FROM stacks WHERE workspace = ? AND mode = ? AND project = ? AND name = ?", tenant.workspace, tenant.mode, project,
            name
        ) { $0.text(0) }
        if let taken {
            throw Problem(.nameTaken, "There is a stack named \(name) in this project.", members: ["existing_id": .string(taken)])
        }
        try connection.execute(
            """
            INSERT INTO stacks (workspace, mode, id, project, name, definition, version, run, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, project, name, try pool.seal(hidden: definition.json, for: ResourceID(id)), version,
            run,
            createdAt, updatedAt)
        connection.append(EventDraft("stack.created", subject: id.rawValue, data: ["after": snapshot]), by: by)
    }

    func save(_ pool: ProviderPool, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE stacks SET definition = ?, version = ?, run = ?, updated_at = ? WHERE workspace = ? AND mode = ? AND id = ?",
            try pool.seal(hidden: definition.json, for: ResourceID(id)), version, run, updatedAt, tenant.workspace, tenant.mode, id)
    }

    func remove(by: Attribution, _ connection: Connection) throws {
        for table in ["stack_members", "stack_plans"] {
            try connection.execute(
                "DELETE FROM \(table) WHERE workspace = ? AND mode = ? AND stack = ?", tenant.workspace, tenant.mode, id)
        }
        try connection.execute("DELETE FROM stacks WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("stack.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    // MARK: Members

    func members(_ connection: Connection) throws -> [StackMember] {
        try connection.rows(
            "SELECT key, resource, needs FROM stack_members WHERE workspace = ? AND mode = ? AND stack = ? ORDER BY key", tenant.workspace,
            tenant.mode, id
        ) { row in
            StackMember(
                key: row.text(0), resource: ResourceID(row.text(1)),
                needs: (try JSONParser.parse(row.text(2).utf8).array ?? []).compactMap(\.string))
        }
    }

    /// The resource that a member is now; nil when it has none, or one that is gone.
    func resource(of key: String, _ connection: Connection) throws -> Resource? {
        let found = try connection.row(
            """
            \(Resource.selection) WHERE workspace = ? AND mode = ? AND id = \
            (SELECT resource FROM stack_members WHERE workspace = ? AND mode = ? AND stack = ? AND key = ?)
            """, tenant.workspace, tenant.mode, tenant.workspace, tenant.mode, id, key, as: Resource.read)
        return found.flatMap { $0.isGone ? nil : $0 }
    }

    func note(_ resource: ResourceID, as key: String, needs: [String], _ connection: Connection) throws {
        try forget(key, connection)
        try connection.execute(
            "INSERT INTO stack_members (workspace, mode, stack, key, resource, needs) VALUES (?, ?, ?, ?, ?, ?)", tenant.workspace,
            tenant.mode, id, key, resource, JSON.array(needs.map(JSON.string)).text)
    }

    func forget(_ key: String, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM stack_members WHERE workspace = ? AND mode = ? AND stack = ? AND key = ?", tenant.workspace, tenant.mode, id, key)
    }

    /// The stack that has the resource already.
    static func holder(of resource: ResourceID, in tenant: Tenant, _ connection: Connection) throws -> StackID? {
        try connection.row(
            "SELECT stack FROM stack_members WHERE workspace = ? AND mode = ? AND resource = ?", tenant.workspace, tenant.mode, resource
        ) { try $0.get(0) }
    }
}
