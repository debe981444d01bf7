import Events
import Foundation
import HTTPTypes
import Kernel
import Storage
package import Web

/// `/v1/audit`: the log for those who must be able to prove something with it.
package struct AuditRoutes: Sendable {
    private let signer: AuditSigner
    private let reads = AuditReads()

    package init(signer: AuditSigner) { self.signer = signer }

    private static let format = Query.Parameter("format", .choice(of: AuditExport.Format.self, "`ndjson` when left out."))
    private static let daysSchema = Schema.integer(1...36_500, "Days; null keeps everything.").nullable
    private static let retentionSchema = Schema.object([.required("days", daysSchema)])
    private static let keysSchema = Schema.object([
        .required(
            "data",
            .array(
                .object([
                    .required("key_id", .string(16...16)), .required("algorithm", .choice(["Ed25519"])),
                    .required("public_key", .string(44...44, .text, "32 bytes in base64.")),
                ]))), .required("request_id", .id("req")),
    ])

    package var all: [Route] {
        [
            Route(
                .get, "/v1/audit", .scope(.auditRead), "Search the audit log",
                details:
                    "The event log, with the filters of `/v1/events`. That it was read is logged too, once for each credential and minute.",
                query: ListEnvelope.parameters(sort: ["seq"], filters: EventQuery.parameters), answers: [.list(of: EventView.schema)],
                problems: [.cursorExpired], handler: search),
            Route(
                .get, "/v1/audit/export", .scope(.auditRead), "Export the audit log",
                details: "All that match, oldest first, as one JSON object a line or as CSV; written while it is read, so of any size.",
                query: EventQuery.parameters + [Self.format],
                answers: [.file(AuditExport.Format.allCases.map(\.mediaType), "The rows.")], problems: [.cursorExpired], handler: export),
            Route(
                .post, "/v1/audit/verification", .scope(.auditRead), "Verify the log",
                details: """
                    Reads the whole log of this side and computes every hash again, as `cloudapi audit verify` does on the server itself. Who does not \
                    trust the server compares `head_hash`, or a checkpoint, with what was kept elsewhere.
                    """, answers: [.ok(AuditVerification.schema)], problems: [.forbidden], handler: verify),
            Route(
                .get, "/v1/audit/checkpoints", .scope(.auditRead), "List checkpoints",
                query: ListEnvelope.parameters(sort: ["created_at"]), answers: [.list(of: Checkpoint.schema)], problems: [.forbidden],
                handler: list),
            Route(
                .post, "/v1/audit/checkpoints", .scope(.auditWrite), "Sign the end of the log",
                details: """
                    Keep the answer outside of this server: `cloudapi audit verify --checkpoint file.json` then proves that nothing up to it was \
                    changed, removed or cut off.
                    """, answers: [.created(Checkpoint.schema)], problems: [.forbidden], handler: sign),
            Route(
                .get, "/v1/audit/checkpoints/{id}", .scope(.auditRead), "Read a checkpoint", answers: [.ok(Checkpoint.schema)],
                problems: [.forbidden], handler: get),
            Route(
                .get, "/v1/audit/keys", .scope(.auditRead), "Read the public key of checkpoints", answers: [.ok(Self.keysSchema)],
                handler: keys),
            Route(
                .get, "/v1/audit/retention", .scope(.auditRead), "Read how long the log is kept", answers: [.ok(Self.retentionSchema)],
                problems: [.forbidden], handler: retention),
            Route(
                .put, "/v1/audit/retention", .scope(.auditWrite), "Say how long the log is kept",
                details: """
                    Everything is kept until a number of days is set. Older events are then removed, hour by hour, and an anchor in the log states \
                    where they ended, so that the rest still verifies.
                    """, body: .required(Self.retentionSchema), answers: [.ok(Self.retentionSchema)], problems: [.forbidden],
                handler: setRetention),
        ]
    }

    private func search(_ call: Call) async throws -> Answer {
        let query = try EventQuery(call)
        let request = try call.pageRequest()
        try await reads.note(call, "GET /v1/audit")
        return call.answer(
            try await call.read { connection in
                try query.requireKept(connection)
                return try query.page(request, connection).map { try EventView($0, showsPersonal: query.showsPersonal) }
            })
    }

    private func export(_ call: Call) async throws -> Answer {
        let format = call.query["format"].flatMap(AuditExport.Format.init) ?? .ndjson
        let query = try EventQuery(call)
        try await reads.note(call, "GET /v1/audit/export")
        return try await AuditExport(query: query, format: format, call: call).answer()
    }

    private func verify(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let found = try await AuditVerification.make(of: call.caller.tenant, in: call.store, at: call.at)
        return try await call.commit { connection in
            found.log(by: call.attribution, connection)
            return .json(.ok, found)
        }
    }

    private func list(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let request = try call.pageRequest()
        return call.answer(try await call.read { try Checkpoint.list(request, in: call.caller.tenant, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        return .json(.ok, try await call.read { try Checkpoint.find(call.parameter("id"), in: call.caller.tenant, $0) })
    }

    private func sign(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { [signer] connection in
            let made = try Checkpoint.make(signer, by: call.attribution, connection)
            return .created(made, at: "/v1/audit/checkpoints/\(made.id)")
        }
    }

    private func keys(_ call: Call) async throws -> Answer {
        .json(
            .ok,
            JSON.object([
                .init(
                    "data",
                    [
                        [
                            "key_id": .string(AuditSigner.keyID(of: signer.publicKey)), "algorithm": "Ed25519",
                            "public_key": .string(Data(signer.publicKey).base64EncodedString()),
                        ]
                    ]), .init("request_id", JSON(call.requestID)),
            ]))
    }

    private func retention(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let days = try await call.read { try AuditRetention.days(call.caller.tenant, $0) }
        return .json(.ok, JSON.object([.init("days", JSON(days))]))
    }

    private func setRetention(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let days = call.body?["days"]?.integer.map { Int($0) }
        return try await call.commit { connection in
            try AuditRetention.set(days, by: call.attribution, connection)
            return .json(.ok, JSON.object([.init("days", JSON(days))]))
        }
    }
}
