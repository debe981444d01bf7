import Crypto
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

    /// Verifies the whole chain; answers the number of rows. `trustedHead`, written down earlier by somebody who does not trust this
    /// database, must still be part of it. Throws the first `Finding`.
    package static func verify(_ tenant: Tenant, trustedHead: EventLog.Head? = nil, _ connection: Connection) throws -> Int {
        var verifier = ChainVerifier(tenant: tenant)
        var count = 0
        var sawTrusted = trustedHead == nil
        try connection.forEachRow(
            """
            SELECT sequence, id, type, subject, request, occurred_at, canonical, personal, hash, actor, project FROM events
            WHERE workspace = ? AND mode = ? ORDER BY sequence
            """, tenant.workspace, tenant.mode
        ) { row in
            let head = try verifier.check(row)
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

    private init(tenant: Tenant) { self.tenant = tenant }

    private mutating func check(_ row: Row) throws -> EventLog.Head {
        let sequence: Int64 = try row.get(0)
        let canonical: [UInt8] = try row.get(6)
        let hash: [UInt8] = try row.get(8)
        guard let json = try? JSONParser.parse(canonical) else { throw finding(sequence, "the row is not JSON") }
        try checkPlace(sequence, json)
        guard Array(SHA256.hash(data: canonical)) == hash else { throw finding(sequence, "the row does not have its hash") }
        try checkIndexes(row, json)
        try checkPersonal(row, json)
        if json["type"]?.string == EventLog.anchorType { heed(json["data"]) }
        let head = EventLog.Head(sequence: sequence, hash: hash)
        previous = head
        return head
    }

    private mutating func checkPlace(_ sequence: Int64, _ json: JSON) throws {
        let linked = json["prev_hash"]?.string
        if let previous {
            guard sequence == previous.sequence + 1 else { throw finding(previous.sequence + 1, "the row is missing") }
            guard linked == EventLog.hexadecimal(previous.hash) else {
                throw finding(sequence, "the row does not follow the one before it")
            }
        } else {
            guard let hash = linked.flatMap(EventLog.bytes(hexadecimal:)), hash.count == 32 else {
                throw finding(sequence, "the row does not say what it follows")
            }
            if sequence == 1, hash == EventLog.noHash { return }
            removed = EventLog.Head(sequence: sequence - 1, hash: hash)
            isVouchedFor = false
        }
    }

    /// An anchor states where the rows ended that were removed.
    private mutating func heed(_ anchor: JSON?) {
        guard let removed, anchor?["last_seq"]?.integer == removed.sequence else { return }
        if anchor?["last_hash"]?.string == EventLog.hexadecimal(removed.hash) { isVouchedFor = true }
    }

    /// The columns beside the canonical row must say what it says.
    private func checkIndexes(_ row: Row, _ json: JSON) throws {
        let sequence: Int64 = try row.get(0)
        let occurredAt: Timestamp = try row.get(5)
        let actor: String = try row.get(9)
        let request: String? = try row.get(4)
        guard json["seq"]?.integer == sequence, json["id"]?.string == (try row.get(1)), json["type"]?.string == (try row.get(2)),
            json["subject"]?.string == (try row.get(3)), json["request_id"]?.string == request,
            json["occurred_at"]?.string == occurredAt.description,
            json["actor"]?["id"]?.string == actor, json["workspace_id"]?.string == tenant.workspace.rawValue,
            json["mode"]?.string == tenant.mode.rawValue, try namesItsProject(row, json)
        else { throw finding(sequence, "a column says something else than the row") }
    }

    /// Rows older than the column have none.
    private func namesItsProject(_ row: Row, _ json: JSON) throws -> Bool {
        guard let project: ProjectID = try row.get(10) else { return true }
        return project == EventDraft.project(of: json["data"] ?? .null, subject: json["subject"]?.string ?? "")
    }

    /// An erased field is fine; one that is there must have its digest.
    private func checkPersonal(_ row: Row, _ json: JSON) throws {
        for (name, field) in try PersonalFields.read(row.get(7)) where json["personal"]?[name]?.string != PersonalFields.digest(field) {
            throw finding(try row.get(0), "the personal field \(name) does not have its digest")
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
