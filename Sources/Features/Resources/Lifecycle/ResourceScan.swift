package import Kernel
package import Provider
package import Storage

/// Resources of a tenant by what they are, for parts of the server that act for the tenant and not for a caller.
package struct ResourceScan: Sendable {
    package var account: AccountID?
    /// Nil for all of them.
    package var projects: [ProjectID]?
    package var selector: LabelSelector?
    /// Labels that a resource has to have, whatever stands in their values.
    package var labels: [String: String] = [:]
    package var provider: String?
    package var id: ResourceID?
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
        if let provider { parts.append(("provider = ?", [provider.sqlValue])) }
        if let id { parts.append(("id = ?", [id.sqlValue])) }
        parts += selector?.conditions(in: tenant) ?? []
        parts += LabelSelector(labels).conditions(in: tenant)
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

    /// What resources are told apart by.
    package enum Part: Sendable {
        case project, id, provider
        case label(String)
    }

    /// The different values there are, side by side, in their order; a resource that lacks a label is in none.
    package func parts(_ parts: [Part], in tenant: Tenant, limit: Int, _ connection: Connection) throws -> [[String]] {
        guard !parts.isEmpty else { return [] }
        var values: [SQLValue] = []
        var columns: [String] = []
        for (place, part) in parts.enumerated() {
            switch part {
            case .project: columns.append("project AS p\(place)")
            case .id: columns.append("id AS p\(place)")
            case .provider: columns.append("provider AS p\(place)")
            case .label(let name):
                values += [tenant.workspace.sqlValue, tenant.mode.sqlValue, name.sqlValue]
                columns.append(
                    """
                    (SELECT l.value FROM resource_labels l WHERE l.workspace = ? AND l.mode = ? AND l.name = ? AND l.resource = resources.id) \
                    AS p\(place)
                    """)
            }
        }
        let (sql, conditions) = condition(in: tenant)
        let names = parts.indices.map { "p\($0)" }
        let isNamed = names.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")
        return try connection.rows(
            """
            SELECT DISTINCT \(names.joined(separator: ", ")) FROM (SELECT \(columns.joined(separator: ", ")) FROM resources WHERE \(sql)) x
            WHERE \(isNamed) ORDER BY \(names.joined(separator: ", ")) LIMIT ?
            """, values + conditions + [limit.sqlValue]
        ) { row in parts.indices.map { row.text($0) } }
    }

    package func ids(in tenant: Tenant, limit: Int, _ connection: Connection) throws -> [ResourceID] {
        let (sql, values) = condition(in: tenant)
        return try connection.rows("SELECT id FROM resources WHERE \(sql) ORDER BY id LIMIT ?", values + [limit.sqlValue]) {
            try $0.get(0)
        }
    }
}
