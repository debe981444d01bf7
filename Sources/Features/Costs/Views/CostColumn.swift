package import Kernel
import Storage
package import Web

/// A cost of the workspace's own making: a formula over the costs of a row.
package struct CostColumn: Sendable {
    package let id: Int64
    package var name: String
    package var formula: String
    package var version: Int
    package let createdAt: Timestamp
    package var updatedAt: Timestamp

    package var etag: ETag { ETag(version: version) }

    var snapshot: JSON {
        [
            "id": .integer(id), "name": .string(name), "formula": .string(formula), "created_at": JSON(createdAt),
            "updated_at": JSON(updatedAt),
        ]
    }

    static let formulaSchema = Schema.string(
        1...CostFormula.lengthLimit, .text, "`+ - * /`, parentheses and numbers over Unblended, Public, Contracted and FOCUS's own amounts."
    ).example("0.8 * Public + 0.2 * Unblended")

    static let snapshotSchema = Schema.object([
        .required("id", .integer(1...Int64.max)), .required("name", .name()), .required("formula", formulaSchema),
        .required("created_at", .timestamp()), .required("updated_at", .timestamp()),
    ])
    static let schema = Schema.named("CostColumn", snapshotSchema)
}

extension CostColumn: JSONRepresentable {
    package func write(to json: inout JSONWriter) { snapshot.write(to: &json) }
}

extension CostColumn {
    private static let selection = "SELECT number, name, formula, version, created_at, updated_at FROM cost_columns"
    static let sortFields = ["created_at"]

    private static func read(_ row: Row) throws -> CostColumn {
        CostColumn(
            id: Int64(row.integer(0)), name: row.text(1), formula: row.text(2), version: row.integer(3), createdAt: row.time(4),
            updatedAt: row.time(5))
    }

    static func find(_ id: Int64, in tenant: Tenant, _ connection: Connection) throws -> CostColumn? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND number = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<CostColumn> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        return try query.page(request, connection, place: { column, _ in .init(value: "", id: Self.padded(column.id)) }, as: read)
    }

    /// The order of making as text, for the list.
    private static func padded(_ id: Int64) -> String { String(String(id + 1_000_000_000_000).dropFirst()) }

    /// Throws `name_taken`.
    static func create(name: String, formula: String, by: Attribution, _ connection: Connection) throws -> CostColumn {
        let last = try connection.row(
            "SELECT last FROM cost_column_numbers WHERE workspace = ? AND mode = ?\(connection.dialect.forUpdate)", by.tenant.workspace,
            by.tenant.mode
        ) { Int64($0.integer(0)) }
        let column = CostColumn(id: (last ?? 0) + 1, name: name, formula: formula, version: 1, createdAt: by.at, updatedAt: by.at)
        try connection.execute(
            """
            INSERT INTO cost_column_numbers (workspace, mode, last) VALUES (?, ?, ?)
            ON CONFLICT (workspace, mode) DO UPDATE SET last = excluded.last
            """, by.tenant.workspace, by.tenant.mode, column.id)
        try translatingTwins(of: name) {
            try connection.execute(
                """
                INSERT INTO cost_columns (workspace, mode, id, number, name, formula, version, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)
                """, by.tenant.workspace, by.tenant.mode, padded(column.id), column.id, name, formula, by.at, by.at)
        }
        connection.append(EventDraft("costcolumn.created", subject: String(column.id), data: ["after": column.snapshot]), by: by)
        return column
    }

    func update(from before: CostColumn, by: Attribution, _ connection: Connection) throws {
        try Self.translatingTwins(of: name) {
            try connection.execute(
                """
                UPDATE cost_columns SET name = ?, formula = ?, version = ?, updated_at = ? WHERE workspace = ? AND mode = ? AND number = ?
                """, name, formula, version, updatedAt, by.tenant.workspace, by.tenant.mode, id)
        }
        connection.append(
            EventDraft("costcolumn.updated", subject: String(id), data: ["before": before.snapshot, "after": snapshot]), by: by)
    }

    /// Throws `invalid_state` while a view counts by it.
    func delete(by: Attribution, _ connection: Connection) throws {
        if let view = try CostView.counting(by: id, in: by.tenant, connection) {
            throw Problem(.invalidState, "The cost view \(view.name) counts by this column; change or delete the view first.")
        }
        try connection.execute(
            "DELETE FROM cost_columns WHERE workspace = ? AND mode = ? AND number = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("costcolumn.deleted", subject: String(id), data: ["before": snapshot]), by: by)
    }

    private static func translatingTwins(of name: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a cost column named \(name) already.")
        }
    }
}
