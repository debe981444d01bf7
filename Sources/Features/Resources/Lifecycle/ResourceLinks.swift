import Kernel
import Provider
import Storage

/// Labels and links in tables of their own, for selectors and for "who needs this".
extension Resource {
    func writeLabels(_ connection: Connection) throws {
        for (name, value) in labels {
            try connection.execute(
                "INSERT INTO resource_labels (workspace, mode, name, value, resource) VALUES (?, ?, ?, ?, ?)", tenant.workspace,
                tenant.mode,
                name, value, id)
        }
    }

    func replaceLabels(_ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM resource_labels WHERE workspace = ? AND mode = ? AND resource = ?", tenant.workspace, tenant.mode, id)
        try writeLabels(connection)
    }

    /// What this one needs, by what its spec says and what the user adds.
    func writeLinks(_ connection: Connection) throws {
        let isMade = reference != nil || (phase != .pending && phase != .creating)
        let references = isMade ? spec.standingReferences : spec.references
        let links = references.map { ($0.id, $0.relation.rawValue) } + dependsOn.map { ($0, "depends_on") }
        for (target, relation) in links {
            try connection.execute(
                "INSERT INTO resource_links (workspace, mode, target, resource, relation) VALUES (?, ?, ?, ?, ?)", tenant.workspace,
                tenant.mode, target, id, relation)
        }
    }

    func replaceLinks(_ connection: Connection) throws {
        try removeLinks(connection)
        try writeLinks(connection)
    }

    func removeLinks(_ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM resource_links WHERE workspace = ? AND mode = ? AND resource = ?", tenant.workspace, tenant.mode, id)
    }

    /// Those that cannot be without this one, the oldest first.
    func dependents(_ connection: Connection) throws -> [Resource] {
        try connection.rows(
            """
            \(Self.selection) WHERE workspace = ? AND mode = ? AND phase NOT IN ('deleted', 'purged') AND id IN \
            (SELECT resource FROM resource_links WHERE workspace = ? AND mode = ? AND target = ?) ORDER BY id
            """, tenant.workspace, tenant.mode, tenant.workspace, tenant.mode, id, as: Self.read)
    }

    /// The instances that volumes and addresses are attached to, of those that are.
    static func holders(of targets: [ResourceID], in tenant: Tenant, _ connection: Connection) throws -> [ResourceID: ResourceID] {
        guard !targets.isEmpty else { return [:] }
        let places = Array(repeating: "?", count: targets.count).joined(separator: ", ")
        let links = try connection.rows(
            "SELECT target, resource FROM resource_links WHERE workspace = ? AND mode = ? AND relation IN (?, ?) AND target IN (\(places))",
            [
                tenant.workspace.sqlValue, tenant.mode.sqlValue, .text(Reference.Relation.volume.rawValue),
                .text(Reference.Relation.address.rawValue),
            ]
                + targets.map(\.sqlValue)
        ) { row in (try row.get(0, as: ResourceID.self), try row.get(1, as: ResourceID.self)) }
        return Dictionary(links) { one, _ in one }
    }

    /// The instance a volume or an address is attached to.
    func holder(_ connection: Connection) throws -> ResourceID? {
        try connection.row(
            "SELECT resource FROM resource_links WHERE workspace = ? AND mode = ? AND target = ? AND relation IN (?, ?)", tenant.workspace,
            tenant.mode, id, Reference.Relation.volume.rawValue, Reference.Relation.address.rawValue
        ) { try $0.get(0) }
    }
}
