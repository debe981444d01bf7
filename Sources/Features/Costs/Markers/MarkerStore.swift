import Identity
import Kernel
import Storage
import Web

extension Marker {
    private static let selection = "SELECT id, hour, type, team, description, event_url, created_at FROM markers"
    static let sortFields = ["timestamp", "created_at"]

    private static func read(_ row: Row) throws -> Marker {
        try Marker(
            id: row.get(0), hour: row.time(1), type: row.text(2), team: row.get(3), description: row.get(4), eventURL: row.get(5),
            createdAt: row.time(6))
    }

    struct Filter: Sendable {
        var type: String?
        var team: String?
        var from: Timestamp?
        var to: Timestamp?
    }

    /// Those of everybody, and of the caller's teams; all of them for a credential of the workspace.
    static func list(_ request: PageRequest, _ filter: Filter, for caller: Caller, _ connection: Connection) throws -> Page<Marker> {
        var query = try visible(to: caller, connection)
        if let type = filter.type { query.filter("type = ?", type) }
        if let team = filter.team { query.filter("team = ?", team) }
        if let from = filter.from { query.filter("hour >= ?", from) }
        if let to = filter.to { query.filter("hour < ?", to) }
        return try query.page(
            request, connection, place: { marker, _ in .init(value: String(marker.hour.milliseconds), id: marker.id.rawValue) }, as: read)
    }

    static func find(_ id: MarkerID, for caller: Caller, _ connection: Connection) throws -> Marker {
        var query = try visible(to: caller, connection)
        query.filter("id = ?", id)
        let found = try query.page(
            PageRequest(limit: 1), connection, place: { marker, _ in .init(value: "", id: marker.id.rawValue) }, as: read)
        guard let marker = found.items.first else { throw Problem.notFound("marker") }
        return marker
    }

    /// A team made anew under an id that was deleted does not inherit the markers of the old one.
    private static func visible(to caller: Caller, _ connection: Connection) throws -> ListQuery {
        var query = ListQuery(
            selection, sortable: ["timestamp": .integer("hour"), "created_at": .id],
            defaultSort: .init(field: "timestamp", descending: true))
        query.filter("workspace = ?", caller.workspace)
        query.filter("mode = ?", caller.mode)
        guard !caller.reachesWorkspace else { return query }
        let teams = try caller.user.map { try Team.all(of: $0, in: caller.tenant, connection) } ?? []
        query.filter(
            "(team IS NULL\(String(repeating: " OR team = ? AND team_made_at = ?", count: teams.count)))",
            values: teams.flatMap { [$0.id.sqlValue, $0.createdAt.sqlValue] })
        return query
    }

    // MARK: Changes

    /// Makes those that are not there yet, and says how many. Throws `not_found`, and makes none, for a team the caller may not see.
    static func create(_ drafts: [MarkerDraft], for caller: Caller, by: Attribution, _ connection: Connection) throws -> Int {
        var teams: [String: Timestamp] = [:]
        for id in Set(drafts.compactMap(\.team)) { teams[id] = try Team.find(id, for: caller, connection).createdAt }
        var made = 0
        for draft in drafts {
            let marker = Marker(
                id: by.makeID(), hour: draft.hour, type: draft.type, team: draft.team, description: draft.description,
                eventURL: draft.eventURL, createdAt: by.at)
            let inserted = try connection.execute(
                """
                INSERT INTO markers (workspace, mode, id, hour, type, team, team_made_at, description, event_url, fingerprint, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workspace, mode, fingerprint) DO NOTHING
                """, by.tenant.workspace, by.tenant.mode, marker.id, marker.hour, marker.type, marker.team,
                draft.team.flatMap { teams[$0] }, marker.description, marker.eventURL, draft.fingerprint, by.at)
            guard inserted == 1 else { continue }
            made += 1
            connection.append(EventDraft("marker.created", subject: marker.id.rawValue, data: ["after": marker.snapshot]), by: by)
        }
        return made
    }

    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute("DELETE FROM markers WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("marker.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }
}
