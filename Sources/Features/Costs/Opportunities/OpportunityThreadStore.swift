import Kernel
import Storage
import Web

extension OpportunityThread {
    private static let selection = "SELECT id, name, description, status, version, created_at, updated_at FROM opportunity_threads"

    private static func read(_ row: Row) throws -> OpportunityThread {
        try OpportunityThread(
            id: Int64(row.text(0)) ?? 0, name: row.text(1), description: row.text(2), status: row.get(3), version: row.integer(4),
            createdAt: row.time(5), updatedAt: row.time(6))
    }

    private static func key(_ id: Int64) -> String { String(repeating: "0", count: max(0, 12 - String(id).count)) + String(id) }

    static func find(_ id: Int64, in tenant: Tenant, _ connection: Connection) throws -> OpportunityThread? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, key(id), as: read)
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<OpportunityThread> {
        var query = ListQuery(selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", tenant.workspace)
        query.filter("mode = ?", tenant.mode)
        return try query.page(request, connection, place: { thread, _ in .init(value: "", id: key(thread.id)) }, as: read)
    }

    func view(in tenant: Tenant, _ connection: Connection) throws -> View {
        View(thread: self, members: try Opportunity.all(inThread: id, tenant, connection))
    }

    static func create(name: String, description: String, by: Attribution, _ connection: Connection) throws -> OpportunityThread {
        let id = try Numbers.next("thread", by.tenant, connection)
        let made = OpportunityThread(
            id: id, name: name, description: description, status: .open, version: 1, createdAt: by.at, updatedAt: by.at)
        try connection.execute(
            """
            INSERT INTO opportunity_threads (workspace, mode, id, name, description, status, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)
            """, by.tenant.workspace, by.tenant.mode, key(id), name, description, made.status, by.at, by.at)
        connection.append(EventDraft("thread.created", subject: made.subject, data: ["after": made.snapshot]), by: by)
        return made
    }

    /// Its opportunities go along with its status.
    func update(name: String?, description: String?, status: Status?, by: Attribution, _ connection: Connection) throws
        -> OpportunityThread
    {
        let updated = OpportunityThread(
            id: id, name: name ?? self.name, description: description ?? self.description, status: status ?? self.status,
            version: version + 1, createdAt: createdAt, updatedAt: by.at)
        guard updated.snapshot != snapshot else { return self }
        try connection.execute(
            """
            UPDATE opportunity_threads SET name = ?, description = ?, status = ?, version = ?, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, updated.name, updated.description, updated.status, updated.version, by.at, by.tenant.workspace, by.tenant.mode,
            Self.key(id)
        )
        connection.append(
            EventDraft("thread.updated", subject: subject, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        guard updated.status != self.status else { return updated }
        for before in try Opportunity.all(inThread: id, by.tenant, connection) {
            var after = before
            after.status = updated.status.ofMembers
            _ = try after.update(from: before, by: by, connection)
        }
        return updated
    }

    /// What is in it is left open, unless it is done.
    func delete(by: Attribution, _ connection: Connection) throws {
        for before in try Opportunity.all(inThread: id, by.tenant, connection) {
            var after = before
            after.thread = nil
            if after.status != .done { after.status = .open }
            _ = try after.update(from: before, by: by, connection)
        }
        try connection.execute(
            "DELETE FROM opportunity_threads WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, Self.key(id)
        )
        connection.append(EventDraft("thread.deleted", subject: subject, data: ["before": snapshot]), by: by)
    }
}
