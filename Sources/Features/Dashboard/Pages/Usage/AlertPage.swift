import HTTPTypes
import Hummingbird
import Kernel
import Web

/// One alert: its state and what it read, its history, and what can be done about it.
struct AlertPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/usage/alerts/{id}") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/usage/alerts/{id}/{deed}") { request, scope in await pages.signedIn(request, scope, act) }
        router.get("/app/usage/alerts/{id}/{deed}") { _, scope in
            Response.seeOther("\(AlertsPage.path)/\(scope.parameters.get("id") ?? "")")
        }
    }

    private struct Content: Sendable {
        let row: AlertRow
        let form: AlertForm
        let about: String
        let values: [Fact]
        let isSilenced: Bool
        let reason: String?
        let canUndo: Bool
        let lastAction: String?
        let history: [Change]
        let mayWrite: Bool
        let error: String?
    }

    private struct Change: Sendable {
        let from: String
        let to: Badge
        let at: Moment?
    }

    private func show(_ visit: Visit, error: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let alert = try await visit.get("/v1/alerts/{id}", ["id": id])
        let changes = try await visit.list("/v1/alerts/{id}/history", ["id": id], perPage: 20).items
        let done = alert["last_action"] ?? .null
        let content = Content(
            row: AlertRow(alert, at: visit.at), form: AlertForm(alert),
            about: ["account_id", "project_id", "resource_id", "selector"].map { alert.text($0) }.filter { !$0.isEmpty }.joined(
                separator: " "),
            values: (alert["values"]?.members ?? []).compactMap { Fact($0.name, Words.decimal($0.value) ?? $0.value.text ?? "–") },
            isSilenced: alert.flag("silenced"), reason: alert["silence_reason"]?.string.flatMap { $0.isEmpty ? nil : $0 },
            canUndo: done != .null && done["undone_at"] == .null,
            lastAction: done == .null
                ? nil : "\(Words.sentence(done.text("action", "type"))), \(Moment(done.time("at"), at: visit.at)?.said ?? "")",
            history: changes.map {
                Change(from: Words.sentence($0.text("before")), to: Badge($0.text("after")), at: Moment($0.time("at"), at: visit.at))
            }, mayWrite: visit.caller.scopes.contains(.alertsWrite), error: error?.sentence)
        return visit.page("alert", content.row.name, section: .usage, status: error.map { .init(code: $0.code.status) } ?? .ok, content)
    }

    private func act(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        do {
            switch visit.parameter("deed") {
            case "change": try await visit.send(.patch, "/v1/alerts/{id}", ["id": id], body: AlertForm(visit.form).body())
            case "silence":
                try await visit.send(
                    .post, "/v1/alerts/{id}/silence", ["id": id],
                    body: ["until": Self.end(visit.form["hours"], at: visit.at), "reason": .string(visit.form.text("reason"))])
            case "undo": try await visit.send(.post, "/v1/alerts/{id}/undo", ["id": id])
            case "deletion": return try await delete(visit, id)
            default: throw Problem.notFound("page")
            }
        } catch let problem as Problem where [400, 402, 403, 409, 422, 423].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther("\(AlertsPage.path)/\(id)")
    }

    /// So many hours from now; null lifts the silence.
    private static func end(_ hours: String?, at now: Timestamp) -> JSON {
        guard let hours = hours.flatMap({ Int64($0) }), (1...720).contains(hours) else { return .null }
        return .string(now.adding(seconds: hours * 3600).description)
    }

    private func delete(_ visit: Visit, _ id: String) async throws -> Response {
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/alerts/{id}", ["id": id]).text("name")
            return AskPage(
                title: "Delete “\(name)”?", text: "Nobody is told by it any more.", verb: "Delete",
                action: "\(AlertsPage.path)/\(id)/deletion",
                back: "\(AlertsPage.path)/\(id)"
            ).response(visit, section: .usage)
        }
        try await visit.send(.delete, "/v1/alerts/{id}", ["id": id])
        return Response.seeOther(AlertsPage.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/usage/alerts">Alerts</a></p>
        <div class="page-head"><div><h1>{{page.row.name}}</h1><p class="mono">{{page.row.rule}}</p></div>
        {{#page.mayWrite}}<div class="head-actions">{{#page.isSilenced}}<form method="post" action="/app/usage/alerts/{{page.row.id}}/silence">{{> form-fields}}<button class="plain" data-action="unsilence">Lift the silence</button></form>{{/page.isSilenced}}
        {{#page.canUndo}}<form method="post" action="/app/usage/alerts/{{page.row.id}}/undo">{{> form-fields}}<button class="plain" data-action="undo">Undo what it did</button></form>{{/page.canUndo}}
        <form method="post" action="/app/usage/alerts/{{page.row.id}}/deletion">{{> form-fields}}<button class="plain danger" data-action="delete" data-confirm="Delete this alert?">Delete</button></form></div>{{/page.mayWrite}}</div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <section class="card" aria-label="State" id="alert" data-live="5000"><div class="badges" role="status">{{#page.row.state}}{{> badge}}{{/page.row.state}}{{#page.row.silence}}<span class="badge warn">Silenced {{.}}</span>{{/page.row.silence}}<span class="muted small">{{#page.row.since}}{{> moment}}{{/page.row.since}}</span></div>
        {{#page.reason}}<p class="hint">Silenced because: {{.}}</p>{{/page.reason}}{{#page.lastAction}}<p class="hint">What it did last: {{.}}</p>{{/page.lastAction}}
        <dl class="facts"><dt>About</dt><dd class="mono">{{page.about}}</dd><dt>Told by</dt><dd>{{page.row.channels}}</dd>{{#page.values}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/page.values}}</dl></section>
        {{#page.mayWrite}}<details class="card filters"><summary>Silence for a while</summary><form method="post" action="/app/usage/alerts/{{page.row.id}}/silence">{{> form-fields}}<div class="fields"><div class="field"><label for="hours">For</label><select id="hours" name="hours"><option value="1">1 hour</option><option value="8">8 hours</option><option value="24">1 day</option><option value="168">7 days</option></select></div><div class="field"><label for="reason">Because</label><input id="reason" name="reason" maxlength="500" autocomplete="off"></div></div><div class="actions"><button type="submit" data-action="silence">Silence</button></div></form></details>
        <details class="card filters"><summary>Change</summary><form method="post" action="/app/usage/alerts/{{page.row.id}}/change">{{> form-fields}}{{#page.form}}{{> alert-fields}}{{/page.form}}<div class="actions"><button type="submit" data-action="change">Save</button></div></form></details>{{/page.mayWrite}}
        <section class="card table-card" aria-labelledby="changes-title"><div class="card-head"><h2 id="changes-title">History</h2></div><table class="reflow"><thead><tr><th scope="col">State</th><th scope="col">Before</th><th scope="col">When</th></tr></thead><tbody>{{#page.history}}<tr><td>{{#to}}{{> badge}}{{/to}}</td><td data-label="Before">{{from}}</td><td data-label="When" class="when">{{#at}}{{> moment}}{{/at}}</td></tr>{{/page.history}}{{^page.history}}<tr><td colspan="3" class="muted">It has not fired yet.</td></tr>{{/page.history}}</tbody></table></section>
        </div>
        {{/main}}{{/frame}}
        """
}
