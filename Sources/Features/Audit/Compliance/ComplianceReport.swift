// A report is a signed sentence about a part of the log: of these rows, made in this way, there are so many, and this is their SHA-256. Only
// the sentence (the manifest) is stored; the rows are made again from the log whenever somebody wants to read them, and come out the same,
// since a section sees nothing but the log. So a report over a million events takes no room, and who has its JSON can check it with nothing
// else at hand.

import Foundation
package import Kernel
import Storage
package import Web

package enum ComplianceReportKind: IDKind { package static let prefix = "rep" }
package typealias ComplianceReportID = ID<ComplianceReportKind>

package struct ComplianceReport: Sendable {
    package let id: ComplianceReportID
    let tenant: Tenant
    let format: ReportFormat
    let generatedAt: Timestamp
    /// What is signed.
    let manifest: JSON
    let signature: [UInt8]
    let publicKey: [UInt8]
    var attestations: [Attestation] = []

    package static let statementFormat = "cloudapi-compliance-1"
    static let notice = "The mapping of sections to criteria wants an auditor's check."

    struct Attestation: Sendable {
        let actor: Actor
        let decision: String
        let note: String
        let at: Timestamp
    }

    var period: ReportPeriod? {
        guard let from = manifest["from"]?.string.flatMap({ Timestamp($0) }), let to = manifest["to"]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        return ReportPeriod(
            from: from, to: to, projects: manifest["project_ids"]?.array.map { Set($0.compactMap(\.string).map { ProjectID($0) }) })
    }

    var chain: ReportChain? { ReportChain(manifest["chain"]) }

    /// The sections it was made from, in its order and as they were then. Throws `corrupt` for one that is not known.
    func sections(among known: [ReportSection]) throws -> [ReportSection] {
        try (manifest["sections"]?.array ?? []).map { said in
            let section = known.first { $0.name == said["name"]?.string }
            guard let found = (section.map { $0.earlier + [$0] } ?? []).first(where: { $0.isMeant(by: said) }) else {
                throw StorageError.corrupt("A report has a section that is not known.")
            }
            return found
        }
    }

    static func manifest(_ period: ReportPeriod, _ tenant: Tenant, _ chain: ReportChain, _ tallies: [ReportTally]) -> JSON {
        let projects = period.projects.map { JSON.array($0.sorted().map { JSON($0) }) } ?? .null
        return [
            "format": .string(statementFormat), "framework": "soc2", "workspace_id": JSON(tenant.workspace),
            "mode": .string(tenant.mode.rawValue), "from": JSON(period.from), "to": JSON(period.to), "project_ids": projects,
            "chain": chain.json, "sections": .array(tallies.map(\.json)), "notice": .string(notice),
        ]
    }
}

package enum ReportFormat: String, Sendable, CaseIterable, SQLConvertible {
    case json, csv, html

    var contentType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8"
        case .html: "text/html; charset=utf-8"
        }
    }
}

// MARK: Making

extension ComplianceReport {
    /// Reads the log once, through all sections, and signs what they come to.
    static func compute(
        _ period: ReportPeriod, _ sections: [ReportSection], _ call: Call
    ) async throws -> JSON {
        let tenant = call.caller.tenant
        let chain = try await call.scan { try ReportChain.find(period, in: tenant, $0) }
        // The first section is as long as the log and takes half of the time.
        let first = ReportDesk(sections.prefix(1), period)
        let others = ReportDesk(sections.dropFirst(), period)
        try await ReportPass(tenant: tenant, period: period, chain: chain).run(call) { events in
            async let taken: Void = first.take(events)
            await others.take(events)
            await taken
        }
        return manifest(period, tenant, chain, await first.end() + others.end())
    }

    static func make(
        _ manifest: JSON, _ format: ReportFormat, _ signer: AuditSigner, by: Attribution, _ connection: Connection
    ) throws -> ComplianceReport {
        let made = ComplianceReport(
            id: by.makeID(), tenant: by.tenant, format: format, generatedAt: by.at, manifest: manifest,
            signature: try signer.sign(manifest.canonicalBytes), publicKey: signer.publicKey)
        try connection.execute(
            """
            INSERT INTO compliance_reports (workspace, mode, id, format, generated_at, manifest, signature, public_key)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, by.tenant.workspace, by.tenant.mode, made.id, format, by.at, String(decoding: manifest.canonicalBytes, as: UTF8.self),
            made.signature, made.publicKey)
        connection.append(EventDraft("compliance.reported", subject: made.id.rawValue, data: made.eventData), by: by)
        return made
    }

    private var eventData: JSON {
        [
            "framework": "soc2", "from": manifest["from"] ?? .null, "to": manifest["to"] ?? .null,
            "manifest_sha256": .string(manifestHash),
        ]
    }

    var manifestHash: String { EventLog.hexadecimal(EventLog.digest(of: manifest.canonicalBytes)) }

    func attest(_ decision: String, _ note: String, by: Attribution, _ connection: Connection) throws -> ComplianceReport {
        let place = try connection.row(
            "SELECT COUNT(*) FROM compliance_attestations WHERE workspace = ? AND mode = ? AND report = ?", tenant.workspace, tenant.mode,
            id
        ) { $0.integer(0) }
        guard let place, place < 1000 else { throw Problem(.quotaExceeded, "A report can be attested a thousand times.") }
        try connection.execute(
            """
            INSERT INTO compliance_attestations (workspace, mode, report, place, actor_type, actor, credential, decision, note, at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, tenant.workspace, tenant.mode, id, place, by.actor.type, by.actor.id, by.actor.credential, decision, note, by.at)
        connection.append(
            EventDraft(
                "compliance.attested", subject: id.rawValue,
                data: ["decision": .string(decision), "manifest_sha256": .string(manifestHash)],
                // The caller's own words, so that they can be erased.
                personal: note.isEmpty ? [:] : ["note": note]), by: by)
        return try Self.find(id.rawValue, in: tenant, connection)
    }
}

extension ReportSection {
    /// Whether a manifest speaks of this version. The first reports named none: of theirs it is the first that had rows, or had none.
    fileprivate func isMeant(by said: JSON) -> Bool {
        if let version = said["version"]?.integer { return version == Int64(self.version) }
        return (collector == nil) == (said["status"]?.string == "no_data")
    }
}

// MARK: Rows

extension ComplianceReport {
    private static let selection =
        "SELECT workspace, mode, id, format, generated_at, manifest, signature, public_key FROM compliance_reports"

    private static func read(_ row: Row) throws -> ComplianceReport {
        try ComplianceReport(
            id: row.get(2), tenant: Tenant(workspace: row.get(0), mode: row.get(1)), format: row.get(3), generatedAt: row.get(4),
            manifest: JSONParser.parse(row.text(5).utf8), signature: row.get(6), publicKey: row.get(7))
    }

    /// Throws `not_found`.
    static func find(_ id: String, in tenant: Tenant, _ connection: Connection) throws -> ComplianceReport {
        let found = try connection.row(
            "\(selection) WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id, as: read)
        guard var found else { throw Problem.notFound("report") }
        found.attestations = try connection.rows(
            """
            SELECT actor_type, actor, credential, decision, note, at FROM compliance_attestations
            WHERE workspace = ? AND mode = ? AND report = ? ORDER BY place
            """, tenant.workspace, tenant.mode, id
        ) { row in
            try Attestation(
                actor: Actor(type: row.text(0), id: row.text(1), credential: row.get(2)), decision: row.text(3), note: row.text(4),
                at: row.time(5))
        }
        return found
    }

    static func list(_ request: PageRequest, in tenant: Tenant, _ connection: Connection) throws -> Page<ComplianceReport> {
        var query = ListQuery(
            selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        return try query.page(request, connection, place: { one, _ in .init(value: "", id: one.id.rawValue) }, as: read)
    }
}

// MARK: Answers

extension ComplianceReport: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("framework", "soc2")
            json.field("format", format.rawValue)
            json.field("from", manifest["from"]?.string)
            json.field("to", manifest["to"]?.string)
            json.field("project_ids", manifest["project_ids"] ?? .null)
            json.field("generated_at", generatedAt)
            json.field("content_url", "/v1/compliance/reports/\(id)/content?format=\(format.rawValue)")
            json.field("manifest", manifest)
            json.field("manifest_sha256", manifestHash)
            json.field("algorithm", "Ed25519")
            json.field("key_id", AuditSigner.keyID(of: publicKey))
            json.field("public_key", Data(publicKey).base64EncodedString())
            json.field("signature", Data(signature).base64EncodedString())
            json.array("attestations", attestations) { json, one in
                json.object { json in
                    json.field("actor_type", one.actor.type)
                    json.field("actor_id", one.actor.id)
                    json.field("credential_id", one.actor.credential)
                    json.field("decision", one.decision)
                    json.field("note", one.note)
                    json.field("at", one.at)
                }
            }
        }
    }

    static let decisions = ["approved", "rejected"]
    private static let texts = Schema.array(.string(1...1000), 0...100)
    private static let section = Schema.object([
        .required("name", .string(1...60)), .optional("version", .integer(1...1000, "Rises when a section has other rows or members.")),
        .required("title", .string(1...100)), .required("criteria", texts),
        .required("query", .string(1...1000, .text, "What of the log its rows are made from.")),
        .required("status", .choice(["complete", "no_data"], "`no_data`: nobody records it, so there are no rows.")),
        .required("rows", .integer(0...Int64.max)),
        .required("sha256", .string(64...64, .text, "Over the rows, each in RFC 8785 form with a line feed behind it.")),
        .required("gaps", texts),
    ])
    private static let manifestSchema = Schema.object(
        [
            .required("format", .choice([statementFormat])), .required("framework", .choice(["soc2"])),
            .required("workspace_id", .id("wsp")),
            .required("mode", .choice(of: Mode.self)), .required("from", .timestamp()), .required("to", .timestamp("Not included.")),
            .required("project_ids", Schema.array(.id("proj"), 0...100).nullable),
            .required(
                "chain",
                .object([
                    .required("first_seq", .integer(0...Int64.max, "The first event that was kept.")),
                    .required("from_seq", .integer(0...Int64.max, "The event before the period.")),
                    .required("from_hash", .string(0...64)), .required("to_seq", .integer(0...Int64.max, "The last event of the period.")),
                    .required("to_hash", .string(0...64)),
                ])),
            .required("sections", .array(section, 0...100)), .required("notice", .string(1...1000)),
        ], "What is signed: its RFC 8785 form.")

    package static let schema = Schema.named(
        "ComplianceReport",
        .object([
            .required("id", .id("rep")), .required("framework", .choice(["soc2"])), .required("format", .choice(of: ReportFormat.self)),
            .required("from", .timestamp()), .required("to", .timestamp()),
            .required("project_ids", Schema.array(.id("proj"), 0...100).nullable), .required("generated_at", .timestamp()),
            .required("content_url", .string(1...200)), .required("manifest", manifestSchema),
            .required("manifest_sha256", .string(64...64)),
            .required("algorithm", .choice(["Ed25519"])), .required("key_id", .string(16...16)),
            .required("public_key", .string(44...44, .text, "32 bytes in base64. Compare it with one you got at another time.")),
            .required("signature", .string(88...88, .text, "Over the RFC 8785 form of `manifest`; base64.")),
            .required(
                "attestations",
                .array(
                    .object([
                        .required("actor_type", .choice(["user", "key", "token", "system"])), .required("actor_id", .string(1...200)),
                        .required("credential_id", Schema.string(1...200).nullable), .required("decision", .choice(decisions)),
                        .required("note", .string(0...1000, .echo)), .required("at", .timestamp()),
                    ]), 0...1000)),
        ]))
}
