import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Where events are sent, and how it goes.
struct WebhooksPage: Sendable {
    static let path = "/app/webhooks"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/webhooks") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/webhooks") { request, scope in await pages.signedIn(request, scope, create) }
    }

    private struct Content: Sendable {
        let rows: [WebhookRow]
        let isEmpty: Bool
        let mayWrite: Bool
        let form: NewWebhook
        let pager: Pager?
    }

    private struct NewWebhook: Sendable {
        var url = ""
        var events = "*"
        var description = ""
        var error: String?
        var isOpen = false
    }

    private func show(_ visit: Visit, _ form: NewWebhook = .init(), status: HTTPResponse.Status = .ok) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/webhooks", page: number)
        let content = Content(
            rows: found.items.map { WebhookRow($0, at: visit.at) }, isEmpty: found.items.isEmpty,
            mayWrite: visit.caller.scopes.contains(.webhooksWrite), form: form,
            pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: []))
        return visit.page("webhooks", "Webhooks", section: .webhooks, status: status, content)
    }

    /// The answer is the new webhook's page, with its secret.
    private func create(_ visit: Visit) async throws -> Response {
        let form = NewWebhook(
            url: visit.form.text("url"), events: visit.form.text("events"), description: visit.form.text("description"), isOpen: true)
        let types = form.events.split { $0 == "," || $0.isWhitespace }.map { JSON.string(String($0)) }
        do {
            let made = try await visit.send(
                .post, "/v1/webhooks",
                body: ["url": .string(form.url), "events": .array(types), "description": .string(form.description)])
            return try await WebhookPage(pages: pages).show(visit, id: made.json.text("id"), fresh: made, status: .created)
        } catch let problem as Problem where problem.code == .idempotencySealed {
            return Response.seeOther(Self.path)
        } catch let problem as Problem where [400, 403, 409, 422].contains(problem.code.status) {
            var form = form
            form.error = problem.sentence
            return try await show(visit, form, status: .init(code: problem.code.status))
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Webhooks</h1><p>Events are sent to these addresses, signed, and again until they arrive.</p></div></div>
        <div class="stack">
        {{#page.mayWrite}}<details class="new"{{#page.form.isOpen}} open{{/page.form.isOpen}}><summary>\(Icon.plus)New webhook</summary>
        <form class="card" method="post" action="/app/webhooks">{{> form-fields}}
        {{#page.form.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.form.error}}
        <div class="fields">
        <div class="field"><label for="url">Address</label><input id="url" name="url" type="url" value="{{page.form.url}}" maxlength="2000" required placeholder="https://example.com/hooks" autocomplete="off"></div>
        <div class="field"><label for="events">Events</label><input id="events" name="events" value="{{page.form.events}}" maxlength="4000" required autocomplete="off" spellcheck="false" aria-describedby="events-hint"><p class="hint" id="events-hint">Types parted by commas, such as <code>instance.*, alert.*</code>; <code>*</code> for all.</p></div>
        <div class="field"><label for="description">Description <span class="muted">(optional)</span></label><input id="description" name="description" value="{{page.form.description}}" maxlength="1000" autocomplete="off"></div>
        </div><div class="actions"><button type="submit" id="create-webhook">Make webhook</button><p class="hint">Its secret is shown once, on the next page.</p></div></form></details>{{/page.mayWrite}}
        {{#page.isEmpty}}<section class="card empty">\(Icon.webhooks)<h2>No webhooks yet</h2><p>Make one to have events sent to you.</p></section>{{/page.isEmpty}}
        {{^page.isEmpty}}<section class="card table-card" aria-label="Webhooks" id="webhooks" data-live="10000"><table class="reflow"><thead><tr><th scope="col">Address</th><th scope="col">Events</th><th scope="col">State</th><th scope="col">Made</th></tr></thead><tbody>
        {{#page.rows}}<tr data-webhook-id="{{id}}"><td><a class="name" href="/app/webhooks/{{id}}">{{url}}</a>{{#description}}<div class="muted small">{{.}}</div>{{/description}}</td><td data-label="Events"><span class="badges">{{#events}}<span class="tag">{{.}}</span>{{/events}}</span></td><td data-label="State">{{#state}}{{> badge}}{{/state}}</td><td data-label="Made" class="when">{{#created}}{{> moment}}{{/created}}</td></tr>
        {{/page.rows}}</tbody></table>{{#page}}{{> pager}}{{/page}}</section>{{/page.isEmpty}}
        </div></div>
        {{/main}}{{/frame}}
        """
}

struct WebhookRow: Sendable {
    let id: String
    let url: String
    let description: String?
    let events: [String]
    let state: Badge
    let created: Moment?

    init(_ webhook: JSON, at now: Timestamp) {
        id = webhook.text("id")
        url = webhook.text("url")
        description = webhook.text("description").isEmpty ? nil : webhook.text("description")
        events = webhook.list("events").compactMap(\.string)
        state = Badge(webhook.flag("enabled") ? (webhook.isInTrouble ? "failing" : "enabled") : "disabled")
        created = Moment(webhook.time("created_at"), at: now)
    }
}

extension Problem {
    /// What is wrong, field by field where it is known.
    var sentence: String {
        guard violations.count > 1 else { return detail }
        return violations.map { "\($0.pointer.dropFirst()): \($0.detail)." }.joined(separator: " ")
    }
}
