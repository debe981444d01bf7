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

    /// Gives the events appended in this transaction their places; answers whose they are. Called by `Store.write` at its end.
    static func flush(_ connection: Connection) throws -> [Tenant] {
        let pending = connection.pendingEvents
        guard let first = pending.first else { return [] }
        connection.pendingEvents = []
        if pending.count == 1 {
            try append(pending, to: first.attribution.tenant, connection)
            return [first.attribution.tenant]
        }
        let events = Dictionary(grouping: pending, by: \.attribution.tenant)
        let tenants = events.keys.sorted { ($0.workspace, $0.mode.rawValue) < ($1.workspace, $1.mode.rawValue) }
        for tenant in tenants { try append(events[tenant] ?? [], to: tenant, connection) }
        return tenants
    }

    private static func append(_ events: [PendingEvent], to tenant: Tenant, _ connection: Connection) throws {
        var head = try lockedHead(of: tenant, connection)
        for event in events { head = try insert(event, after: head, connection) }
        try connection.execute(
            "UPDATE chains SET sequence = ?, hash = ? WHERE workspace = ? AND mode = ?", head.sequence, head.hash, tenant.workspace,
            tenant.mode)
        connection.remember(Optional(head), as: question(tenant), of: "chains")
    }

    private static func question(_ tenant: Tenant) -> [String] { [tenant.workspace.rawValue, tenant.mode.rawValue] }

    /// Nil for a chain without a row. `locking` keeps it as it is until the transaction ends.
    private static func storedHead(of tenant: Tenant, locking: Bool, _ connection: Connection) throws -> Head? {
        try connection.remembered(question(tenant), of: "chains") {
            let lock = locking ? connection.dialect.forUpdate : ""
            return try connection.row(
                "SELECT sequence, hash FROM chains WHERE workspace = ? AND mode = ?" + lock, tenant.workspace, tenant.mode
            ) { try Head(sequence: $0.get(0), hash: $0.get(1)) }
        }
    }

    /// The last row's number and hash; the lock is held until the transaction ends.
    static func lockedHead(of tenant: Tenant, _ connection: Connection) throws -> Head {
        if let head = try storedHead(of: tenant, locking: true, connection) { return head }
        try connection.execute(
            "INSERT INTO chains (workspace, mode, sequence, hash) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING", tenant.workspace,
            tenant.mode, noHash)
        guard let head = try storedHead(of: tenant, locking: true, connection) else {
            throw StorageError.failed("The chain's head could not be made.")
        }
        return head
    }

    /// The number of the last event that what is read on this connection can reflect: everything later is still to come.
    package static func position(of tenant: Tenant, _ connection: Connection) throws -> Int64 {
        let committed = try storedHead(of: tenant, locking: false, connection)
        return (committed?.sequence ?? 0) + Int64(connection.pendingEvents.count { $0.attribution.tenant == tenant })
    }

    private static func insert(_ event: PendingEvent, after head: Head, _ connection: Connection) throws -> Head {
        let by = event.attribution
        let id: EventID = by.makeID()
        let sealed = PersonalFields(event.personal, surroundings: by.surroundings)
        let canonical = canonicalRow(event, id: id, sequence: head.sequence + 1, previous: head.hash, digests: sealed.digests)
        let hash = digest(of: canonical)
        try connection.execute(
            """
            INSERT INTO events (workspace, mode, sequence, id, type, subject, actor, request, occurred_at, canonical, personal, hash,
                project)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, by.tenant.workspace, by.tenant.mode, head.sequence + 1, id, event.draft.type, event.draft.subject, by.actor.id, by.request,
            by.at,
            canonical, sealed.stored, hash, event.draft.project)
        for cause in event.draft.causes {
            try connection.execute(
                "INSERT INTO event_causes (workspace, mode, cause, sequence) VALUES (?, ?, ?, ?)", by.tenant.workspace, by.tenant.mode,
                cause, head.sequence + 1)
        }
        return Head(sequence: head.sequence + 1, hash: hash)
    }

    private static func canonicalRow(_ event: PendingEvent, id: EventID, sequence: Int64, previous: [UInt8], digests: JSON) -> [UInt8] {
        let by = event.attribution
        var members: [JSON.Member] = []
        if let trace = by.trace { members.append(.init("trace_id", .string(trace.traceID))) }
        let row: JSON = [
            "actor": ["type": .string(by.actor.type), "id": .string(by.actor.id), "credential": JSON(by.actor.credential)],
            "data": event.draft.data, "id": JSON(id), "mode": .string(by.tenant.mode.rawValue), "occurred_at": JSON(by.at),
            "personal": digests,
            "prev_hash": .string(hexadecimal(previous)), "request_id": JSON(by.request), "seq": .integer(sequence),
            "subject": .string(event.draft.subject), "type": .string(event.draft.type), "workspace_id": JSON(by.tenant.workspace),
        ]
        return JSON.object((row.members ?? []) + members).canonicalBytes
    }

    /// SHA-256. The bytes of a digest are copied as they lie: going over it as a sequence takes as long as the hash of a short row.
    package static func digest(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digest = bytes.withUnsafeBytes { SHA256.hash(data: $0) }
        return digest.withUnsafeBytes { bytes in
            Array(unsafeUninitializedCapacity: bytes.count) { buffer, count in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
                count = bytes.count
            }
        }
    }

    package static func digest(of bytes: [UInt8]) -> [UInt8] { digest(of: bytes[...]) }

    /// Lower-case hexadecimal, the way hashes are shown.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
            writeHexadecimal(bytes, to: buffer)
            return bytes.count * 2
        }
    }

    /// The same without a string.
    static func withHexadecimal<Result>(_ bytes: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count * 2) { buffer in
            writeHexadecimal(bytes, to: buffer)
            return body(UnsafeBufferPointer(buffer))
        }
    }

    private static func writeHexadecimal(_ bytes: [UInt8], to buffer: UnsafeMutableBufferPointer<UInt8>) {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
        for index in bytes.indices {
            buffer[index * 2] = digit(bytes[index] >> 4)
            buffer[index * 2 + 1] = digit(bytes[index] & 15)
        }
    }
}
