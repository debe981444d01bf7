package import Kernel
import Provider
package import Storage
import Web

extension Drift {
    private static let selection = """
        SELECT id, workspace, mode, project, connection, kind, resource, name, reference, class, status, fields, message, operation, reverts, \
        cost_per_day, currency, resolution, detected_at, updated_at, resolved_at FROM drifts
        """

    private static func read(_ row: Row) throws -> Drift {
        let cost = try row.get(15, as: ExactDecimal?.self)
        return Drift(
            id: DriftID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), project: try row.get(3),
            connection: ConnectionID(row.text(4)), kind: try row.get(5), resource: try row.get(6), name: try row.get(7),
            reference: try row.get(8), sort: try row.get(9), status: try row.get(10),
            fields: (try JSONParser.parse(row.text(11).utf8).array ?? []).compactMap { Difference($0) }, message: row.text(12),
            operation: try row.get(13),
            reverts: (try JSONParser.parse(row.text(14).utf8).array ?? []).compactMap(\.integer).map { Timestamp(milliseconds: $0) },
            cost: cost.map { Cost(perDay: $0, currency: row.text(16)) }, resolution: try row.get(17), detectedAt: row.time(18),
            updatedAt: row.time(19), resolvedAt: try row.get(20))
    }

    package static func find(_ id: DriftID, in tenant: Tenant, _ connection: Connection) throws -> Drift {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("drift") }
        return found
    }

    /// Throws `not_found`, also for one of a project the caller may not see; what belongs to no project is for the workspace.
    static func find(_ id: DriftID, for caller: Caller, _ connection: Connection) throws -> Drift {
        let found = try find(id, in: caller.tenant, connection)
        guard found.project.map({ caller.role(in: $0) != nil }) ?? caller.reachesWorkspace else { throw Problem.notFound("drift") }
        return found
    }

    /// Those of a resource that are not over, by class.
    static func open(of resource: ResourceID, in tenant: Tenant, _ connection: Connection) throws -> [Drift] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND resource = ? AND resolved_at IS NULL ORDER BY class", tenant.workspace,
            tenant.mode, resource, as: read)
    }

    /// Those of a unit that are not over.
    static func open(of unit: SyncUnit, _ connection: Connection) throws -> [Drift] {
        try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND resolved_at IS NULL", unit.tenant.workspace,
            unit.tenant.mode, unit.connection, unit.kind, as: read)
    }

    /// How often that field of the resource was reverted since.
    static func reverts(of path: String, _ resource: Resource, since moment: Timestamp, _ connection: Connection) throws -> Int {
        let recent = try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? AND resource = ? AND updated_at >= ?", resource.tenant.workspace,
            resource.tenant.mode, resource.id, moment, as: read)
        return recent.filter { drift in drift.fields.contains { $0.path == path } }
            .reduce(0) { count, drift in count + drift.reverts.count { $0 > moment } }
    }

    static let sortFields = ["detected_at"]

    struct Filter: Sendable {
        var resource: String?
        var kinds: [ResourceKind]
        var sort: String?
        var status: String?
        var connection: String?
        var project: String?
    }

    static func list(_ request: PageRequest, _ filter: Filter, for caller: Caller, _ connection: Connection) throws -> Page<Drift> {
        var query = ListQuery(selection, sortable: ["detected_at": .id], defaultSort: .init(field: "detected_at", descending: true))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if case .projects(let roles) = caller.reach { query.filter("project", isOneOf: Array(roles.keys)) }
        query.filter("kind", isOneOf: filter.kinds)
        if let resource = filter.resource { query.filter("resource = ?", resource) }
        if let sort = filter.sort { query.filter("class = ?", sort) }
        if let status = filter.status { query.filter("status = ?", status) }
        if let account = filter.connection { query.filter("connection = ?", account) }
        if let project = filter.project { query.filter("project = ?", project) }
        return try query.page(request, connection, place: { item, _ in .init(value: "", id: item.id.rawValue) }, as: read)
    }

    /// Keeps resources that have a drift which is not over, or those that have none.
    static func filter(_ query: inout ListQuery, _ isDrifted: Bool, _ tenant: Tenant) {
        query.filter(
            """
            id \(isDrifted ? "IN" : "NOT IN") (SELECT resource FROM drifts \
            WHERE workspace = ? AND mode = ? AND resource IS NOT NULL AND resolved_at IS NULL)
            """, tenant.workspace, tenant.mode)
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO drifts (workspace, mode, id, project, connection, kind, place, resource, name, reference, class, status, fields, message, \
            operation, reverts, cost_per_day, currency, resolution, detected_at, updated_at, resolved_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, project, self.connection, kind, place, resource, name, reference, sort, status,
            fieldsText, message, operation, revertsText, cost?.perDay, cost?.currency, resolution, detectedAt, updatedAt, resolvedAt)
    }

    func save(_ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE drifts SET reference = ?, status = ?, fields = ?, message = ?, operation = ?, reverts = ?, cost_per_day = ?, currency = ?, \
            resolution = ?, updated_at = ?, resolved_at = ? WHERE workspace = ? AND mode = ? AND id = ?
            """, reference, status, fieldsText, message, operation, revertsText, cost?.perDay, cost?.currency, resolution, updatedAt,
            resolvedAt, tenant.workspace, tenant.mode, id)
    }

    /// Removes what was over before it is kept no longer (30 days, as operations); answers how many rows went.
    package static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM drifts WHERE (workspace, mode, id) IN \
            (SELECT workspace, mode, id FROM drifts WHERE resolved_at < ? ORDER BY resolved_at LIMIT ?)
            """, now.adding(days: -30), limit)
    }

    private var fieldsText: String { JSON.array(fields.map(\.json)).text }
    private var revertsText: String { JSON.array(reverts.map { .integer($0.milliseconds) }).text }
}
