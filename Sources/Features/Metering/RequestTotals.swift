import Identity
package import Kernel
package import Storage

/// The stored counts: by minute for a week, by hour for good.
package enum RequestTotals {
    /// Minutes older than this are swept; their hours stay.
    package static let minutesKept: Int64 = 7 * 86_400

    static func add(_ counts: [RequestCounter.Counted: Int], _ connection: Connection) throws {
        var accounts: [String: (AccountID, ProjectID)] = [:]
        // In one order on every server, so that none waits for a row of another that waits for its own.
        for (counted, requests) in counts.sorted(by: { $0.key.order < $1.key.order }) {
            let place = "\(counted.tenant.workspace) \(counted.project?.rawValue ?? "")"
            let (account, project) = try accounts[place] ?? charged(counted.project, in: counted.tenant.workspace, connection)
            accounts[place] = (account, project)
            try connection.execute(
                """
                INSERT INTO request_minutes (workspace, mode, project, minute, credential, route, account, requests) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (workspace, mode, project, minute, credential, route, account)
                DO UPDATE SET requests = request_minutes.requests + excluded.requests
                """, counted.tenant.workspace, counted.tenant.mode, project, counted.minute, counted.credential, counted.route, account,
                requests)
            try addHour(counted.tenant, account, project, counted.minute.floored(toSeconds: 3600), requests, connection)
        }
    }

    static func addHour(
        _ tenant: Tenant, _ account: AccountID, _ project: ProjectID, _ hour: Timestamp, _ requests: Int, _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO request_hours (workspace, mode, account, hour, project, requests) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (workspace, mode, account, hour, project) DO UPDATE SET requests = request_hours.requests + excluded.requests
            """, tenant.workspace, tenant.mode, account, hour, project, requests)
    }

    /// The account of the project, else the workspace's default one. A project that is not the workspace's is as none.
    private static func charged(_ project: ProjectID?, in workspace: WorkspaceID, _ connection: Connection) throws -> (AccountID, ProjectID)
    {
        if let project, let found = try? Project.find(project, in: workspace, connection) { return (found.account, project) }
        return (try Account.standard(of: workspace, connection).id, ProjectID(""))
    }

    /// Requests charged to the account from `start` to `end`, to the hour.
    package static func requests(
        of account: AccountID, in tenant: Tenant, from start: Timestamp, to end: Timestamp, _ connection: Connection
    ) throws -> Int {
        try connection.row(
            "SELECT COALESCE(SUM(requests), 0) FROM request_hours WHERE workspace = ? AND mode = ? AND account = ? AND hour >= ? AND hour < ?",
            tenant.workspace, tenant.mode, account, start, end
        ) { try $0.get(0, as: Int.self) } ?? 0
    }

    /// Requests of a whole account, or of one project, in minutes or hours that begin in the span. Minutes reach back seven days.
    package static func requests(
        of account: AccountID?, project: ProjectID?, in tenant: Tenant, from start: Timestamp, to end: Timestamp, byHour: Bool,
        _ connection: Connection
    ) throws -> Int {
        let (table, moment) = byHour ? ("request_hours", "hour") : ("request_minutes", "minute")
        var sql = "SELECT COALESCE(SUM(requests), 0) FROM \(table) WHERE workspace = ? AND mode = ? AND \(moment) >= ? AND \(moment) < ?"
        var values = [tenant.workspace.sqlValue, tenant.mode.sqlValue, start.sqlValue, end.sqlValue]
        for (column, id) in [("account", account?.sqlValue), ("project", project?.sqlValue)] {
            guard let id else { continue }
            sql += " AND \(column) = ?"
            values.append(id)
        }
        return try connection.rows(sql, values) { try $0.get(0, as: Int.self) }.first ?? 0
    }

    /// The same minute by minute, or hour by hour: when each began, and how many; those without any are left out.
    package static func counts(
        of account: AccountID?, project: ProjectID?, in tenant: Tenant, from start: Timestamp, to end: Timestamp, byHour: Bool,
        _ connection: Connection
    ) throws -> [Timestamp: Int] {
        let (table, moment) = byHour ? ("request_hours", "hour") : ("request_minutes", "minute")
        var sql = "SELECT \(moment), SUM(requests) FROM \(table) WHERE workspace = ? AND mode = ? AND \(moment) >= ? AND \(moment) < ?"
        var values = [tenant.workspace.sqlValue, tenant.mode.sqlValue, start.sqlValue, end.sqlValue]
        for (column, id) in [("account", account?.sqlValue), ("project", project?.sqlValue)] {
            guard let id else { continue }
            sql += " AND \(column) = ?"
            values.append(id)
        }
        let rows = try connection.rows(sql + " GROUP BY \(moment)", values) { ($0.time(0), $0.integer(1)) }
        return Dictionary(rows, uniquingKeysWith: { $0 + $1 })
    }

    /// Counts by minute or, for buckets of an hour and more, by hour: the moment each began, and how many.
    static func series(
        of account: AccountID, in tenant: Tenant, from start: Timestamp, to end: Timestamp, byHour: Bool, _ connection: Connection
    ) throws -> [(at: Timestamp, requests: Int)] {
        let (table, column) = byHour ? ("request_hours", "hour") : ("request_minutes", "minute")
        return try connection.rows(
            """
            SELECT \(column), SUM(requests) FROM \(table)
            WHERE workspace = ? AND mode = ? AND account = ? AND \(column) >= ? AND \(column) < ? GROUP BY \(column)
            """, tenant.workspace, tenant.mode, account, start, end
        ) { try ($0.get(0), $0.get(1)) }
    }

    /// Sweeps minutes past their time, of every tenant.
    package static func removeOldMinutes(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM request_minutes WHERE (workspace, mode, project, minute, credential, route, account) IN (
                SELECT workspace, mode, project, minute, credential, route, account FROM request_minutes WHERE minute < ? ORDER BY minute LIMIT ?)
            """, now.adding(seconds: -minutesKept), limit)
    }
}

/// How busy projects were, for their own page.
package struct RequestActivity: ProjectActivity {
    package init() {}

    package func requestsInLastDay(of project: ProjectID, in tenant: Tenant, at now: Timestamp, _ connection: Connection) throws -> Int {
        let start = now.adding(days: -1)
        let firstHour = start.floored(toSeconds: 3600).adding(seconds: 3600)
        let begun = try connection.row(
            "SELECT COALESCE(SUM(requests), 0) FROM request_minutes WHERE workspace = ? AND mode = ? AND project = ? AND minute > ? AND minute < ?",
            tenant.workspace, tenant.mode, project, start, firstHour
        ) { try $0.get(0, as: Int.self) }
        let whole = try connection.row(
            "SELECT COALESCE(SUM(requests), 0) FROM request_hours WHERE workspace = ? AND mode = ? AND project = ? AND hour >= ?",
            tenant.workspace,
            tenant.mode, project, firstHour
        ) { try $0.get(0, as: Int.self) }
        return (begun ?? 0) + (whole ?? 0)
    }
}
