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
        let form: FormPart?
        let pager: Pager?
    }

    private static let form = FormPart(
        title: "New webhook", action: path, submit: "Make webhook", id: "create-webhook", place: .new,
        fields: [
            .text("url", "Address", placeholder: "https://example.com/hooks", type: "url", most: 2000, isRequired: true),
            .text(
                "events", "Events", "*", hint: "Types parted by commas, such as instance.*, alert.*; * for all.", most: 4000,
                isRequired: true),
            .text("description", "Description (optional)", hint: "The webhook's secret is shown once, on the next page."),
        ])

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/webhooks", page: number)
        let form = problem == nil ? Self.form : Self.form.filled(from: visit.form, saying: problem)
        let content = Content(
            rows: found.items.map { WebhookRow($0, at: visit.at) }, isEmpty: found.items.isEmpty,
            form: visit.may(.webhooksWrite) ? form : nil, pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: []))
        return visit.page("webhooks", "Webhooks", section: .webhooks, status: .init(code: problem?.code.status ?? 200), content)
    }

    /// The answer is the new webhook's page, with its secret.
    private func create(_ visit: Visit) async throws -> Response {
        let form = visit.form
        let types = form.text("events").split { $0 == "," || $0.isWhitespace }.map { JSON.string(String($0)) }
        do {
            let made = try await visit.send(
                .post, "/v1/webhooks",
                body: ["url": .string(form.text("url")), "events": .array(types), "description": .string(form.text("description"))])
            return try await WebhookPage(pages: pages).show(visit, id: made.json.text("id"), fresh: made, status: .created)
        } catch let problem as Problem where problem.code == .idempotencySealed {
            return Response.seeOther(Self.path)
        } catch let problem as Problem where problem.belongsToForm {
            return try await show(visit, problem: problem)
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Webhooks</h1><p>Events are sent to these addresses, signed, and again until they arrive.</p></div></div>
        <div class="stack">
        {{#page.form}}{{> form-part}}{{/page.form}}
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
