import Kernel
import Storage
import Web

extension UnitMetric {
    private static let selection =
        "SELECT id, name, description, numerator, denominator, version, created_at, updated_at FROM unit_metrics"
    static let sortFields = ["created_at", "name"]

    private static func read(_ row: Row) throws -> UnitMetric {
        try UnitMetric(
            id: row.get(0), name: row.text(1), description: row.text(2), numerator: UnitSide(JSONParser.parse(row.text(3).utf8)),
            denominator: UnitSide(JSONParser.parse(row.text(4).utf8)), version: row.integer(5), createdAt: row.time(6),
            updatedAt: row.time(7))
    }

    static func find(_ id: UnitMetricID, in tenant: Tenant, _ connection: Connection) throws -> UnitMetric {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("unit metric") }
        return found
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<UnitMetric> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        return try query.page(request, connection, place: { metric, _ in .init(value: metric.name, id: metric.id.rawValue) }, as: read)
    }

    // MARK: Changes

    /// Throws `name_taken`.
    static func create(
        name: String, description: String, numerator: UnitSide, denominator: UnitSide, by: Attribution, _ connection: Connection
    ) throws -> UnitMetric {
        let metric = UnitMetric(
            id: by.makeID(), name: name, description: description, numerator: numerator, denominator: denominator, version: 1,
            createdAt: by.at, updatedAt: by.at)
        try translatingTwins(of: name) {
            try connection.execute(
                """
                INSERT INTO unit_metrics (workspace, mode, id, name, description, numerator, denominator, version, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
                """, by.tenant.workspace, by.tenant.mode, metric.id, name, description, numerator.json.canonicalText,
                denominator.json.canonicalText, by.at, by.at)
        }
        connection.append(EventDraft("unit.created", subject: metric.id.rawValue, data: ["after": metric.snapshot]), by: by)
        return metric
    }

    /// Throws `name_taken`.
    func update(
        name: String?, description: String?, numerator: UnitSide?, denominator: UnitSide?, by: Attribution, _ connection: Connection
    ) throws -> UnitMetric {
        let updated = UnitMetric(
            id: id, name: name ?? self.name, description: description ?? self.description, numerator: numerator ?? self.numerator,
            denominator: denominator ?? self.denominator, version: version + 1, createdAt: createdAt, updatedAt: by.at)
        try Self.translatingTwins(of: updated.name) {
            try connection.execute(
                """
                UPDATE unit_metrics SET name = ?, description = ?, numerator = ?, denominator = ?, version = ?, updated_at = ?
                WHERE workspace = ? AND mode = ? AND id = ?
                """, updated.name, updated.description, updated.numerator.json.canonicalText, updated.denominator.json.canonicalText,
                updated.version, by.at, by.tenant.workspace, by.tenant.mode, id)
        }
        connection.append(
            EventDraft("unit.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM unit_metrics WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("unit.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private static func translatingTwins(of name: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a unit metric named \(name) already.")
        }
    }
}
