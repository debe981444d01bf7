import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Proof: the chain verified, checkpoints signed, reports made and taken away.
struct AuditPage: Sendable {
    static let path = "/app/audit"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/audit") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/audit/verification") { request, scope in await pages.signedIn(request, scope, verify) }
        router.post("/app/audit/checkpoints") { request, scope in await pages.signedIn(request, scope, sign) }
        router.post("/app/audit/reports") { request, scope in await pages.signedIn(request, scope, report) }
        for part in ["verification", "checkpoints", "reports"] {
            router.get("/app/audit/\(part)") { _, _ in Response.seeOther(Self.path) }
        }
        router.get("/app/audit/checkpoints/{id}") { request, scope in await pages.signedIn(request, scope, checkpoint) }
        router.get("/app/audit/reports/{id}") { request, scope in
            await pages.signedIn(request, scope) { visit in
                let format = visit.query("format").flatMap { ["json", "csv", "html"].contains($0) ? $0 : nil }
                return try await visit.download("/v1/compliance/reports/{id}/content", ["id": visit.parameter()], query: ["format": format])
            }
        }
        router.get("/app/audit/export") { request, scope in
            await pages.signedIn(request, scope) { visit in
                try await visit.download("/v1/audit/export", query: ["format": visit.query("format") == "csv" ? "csv" : nil])
            }
        }
    }

    private struct Content: Sendable {
        let verdict: String?
        let fault: String?
        let error: String?
        let checkpoints: [CheckpointRow]
        let reports: [ReportRow]
        let mayWrite: Bool
        let from: String
        let to: String
    }

    private struct CheckpointRow: Sendable {
        let id: String
        let sequence: String
        let hash: String
        let at: Moment?
    }

    private struct ReportRow: Sendable {
        let id: String
        let span: String
        let at: Moment?
        let sections: Int
    }

    private func show(_ visit: Visit, verdict: String? = nil, fault: String? = nil, error: Problem? = nil) async throws -> Response {
        try visit.caller.require(.auditRead)
        try visit.caller.requireWorkspace(.viewer)
        let checkpoints = try await visit.listIfAllowed("/v1/audit/checkpoints", query: ["sort": "-created_at"], perPage: 10)
        let reports = try await visit.listIfAllowed("/v1/compliance/reports", query: ["sort": "-created_at"], perPage: 10)
        let start = visit.at.startOfMonth
        let content = Content(
            verdict: verdict, fault: fault, error: error?.sentence,
            checkpoints: checkpoints.map {
                CheckpointRow(
                    id: $0.text("id"), sequence: $0.text("seq"), hash: String($0.text("hash").prefix(16)),
                    at: Moment($0.time("created_at"), at: visit.at))
            },
            reports: reports.map {
                ReportRow(
                    id: $0.text("id"), span: "\($0.text("from").prefix(10)) to \($0.text("to").prefix(10))",
                    at: Moment($0.time("generated_at"), at: visit.at), sections: $0.list("manifest", "sections").count)
            }, mayWrite: visit.caller.scopes.contains(.auditWrite) && visit.caller.reachesWorkspace,
            from: String(start.adding(seconds: -1).startOfMonth.description.prefix(10)), to: String(start.description.prefix(10)))
        return visit.page("audit", "Audit", section: .audit, status: error.map { .init(code: $0.code.status) } ?? .ok, content)
    }

    private func verify(_ visit: Visit) async throws -> Response {
        let found = try await visit.send(.post, "/v1/audit/verification").json
        guard let broken = found["first_break"], broken != .null else {
            return try await show(visit, verdict: "All \(Words.count(found.count("events"))) events are as they were written.")
        }
        return try await show(visit, fault: "Event number \(broken.text("seq")) does not fit: \(broken.text("reason")).")
    }

    private func sign(_ visit: Visit) async throws -> Response {
        do {
            try await visit.send(.post, "/v1/audit/checkpoints")
        } catch let problem as Problem where [403, 409].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther(Self.path)
    }

    /// As a file to keep elsewhere.
    private func checkpoint(_ visit: Visit) async throws -> Response {
        var response = try await visit.download("/v1/audit/checkpoints/{id}", ["id": visit.parameter()])
        response.headers[.contentDisposition] = "attachment; filename=\"checkpoint.json\""
        return response
    }

    private func report(_ visit: Visit) async throws -> Response {
        do {
            try await visit.send(
                .post, "/v1/compliance/reports",
                body: [
                    "from": .string(EventsPage.moment(visit.form.text("from"))), "to": .string(EventsPage.moment(visit.form.text("to"))),
                    "format": "html",
                ])
        } catch let problem as Problem where [400, 403, 404, 409, 422].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther(Self.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Audit</h1><p>Each event holds the hash of the one before, so that nothing can be changed unseen.</p></div><div class="head-actions"><a class="button plain" href="/app/audit/export">Export the log</a></div></div>
        {{#page.verdict}}<p class="notice good" role="status" id="verdict">{{.}}</p>{{/page.verdict}}
        {{#page.fault}}<p class="notice bad" role="alert" id="verdict">{{.}}</p>{{/page.fault}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <section class="card"><div class="card-head"><div><h2>Integrity</h2><p>Reads the whole chain and computes every hash again.</p></div><form method="post" action="/app/audit/verification">{{> form-fields}}<button class="plain" data-action="verify">Verify now</button></form></div></section>
        <section class="card table-card" aria-labelledby="checkpoints-title"><div class="card-head"><div><h2 id="checkpoints-title">Checkpoints</h2><p>Keep one outside of this server: it proves later that nothing before it was changed or cut off.</p></div>
        {{#page.mayWrite}}<form method="post" action="/app/audit/checkpoints">{{> form-fields}}<button class="plain" data-action="checkpoint">Sign the end of the log</button></form>{{/page.mayWrite}}</div>
        <table class="reflow"><thead><tr><th scope="col">Up to event</th><th scope="col">Hash</th><th scope="col">Signed</th><th scope="col"><span class="sr">File</span></th></tr></thead><tbody>
        {{#page.checkpoints}}<tr><td>{{sequence}}</td><td data-label="Hash" class="mono">{{hash}}…</td><td data-label="Signed" class="when">{{#at}}{{> moment}}{{/at}}</td><td class="row-actions"><a href="/app/audit/checkpoints/{{id}}" download aria-label="Download the checkpoint up to event {{sequence}}">Download</a></td></tr>{{/page.checkpoints}}
        {{^page.checkpoints}}<tr><td colspan="4" class="muted">None yet.</td></tr>{{/page.checkpoints}}</tbody></table></section>
        <section class="card table-card" aria-labelledby="reports-title"><div class="card-head"><div><h2 id="reports-title">Compliance reports</h2><p>Evidence for SOC 2 over a period, made from the log alone and signed.</p></div></div>
        {{#page.mayWrite}}<form method="post" action="/app/audit/reports" class="inset">{{> form-fields}}<div class="fields three"><div class="field"><label for="from">From</label><input id="from" name="from" type="date" value="{{page.from}}" required></div><div class="field"><label for="to">Until before</label><input id="to" name="to" type="date" value="{{page.to}}" required></div><div class="field end"><button type="submit" data-action="report">Make report</button></div></div></form>{{/page.mayWrite}}
        <table class="reflow"><thead><tr><th scope="col">Period</th><th scope="col" class="number">Sections</th><th scope="col">Made</th><th scope="col"><span class="sr">Files</span></th></tr></thead><tbody>
        {{#page.reports}}<tr><td>{{span}}</td><td data-label="Sections" class="number">{{sections}}</td><td data-label="Made" class="when">{{#at}}{{> moment}}{{/at}}</td><td class="row-actions"><a href="/app/audit/reports/{{id}}?format=html" download aria-label="Download the page of {{span}}">Page</a> <a href="/app/audit/reports/{{id}}?format=csv" download aria-label="Download the table of {{span}}">CSV</a> <a href="/app/audit/reports/{{id}}?format=json" download aria-label="Download the JSON of {{span}}">JSON</a></td></tr>{{/page.reports}}
        {{^page.reports}}<tr><td colspan="4" class="muted">None yet.</td></tr>{{/page.reports}}</tbody></table></section>
        </div>
        {{/main}}{{/frame}}
        """
}
