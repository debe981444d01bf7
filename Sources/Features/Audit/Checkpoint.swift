// A checkpoint is a signed sentence: at this moment the chain of this workspace and mode ended with that number and that hash. Kept by somebody else
// (an auditor, another system), it convicts whoever rewrites or cuts the chain later, the operator included. The signature covers
// the canonical bytes (RFC 8785) of the statement's members, which stand in the answer, so the answer itself is the file to keep.

import Foundation
package import Kernel
package import Storage
package import Web

package enum CheckpointKind: IDKind { package static let prefix = "chk" }
package typealias CheckpointID = ID<CheckpointKind>

package struct Checkpoint: Sendable {
    package let id: CheckpointID
    package let tenant: Tenant
    package let head: EventLog.Head
    package let createdAt: Timestamp
    package let signature: [UInt8]
    package let publicKey: [UInt8]

    private static let format = "cloudapi-checkpoint-1"

    private static func statement(_ id: CheckpointID, _ tenant: Tenant, _ head: EventLog.Head, _ at: Timestamp) -> JSON {
        [
            "format": .string(format), "id": JSON(id), "workspace_id": JSON(tenant.workspace), "mode": .string(tenant.mode.rawValue),
            "seq": .integer(head.sequence), "hash": .string(EventLog.hexadecimal(head.hash)), "created_at": JSON(at),
        ]
    }

    /// Whether the statement was signed with its own public key; whose that is, the caller must know.
    package var isSigned: Bool {
        AuditSigner.verify(signature, of: Self.statement(id, tenant, head, createdAt).canonicalBytes, by: publicKey)
    }

    /// Reads a kept answer back. Nil for anything else.
    package init?(_ json: JSON) {
        guard json["format"]?.string == Self.format, let id = json["id"]?.string, let workspace = json["workspace_id"]?.string,
            let mode = json["mode"]?.string.flatMap(Mode.init), let sequence = json["seq"]?.integer,
            let hash = json["hash"]?.string.flatMap(EventLog.bytes(hexadecimal:)),
            let at = json["created_at"]?.string.flatMap({ Timestamp($0) }),
            let signature = json["signature"]?.string.flatMap({ Data(base64Encoded: $0) }),
            let publicKey = json["public_key"]?.string.flatMap({ Data(base64Encoded: $0) })
        else { return nil }
        self.init(
            id: CheckpointID(id), tenant: Tenant(workspace: WorkspaceID(workspace), mode: mode),
            head: EventLog.Head(sequence: sequence, hash: hash), createdAt: at, signature: Array(signature), publicKey: Array(publicKey))
    }

    private init(
        id: CheckpointID, tenant: Tenant, head: EventLog.Head, createdAt: Timestamp, signature: [UInt8], publicKey: [UInt8]
    ) {
        self.id = id
        self.tenant = tenant
        self.head = head
        self.createdAt = createdAt
        self.signature = signature
        self.publicKey = publicKey
    }
}

// MARK: - Rows

extension Checkpoint {
    /// Signs the head as it is before this transaction.
    static func make(_ signer: AuditSigner, by: Attribution, _ connection: Connection) throws -> Checkpoint {
        let head = try EventLog.head(of: by.tenant, connection) ?? EventLog.Head(sequence: 0, hash: EventLog.noHash)
        let id: CheckpointID = by.makeID()
        let signature = try signer.sign(statement(id, by.tenant, head, by.at).canonicalBytes)
        let made = Checkpoint(
            id: id, tenant: by.tenant, head: head, createdAt: by.at, signature: signature, publicKey: signer.publicKey)
        try connection.execute(
            """
            INSERT INTO audit_checkpoints (workspace, mode, id, sequence, hash, created_at, signature, public_key)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, by.tenant.workspace, by.tenant.mode, id, head.sequence, head.hash, by.at, signature, signer.publicKey)
        connection.append(
            EventDraft(
                "audit.checkpointed", subject: id.rawValue,
                data: ["seq": .integer(head.sequence), "hash": .string(EventLog.hexadecimal(head.hash))]), by: by)
        return made
    }

    private static let columns = "workspace, mode, id, sequence, hash, created_at, signature, public_key"

    private static func read(_ row: Row) throws -> Checkpoint {
        try Checkpoint(
            id: row.get(2), tenant: Tenant(workspace: row.get(0), mode: row.get(1)),
            head: EventLog.Head(sequence: row.get(3), hash: row.get(4)),
            createdAt: row.get(5), signature: row.get(6), publicKey: row.get(7))
    }

    /// Throws `not_found`.
    static func find(_ id: String, in tenant: Tenant, _ connection: Connection) throws -> Checkpoint {
        let found = try connection.row(
            "SELECT \(columns) FROM audit_checkpoints WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id,
            as: read)
        guard let found else { throw Problem.notFound("checkpoint") }
        return found
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<Checkpoint> {
        var query = ListQuery(
            "SELECT \(columns) FROM audit_checkpoints", sortable: ["created_at": .id],
            defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        return try query.page(request, connection, place: { one, _ in .init(value: "", id: one.id.rawValue) }, as: read)
    }
}

extension Checkpoint: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("format", Self.format)
            json.field("id", id)
            json.field("workspace_id", tenant.workspace)
            json.field("mode", tenant.mode.rawValue)
            json.field("seq", head.sequence)
            json.field("hash", EventLog.hexadecimal(head.hash))
            json.field("created_at", createdAt)
            json.field("algorithm", "Ed25519")
            json.field("key_id", AuditSigner.keyID(of: publicKey))
            json.field("public_key", Data(publicKey).base64EncodedString())
            json.field("signature", Data(signature).base64EncodedString())
        }
    }

    package static let schema = Schema.named(
        "Checkpoint",
        .object([
            .required("format", .choice([format])), .required("id", .id("chk")), .required("workspace_id", .id("wsp")),
            .required("mode", .choice(of: Mode.self)), .required("seq", .integer(0...Int64.max, "The last event it covers.")),
            .required("hash", .string(64...64, .text, "That event's hash, and so that of all before it.")),
            .required("created_at", .timestamp()), .required("algorithm", .choice(["Ed25519"])), .required("key_id", .string(16...16)),
            .required("public_key", .string(44...44, .text, "32 bytes in base64. Compare it with one you got at another time.")),
            .required(
                "signature",
                .string(88...88, .text, "Over the RFC 8785 form of format, id, workspace_id, mode, seq, hash and created_at; base64.")),
        ]))
}
