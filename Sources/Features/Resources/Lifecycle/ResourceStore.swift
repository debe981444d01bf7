package import Kernel
package import Provider
package import Storage

extension Resource {
    static let selection = """
        SELECT id, kind, workspace, mode, account, project, environment, name, connection, location, phase, power, spec, sealed, labels, \
        depends_on, observed, conditions, reference, is_protected, expires_at, generation, observed_generation, metadata, operation, \
        created_at, updated_at, synced_at, deleted_at, purge_at, provider, sync, lease_digest, lease_holder, leased_until FROM resources
        """

    /// The rows whose object is at a provider, or is to be.
    static let hasObject = "phase <> 'purged' AND (phase <> 'deleted' OR reference IS NOT NULL)"

    /// The rows that nobody holds at a moment.
    static let isUnleased = "(leased_until IS NULL OR leased_until <= ?)"

    static func read(_ row: Row) throws -> Resource {
        guard let kind = ResourceKind(rawValue: row.text(1)), let mode = Mode(rawValue: row.text(3)),
            let phase = Phase(rawValue: row.text(10)), let spec = Spec(kind, try JSONParser.parse(row.text(12).utf8))
        else { throw StorageError.corrupt("A resource has an unknown kind, mode, phase or spec.") }
        let labels = try JSONParser.parse(row.text(14).utf8).members ?? []
        return Resource(
            id: ResourceID(row.text(0)), kind: kind, tenant: Tenant(workspace: WorkspaceID(row.text(2)), mode: mode),
            account: AccountID(row.text(4)), project: ProjectID(row.text(5)), environment: row.text(6), name: row.text(7),
            connection: ConnectionID(row.text(8)), provider: row.text(30), location: row.text(9), phase: phase, power: try row.get(11),
            spec: spec,
            sealed: try row.get(13), labels: Dictionary(labels.map { ($0.name, $0.value.string ?? "") }) { $1 },
            dependsOn: (try JSONParser.parse(row.text(15).utf8).array ?? []).compactMap(\.string).map { ResourceID($0) },
            observed: Observed(try JSONParser.parse(row.text(16).utf8)),
            conditions: (try JSONParser.parse(row.text(17).utf8).array ?? []).compactMap { Condition($0) }, reference: try row.get(18),
            isProtected: try row.get(19), expiresAt: try row.get(20), generation: row.integer(21), observedGeneration: row.integer(22),
            metadata: row.integer(23), operation: try row.get(24), createdAt: row.time(25), updatedAt: row.time(26),
            syncedAt: try row.get(27), deletedAt: try row.get(28), purgeAt: try row.get(29),
            sync: SyncSettings(try JSONParser.parse(row.text(31).utf8)), lease: try ResourceLease.read(row, at: 32))
    }

    /// Throws `not_found`. For the engine, which acts for the tenant and not for a caller.
    package static func find(_ id: ResourceID, in tenant: Tenant, _ connection: Connection) throws -> Resource {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard let found else { throw Problem.notFound("resource") }
        return found
    }

    /// By id, or by name among what the caller can see; `project` narrows a name. Throws `not_found` for what the caller may not see,
    /// `purged` for what is gone for good, `invalid_reference` when a name fits several.
    package static func find(
        _ idOrName: String, _ kind: ResourceKind, project: ProjectID? = nil, includingPurged: Bool = false, for caller: Caller,
        _ connection: Connection
    ) throws -> Resource {
        var found: [Resource]
        if idOrName.hasPrefix(kind.idPrefix + "_") {
            found = try connection.rows(
                "\(selection) WHERE workspace = ? AND mode = ? AND id = ? AND kind = ?", caller.workspace, caller.mode,
                ResourceID(idOrName), kind, as: read)
        } else {
            found = try named(idOrName, kind, project: project, for: caller, connection)
        }
        found.removeAll { caller.role(in: $0.project) == nil }
        guard let first = found.first else { throw Problem.notFound(kind.rawValue) }
        guard found.count == 1 else {
            throw Problem(.invalidReference, "Several projects have a \(kind.rawValue) named \(idOrName); use its id or `project_id`.")
        }
        guard includingPurged || first.phase != .purged else { throw Problem(.purged, "The \(kind.rawValue) \(first.name) was purged.") }
        return first
    }

    private static func named(
        _ name: String, _ kind: ResourceKind, project: ProjectID?, for caller: Caller, _ connection: Connection
    ) throws -> [Resource] {
        var condition = "workspace = ? AND mode = ? AND kind = ? AND name = ? AND phase <> 'purged'"
        var values = [caller.workspace.sqlValue, caller.mode.sqlValue, kind.sqlValue, name.sqlValue]
        if let project = project ?? caller.credential.project {
            condition += " AND project = ?"
            values.append(project.sqlValue)
        }
        return try connection.rows("\(selection) WHERE \(condition) LIMIT 2", values, as: read)
    }

    /// The one of that name in the project, deleted ones included.
    static func find(
        named name: String, _ kind: ResourceKind, in project: ProjectID, _ tenant: Tenant, _ connection: Connection
    ) throws -> Resource? {
        try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND project = ? AND kind = ? AND name = ? AND phase <> 'purged'",
            tenant.workspace, tenant.mode, project, kind, name, as: read)
    }

    /// Throws `name_taken`.
    func insert(_ connection: Connection) throws {
        do {
            try insertRow(connection)
        } catch StorageError.unique {
            throw Problem(
                .nameTaken, "There is a \(kind.rawValue) named \(name) in this project. A deleted one keeps its name until it is purged.")
        }
        try writeLabels(connection)
        try writeLinks(connection)
    }

    private func insertRow(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO resources (workspace, mode, id, kind, account, project, environment, name, connection, provider, location, phase, power, spec, \
            sealed, labels, depends_on, observed, conditions, reference, is_protected, expires_at, generation, observed_generation, metadata, \
            operation, created_at, updated_at, synced_at, deleted_at, purge_at, sync) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            tenant.workspace, tenant.mode, id, kind, account, project, environment, name, self.connection, provider, location, phase, power,
            spec.json.text, sealed, labelsJSON.text, dependsOnJSON.text, observed.json.text, conditionsJSON.text, reference, isProtected,
            expiresAt, generation, observedGeneration, metadata, operation, createdAt, updatedAt, syncedAt, deletedAt, purgeAt,
            sync.json.text)
    }

    /// Writes everything that can change, but for labels and links, which have tables of their own.
    func save(_ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE resources SET name = ?, phase = ?, power = ?, spec = ?, sealed = ?, labels = ?, depends_on = ?, observed = ?, conditions = ?, \
            reference = ?, is_protected = ?, expires_at = ?, generation = ?, observed_generation = ?, metadata = ?, operation = ?, \
            updated_at = ?, synced_at = ?, deleted_at = ?, purge_at = ?, sync = ?, lease_digest = ?, lease_holder = ?, leased_until = ? \
            WHERE workspace = ? AND mode = ? AND id = ?
            """,
            name, phase, power, spec.json.text, sealed, labelsJSON.text, dependsOnJSON.text, observed.json.text, conditionsJSON.text,
            reference, isProtected, expiresAt, generation, observedGeneration, metadata, operation, updatedAt, syncedAt, deletedAt, purgeAt,
            sync.json.text, lease?.digest, lease?.holder, lease?.until, tenant.workspace, tenant.mode, id)
    }

    private var labelsJSON: JSON { .object(labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }) }
    private var dependsOnJSON: JSON { .array(dependsOn.map { .string($0.rawValue) }) }
    private var conditionsJSON: JSON { .array(conditions.map(\.json)) }
}

extension JSON {
    /// As it is stored in a text column.
    var text: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension ResourceLease {
    fileprivate static func read(_ row: Row, at column: Int) throws -> ResourceLease? {
        guard let digest: String = try row.get(column) else { return nil }
        return ResourceLease(digest: digest, holder: row.text(column + 1), until: row.time(column + 2))
    }
}
