import Crypto
package import Kernel
package import Storage
import Vault
import Web

extension DataStream {
    private static let selection = "SELECT id, workspace, mode, name, type, token, version, created_at, updated_at FROM streams"

    private static func read(_ row: Row) throws -> DataStream {
        DataStream(
            id: DataStreamID(row.text(0)), tenant: Tenant(workspace: WorkspaceID(row.text(1)), mode: try row.get(2)), name: row.text(3),
            type: try row.get(4), token: try row.get(5), version: row.integer(6), createdAt: row.time(7), updatedAt: row.time(8))
    }

    /// Throws `not_found`. Streams belong to the workspace: credentials of single projects see none.
    package static func find(_ id: DataStreamID, for caller: Caller, _ connection: Connection) throws -> DataStream {
        guard caller.reachesWorkspace, let found = try find(id, in: caller.tenant, connection) else { throw Problem.notFound("stream") }
        return found
    }

    private static func find(_ id: DataStreamID, in tenant: Tenant, _ connection: Connection) throws -> DataStream? {
        try connection.row("\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
    }

    static let sortFields = ["created_at", "name"]

    static func list(_ request: PageRequest, type: String?, for caller: Caller, _ connection: Connection) throws -> Page<DataStream> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "name": .text("name")], defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ? AND mode = ?", caller.workspace, caller.mode)
        if !caller.reachesWorkspace { query.filter("1 = 0", values: []) }
        if let type { query.filter("type = ?", type) }
        return try query.page(
            request, connection, place: { item, sort in .init(value: sort == "name" ? item.name : "", id: item.id.rawValue) }, as: read)
    }

    /// Makes the stream and its token. Throws `quota_exceeded`.
    static func create(_ name: String, _ type: Kind, by: Attribution, _ vault: Vault, _ connection: Connection) throws -> DataStream {
        let tenant = by.tenant
        let count = try connection.row("SELECT COUNT(*) FROM streams WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) {
            $0.integer(0)
        }
        guard let count, count < most else { throw Problem(.quotaExceeded, "A workspace may have \(most) streams in each mode.") }
        let id = by.makeID(DataStreamKind.self)
        let token = Secret.make(.stream, randomBytes: by.surroundings.randomBytes(32))
        let stream = DataStream(
            id: id, tenant: tenant, name: name, type: type, token: try vault.seal(Array(token.utf8), context: context(id)), version: 1,
            createdAt: by.at, updatedAt: by.at)
        try connection.execute(
            """
            INSERT INTO streams (workspace, mode, id, name, type, token, token_digest, version, runs, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?)
            """, tenant.workspace, tenant.mode, id, name, type, stream.token, digest(of: token), by.at, by.at)
        connection.append(EventDraft("stream.created", subject: id.rawValue, data: ["after": stream.snapshot]), by: by)
        return stream
    }

    func rename(_ name: String, by: Attribution, _ connection: Connection) throws -> DataStream {
        try connection.execute(
            "UPDATE streams SET name = ?, version = version + 1, updated_at = ? WHERE workspace = ? AND mode = ? AND id = ?", name, by.at,
            tenant.workspace, tenant.mode, id)
        guard let updated = try Self.find(id, in: tenant, connection) else { throw Problem.notFound("stream") }
        connection.append(
            EventDraft("stream.updated", subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// Its points are not read from now on; the task that folds points removes them.
    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute("DELETE FROM streams WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id)
        try connection.execute(
            "UPDATE point_metrics SET is_gone = 1 WHERE workspace = ? AND mode = ? AND stream = ?", tenant.workspace, tenant.mode, id)
        connection.append(EventDraft("stream.deleted", subject: id.rawValue, data: ["before": snapshot]), by: by)
    }

    func view(_ vault: Vault) throws -> DataStreamView {
        DataStreamView(stream: self, token: String(decoding: try vault.open(token, context: Self.context(id)), as: UTF8.self))
    }

    /// Bound to the stream, so that a row cannot lend its token to another.
    private static func context(_ id: DataStreamID) -> String { "stream token \(id)" }

    private var snapshot: JSON { ["name": .string(name), "type": .string(type.rawValue)] }
}

extension DataStream {
    /// What a token is found by.
    static func digest(of token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }

    /// A stream whose row is locked until the end of the transaction.
    struct Locked: Sendable {
        let id: DataStreamID
        let tenant: Tenant
        let type: Kind
        /// The number of its last run of points.
        let runs: Int
    }

    /// Throws `not_found`.
    static func locked(withDigest digest: [UInt8], in tenant: Tenant, _ connection: Connection) throws -> Locked {
        let found = try connection.row(
            "SELECT id, type, runs FROM streams WHERE workspace = ? AND mode = ? AND token_digest = ?" + connection.dialect.forUpdate,
            tenant.workspace, tenant.mode, digest
        ) { row in Locked(id: DataStreamID(row.text(0)), tenant: tenant, type: try row.get(1), runs: row.integer(2)) }
        guard let found else { throw Problem.notFound("stream") }
        return found
    }

    static func id(withDigest digest: [UInt8], in tenant: Tenant, _ connection: Connection) throws -> DataStreamID? {
        try connection.row(
            "SELECT id FROM streams WHERE workspace = ? AND mode = ? AND token_digest = ?", tenant.workspace, tenant.mode, digest
        ) { DataStreamID($0.text(0)) }
    }
}
