import Crypto
package import Kernel
import Prices
import Provider
package import Storage
import Web

/// What applying a definition would do, as it was worked out at one moment. It is good for an hour and for one use, and only while what it
/// touches is as it was.
struct StackPlan: Sendable {
    let id: PlanID
    let tenant: Tenant
    let project: ProjectID
    /// A stack that is not there yet is made when the plan is applied.
    let stack: StackID
    let stackVersion: Int
    let name: String
    let definition: StackDefinition
    let changes: [PlannedChange]
    let quotas: [Quota.Metric: Int]
    /// Where the log stood.
    let baseSequence: Int64
    var state: State
    /// Who made it: a person's id, else a credential's.
    let maker: String?
    /// Nil where nobody has to approve it.
    var approval: PlanApproval?
    let createdAt: Timestamp
    let expiresAt: Timestamp

    enum State: String, Sendable, CaseIterable, SQLConvertible {
        case open, applied
    }

    static let life: Int64 = 3600

    /// The version of a stack that is not there yet.
    static let noStack = 0

    var currency: String { changes.lazy.compactMap(\.currency).first ?? "USD" }

    /// 730 hours of the difference; changes in another currency are left out.
    var monthlyDelta: ExactDecimal {
        changes.filter { $0.currency == nil || $0.currency == currency }.reduce(ExactDecimal.zero) { $0 + $1.hourlyAfter - $1.hourlyBefore }
            * 730
    }

    /// SHA-256 over what is to be done to what.
    static func digest(_ stack: StackID, _ definition: StackDefinition, _ changes: [PlannedChange]) -> String {
        let content: JSON = ["stack": JSON(stack), "definition": definition.json, "changes": .array(changes.map(\.deed))]
        return EventLog.hexadecimal(Array(SHA256.hash(data: content.canonicalBytes)))
    }

    var digest: String { Self.digest(stack, definition, changes) }
}

extension StackPlan: JSONRepresentable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("stack_id", stack)
            json.field("name", name)
            json.field("project_id", project)
            json.field("state", state.rawValue)
            json.array("changes", changes)
            json.field("currency", currency)
            json.field("cost_delta_monthly", monthlyDelta.formatted(minimumPlaces: 2))
            json.field(
                "quota_delta",
                JSON.object(quotas.filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { .init($0.key.rawValue, JSON($0.value)) }))
            json.field("destroys_data", changes.contains(where: \.destroysData))
            json.field("requires_approval", approval != nil)
            json.field("approval", approval?.json ?? .null)
            json.field("base_seq", baseSequence)
            json.field("digest", digest)
            json.field("created_at", createdAt)
            json.field("expires_at", expiresAt)
        }
    }

    static let schema = Schema.named(
        "Plan",
        .object([
            .required("id", .id("plan")), .required("stack_id", .id("stk", "Made when the plan is applied, where it is not there yet.")),
            .required("name", .string(1...63)), .required("project_id", .id("proj")), .required("state", .choice(of: State.self)),
            .required("changes", .array(PlannedChange.schema)), .required("currency", .string(3...3)),
            .required("cost_delta_monthly", .string(1...60, .text, "730 hours at today's prices, less what it is now.")),
            .required("quota_delta", Schema(.map(.integer(Int64.min...Int64.max)))), .required("destroys_data", .boolean()),
            .required("requires_approval", .boolean("Whether somebody else has to approve it before it is applied.")),
            .required("approval", PlanApproval.schema.nullable),
            .required("base_seq", .integer(0...Int64.max, "Where the log stood.")),
            .required("digest", .string(64...64, .text, "SHA-256 over what is done to what.")), .required("created_at", .timestamp()),
            .required("expires_at", .timestamp("One hour later.")),
        ]))
}

extension StackPlan {
    private static let selection = """
        SELECT id, workspace, mode, project, stack, name, definition, stack_version, changes, base_seq, state, created_at, expires_at, \
        maker, approval FROM stack_plans
        """
    static let sortFields = ["created_at"]

    private static func read(_ row: Row, _ pool: ProviderPool) throws -> StackPlan {
        let id = PlanID(row.text(0))
        let kept = try JSONParser.parse(row.text(8).utf8)
        let quotas = (kept["quotas"]?.members ?? []).compactMap { member in
            Quota.Metric(rawValue: member.name).map { ($0, Int(member.value.integer ?? 0)) }
        }
        let approval: String? = try row.get(14)
        return StackPlan(
            id: id, tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), project: ProjectID(row.text(3)),
            stack: StackID(row.text(4)), stackVersion: row.integer(7), name: row.text(5),
            definition: StackDefinition(try pool.open(hidden: row.get(6), for: ResourceID(id))),
            changes: (kept["changes"]?.array ?? []).compactMap { PlannedChange($0) }, quotas: Dictionary(quotas) { one, _ in one },
            baseSequence: Int64(row.integer(9)), state: try row.get(10), maker: try row.get(13),
            approval: try approval.map { PlanApproval(try JSONParser.parse($0.utf8)) }, createdAt: row.time(11), expiresAt: row.time(12))
    }

    /// Throws `not_found`.
    static func find(_ id: PlanID, for caller: Caller, _ pool: ProviderPool, _ connection: Connection) throws -> StackPlan {
        let found = try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", caller.workspace, caller.mode, id) {
            try read($0, pool)
        }
        guard let found, caller.role(in: found.project) != nil else { throw Problem.notFound("plan") }
        return found
    }

    static func list(
        _ request: PageRequest, stack: String?, for caller: Caller, _ pool: ProviderPool, _ connection: Connection
    ) throws -> Page<StackPlan> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        if let stack { query.filter("stack = ?", stack) }
        return try query.page(
            request, connection, place: { item, _ in .init(value: "", id: item.id.rawValue) }, as: { try read($0, pool) })
    }

    func insert(_ pool: ProviderPool, by: Attribution, _ connection: Connection) throws {
        let kept: JSON = [
            "changes": .array(changes.map(\.json)), "quotas": .object(quotas.map { .init($0.key.rawValue, JSON($0.value)) }),
        ]
        try connection.execute(
            """
            INSERT INTO stack_plans (workspace, mode, id, project, stack, name, definition, stack_version, changes, base_seq, digest, state, \
            created_at, expires_at, maker, approval) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, project, stack, name, try pool.seal(hidden: definition.json, for: ResourceID(id)),
            stackVersion, kept.text, baseSequence, digest, state, createdAt, expiresAt, maker, approval?.json.text)
        connection.append(EventDraft("plan.created", subject: id.rawValue, data: ["after": snapshot]), by: by)
    }

    func noteApplied(by: Attribution, run: OperationID, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE stack_plans SET state = 'applied' WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        connection.append(
            EventDraft(
                "plan.applied", subject: id.rawValue,
                data: .object([.init("after", snapshot), .init("operation_id", JSON(run))] + approved)), by: by)
    }

    var snapshot: JSON {
        [
            "stack_id": JSON(stack), "name": .string(name), "project_id": JSON(project), "digest": .string(digest),
            "changes": .array(
                changes.filter { $0.action != .noop }.map { ["key": .string($0.key), "action": .string($0.action.rawValue)] }),
        ]
    }

    /// Removes plans that nobody can use any more; answers how many went. What was done with them is told by the log and the runs.
    static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        let old = try connection.rows(
            "SELECT workspace, mode, id FROM stack_plans WHERE created_at < ? ORDER BY created_at LIMIT ?", now.adding(days: -30), limit
        ) { row in try (Tenant(workspace: row.get(0), mode: row.get(1)), row.get(2, as: PlanID.self)) }
        for (tenant, id) in old {
            try connection.execute("DELETE FROM stack_plans WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        }
        return old.count
    }
}

extension OperationEngine {
    package static func removeOldPlans(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try StackPlan.removeOld(at: now, limit: limit, connection)
    }
}
