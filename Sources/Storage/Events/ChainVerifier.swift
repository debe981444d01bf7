package import Kernel

/// Recomputes a chain from its rows and names the first that does not fit.
package struct ChainVerifier {
    package struct Finding: Error, Sendable, Equatable {
        package let tenant: Tenant
        /// The number of the bad row, or of the one that should be there.
        package let sequence: Int64
        package let reason: String
    }

    private let tenant: Tenant
    private var previous: EventLog.Head?
    /// What came before the first row, when that is not the first of all; an anchor has to vouch for it.
    private var removed: EventLog.Head?
    private var isVouchedFor = true

    /// Verifies the whole chain in one snapshot; answers the number of rows. `trustedHead`, written down earlier by somebody who does not
    /// trust this database, must still be part of it. Throws the first `Finding`.
    package static func verify(_ tenant: Tenant, trustedHead: EventLog.Head? = nil, _ connection: Connection) throws -> Int {
        var verifier = ChainVerifier(tenant: tenant)
        var count = 0
        var sawTrusted = trustedHead == nil
        try verifier.read(0..<Int64.max, connection) { head in
            if let trustedHead, head == trustedHead { sawTrusted = true }
            count += 1
        }
        try verifier.checkEnd(against: EventLog.head(of: tenant, connection))
        guard let trustedHead, !sawTrusted, trustedHead != verifier.removed else { return count }
        if let removed = verifier.removed, trustedHead.sequence < removed.sequence {
            throw verifier.finding(
                trustedHead.sequence,
                "the trusted head is older than the log: it begins after number \(removed.sequence), so nothing can be said about it")
        }
        throw verifier.finding(trustedHead.sequence, "the trusted head is not part of the chain")
    }

    /// Verifies the rows behind `rows.lowerBound` up to `rows.upperBound`, as what follows the hash that the row at the lower bound has.
    static func verify(_ rows: Range<Int64>, of tenant: Tenant, _ connection: Connection) throws -> EventLog.Head? {
        var verifier = ChainVerifier(tenant: tenant)
        if rows.lowerBound > 0 {
            guard let before = try EventLog.head(of: tenant, at: rows.lowerBound, connection) else {
                throw verifier.finding(rows.lowerBound, "the row is missing")
            }
            verifier.previous = before
        }
        try verifier.read(rows, connection) { _ in }
        return verifier.previous
    }

    private mutating func read(_ rows: Range<Int64>, _ connection: Connection, _ visit: (EventLog.Head) -> Void) throws {
        try connection.forEachRow(
            """
            SELECT sequence, id, type, subject, request, occurred_at, canonical, personal, hash, actor, project FROM events
            WHERE workspace = ? AND mode = ? AND sequence > ? AND sequence <= ? ORDER BY sequence
            """, tenant.workspace, tenant.mode, rows.lowerBound, rows.upperBound
        ) { row in visit(try check(row)) }
    }

    private init(tenant: Tenant) { self.tenant = tenant }

    private mutating func check(_ row: Row) throws -> EventLog.Head {
        let sequence: Int64 = try row.get(0)
        let canonical: [UInt8] = try row.get(6)
        let hash: [UInt8] = try row.get(8)
        guard let stored = StoredRow(canonical) else { throw finding(sequence, "the row is not JSON") }
        try checkPlace(sequence, stored)
        guard EventLog.digest(of: canonical) == hash else { throw finding(sequence, "the row does not have its hash") }
        try checkIndexes(row, stored)
        try checkPersonal(row, stored)
        if stored.holds(.type, EventLog.anchorType) { heed(stored[.data]) }
        let head = EventLog.Head(sequence: sequence, hash: hash)
        previous = head
        return head
    }

    private mutating func checkPlace(_ sequence: Int64, _ stored: StoredRow) throws {
        if let previous {
            guard sequence == previous.sequence + 1 else { throw finding(previous.sequence + 1, "the row is missing") }
            guard stored.holds(.previousHash, hexadecimal: previous.hash) else {
                throw finding(sequence, "the row does not follow the one before it")
            }
        } else {
            guard let hash = stored[.previousHash]?.string.flatMap(EventLog.bytes(hexadecimal:)), hash.count == 32 else {
                throw finding(sequence, "the row does not say what it follows")
            }
            if sequence == 1, hash == EventLog.noHash { return }
            removed = EventLog.Head(sequence: sequence - 1, hash: hash)
            isVouchedFor = false
        }
    }

    /// An anchor states where the rows ended that were removed.
    private mutating func heed(_ anchor: CompactJSON?) {
        guard let removed, anchor?["last_seq"]?.integer == removed.sequence else { return }
        if anchor?["last_hash"]?.string == EventLog.hexadecimal(removed.hash) { isVouchedFor = true }
    }

    /// The columns beside the canonical row must say what it says.
    private func checkIndexes(_ row: Row, _ stored: StoredRow) throws {
        let sequence: Int64 = try row.get(0)
        guard stored[.sequence]?.integer == sequence, row.says(1, stored, .id), row.says(2, stored, .type), row.says(3, stored, .subject),
            row.says(4, stored, .request) || (row.isNull(4) && stored[.request]?.isNull == true),
            stored.holds(.occurredAt, row.time(5)), row.says(9, { stored[.actor]?["id"]?.says($0) ?? false }),
            stored.holds(.workspace, tenant.workspace.rawValue), stored.holds(.mode, tenant.mode.rawValue), namesItsProject(row, stored)
        else { throw finding(sequence, "a column says something else than the row") }
    }

    /// Rows older than the column have none.
    private func namesItsProject(_ row: Row, _ stored: StoredRow) -> Bool {
        if row.isNull(10) { return true }
        let subject = stored[.subject]?.string ?? ""
        return stored[.data].flatMap { EventDraft.project(of: $0, subject: subject) }?.rawValue == row.text(10)
    }

    /// An erased field is fine; one that is there must have its digest.
    private func checkPersonal(_ row: Row, _ stored: StoredRow) throws {
        if row.isNull(7) { return }
        let digests = stored[.personal]
        for (name, field) in try PersonalFields.read(row.get(7)) {
            let isSame = EventLog.withHexadecimal(PersonalFields.digest(field)) { digests?[name]?.says($0) ?? false }
            guard isSame else { throw finding(try row.get(0), "the personal field \(name) does not have its digest") }
        }
    }

    private func checkEnd(against head: EventLog.Head?) throws {
        guard isVouchedFor else {
            throw finding(1, "the chain has no beginning: its first row is number \((removed?.sequence ?? 0) + 1) and no anchor says why")
        }
        guard head?.sequence ?? 0 == previous?.sequence ?? 0, head?.hash ?? EventLog.noHash == previous?.hash ?? EventLog.noHash else {
            throw finding((previous?.sequence ?? 0) + 1, "the chain ends before its recorded head, number \(head?.sequence ?? 0)")
        }
    }

    private func finding(_ sequence: Int64, _ reason: String) -> Finding { Finding(tenant: tenant, sequence: sequence, reason: reason) }
}

extension Row {
    /// Whether a text column says the same as a member; false for null.
    fileprivate func says(_ column: Int, _ stored: StoredRow, _ name: StoredRow.Name) -> Bool {
        says(column) { stored.holds(name, $0) }
    }

    fileprivate func says(_ column: Int, _ isSame: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        guard !isNull(column) else { return false }
        var answer = false
        cursor.withText(column) { answer = isSame($0) }
        return answer
    }
}
