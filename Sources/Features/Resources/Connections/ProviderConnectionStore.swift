package import Kernel
import Provider
package import Storage
import Synchronization
import Web

extension ProviderConnection {
    private static let selection = """
        SELECT id, workspace, mode, name, provider, settings, secret, projects, state, state_detail, capabilities, verified_at, version, \
        created_at, updated_at, labels FROM connections
        """

    private static func read(_ row: Row) throws -> ProviderConnection {
        let projects: String? = try row.get(7)
        let capabilities: String? = try row.get(10)
        return ProviderConnection(
            id: ConnectionID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), name: row.text(3),
            provider: row.text(4), settings: try JSONParser.parse(row.text(5).utf8), secret: try row.get(6),
            labels: try ResourceDraft.labels(JSONParser.parse(row.text(15).utf8)),
            projects: try projects.map { try JSONParser.parse($0.utf8).array?.compactMap(\.string).map { ProjectID($0) } ?? [] },
            state: try row.get(8), stateDetail: row.text(9),
            capabilities: try capabilities.flatMap { try knownCapabilities.read($0) },
            verifiedAt: try row.get(11), version: row.integer(12), createdAt: row.time(13), updatedAt: row.time(14))
    }

    package static func find(_ id: ConnectionID, in tenant: Tenant, _ connection: Connection) throws -> ProviderConnection {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("connection") }
        return found
    }

    /// By id or name. Throws `not_found`, also for one that serves none of the caller's projects.
    static func find(_ idOrName: String, for caller: Caller, _ connection: Connection) throws -> ProviderConnection {
        guard let found = try called(idOrName, in: caller.tenant, connection, where: { $0.isVisible(to: caller) }) else {
            throw Problem.notFound("connection")
        }
        return found
    }

    /// The one with that id, or else with that name; two look-ups in an index each, where an OR would gather them in a table first.
    private static func called(
        _ idOrName: String, in tenant: Tenant, _ connection: Connection, where fits: (ProviderConnection) -> Bool
    ) throws -> ProviderConnection? {
        for column in ["id", "name"] {
            let found = try connection.remembered([tenant.workspace.rawValue, tenant.mode.rawValue, column, idOrName], of: "connections") {
                try connection.row(
                    "\(selection) WHERE workspace = ? AND mode = ? AND \(column) = ?", tenant.workspace, tenant.mode, idOrName, as: read)
            }
            if let found, fits(found) { return found }
        }
        return nil
    }

    private func isVisible(to caller: Caller) -> Bool {
        guard let projects else { return true }
        return caller.reachesWorkspace || projects.contains { caller.role(in: $0) != nil }
    }

    /// All of the tenant's, the oldest first; a workspace has few.
    package static func all(in tenant: Tenant, _ connection: Connection) throws -> [ProviderConnection] {
        try connection.rows("\(selection) WHERE workspace = ? AND mode = ? ORDER BY id", tenant.workspace, tenant.mode, as: read)
    }

    /// Of every tenant, for those parts of the server that serve them all.
    static func everywhere(_ connection: Connection) throws -> [ProviderConnection] {
        try connection.rows("\(selection) ORDER BY workspace, mode, id", as: read)
    }

    /// The one that was asked for, or the only one the project has. Throws `invalid_reference` or `provider_required`.
    static func resolve(_ asked: String?, for project: ProjectID, _ tenant: Tenant, _ connection: Connection) throws -> ProviderConnection {
        if let asked {
            guard let found = try called(asked, in: tenant, connection, where: { $0.serves(project) }) else {
                throw Problem(
                    .invalidReference, "There is no connection \(asked.prefix(100)) that this project may use.",
                    violations: [.init(pointer: "/provider", code: "not_found", detail: "There is no such connection.")])
            }
            return found
        }
        let usable = try all(in: tenant, connection).filter { $0.serves(project) }
        guard usable.count == 1 else {
            throw Problem(
                .providerRequired,
                usable.isEmpty
                    ? "The project has no connection to a provider yet; make one with POST /v1/connections."
                    : "The project has \(usable.count) connections; say which in `provider`.",
                violations: [.init(pointer: "/provider", code: "required", detail: "Say which connection.")],
                members: ["allowed": .array(usable.map { .string($0.name) })])
        }
        return usable[0]
    }

    static let sortFields = ["created_at", "name"]

    static func list(
        _ request: PageRequest, provider: String?, state: String?, for caller: Caller, _ connection: Connection
    ) throws -> Page<ProviderConnection> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if !caller.reachesWorkspace {
            // Few and short: those that are not for one of the caller's projects are told apart by id.
            query.filter("id", isOneOf: try all(in: caller.tenant, connection).filter { $0.isVisible(to: caller) }.map(\.id))
        }
        if let provider { query.filter("provider = ?", provider) }
        if let state { query.filter("state = ?", state) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) }, as: read)
    }

    /// Throws `name_taken`.
    func insert(by: Attribution, _ connection: Connection) throws {
        try namingConflicts {
            try connection.execute(
                """
                INSERT INTO connections (workspace, mode, id, name, provider, settings, secret, projects, state, state_detail, capabilities, \
                verified_at, version, created_at, updated_at, labels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                tenant.workspace, tenant.mode, id, name, provider, settings.text, secret, projectsText, state, stateDetail,
                capabilities?.json.text, verifiedAt, version, createdAt, updatedAt, labelsJSON.text)
        }
        connection.append(EventDraft("connection.created", subject: id.rawValue, data: ["after": snapshot]), by: by)
    }

    /// Throws `name_taken`.
    func save(before: ProviderConnection, by: Attribution, _ connection: Connection) throws {
        try namingConflicts { try update(connection) }
        connection.append(
            EventDraft("connection.updated", subject: id.rawValue, data: ["before": before.snapshot, "after": snapshot]), by: by)
        tellState(before: before.state, by: by, connection)
    }

    /// Keeps what a verification found; a line in the log only when the state changed.
    func saveFindings(before: State, by: Attribution, _ connection: Connection) throws {
        try update(connection)
        tellState(before: before, by: by, connection)
    }

    private func tellState(before: State, by: Attribution, _ connection: Connection) {
        guard before != state else { return }
        connection.append(
            EventDraft(
                "connection." + state.rawValue, subject: id.rawValue,
                data: ["before": .string(before.rawValue), "after": .string(state.rawValue), "detail": .string(stateDetail)]), by: by)
    }

    private func update(_ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE connections SET name = ?, settings = ?, secret = ?, projects = ?, state = ?, state_detail = ?, capabilities = ?, \
            verified_at = ?, version = ?, updated_at = ?, labels = ? WHERE workspace = ? AND mode = ? AND id = ?
            """,
            name, settings.text, secret, projectsText, state, stateDetail, capabilities?.json.text, verifiedAt, version, updatedAt,
            labelsJSON.text, tenant.workspace, tenant.mode, id)
    }

    /// Throws `in_use` while resources live there.
    func delete(by: Attribution, _ connection: Connection) throws {
        let dependents = try connection.rows(
            """
            SELECT id, kind, name FROM resources WHERE workspace = ? AND mode = ? AND connection = ? AND \(Resource.hasObject) \
            ORDER BY id LIMIT 100
            """, tenant.workspace, tenant.mode, id
        ) { row in
            JSON.object([.init("id", .string(row.text(0))), .init("kind", .string(row.text(1))), .init("name", .string(row.text(2)))])
        }
        guard dependents.isEmpty else {
            throw Problem(
                .inUse, "Resources live at this connection; delete them first, and purge what is kept after its deletion.",
                members: ["dependents": .array(dependents)])
        }
        try connection.execute("DELETE FROM connections WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        try connection.execute(
            "DELETE FROM capacity_failures WHERE workspace = ? AND mode = ? AND connection = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("connection.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private var projectsText: String? { projects.map { JSON.array($0.map { .string($0.rawValue) }).text } }

    private func namingConflicts(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a connection named \(name).")
        }
    }
}

private let knownCapabilities = KnownCapabilities()

/// Texts of capabilities that were read before: each admission reads its connection, and connections to one cloud can do the same.
private final class KnownCapabilities: Sendable {
    private let known = Mutex<[String: Capabilities]>([:])
    private static let limit = 100

    func read(_ text: String) throws -> Capabilities? {
        if let known = known.withLock({ $0[text] }) { return known }
        guard let read = Capabilities(try JSONParser.parse(text.utf8)) else { return nil }
        known.withLock { known in
            if known.count >= Self.limit { known = [:] }
            known[text] = read
        }
        return read
    }
}
