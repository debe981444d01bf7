package import Kernel
package import Storage

/// What there is, for parts of the server that look over everything by themselves.
package enum ResourceSurvey {
    /// Those who have something at a provider.
    package static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT DISTINCT workspace, mode FROM resources WHERE phase = 'ready' ORDER BY workspace, mode") {
            try Tenant(workspace: $0.get(0), mode: $0.get(1))
        }
    }

    /// The instance of each volume that is attached.
    package static func attachments(in tenant: Tenant, _ connection: Connection) throws -> [ResourceID: ResourceID] {
        let pairs = try connection.rows(
            "SELECT target, resource FROM resource_links WHERE workspace = ? AND mode = ? AND relation = ?", tenant.workspace, tenant.mode,
            Reference.Relation.volume.rawValue
        ) { try ($0.get(0, as: ResourceID.self), $0.get(1, as: ResourceID.self)) }
        return Dictionary(pairs) { one, _ in one }
    }
}
