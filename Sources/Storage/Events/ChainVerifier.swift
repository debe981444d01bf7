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

    /// Verifies the whole chain; answers the number of rows. `trustedHead`, written down earlier by somebody who does not trust this
    /// database, must still be part of it. Throws the first `Finding`.
    package static func verify(_ tenant: Tenant, trustedHead: EventLog.Head? = nil, _ connection: Connection) throws -> Int {
        var verifier = ChainVerifier(tenant: tenant)
        var count = 0
        var sawTrusted = trustedHead == nil
        try connection.forEachRow(
            """
            SELECT sequence, id, type, subject, request, occurred_at, canonical, personal, hash, actor FROM events
            WHERE workspace = ? AND mode = ? ORDER BY sequence
            """, tenant.workspace, tenant.mode
        ) { row in
            let head = try verifier.check(row)
            if let trustedHead, head == trustedHead { sawTrusted = true }
            count += 1
        }
        try verifier.checkEnd(against: EventLog.head(of: tenant, connection))
        guard sawTrusted else { throw verifier.finding(trustedHead?.sequence ?? 0, "the trusted head is not part of the chain") }
        return count
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
        let head = EventLog.Head(sequence: sequence, hash: hash)
        previous = head
        return head
    }

    private func checkPlace(_ sequence: Int64, _ json: JSON) throws {
        let linked = json["prev_hash"]?.string
        if let previous {
            guard sequence == previous.sequence + 1 else { throw finding(previous.sequence + 1, "the row is missing") }
            guard linked == EventLog.hexadecimal(previous.hash) else {
                throw finding(sequence, "the row does not follow the one before it")
            }
        } else if json["type"]?.string == EventLog.anchorType {
            guard json["data"]?["last_hash"]?.string == linked, json["data"]?["last_seq"]?.integer == sequence - 1 else {
                throw finding(sequence, "the anchor does not state where the chain before it ended")
            }
        } else {
            guard sequence == 1, linked == EventLog.hexadecimal(EventLog.noHash) else {
                throw finding(1, "the chain has no beginning: its first row is number \(sequence) and no anchor")
            }
        }
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
            json["mode"]?.string == tenant.mode.rawValue
        else { throw finding(sequence, "a column says something else than the row") }
    }

    /// An erased field is fine; one that is there must have its digest.
    private func checkPersonal(_ row: Row, _ json: JSON) throws {
        for (name, field) in try PersonalFields.read(row.get(7)) where json["personal"]?[name]?.string != PersonalFields.digest(field) {
            throw finding(try row.get(0), "the personal field \(name) does not have its digest")
        }
    }

    private func checkEnd(against head: EventLog.Head?) throws {
        guard head?.sequence ?? 0 == previous?.sequence ?? 0, head?.hash ?? EventLog.noHash == previous?.hash ?? EventLog.noHash else {
            throw finding((previous?.sequence ?? 0) + 1, "the chain ends before its recorded head, number \(head?.sequence ?? 0)")
        }
    }

    private func finding(_ sequence: Int64, _ reason: String) -> Finding { Finding(tenant: tenant, sequence: sequence, reason: reason) }
}
