import Kernel
import Provider
import Storage
import Web

/// An operation of a stack: a plan that is carried out, or all of it that is deleted.
struct StackRun: Sendable {
    let id: OperationID
    let tenant: Tenant
    let project: ProjectID
    let stack: StackID
    /// Nil when the stack is deleted.
    let plan: PlanID?
    /// Takes back what it has done when a step fails; else it stops there.
    let rollsBack: Bool
    /// Digests of the nonces of the leases that who asked for it holds.
    let proofs: Set<String>
    var state: State
    var steps: [StackStep]
    var error: Operation.Failure?
    let actor: Actor
    let request: RequestID?
    let createdAt: Timestamp
    var finishedAt: Timestamp?

    enum State: String, Sendable, SQLConvertible {
        case running, undoing, succeeded, failed
        /// What was done could not be taken back.
        case stuck
    }

    var isOver: Bool { finishedAt != nil }
    var type: String { plan == nil ? "stack.delete" : "stack.apply" }

    var progress: Int {
        if state == .succeeded { return 100 }
        guard !steps.isEmpty else { return 0 }
        return steps.count { $0.state == .done || $0.state == .skipped } * 100 / steps.count
    }
}

extension StackRun {
    private static let selection = """
        SELECT id, workspace, mode, project, stack, plan, rolls_back, state, steps, error, actor, request, created_at, finished_at, proofs \
        FROM stack_runs
        """

    private static func read(_ row: Row) throws -> StackRun {
        let error: String? = try row.get(9)
        return StackRun(
            id: OperationID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)),
            project: ProjectID(row.text(3)), stack: StackID(row.text(4)), plan: try row.get(5), rollsBack: try row.get(6),
            proofs: Set(row.text(14).split(separator: " ").map(String.init)),
            state: try row.get(7), steps: (try JSONParser.parse(row.text(8).utf8).array ?? []).compactMap { StackStep($0) },
            error: try error.flatMap { Operation.Failure(try JSONParser.parse($0.utf8)) },
            actor: Actor(try JSONParser.parse(row.text(10).utf8)),
            request: try row.get(11), createdAt: row.time(12), finishedAt: try row.get(13))
    }

    /// Nil when there is none, or one of a project that the caller may not see.
    static func find(_ id: OperationID, for caller: Caller, _ connection: Connection) throws -> StackRun? {
        let found = try find(id, in: caller.tenant, connection)
        return found.flatMap { caller.role(in: $0.project) == nil ? nil : $0 }
    }

    static func find(_ id: OperationID, in tenant: Tenant, _ connection: Connection) throws -> StackRun? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    /// Those that are not over, of all tenants, the oldest first.
    static func unfinished(_ connection: Connection) throws -> [StackRun] {
        try connection.rows("\(selection) WHERE finished_at IS NULL ORDER BY created_at LIMIT 200", as: read)
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO stack_runs (workspace, mode, id, project, stack, plan, rolls_back, state, steps, error, actor, request, created_at, \
            finished_at, proofs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, project, stack, plan, rollsBack, state, JSON.array(steps.map(\.json)).text,
            error?.json.text, actor.json.text, request, createdAt, finishedAt, proofs.sorted().joined(separator: " "))
    }

    func save(_ connection: Connection) throws {
        try connection.execute(
            "UPDATE stack_runs SET state = ?, steps = ?, error = ?, finished_at = ? WHERE workspace = ? AND mode = ? AND id = ?", state,
            JSON.array(steps.map(\.json)).text, error?.json.text, finishedAt, tenant.workspace, tenant.mode, id)
    }
}

extension StackRun: JSONRepresentable {
    /// In the words of an operation (`OperationView`).
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("type", type)
            json.object("resource") { json in
                json.field("kind", "stack")
                json.field("id", stack)
            }
            json.field("project_id", project)
            json.field("state", state.rawValue)
            json.field("progress_percent", progress)
            json.array("steps", steps) { json, step in
                json.object { json in
                    json.field("name", step.title)
                    json.field("state", step.state.rawValue)
                    json.field("attempt", step.startedAt == nil ? 0 : 1)
                    json.field("trouble", step.error)
                    json.field("started_at", step.startedAt)
                    json.field("resource_id", step.resource)
                    json.field("operation_id", step.operation)
                }
            }
            json.field("queue_position", 0)
            json.field("superseded_by", JSON.null)
            json.field("error", error?.json)
            json.field("noop", steps.isEmpty)
            json.field("actor", actor.id)
            json.field("request_id", request)
            json.field("created_at", createdAt)
            json.field("started_at", createdAt)
            json.field("deadline", JSON.null)
            json.field("next_attempt_at", JSON.null)
            json.field("finished_at", finishedAt)
        }
    }
}
