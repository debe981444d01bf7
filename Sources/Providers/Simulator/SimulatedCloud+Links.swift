import Kernel
import Provider
import Storage

extension SimulatedCloud {
    /// What an instance has, in the order of its references; nil for all instances.
    func links(of instance: String?, _ connection: Connection) throws -> [SimulatedLink] {
        let one = instance == nil ? "" : " AND l.instance = ?"
        let values = [tenant.workspace.sqlValue, tenant.mode.sqlValue, account.id.sqlValue] + (instance.map { [$0.sqlValue] } ?? [])
        return try connection.rows(
            """
            SELECT l.instance, l.kind, l.target, l.detail, o.resource FROM simulator_links AS l
            LEFT JOIN simulator_objects AS o ON o.workspace = l.workspace AND o.mode = l.mode AND o.connection = l.connection
                AND o.kind = l.kind AND o.reference = l.target
            WHERE l.workspace = ? AND l.mode = ? AND l.connection = ?\(one) ORDER BY l.instance, l.kind, l.target
            """, values
        ) { row in
            try SimulatedLink(
                instance: row.get(0), kind: .word(row, 1), target: row.get(2), detail: row.get(3), resource: row.get(4))
        }
    }

    /// The instances that have a volume or are on a network.
    func links(to object: SimulatedObject, _ connection: Connection) throws -> [String] {
        try connection.rows(
            """
            SELECT instance FROM simulator_links
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND target = ?
            """, tenant.workspace, tenant.mode, account.id, object.kind.rawValue, object.reference
        ) { $0.text(0) }
    }

    /// Our ids of the instances a firewall is in force for; none for other kinds.
    func members(of object: SimulatedObject, _ connection: Connection) throws -> [String] {
        guard object.kind == .firewall else { return [] }
        return try connection.rows(
            """
            SELECT o.resource FROM simulator_links AS l
            JOIN simulator_objects AS o ON o.workspace = l.workspace AND o.mode = l.mode AND o.connection = l.connection
                AND o.kind = ? AND o.reference = l.instance
            WHERE l.workspace = ? AND l.mode = ? AND l.connection = ? AND l.kind = ? AND l.target = ? AND o.resource IS NOT NULL
            """, ResourceKind.instance.rawValue, tenant.workspace, tenant.mode, account.id, object.kind.rawValue, object.reference
        ) { $0.text(0) }
    }

    func unlinkAll(from object: SimulatedObject, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM simulator_links WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND target = ?", tenant.workspace,
            tenant.mode, account.id, object.kind.rawValue, object.reference)
    }

    func link(
        _ instance: SimulatedObject, to target: String, _ kind: ResourceKind, _ detail: String, place: Int?, _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO simulator_links (workspace, mode, connection, instance, kind, target, detail, place)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, account.id, instance.reference, kind.rawValue, target, detail, place)
    }

    func unlink(_ instance: SimulatedObject, from target: SimulatedObject?, _ connection: Connection) throws {
        guard let target else { return }
        try connection.execute(
            """
            DELETE FROM simulator_links
            WHERE workspace = ? AND mode = ? AND connection = ? AND instance = ? AND kind = ? AND target = ?
            """, tenant.workspace, tenant.mode, account.id, instance.reference, target.kind.rawValue, target.reference)
    }

    /// The place after the last that is taken, or else the first that is free; nil when all are taken.
    func freePlace(in network: String, _ range: SimulatedRange, _ connection: Connection) throws -> Int? {
        let last = try connection.row(
            """
            SELECT max(place) FROM simulator_links
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND target = ?
            """, tenant.workspace, tenant.mode, account.id, ResourceKind.network.rawValue, network
        ) { $0.optionalInteger(0) }
        guard let taken = last ?? nil else { return range.places.lowerBound }
        if taken < range.places.upperBound { return taken + 1 }
        let all = try connection.rows(
            """
            SELECT place FROM simulator_links
            WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ? AND target = ? AND place IS NOT NULL
            """, tenant.workspace, tenant.mode, account.id, ResourceKind.network.rawValue, network
        ) { $0.integer(0) }
        let used = Set(all)
        return range.places.first { !used.contains($0) }
    }

    /// The range that was asked for, or else the first free `10.8.n.0/24`. Throws `rejected` for what is none, `conflict` when it overlaps.
    func range(_ asked: String?, _ connection: Connection) throws -> String {
        let rows = try connection.rows(
            "SELECT cidr FROM simulator_objects WHERE workspace = ? AND mode = ? AND connection = ? AND kind = ?", tenant.workspace,
            tenant.mode, account.id, ResourceKind.network.rawValue
        ) { try $0.get(0, as: String?.self) }
        let taken = rows.compactMap { $0.flatMap(SimulatedRange.init) }
        func isFree(_ range: SimulatedRange) -> Bool { !taken.contains { $0.overlaps(range) } }
        guard let asked else {
            let free = (0...255).lazy.map { "10.8.\($0).0/24" }.first { SimulatedRange($0).map(isFree) ?? false }
            guard let free else { throw ProviderError(.capacity, "The simulated cloud has no free range.") }
            return free
        }
        guard let range = SimulatedRange(asked) else {
            throw ProviderError(.rejected, "\(asked) is not an IPv4 range of /8 to /30.")
        }
        guard isFree(range) else { throw ProviderError(.conflict, "The addresses \(asked) are taken.") }
        return asked
    }
}
