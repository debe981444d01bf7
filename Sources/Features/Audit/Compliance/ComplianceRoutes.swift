import Events
import HTTPTypes
import Identity
import Kernel
import Storage
package import Web

/// `/v1/compliance/reports`: evidence over a period, made from the log and signed.
package struct ComplianceRoutes: Sendable {
    private let signer: AuditSigner
    private let sections: [ReportSection]
    private let reads = AuditReads()

    package init(signer: AuditSigner, sections: [ReportSection]) {
        self.signer = signer
        self.sections = sections
    }

    private static let body = Schema.object([
        .optional("framework", .choice(["soc2"], "`soc2` when left out.")),
        .required("from", .timestamp("The first moment of the period.")),
        .required("to", .timestamp("The first moment after it; not in the future.")),
        .optional(
            "project_ids", Schema.array(.id("proj"), 1...100, "Only what belongs to these; the whole workspace when left out.").nullable),
        .optional("format", .choice(of: ReportFormat.self, "What `content_url` names; `json` when left out.")),
    ])
    private static let attestation = Schema.object([
        .required("decision", .choice(ComplianceReport.decisions)), .optional("note", .string(0...1000)),
    ])

    package var all: [Route] {
        [
            Route(
                .get, "/v1/compliance/reports", .scope(.auditRead), "List compliance reports",
                query: ListEnvelope.parameters(sort: ["created_at"]), answers: [.list(of: ComplianceReport.schema)], problems: [.forbidden],
                handler: list),
            Route(
                .post, "/v1/compliance/reports", .scope(.auditWrite), "Make a compliance report",
                details: """
                    Evidence for SOC 2 over a period, made from the event log alone: each section names its criteria, the query, the number of \
                    its rows and their SHA-256; what cannot be told stands in `gaps`. The manifest is signed and holds the chain's hash at both \
                    ends of the period. The same period of the same log gives the same bytes but for `generated_at`. \
                    `cloudapi audit verify --report file.json` checks the content offline. \(ComplianceReport.notice)
                    """, body: .required(Self.body), answers: [.created(ComplianceReport.schema)], problems: [.forbidden, .notFound],
                handler: make),
            Route(
                .get, "/v1/compliance/reports/{id}", .scope(.auditRead), "Read a compliance report",
                answers: [.ok(ComplianceReport.schema)],
                problems: [.forbidden], handler: get),
            Route(
                .get, "/v1/compliance/reports/{id}/content", .scope(.auditRead), "Read the rows of a compliance report",
                details: """
                    Made anew from the log and written while that happens, so of any size: as JSON with everything that a check needs, as CSV \
                    (one table behind the other, or with `section` just that one), or as a page to print. Gone when retention has removed rows \
                    that it was made from.
                    """,
                query: [
                    .init("format", .choice(of: ReportFormat.self, "That of the report when left out.")),
                    .init("section", .choice(sections.map(\.name), "Only this one; not as JSON, which is checked as a whole.")),
                ], answers: [.file(["application/json", "text/csv", "text/html"], "The report.")], problems: [.forbidden, .cursorExpired],
                handler: content),
            Route(
                .post, "/v1/compliance/reports/{id}/attest", .scope(.auditWrite), "Sign a compliance report off",
                details: "Says that somebody has reviewed it. The log says so too.", body: .required(Self.attestation),
                answers: [.created(ComplianceReport.schema)], problems: [.forbidden], handler: attest),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let request = try call.pageRequest()
        return call.answer(try await call.read { try ComplianceReport.list(request, in: call.caller.tenant, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        return .json(.ok, try await call.read { try ComplianceReport.find(call.parameter("id"), in: call.caller.tenant, $0) })
    }

    private func make(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let period = try Self.period(call)
        let format = call.body?["format"]?.string.flatMap(ReportFormat.init) ?? .json
        try await call.read { connection in
            for project in (period.projects ?? []).sorted() { _ = try Project.find(project, for: call.caller, connection) }
        }
        let manifest = try await ComplianceReport.compute(period, sections, call)
        return try await call.commit { [signer] connection in
            let made = try ComplianceReport.make(manifest, format, signer, by: call.attribution, connection)
            return .created(made, at: "/v1/compliance/reports/\(made.id)")
        }
    }

    private static func period(_ call: Call) throws -> ReportPeriod {
        // The schema has seen to both.
        guard let from = call.body?["from"]?.string.flatMap({ Timestamp($0) }), let to = call.body?["to"]?.string.flatMap({ Timestamp($0) })
        else { throw Problem.invalid("from", "from and to are needed.") }
        guard from < to else { throw Problem.invalid("from", "from must lie before to.", code: "combination") }
        guard to <= call.at else {
            throw Problem.invalid("to", "to lies in the future; what has not happened cannot be told.", code: "future")
        }
        let projects = call.body?["project_ids"]?.array.map { Set($0.compactMap(\.string).map { ProjectID($0) }) }
        return ReportPeriod(from: from, to: to, projects: projects)
    }

    private func content(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let (report, period, chain) = try await call.read { connection in
            let report = try ComplianceReport.find(call.parameter("id"), in: call.caller.tenant, connection)
            guard let period = report.period, let chain = report.chain else { throw StorageError.corrupt("A report has no period.") }
            try chain.requireKept(in: call.caller.tenant, connection)
            return (report, period, chain)
        }
        let format = call.query["format"].flatMap(ReportFormat.init) ?? report.format
        let only = call.query["section"]
        if only != nil, format == .json {
            throw Problem.invalid(parameter: "section", "As JSON a report is whole, so that it can be checked. Ask for csv or html.")
        }
        try await reads.note(call, "GET /v1/compliance/reports/{id}/content")
        let content = ReportContent(report: report, sections: try report.sections(among: sections), only: only, format: format)
        let name = "attachment; filename=\"soc2-\(report.id)\(only.map { "-" + $0 } ?? "").\(format.rawValue)\""
        var headers: HTTPFields = [:]
        if format == .html {
            headers[.contentSecurityPolicy] = "default-src 'none'; style-src 'unsafe-inline'"
        } else {
            headers[.contentDisposition] = name
        }
        return .stream(contentType: format.contentType, headers: headers) { writer in
            try await content.write(period, chain, call, to: writer)
        }
    }

    private func attest(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let decision = call.body?["decision"]?.string ?? ""
        let note = call.body?["note"]?.string ?? ""
        return try await call.commit { connection in
            let report = try ComplianceReport.find(call.parameter("id"), in: call.caller.tenant, connection)
            return .created(
                try report.attest(decision, note, by: call.attribution, connection), at: "/v1/compliance/reports/\(report.id)")
        }
    }
}
