import Kernel
import Storage
import Web

/// Whether the log of a workspace and mode is as it was written.
struct AuditVerification: Sendable {
    /// The number of the first event that does not fit, or of the one that should be there, and why.
    struct Break: Sendable {
        let sequence: Int64
        let reason: String
    }

    /// How many events were found as they were written: up to the break, where there is one.
    let events: Int
    /// The first event that is kept; nil for an empty log.
    let from: Int64?
    /// The last event of the log, as its chain says; nil for an empty log.
    let to: EventLog.Head?
    let firstBreak: Break?
    let checkedAt: Timestamp

    /// Reads the whole log and computes every hash again.
    static func make(of tenant: Tenant, in store: Store, at now: Timestamp) async throws -> AuditVerification {
        let (from, head) = try await store.read { try (EventLog.oldest(in: tenant, $0), EventLog.head(of: tenant, $0)) }
        do {
            let chain = try await store.verifyChain(of: tenant)
            return AuditVerification(events: chain.rows, from: from, to: chain.head, firstBreak: nil, checkedAt: now)
        } catch let finding as ChainVerifier.Finding {
            return AuditVerification(
                events: Int(max(0, finding.sequence - (from ?? finding.sequence))), from: from, to: head,
                firstBreak: Break(sequence: finding.sequence, reason: finding.reason), checkedAt: now)
        }
    }

    func log(by: Attribution, _ connection: Connection) {
        connection.append(
            EventDraft(
                "audit.verified", subject: by.tenant.workspace.rawValue,
                data: [
                    "verified": .bool(firstBreak == nil), "events": .integer(Int64(events)), "to_seq": JSON(to?.sequence),
                    "first_break_seq": JSON(firstBreak?.sequence),
                ]), by: by)
    }
}

extension AuditVerification: JSONRepresentable, SchemaDescribed {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("verified", firstBreak == nil)
            json.field("events", events)
            json.field("from_seq", from)
            json.field("to_seq", to?.sequence)
            json.field("head_hash", to.map { EventLog.hexadecimal($0.hash) })
            json.field("first_break", firstBreak.map { ["seq": .integer($0.sequence), "reason": .string($0.reason)] as JSON })
            json.field("checked_at", checkedAt)
        }
    }

    private static let number = Schema.integer(0...Int64.max)

    static let schema = Schema.named(
        "AuditVerification",
        .object([
            .required("verified", .boolean("Every hash, and every column beside it, is as it was written.")),
            .required("events", number.described("How many were found so: up to the break, where there is one.")),
            .required("from_seq", number.nullable.described("The first event that is kept; null for an empty log.")),
            .required("to_seq", number.nullable.described("The last event; null for an empty log.")),
            .required("head_hash", Schema.string(64...64, .text, "That event's hash, and so that of all before it.").nullable),
            .required(
                "first_break",
                Schema.object([
                    .required("seq", number.described("The first event that does not fit, or the one that should be there.")),
                    .required("reason", .string(1...500, .text)),
                ]).nullable), .required("checked_at", .timestamp()),
        ]))
}
