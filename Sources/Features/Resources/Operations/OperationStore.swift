package import Kernel
import Provider
package import Storage
import Web

extension Operation {
    static let selection = """
        SELECT id, workspace, mode, project, kind, resource, connection, type, state, steps, input, error, is_noop, waits_for, superseded_by, \
        actor, request, epoch, due_at, created_at, started_at, finished_at, place FROM operations
        """

    static func read(_ row: Row) throws -> Operation {
        let error: String? = try row.get(11)
        let actor = try JSONParser.parse(row.text(15).utf8)
        return Operation(
            id: OperationID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)),
            project: ProjectID(row.text(3)), kind: try row.get(4), resource: ResourceID(row.text(5)), connection: ConnectionID(row.text(6)),
            verb: try row.get(7), state: try row.get(8),
            steps: (try JSONParser.parse(row.text(9).utf8).array ?? []).compactMap { Step($0) },
            input: try JSONParser.parse(row.text(10).utf8),
            error: try error.flatMap { Failure(try JSONParser.parse($0.utf8)) }, isNoop: try row.get(12), place: row.integer(22),
            waitsFor: (try JSONParser.parse(row.text(13).utf8).array ?? []).compactMap(\.string).map { OperationID($0) },
            supersededBy: try row.get(14), actor: Actor(actor), request: try row.get(16), epoch: row.integer(17), dueAt: try row.get(18),
            createdAt: row.time(19), startedAt: try row.get(20), finishedAt: try row.get(21))
    }

    package static func find(_ id: OperationID, in tenant: Tenant, _ connection: Connection) throws -> Operation {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("operation") }
        return found
    }

    /// Throws `not_found`, also for one of a project or kind that the caller may not see.
    static func find(_ id: OperationID, for caller: Caller, _ connection: Connection) throws -> Operation {
        let found = try find(id, in: caller.tenant, connection)
        guard caller.role(in: found.project) != nil else { throw Problem.notFound("operation") }
        return found
    }

    /// Those of a resource that are not over, in the order they will run.
    static func unfinished(of resource: ResourceID, in tenant: Tenant, _ connection: Connection) throws -> [Operation] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND resource = ? AND finished_at IS NULL ORDER BY place", tenant.workspace,
            tenant.mode, resource, as: read)
    }

    /// What the engine needs to know of an operation to give it a place.
    struct Due: Sendable {
        let id: OperationID
        let tenant: Tenant
        let connection: ConnectionID
    }

    /// What the engine has to look at by `now`, across all tenants, as the engine serves them all: `share` at most of each connection, that which has
    /// waited longest first, until there are `limit`. One that has no place left costs a step in an index, however many of its operations wait.
    static func due(by now: Timestamp, except full: Set<ConnectionID>, share: Int, limit: Int, _ connection: Connection) throws -> [Due] {
        let waiting = try busy(by: now, connection).filter { !full.contains($0.connection) }.sorted { $0.since < $1.since }
        var due: [Due] = []
        for busy in waiting where due.count < limit {
            due += try connection.rows(
                "SELECT id, workspace, mode FROM operations WHERE connection = ? AND due_at <= ? ORDER BY due_at LIMIT ?", busy.connection,
                now,
                share
            ) { row in
                Due(
                    id: OperationID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)),
                    connection: busy.connection)
            }
        }
        return due
    }

    /// Each connection with something due, and since when.
    private static func busy(by now: Timestamp, _ connection: Connection) throws -> [(connection: ConnectionID, since: Timestamp)] {
        try connection.rows("\(busy) WHERE moment <= ?", Timestamp(milliseconds: -1), now) { row in (ConnectionID(row.text(0)), row.time(1))
        }
    }

    /// When the engine has to look at something next; nil when nothing waits for time to pass.
    package static func nextDue(after now: Timestamp = Timestamp(milliseconds: -1), _ connection: Connection) throws -> Timestamp? {
        try connection.row("\(busy) WHERE moment IS NOT NULL ORDER BY moment LIMIT 1", now) { $0.time(1) }
    }

    /// From one connection to the next in the index `operations_due`, and each one's first operation after a moment.
    private static let busy = """
        WITH RECURSIVE busy (connection) AS (
            SELECT MIN(connection) FROM operations WHERE due_at IS NOT NULL
            UNION ALL
            SELECT (SELECT MIN(o.connection) FROM operations o WHERE o.due_at IS NOT NULL AND o.connection > busy.connection)
            FROM busy WHERE busy.connection IS NOT NULL)
        SELECT connection, moment FROM (
            SELECT busy.connection,
                (SELECT MIN(o.due_at) FROM operations o WHERE o.connection = busy.connection AND o.due_at > ?) AS moment
            FROM busy WHERE busy.connection IS NOT NULL) AS firsts
        """

    static let sortFields = ["created_at"]

    static func list(
        _ request: PageRequest, resource: String?, state: String?, isOpen: Bool?, project: String?, for caller: Caller,
        _ connection: Connection
    ) throws -> Page<Operation> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        if let resource { query.filter("resource = ?", resource) }
        if let state { query.filter("state = ?", state) }
        if let isOpen { query.filter(isOpen ? "finished_at IS NULL" : "finished_at IS NOT NULL") }
        if let project { query.filter("project = ?", project) }
        return try query.page(request, connection, place: { item, _ in .init(value: "", id: item.id.rawValue) }, as: read)
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO operations (workspace, mode, id, project, kind, resource, connection, type, state, steps, input, error, is_noop, \
            waits_for, superseded_by, actor, request, epoch, due_at, created_at, started_at, finished_at, place) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            tenant.workspace, tenant.mode, id, project, kind, resource, self.connection, verb, state, stepsText, input.text,
            error?.json.text, isNoop, waitsForText, supersededBy, actor.json.text, request, epoch, dueAt, createdAt, startedAt, finishedAt,
            place)
    }

    func save(_ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE operations SET state = ?, steps = ?, error = ?, is_noop = ?, waits_for = ?, superseded_by = ?, epoch = ?, due_at = ?, \
            started_at = ?, finished_at = ? WHERE workspace = ? AND mode = ? AND id = ?
            """,
            state, stepsText, error?.json.text, isNoop, waitsForText, supersededBy, epoch, dueAt, startedAt, finishedAt, tenant.workspace,
            tenant.mode, id)
    }

    private var stepsText: String { JSON.array(steps.map(\.json)).text }
    private var waitsForText: String { JSON.array(waitsFor.map { .string($0.rawValue) }).text }
}

extension Operation.Failure {
    var json: JSON { ["code": .string(code.rawValue), "detail": .string(detail)] }

    init?(_ json: JSON) {
        guard let code = json["code"]?.string.flatMap(Code.init) else { return nil }
        self.init(code: code, detail: json["detail"]?.string ?? "")
    }
}

extension Actor {
    var json: JSON { ["type": .string(type), "id": .string(id), "credential": JSON(credential)] }

    init(_ json: JSON) {
        self.init(type: json["type"]?.string ?? "", id: json["id"]?.string ?? "", credential: json["credential"]?.string)
    }
}
