package import Kernel
import Prices
package import Storage

extension CostView {
    private static let selection = "SELECT id, name, description, settings, is_default, version, created_at, updated_at FROM cost_views"
    static let sortFields = ["created_at", "name"]

    private static func read(_ row: Row) throws -> CostView {
        let settings = try JSONParser.parse(row.text(3).utf8)
        var view = CostView(id: try row.get(0), name: row.text(1), createdAt: row.time(6), updatedAt: row.time(7))
        view.description = row.text(2)
        view.isDefault = try row.get(4)
        view.version = row.integer(5)
        view.filter = try RowFilter(settings["filters"])
        view.costType = settings["cost_type"]?.string.flatMap { CostType($0) } ?? .unblended
        view.amortized = settings["amortization"]?.bool ?? false
        view.exclude = Set((settings["exclude"]?.array ?? []).compactMap { $0.string.flatMap { Exclusion(rawValue: $0) } })
        view.granularity = settings["granularity"]?.string.flatMap { Granularity(rawValue: $0) } ?? .day
        view.groupBy = (settings["group_by"]?.array ?? []).compactMap(\.string)
        view.currency = settings["currency"]?.string ?? "USD"
        view.zone = settings["zone"]?.string ?? "UTC"
        return view
    }

    /// The view that every workspace has from the start.
    static func ofAllCost(in tenant: Tenant, _ connection: Connection) throws -> CostView {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND is_default = 1", tenant.workspace, tenant.mode, as: read)
        guard let found else { throw Problem.notFound("cost view") }
        return found
    }

    /// A view whose cost type is that column; nil when there is none.
    static func counting(by column: Int64, in tenant: Tenant, _ connection: Connection) throws -> CostView? {
        let views = try connection.rows(
            "\(selection) WHERE workspace = ? AND mode = ? ORDER BY id", tenant.workspace, tenant.mode, as: read)
        return views.first { $0.costType == .column(column) }
    }

    package static func find(_ id: CostViewID, in tenant: Tenant, _ connection: Connection) throws -> CostView {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("cost view") }
        return found
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<CostView> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        return try query.page(
            request, connection, place: { view, sort in .init(value: sort == "name" ? view.name : "", id: view.id.rawValue) }, as: read)
    }

    /// Throws `name_taken`.
    package static func create(_ view: CostView, by: Attribution, _ connection: Connection) throws {
        do {
            try connection.execute(
                """
                INSERT INTO cost_views (workspace, mode, id, name, description, settings, is_default, version, created_at, updated_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
                """, by.tenant.workspace, by.tenant.mode, view.id, view.name, view.description, view.settingsText, view.isDefault, by.at,
                by.at)
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a cost view named \(view.name) already.")
        }
        connection.append(EventDraft("costview.created", subject: view.id.rawValue, data: ["after": view.snapshot]), by: by)
    }

    /// The view of all cost, which every workspace has on both sides.
    package static func createDefault(by: Attribution, _ connection: Connection) throws {
        var view = CostView(id: by.makeID(), name: "Default", createdAt: by.at, updatedAt: by.at)
        view.description = "All cost."
        view.isDefault = true
        try create(view, by: by, connection)
    }

    func update(from before: CostView, by: Attribution, _ connection: Connection) throws {
        do {
            try connection.execute(
                """
                UPDATE cost_views SET name = ?, description = ?, settings = ?, version = ?, updated_at = ?
                WHERE workspace = ? AND mode = ? AND id = ?
                """, name, description, settingsText, version, updatedAt, by.tenant.workspace, by.tenant.mode, id)
        } catch StorageError.unique {
            throw Problem(.nameTaken, "There is a cost view named \(name) already.")
        }
        connection.append(
            EventDraft("costview.updated", subject: id.rawValue, data: ["before": before.snapshot, "after": snapshot]), by: by)
    }

    /// Throws `invalid_state` for the Default view, and for one with a budget.
    func delete(by: Attribution, _ connection: Connection) throws {
        guard !isDefault else { throw Problem(.invalidState, "The view of all cost stays.") }
        guard try !Budget.stands(on: id, in: by.tenant, connection) else {
            throw Problem(.invalidState, "A budget stands on the view; delete it first.")
        }
        try connection.execute(
            "DELETE FROM cost_views WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("costview.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    private var settingsText: String { String(decoding: settings.canonicalBytes, as: UTF8.self) }
}
