package import Kernel
package import Storage

extension CostImport {
    private static let selection = """
        SELECT id, name, status, replacing, skips_bad_rows, bytes, rows, skipped_rows, replaced_rows, report, created_at, finished_at
        FROM cost_imports
        """
    static let sortFields = ["created_at"]

    private static func read(_ row: Row) throws -> CostImport {
        let report = try JSONParser.parse(row.text(9).utf8)
        var found = CostImport(
            id: try row.get(0), name: row.text(1), status: try row.get(2), replacing: try row.get(3), skipsBadRows: try row.get(4),
            bytes: row.integer(5), createdAt: row.time(10), finishedAt: try row.get(11))
        found.rows = row.integer(6)
        found.skippedRows = row.integer(7)
        found.replacedRows = row.integer(8)
        found.warnings = report["warnings"]?.array ?? []
        found.errors = report["errors"]?.array ?? []
        found.periods = report["periods"]?.array ?? []
        return found
    }

    package static func find(_ id: CostImportID, in tenant: Tenant, _ connection: Connection) throws -> CostImport {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("import") }
        return found
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<CostImport> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        return try query.page(request, connection, place: { one, _ in .init(value: "", id: one.id.rawValue) }, as: read)
    }

    /// `file` is where the bill lies until it is read.
    package static func create(_ draft: CostImport, file: String, by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO cost_imports (workspace, mode, id, name, status, replacing, skips_bad_rows, bytes, rows, skipped_rows, replaced_rows,
                report, file, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '{}', ?, ?)
            """, by.tenant.workspace, by.tenant.mode, draft.id, draft.name, draft.status, draft.replacing, draft.skipsBadRows, draft.bytes,
            file, draft.createdAt)
        connection.append(EventDraft("bill.created", subject: draft.id.rawValue, data: ["after": draft.snapshot]), by: by)
    }

    /// False when somebody else has begun it, or it is gone.
    static func begin(_ id: CostImportID, in tenant: Tenant, _ connection: Connection) throws -> Bool {
        try connection.execute(
            "UPDATE cost_imports SET status = 'running' WHERE workspace = ? AND mode = ? AND id = ? AND status = 'queued'",
            tenant.workspace, tenant.mode, id) == 1
    }

    /// Writes down how it ended.
    func end(by: Attribution, _ connection: Connection) throws {
        let report: JSON = ["warnings": .array(warnings), "errors": .array(errors), "periods": .array(periods)]
        let changed = try connection.execute(
            """
            UPDATE cost_imports SET status = ?, rows = ?, skipped_rows = ?, replaced_rows = ?, report = ?, finished_at = ?
            WHERE workspace = ? AND mode = ? AND id = ? AND status = 'running'
            """, status, rows, skippedRows, replacedRows, String(decoding: report.canonicalBytes, as: UTF8.self), by.at,
            by.tenant.workspace, by.tenant.mode, id)
        guard changed == 1 else { throw StorageError.conflict("The import \(id) is not running any more.") }
        connection.append(EventDraft("bill.\(status.rawValue)", subject: id.rawValue, data: ["after": snapshot]), by: by)
    }

    /// Removes it with its rows. Throws `invalid_state` while it waits or runs.
    func delete(by: Attribution, _ connection: Connection) throws {
        guard isOver else { throw Problem(.invalidState, "The import is \(status.rawValue); it can be deleted when it is over.") }
        try CostSegment.remove(of: id, in: by.tenant, connection)
        try connection.execute(
            "DELETE FROM cost_imports WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("bill.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }
}
