package import Kernel
import Provider
package import Storage
import Web

extension ResourceSchema {
    /// What was found at providers that nobody manages from here.
    package static let discoveries = [
        Migration(
            "0112-discoveries",
            """
            CREATE TABLE discoveries (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, connection TEXT NOT NULL, kinds TEXT NOT NULL,
                state TEXT NOT NULL, error TEXT, objects TEXT NOT NULL, created_at INTEGER NOT NULL, finished_at INTEGER,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX discoveries_running ON discoveries (created_at) WHERE finished_at IS NULL",
            "CREATE INDEX discoveries_by_age ON discoveries (finished_at) WHERE finished_at IS NOT NULL")
    ]
}

extension Discovery {
    private static let selection =
        "SELECT id, workspace, mode, connection, kinds, state, error, objects, created_at, finished_at FROM discoveries"

    private static func read(_ row: Row) throws -> Discovery {
        Discovery(
            id: DiscoveryID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)),
            connection: ConnectionID(row.text(3)),
            kinds: (try JSONParser.parse(row.text(4).utf8).array ?? []).compactMap(\.string).compactMap(ResourceKind.init),
            state: try row.get(5), error: try row.get(6),
            objects: (try JSONParser.parse(row.text(7).utf8).array ?? []).compactMap { Object($0) }, createdAt: row.time(8),
            finishedAt: try row.get(9))
    }

    /// Throws `not_found`, also for one at a connection that the caller may not see.
    static func find(_ id: DiscoveryID, for caller: Caller, _ connection: Connection) throws -> Discovery {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", caller.workspace, caller.mode, id, as: read)
        guard let found, caller.reachesWorkspace else { throw Problem.notFound("discovery") }
        return found
    }

    /// Those that have not been done yet, of all tenants, the oldest first.
    static func waiting(_ connection: Connection) throws -> [Discovery] {
        try connection.rows("\(selection) WHERE finished_at IS NULL ORDER BY created_at LIMIT 16", as: read)
    }

    func insert(_ connection: Connection) throws {
        try connection.execute(
            """
            INSERT INTO discoveries (workspace, mode, id, connection, kinds, state, error, objects, created_at, finished_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, self.connection, JSON.array(kinds.map { .string($0.rawValue) }).text, state, error,
            JSON.array(objects.map(\.json)).text, createdAt, finishedAt)
    }

    func save(_ connection: Connection) throws {
        try connection.execute(
            "UPDATE discoveries SET state = ?, error = ?, objects = ?, found = ?, finished_at = ? WHERE workspace = ? AND mode = ? AND id = ?",
            state, error, JSON.array(objects.map(\.json)).text, finishedAt == nil ? nil : objects.count, finishedAt, tenant.workspace,
            tenant.mode, id)
    }

    /// Removes what was found more than seven days before; answers how many rows went.
    package static func removeOld(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM discoveries WHERE (workspace, mode, id) IN \
            (SELECT workspace, mode, id FROM discoveries WHERE finished_at < ? ORDER BY finished_at LIMIT ?)
            """, now.adding(days: -7), limit)
    }
}
