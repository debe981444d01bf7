import HTTPTypes
import Hummingbird
import Kernel
import Web

/// One webhook: its state, what was sent, and what can be done about it.
struct WebhookPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/webhooks/{id}") { request, scope in
            await pages.signedIn(request, scope) { visit in try await show(visit, id: visit.parameter()) }
        }
        router.post("/app/webhooks/{id}/{deed}") { request, scope in await pages.signedIn(request, scope, act) }
        router.get("/app/webhooks/{id}/{deed}") { _, scope in Response.seeOther("/app/webhooks/\(scope.parameters.get("id") ?? "")") }
    }

    private struct Content: Sendable {
        let id: String
        let url: String
        let description: String
        let events: [String]
        let state: Badge
        let isEnabled: Bool
        let trouble: String?
        let overlap: String?
        let secret: String?
        let notice: String?
        let error: String?
        let mayWrite: Bool
        let deliveries: [DeliveryRow]
        let isEmpty: Bool
        let states: [Choice]
        let pager: Pager?
    }

    /// `fresh` is the answer that holds the secret, once.
    func show(
        _ visit: Visit, id: String, fresh: (json: JSON, isReplay: Bool)? = nil, error: String? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let webhook = try await visit.get("/v1/webhooks/{id}", ["id": id])
        let number = visit.guest.page()
        let state = visit.query("state") ?? ""
        let known = ["queued", "held", "delivered", "failed"]
        let found = try await visit.list(
            "/v1/webhooks/{id}/deliveries", ["id": id], query: ["state": known.contains(state) ? state : nil, "sort": "-event_seq"],
            page: number, perPage: 20)
        let row = WebhookRow(webhook, at: visit.at)
        let content = Content(
            id: id, url: row.url, description: webhook.text("description"), events: row.events, state: row.state,
            isEnabled: webhook.flag("enabled"), trouble: Self.trouble(webhook, at: visit.at),
            overlap: webhook.time("secret_overlap_until").flatMap { $0 > visit.at ? Words.moment($0) : nil },
            secret: fresh.flatMap { $0.isReplay ? nil : $0.json["secret"]?.string }, notice: Self.notices[visit.query("done") ?? ""],
            error: error, mayWrite: visit.caller.scopes.contains(.webhooksWrite),
            deliveries: found.items.map { DeliveryRow($0, at: visit.at) }, isEmpty: found.items.isEmpty,
            states: Choice.list(known, any: "All deliveries", chosen: state),
            pager: Pager(number, hasMore: found.hasMore, path: "/app/webhooks/\(id)", keeping: [("state", state)]))
        return visit.page("webhook", row.url, section: .webhooks, status: status, content)
    }

    private static let notices = [
        "test": "A test is on its way. It appears below.", "replay": "The events are sent again. They appear below.",
        "enable": "The webhook is on. What was held is sent now.", "disable": "The webhook is off. Events are held until it is on again.",
    ]

    private static func trouble(_ webhook: JSON, at now: Timestamp) -> String? {
        if let since = webhook.time("failing_since") { return "Nothing has got through since \(Words.moment(since))." }
        if !webhook.flag("enabled"), webhook.text("disabled_reason") != "requested" {
            return "It was switched off, since nothing got through. Events are held; enable it to have them sent."
        }
        return nil
    }

    private func act(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        let deed = visit.parameter("deed")
        do {
            switch deed {
            case "test": try await visit.send(.post, "/v1/webhooks/{id}/test", ["id": id])
            case "replay": try await visit.send(.post, "/v1/webhooks/{id}/replay", ["id": id], body: Self.replay(visit.form))
            case "enable": try await visit.send(.patch, "/v1/webhooks/{id}", ["id": id], body: ["enabled": true])
            case "disable": try await visit.send(.patch, "/v1/webhooks/{id}", ["id": id], body: ["enabled": false])
            case "secret":
                let fresh = try await visit.send(.post, "/v1/webhooks/{id}/secret", ["id": id], body: ["overlap_seconds": 86_400])
                return try await show(visit, id: id, fresh: fresh, status: .created)
            case "deletion": return try await delete(visit, id)
            default: throw Problem.notFound("page")
            }
        } catch let problem as Problem where problem.code == .idempotencySealed {
            return try await show(visit, id: id, error: "This form was sent before. A secret is shown only the first time.")
        } catch let problem as Problem where [400, 403, 409, 422].contains(problem.code.status) {
            return try await show(visit, id: id, error: problem.sentence, status: .init(code: problem.code.status))
        }
        return Response.seeOther("/app/webhooks/\(id)?done=\(deed)")
    }

    /// One event, or what happened in the last so many hours, or all that failed.
    private static func replay(_ form: Form) -> JSON {
        if !form.text("event_id").isEmpty { return ["event_id": .string(form.text("event_id"))] }
        if !form.text("from").isEmpty {
            return ["from": .string(form.text("from").contains("T") ? form.text("from") : form.text("from") + "T00:00:00Z")]
        }
        return ["since": "last_failure"]
    }

    private func delete(_ visit: Visit, _ id: String) async throws -> Response {
        guard visit.isConfirmed else {
            let webhook = try await visit.get("/v1/webhooks/{id}", ["id": id])
            return AskPage(
                title: "Delete this webhook?",
                text: "Nothing is sent to \(webhook.text("url")) any more, and its deliveries are forgotten.",
                verb: "Delete", action: "/app/webhooks/\(id)/deletion", back: "/app/webhooks/\(id)"
            ).response(visit, section: .webhooks)
        }
        try await visit.send(.delete, "/v1/webhooks/{id}", ["id": id])
        return Response.seeOther(WebhooksPage.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/webhooks">Webhooks</a></p>
        <div class="page-head"><div><h1 class="long">{{page.url}}</h1><p>{{page.description}}</p></div>
        {{#page.mayWrite}}<div class="head-actions">
        <form method="post" action="/app/webhooks/{{page.id}}/test">{{> form-fields}}<button class="plain" data-action="test">Send a test</button></form>
        {{#page.isEnabled}}<form method="post" action="/app/webhooks/{{page.id}}/disable">{{> form-fields}}<button class="plain" data-action="disable">Disable</button></form>{{/page.isEnabled}}
        {{^page.isEnabled}}<form method="post" action="/app/webhooks/{{page.id}}/enable">{{> form-fields}}<button class="plain" data-action="enable">Enable</button></form>{{/page.isEnabled}}
        <form method="post" action="/app/webhooks/{{page.id}}/secret">{{> form-fields}}<button class="plain" data-action="secret">New secret</button></form>
        <form method="post" action="/app/webhooks/{{page.id}}/deletion">{{> form-fields}}<button class="plain danger" data-action="delete" data-confirm="Delete this webhook? Its deliveries are forgotten.">Delete</button></form></div>{{/page.mayWrite}}</div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.secret}}<section class="card fresh" aria-labelledby="fresh-title" data-address="/app/webhooks/{{page.id}}" data-focus tabindex="-1"><h2 id="fresh-title">Copy the secret now</h2><p>Deliveries are signed with it, as Standard Webhooks has it. It cannot be shown again.</p>
        <p class="label" id="secret-label">Secret</p><div class="copyable"><code id="secret" aria-labelledby="secret-label">{{.}}</code><button type="button" data-copy="secret" hidden>Copy</button></div></section>{{/page.secret}}
        <div class="stack">
        <section class="card" aria-label="State" id="webhook-state" data-live="3000"><div class="badges">{{#page.state}}{{> badge}}{{/page.state}}{{#page.events}}<span class="tag">{{.}}</span>{{/page.events}}</div>
        {{#page.trouble}}<p class="trouble">{{.}}</p>{{/page.trouble}}{{#page.overlap}}<p class="hint">Signed with the old secret too until {{.}}.</p>{{/page.overlap}}</section>
        {{#page.mayWrite}}<details class="card filters"><summary>Send again</summary><form method="post" action="/app/webhooks/{{page.id}}/replay">{{> form-fields}}<div class="fields">
        <div class="field"><label for="from">Everything since</label><input id="from" name="from" type="date"></div>
        <div class="field"><label for="event_id">Or one event</label><input id="event_id" name="event_id" maxlength="100" placeholder="evt_…" autocomplete="off" spellcheck="false"></div></div>
        <div class="actions"><button type="submit" data-action="replay">Send again</button><p class="hint">With both empty: all that failed. What the filter keeps out is not sent.</p></div></form></details>{{/page.mayWrite}}
        <section class="card table-card" aria-labelledby="deliveries-title"><div class="card-head"><h2 id="deliveries-title">Deliveries</h2><form method="get" action="/app/webhooks/{{page.id}}" class="inline"><label for="state" class="sr">State</label><select id="state" name="state">{{#page.states}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.states}}</select><button class="plain">Show</button></form></div>
        <div id="deliveries" data-live="3000">{{#page.isEmpty}}<div class="empty"><p>Nothing was sent yet.</p></div>{{/page.isEmpty}}
        {{^page.isEmpty}}<table class="reflow"><thead><tr><th scope="col">Event</th><th scope="col">State</th><th scope="col">Answer</th><th scope="col" class="number">Attempts</th><th scope="col">When</th></tr></thead><tbody>
        {{#page.deliveries}}<tr data-delivery-id="{{id}}"><td><a href="/app/deliveries/{{id}}">{{type}}</a><div class="mono">{{event}}</div></td><td data-label="State">{{#state}}{{> badge}}{{/state}}</td><td data-label="Answer">{{answer}}</td><td data-label="Attempts" class="number">{{attempts}}</td><td data-label="When" class="when">{{#at}}{{> moment}}{{/at}}</td></tr>
        {{/page.deliveries}}</tbody></table>{{#page}}{{> pager}}{{/page}}{{/page.isEmpty}}</div></section>
        </div>
        {{/main}}{{/frame}}
        """
}
