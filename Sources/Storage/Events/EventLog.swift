import Crypto
package import Kernel

/// The one log that audit, webhooks, the live stream, alerts and metering read: a hash chain per workspace and mode.
///
/// The stored row is the canonical JSON (RFC 8785) of the whole event, `seq` and `prev_hash` included; its SHA-256 is the row's hash
/// and the next row's `prev_hash`. The other columns are indexes over it. `seq` and hash are given last in the transaction, under the
/// lock of the chain's head, which is held until the commit: so numbers commit in order, and a reader that has seen `seq` n will never
/// see a smaller one appear. Taking numbers earlier (a sequence, a timestamp) would let a consumer run past a transaction still open.
///
/// Personal fields enter the row as salted SHA-256 digests; salt and value stand in a column of their own, so that they can be
/// erased and the chain still verifies.
package enum EventLog {
    package static let noHash = [UInt8](repeating: 0, count: 32)

    package struct Head: Sendable, Equatable {
        package let sequence: Int64
        package let hash: [UInt8]

        package init(sequence: Int64, hash: [UInt8]) {
            self.sequence = sequence
            self.hash = hash
        }
    }

    /// Gives the events appended in this transaction their places. Called by `Store.write` at its end.
    static func flush(_ connection: Connection) throws {
        let pending = connection.pendingEvents
        guard !pending.isEmpty else { return }
        connection.pendingEvents = []
        if pending.count == 1 { return try append(pending, to: pending[0].attribution.tenant, connection) }
        let tenants = Dictionary(grouping: pending, by: \.attribution.tenant)
        for tenant in tenants.keys.sorted(by: { ($0.workspace, $0.mode.rawValue) < ($1.workspace, $1.mode.rawValue) }) {
            try append(tenants[tenant] ?? [], to: tenant, connection)
        }
    }

    private static func append(_ events: [PendingEvent], to tenant: Tenant, _ connection: Connection) throws {
        var head = try lockedHead(of: tenant, connection)
        for event in events { head = try insert(event, after: head, connection) }
        try connection.execute(
            "UPDATE chains SET sequence = ?, hash = ? WHERE workspace = ? AND mode = ?", head.sequence, head.hash, tenant.workspace,
            tenant.mode)
    }

    /// The last row's number and hash; the lock is held until the transaction ends.
    private static func lockedHead(of tenant: Tenant, _ connection: Connection) throws -> Head {
        func locked() throws -> Head? {
            try connection.row(
                "SELECT sequence, hash FROM chains WHERE workspace = ? AND mode = ?" + connection.dialect.forUpdate, tenant.workspace,
                tenant.mode
            ) { try Head(sequence: $0.get(0), hash: $0.get(1)) }
        }
        if let head = try locked() { return head }
        try connection.execute(
            "INSERT INTO chains (workspace, mode, sequence, hash) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING", tenant.workspace,
            tenant.mode, noHash)
        guard let head = try locked() else { throw StorageError.failed("The chain's head could not be made.") }
        return head
    }

    private static func insert(_ event: PendingEvent, after head: Head, _ connection: Connection) throws -> Head {
        let by = event.attribution
        let id: EventID = by.makeID()
        let sealed = PersonalFields(event.personal, surroundings: by.surroundings)
        let canonical = canonicalRow(event, id: id, sequence: head.sequence + 1, previous: head.hash, digests: sealed.digests)
        let hash = Array(SHA256.hash(data: canonical))
        try connection.execute(
            """
            INSERT INTO events (workspace, mode, sequence, id, type, subject, actor, request, occurred_at, canonical, personal, hash)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, by.tenant.workspace, by.tenant.mode, head.sequence + 1, id, event.draft.type, event.draft.subject, by.actor.id, by.request,
            by.at,
            canonical, sealed.stored, hash)
        return Head(sequence: head.sequence + 1, hash: hash)
    }

    private static func canonicalRow(_ event: PendingEvent, id: EventID, sequence: Int64, previous: [UInt8], digests: JSON) -> [UInt8] {
        let by = event.attribution
        let row: JSON = [
            "actor": ["type": .string(by.actor.type), "id": .string(by.actor.id), "credential": JSON(by.actor.credential)],
            "data": event.draft.data, "id": JSON(id), "mode": .string(by.tenant.mode.rawValue), "occurred_at": JSON(by.at),
            "personal": digests,
            "prev_hash": .string(hexadecimal(previous)), "request_id": JSON(by.request), "seq": .integer(sequence),
            "subject": .string(event.draft.subject), "type": .string(event.draft.type), "workspace_id": JSON(by.tenant.workspace),
        ]
        return row.canonicalBytes
    }

    /// Lower-case hexadecimal, the way hashes are shown.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digits[Int(byte >> 4)]
                buffer[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return bytes.count * 2
        }
    }
}

// MARK: - Reading

extension EventLog {
    /// Committed rows after `sequence`, oldest first. A consumer that keeps the last number it handled misses none.
    package static func events(in tenant: Tenant, after sequence: Int64, limit: Int, _ connection: Connection) throws -> [Event] {
        try connection.rows(
            """
            SELECT sequence, type, canonical, personal, hash FROM events
            WHERE workspace = ? AND mode = ? AND sequence > ? ORDER BY sequence LIMIT ?
            """, tenant.workspace, tenant.mode, sequence, limit
        ) { row in
            try Event(
                sequence: row.get(0), type: row.get(1), canonical: row.get(2), personal: PersonalFields.read(row.get(3)).mapValues(\.value),
                hash: row.get(4))
        }
    }

    package static func head(of tenant: Tenant, _ connection: Connection) throws -> Head? {
        try connection.row("SELECT sequence, hash FROM chains WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode) {
            try Head(sequence: $0.get(0), hash: $0.get(1))
        }
    }

    /// Every chain there is, for verification by the operator.
    package static func tenants(_ connection: Connection) throws -> [Tenant] {
        try connection.rows("SELECT workspace, mode FROM chains ORDER BY workspace, mode") {
            try Tenant(workspace: $0.get(0), mode: $0.get(1))
        }
    }
}

// MARK: - Ending a chain

extension EventLog {
    /// Removes the rows of a chain and begins a new one with an anchor: a row that states where the old one ended. Numbers go on.
    ///
    /// The sandbox's reset and, later, retention end chains; nothing else may.
    package static func restart(reason: String, by attribution: Attribution, _ connection: Connection) throws {
        let tenant = attribution.tenant
        let head = try lockedHead(of: tenant, connection)
        try connection.execute("DELETE FROM events WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        connection.append(
            EventDraft(
                anchorType, subject: tenant.workspace.rawValue,
                data: ["reason": .string(reason), "last_seq": .integer(head.sequence), "last_hash": .string(hexadecimal(head.hash))]),
            by: attribution)
    }

    package static let anchorType = "chain.anchored"
}
