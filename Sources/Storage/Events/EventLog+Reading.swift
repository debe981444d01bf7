package import Kernel

/// Reading the log. Only committed rows are ever seen, in order: a consumer that keeps the last number it handled misses none.
extension EventLog {
    /// Which rows of the log, and from where.
    package struct Range: Sendable {
        /// Rows past this number; nil for from the beginning.
        package var after: Int64?
        /// Rows before this number; nil for up to the end.
        package var before: Int64?
        package var limit: Int
        /// Matching rows that are passed over.
        package var offset: Int
        package var newestFirst: Bool

        package init(after: Int64? = nil, before: Int64? = nil, limit: Int, offset: Int = 0, newestFirst: Bool = false) {
            self.after = after
            self.before = before
            self.limit = limit
            self.offset = offset
            self.newestFirst = newestFirst
        }
    }

    /// Committed rows after `sequence`, oldest first.
    package static func events(
        in tenant: Tenant, after sequence: Int64, limit: Int, matching filter: EventFilter = .init(), _ connection: Connection
    ) throws -> [Event] {
        try events(in: tenant, Range(after: sequence, limit: limit), matching: filter, connection)
    }

    package static func events(
        in tenant: Tenant, _ range: Range, matching filter: EventFilter = .init(), _ connection: Connection
    ) throws -> [Event] {
        let (sql, values) = statement(tenant, range, filter)
        return try connection.rows(
            sql + " LIMIT ? OFFSET ?", values + [.integer(Int64(range.limit)), .integer(Int64(range.offset))], as: Event.read)
    }

    /// The rows of a range, for whoever reads all of the log; each made into something else as it is read.
    package static func rows<Result>(
        in tenant: Tenant, _ range: Range, _ connection: Connection, as transform: (consuming EventRow) throws -> Result
    ) throws -> [Result] {
        let (sql, values) = statement(tenant, range, .init(), EventRow.columns)
        return try connection.rows(
            sql + " LIMIT ? OFFSET ?", values + [.integer(Int64(range.limit)), .integer(Int64(range.offset))]
        ) { try transform(EventRow.read($0)) }
    }

    /// Visits rows one by one, for exports: nothing but the row at hand is held. Limit and offset play no part.
    package static func forEach(
        in tenant: Tenant, _ range: Range, matching filter: EventFilter = .init(), _ connection: Connection, visit: (Event) throws -> Void
    ) throws {
        let (sql, values) = statement(tenant, range, filter)
        try connection.driver.stream(sql, values) { try visit(Event.read($0)) }
    }

    /// What was said about a subject by that moment, the latest in the log first.
    package static func events(
        about subject: String, in tenant: Tenant, until moment: Timestamp, limit: Int, offset: Int = 0, _ connection: Connection
    ) throws -> [Event] {
        try connection.rows(
            """
            SELECT \(Event.columns) FROM events WHERE workspace = ? AND mode = ? AND subject = ? AND occurred_at <= ?
            ORDER BY sequence DESC LIMIT ? OFFSET ?
            """, tenant.workspace, tenant.mode, subject, moment, limit, offset, as: Event.read)
    }

    package static func head(of tenant: Tenant, _ connection: Connection) throws -> Head? {
        try connection.row("SELECT sequence, hash FROM chains WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) {
            try Head(sequence: $0.get(0), hash: $0.get(1))
        }
    }

    /// The number of the first row that is kept; nil for an empty log.
    package static func oldest(in tenant: Tenant, _ connection: Connection) throws -> Int64? {
        try connection.row(
            "SELECT sequence FROM events WHERE workspace = ? AND mode = ? ORDER BY sequence LIMIT 1", tenant.workspace, tenant.mode
        ) { try $0.get(0) }
    }

    /// The row of that number as a head: what a checkpoint of that moment says.
    package static func head(of tenant: Tenant, at sequence: Int64, _ connection: Connection) throws -> Head? {
        try connection.row(
            "SELECT sequence, hash FROM events WHERE workspace = ? AND mode = ? AND sequence = ?", tenant.workspace, tenant.mode, sequence
        ) { try Head(sequence: $0.get(0), hash: $0.get(1)) }
    }

    /// Every chain there is, for verification by the operator.
    package static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT workspace, mode FROM chains ORDER BY workspace, mode") {
            try Tenant(workspace: $0.get(0), mode: $0.get(1))
        }
    }

    private static func statement(
        _ tenant: Tenant, _ range: Range, _ filter: EventFilter, _ columns: String = Event.columns
    ) -> (sql: String, values: [SQLValue]) {
        var conditions = ["workspace = ?", "mode = ?"]
        var values = [tenant.workspace.sqlValue, tenant.mode.sqlValue]
        if let after = range.after {
            conditions.append("sequence > ?")
            values.append(.integer(after))
        }
        if let before = range.before {
            conditions.append("sequence < ?")
            values.append(.integer(before))
        }
        if !filter.causes.isEmpty {
            let marks = Array(repeating: "?", count: filter.causes.count).joined(separator: ", ")
            conditions.append("sequence IN (SELECT sequence FROM event_causes WHERE workspace = ? AND mode = ? AND cause IN (\(marks)))")
            values += [tenant.workspace.sqlValue, tenant.mode.sqlValue] + filter.causes.map(SQLValue.text)
        }
        for condition in filter.conditions {
            conditions.append(condition.sql)
            values += condition.values
        }
        let sql = """
            SELECT \(columns) FROM events WHERE \(conditions.joined(separator: " AND ")) \
            ORDER BY sequence\(range.newestFirst ? " DESC" : "")
            """
        return (sql, values)
    }
}

extension Event {
    static let columns = "sequence, id, type, subject, actor, request, project, occurred_at, canonical, personal, hash"

    static func read(_ row: Row) throws -> Event {
        try Event(
            sequence: row.get(0), id: row.get(1), type: row.get(2), subject: row.get(3), actorID: row.get(4), request: row.get(5),
            project: row.get(6), occurredAt: row.get(7), canonical: row.get(8),
            storedPersonal: row.get(9), hash: row.get(10))
    }
}
