import Kernel
import Provider
import Storage

// MARK: - Looking

extension SimulatedCloud {
    func find(_ subject: Subject, _ scene: Scene) throws -> Sighting? {
        try located(subject, scene).map { try sighting($0, scene) }
    }

    /// The object a subject means, by its reference or else by what this cloud can tell objects with; the oldest, where there are several.
    func located(_ subject: Subject, _ scene: Scene) throws -> SimulatedObject? {
        func visible(_ object: SimulatedObject) -> Bool { scene.hiddenAfter.map { object.madeAt <= $0 } ?? true }
        if let reference = subject.reference, let object = try object(subject.kind, reference, scene.connection, locking: scene.isChanging),
            visible(object)
        {
            return object
        }
        guard settings.identification != .none else { return nil }
        return try objects(subject.kind, named: subject.name, scene.connection, locking: scene.isChanging).first { object in
            guard visible(object) else { return false }
            return settings.identification == .name || (object.isOurs(account.installation) && object.resource == subject.id)
        }
    }

    /// Like `located`; throws `absent`.
    func existing(_ subject: Subject, _ scene: Scene) throws -> SimulatedObject {
        guard let object = try located(subject, scene) else {
            throw ProviderError(.absent, "There is no \(subject.kind.rawValue) \(subject.reference ?? subject.name).")
        }
        return object
    }

    /// Nothing, where objects bear no marks.
    func list(_ kind: ResourceKind, _ scene: Scene) throws -> [Sighting] {
        guard settings.identification != .none else { return [] }
        let objects = try scene.connection.rows(
            """
            SELECT \(SimulatedObject.columns) FROM simulator_objects
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND installation = ? AND resource IS NOT NULL AND made_at <= ?
            ORDER BY made_at, reference
            """, tenant.workspace, tenant.mode, account.id, kind.rawValue, account.installation,
            scene.hiddenAfter ?? Timestamp(milliseconds: .max)
        ) { try SimulatedObject($0) }
        let links = kind == .instance ? Dictionary(grouping: try links(of: nil, scene.connection), by: \.instance) : [:]
        return try objects.map { object in
            object.sighting(by: account.installation, links[object.reference] ?? [], members: try members(of: object, scene.connection))
        }
    }

    func sighting(_ object: SimulatedObject, _ scene: Scene) throws -> Sighting {
        let links = object.kind == .instance ? try links(of: object.reference, scene.connection) : []
        return object.sighting(by: account.installation, links, members: try members(of: object, scene.connection))
    }

    func object(_ kind: ResourceKind, _ reference: String, _ connection: Connection, locking: Bool = false) throws -> SimulatedObject? {
        try connection.row(
            """
            SELECT \(SimulatedObject.columns) FROM simulator_objects
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND reference = ?\(locking ? connection.dialect.forUpdate : "")
            """, tenant.workspace, tenant.mode, account.id, kind.rawValue, reference
        ) { try SimulatedObject($0) }
    }

    func object(_ kind: ResourceKind, uniqueKey: String, _ connection: Connection) throws -> SimulatedObject? {
        try connection.row(
            """
            SELECT \(SimulatedObject.columns) FROM simulator_objects
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND unique_key = ?
            """, tenant.workspace, tenant.mode, account.id, kind.rawValue, uniqueKey
        ) { try SimulatedObject($0) }
    }

    private func objects(_ kind: ResourceKind, named name: String, _ connection: Connection, locking: Bool) throws -> [SimulatedObject] {
        try connection.rows(
            """
            SELECT \(SimulatedObject.columns) FROM simulator_objects
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND name = ? ORDER BY made_at, reference\
            \(locking ? connection.dialect.forUpdate : "")
            """, tenant.workspace, tenant.mode, account.id, kind.rawValue, name
        ) { try SimulatedObject($0) }
    }
}

// MARK: - Writing

extension SimulatedCloud {
    /// False when another object has the key.
    func insert(_ object: SimulatedObject, uniqueKey: String?, labels: [String: String], _ connection: Connection) throws -> Bool {
        let labels = JSON.object(labels.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }).canonicalBytes
        return try connection.execute(
            """
            INSERT INTO simulator_objects
                (workspace, mode, connection, unique_key, labels, \(SimulatedObject.columns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """, tenant.workspace, tenant.mode, account.id, uniqueKey, String(decoding: labels, as: UTF8.self), object.kind.rawValue,
            object.reference, object.name, object.installation, object.resource, object.madeAt, object.power?.rawValue, object.runningSince,
            object.endedAt, object.exitCode, object.size?.milliCPUs, object.size?.memoryMiB, object.image, object.sizeGiB, object.cidr,
            object.reachesOutside, object.settingsText) > 0
    }

    func update(_ object: SimulatedObject, _ connection: Connection) throws {
        try connection.execute(
            """
            UPDATE simulator_objects SET power = ?, running_since = ?, ended_at = ?, exit_code = ?, milli_cpus = ?, memory_mib = ?,
                size_gib = ?, reaches_outside = ?, settings = ?
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND reference = ?
            """, object.power?.rawValue, object.runningSince, object.endedAt, object.exitCode, object.size?.milliCPUs,
            object.size?.memoryMiB,
            object.sizeGiB, object.reachesOutside, object.settingsText, tenant.workspace, tenant.mode, account.id, object.kind.rawValue,
            object.reference)
    }

    /// What refers to a firewall, and to an instance, goes with it.
    func remove(_ object: SimulatedObject, _ connection: Connection) throws {
        if object.kind == .instance {
            try connection.execute(
                "DELETE FROM simulator_links WHERE workspace = ? AND mode = ? AND connection = ? AND instance = ?", tenant.workspace,
                tenant.mode, account.id, object.reference)
        }
        if object.kind == .firewall { try unlinkAll(from: object, connection) }
        try connection.execute(
            "DELETE FROM simulator_objects WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND reference = ?",
            tenant.workspace, tenant.mode, account.id, object.kind.rawValue, object.reference)
    }
}

extension SimulatedObject {
    fileprivate var settingsText: String? { settings.map { String(decoding: $0.canonicalBytes, as: UTF8.self) } }
}
