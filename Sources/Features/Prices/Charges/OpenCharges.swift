import Identity
import Kernel
import Storage
import Web

/// The hours that are not billed yet, as rows like those that will be billed.
enum OpenCharges {
    /// Rows one answer may have.
    static let most = 100
    /// Hours that are looked at: hours are closed within a minute, so older ones are open only while the server catches up.
    static let hours: Int64 = 24

    /// Of what the caller may see, the oldest hour first.
    static func list(_ filter: Charge.Filter, for caller: Caller, at now: Timestamp, _ connection: Connection) throws -> [Charge.Named] {
        var rows: [Charge] = []
        for meter in try meters(filter, for: caller, connection) where rows.count < most {
            rows += try meter.openCharges(at: now, since: now.adding(seconds: -hours * 3600), connection)
        }
        let sight = try DataFilter.of(caller, connection)
        rows = rows.filter { sight.allows($0.facts) }
        rows = Array(rows.prefix(most))
        let names = try projectNames(Set(rows.map(\.consumer.project)), in: caller.tenant, connection)
        return rows.sorted { $0.id < $1.id }.map { Charge.Named(charge: $0, projectName: names[$0.consumer.project]) }
    }

    private static func meters(_ filter: Charge.Filter, for caller: Caller, _ connection: Connection) throws -> [Meter] {
        var sql = "SELECT DISTINCT resource, sku FROM metered_intervals WHERE workspace = ? AND mode = ? AND is_closed = 0"
        var values = [caller.workspace.sqlValue, caller.mode.sqlValue]
        func narrow(_ column: String, _ wanted: [String]) {
            sql +=
                wanted.isEmpty ? " AND 1 = 0" : " AND \(column) IN (\(Array(repeating: "?", count: wanted.count).joined(separator: ", ")))"
            values += wanted.map(SQLValue.text)
        }
        if case .projects(let roles) = caller.reach { narrow("project", roles.keys.map(\.rawValue).sorted()) }
        if let resource = filter.resource { narrow("resource", [resource]) }
        if let project = filter.project { narrow("project", [project.rawValue]) }
        if let account = filter.account { narrow("account", [account.rawValue]) }
        return try connection.rows(sql + " ORDER BY resource, sku LIMIT ?", values + [.integer(Int64(most))]) { row in
            Meter(tenant: caller.tenant, resource: row.text(0), sku: row.text(1))
        }
    }

    private static func projectNames(
        _ projects: Set<ProjectID>, in tenant: Tenant, _ connection: Connection
    ) throws -> [ProjectID: String] {
        var names: [ProjectID: String] = [:]
        for project in projects {
            names[project] = try connection.row(
                "SELECT name FROM projects WHERE workspace = ? AND id = ?", tenant.workspace, project
            ) { $0.text(0) }
        }
        return names
    }
}
