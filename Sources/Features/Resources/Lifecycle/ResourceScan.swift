package import Kernel
package import Provider
package import Storage

/// Resources of a tenant by what they are, for parts of the server that act for the tenant and not for a caller.
package struct ResourceScan: Sendable {
    package var account: AccountID?
    /// Nil for all of them.
    package var projects: [ProjectID]?
    package var selector: LabelSelector?
    package var kind: ResourceKind?
    /// Without one, all that are not gone.
    package var phase: Resource.Phase?
    package var power: Power?

    package init() {}

    private func condition(in tenant: Tenant) -> (sql: String, values: [SQLValue]) {
        var parts: [(sql: String, values: [SQLValue])] = [
            ("workspace = ? AND mode = ?", [tenant.workspace.sqlValue, tenant.mode.sqlValue])
        ]
        if let account { parts.append(("account = ?", [account.sqlValue])) }
        if let projects {
            parts.append(
                projects.isEmpty
                    ? ("1 = 0", []) : ("project IN (\(projects.map { _ in "?" }.joined(separator: ", ")))", projects.map(\.sqlValue)))
        }
        if let kind { parts.append(("kind = ?", [kind.sqlValue])) }
        if let power { parts.append(("power = ?", [power.sqlValue])) }
        parts.append(phase.map { ("phase = ?", [$0.sqlValue]) } ?? ("phase NOT IN ('deleted', 'purged')", []))
        parts += selector?.conditions(in: tenant) ?? []
        return (parts.map(\.sql).joined(separator: " AND "), parts.flatMap(\.values))
    }

    package func count(in tenant: Tenant, _ connection: Connection) throws -> Int {
        let (sql, values) = condition(in: tenant)
        return try connection.rows("SELECT COUNT(*) FROM resources WHERE \(sql)", values) { $0.integer(0) }.first ?? 0
    }

    /// By id, at most so many.
    package func resources(in tenant: Tenant, limit: Int, _ connection: Connection) throws -> [Resource] {
        let (sql, values) = condition(in: tenant)
        return try connection.rows(
            "\(Resource.selection) WHERE \(sql) ORDER BY id LIMIT ?", values + [limit.sqlValue], as: Resource.read)
    }

    package func ids(in tenant: Tenant, limit: Int, _ connection: Connection) throws -> [ResourceID] {
        let (sql, values) = condition(in: tenant)
        return try connection.rows("SELECT id FROM resources WHERE \(sql) ORDER BY id LIMIT ?", values + [limit.sqlValue]) {
            try $0.get(0)
        }
    }
}
