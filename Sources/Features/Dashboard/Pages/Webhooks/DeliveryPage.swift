import HTTPTypes
import Hummingbird
import Kernel
import Web

struct DeliveryRow: Sendable {
    let id: String
    let type: String
    let event: String
    let state: Badge
    let answer: String
    let attempts: String
    let at: Moment?

    init(_ delivery: JSON, at now: Timestamp) {
        id = delivery.text("id")
        type = delivery.text("event_type")
        event = delivery.text("event_id")
        state = Badge(delivery.text("state"))
        answer = delivery["last_status"]?.text ?? delivery["last_error"]?.string ?? "–"
        attempts = delivery.text("attempt_count")
        at = Moment(delivery.time("updated_at"), at: now)
    }
}

/// One delivery: what was sent each time, and what came back.
struct DeliveryPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/deliveries/{id}") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/deliveries/{id}/retry") { request, scope in await pages.signedIn(request, scope, retry) }
        router.get("/app/deliveries/{id}/retry") { _, scope in Response.seeOther("/app/deliveries/\(scope.parameters.get("id") ?? "")") }
    }

    private struct Content: Sendable {
        let row: DeliveryRow
        let webhook: String
        let url: String
        let sequence: String
        let next: String?
        let body: String?
        let attempts: [Attempt]
        let error: String?
        let mayRetry: Bool
    }

    fileprivate struct Attempt: Sendable {
        let number: String
        let at: Moment?
        let outcome: Badge
        let took: String
        let requestHeaders: [String]
        let response: String
        let error: String?
    }

    private func show(_ visit: Visit, error: Problem? = nil) async throws -> Response {
        let delivery = try await visit.get("/v1/deliveries/{id}", ["id": visit.parameter()])
        let state = delivery.text("state")
        let content = Content(
            row: DeliveryRow(delivery, at: visit.at), webhook: delivery.text("webhook_id"), url: delivery.text("url"),
            sequence: delivery.text("event_seq"), next: delivery.time("next_attempt_at").map(Words.moment),
            body: delivery["body"]?.string.map(Self.indented), attempts: delivery.list("attempts").map { Attempt($0, at: visit.at) },
            error: error?.sentence, mayRetry: visit.caller.scopes.contains(.webhooksWrite) && state != "queued")
        return visit.page(
            "delivery", "Delivery of \(content.row.type)", section: .webhooks, status: error.map { .init(code: $0.code.status) } ?? .ok,
            content)
    }

    private func retry(_ visit: Visit) async throws -> Response {
        do {
            try await visit.send(.post, "/v1/deliveries/{id}/retry", ["id": visit.parameter()])
        } catch let problem as Problem where [403, 409, 422].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther("/app/deliveries/\(visit.parameter())")
    }

    /// JSON for people; anything else as it is.
    static func indented(_ text: String) -> String {
        guard let json = try? JSONParser.parse(text.utf8) else { return text }  // a body that is none is shown as it is
        return json.indented
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/webhooks">Webhooks</a> / <a href="/app/webhooks/{{page.webhook}}">{{page.url}}</a></p>
        <div class="page-head"><div><h1>{{page.row.type}}</h1><p><a href="/app/events/{{page.sequence}}" class="mono">{{page.row.event}}</a></p></div>
        {{#page.mayRetry}}<div class="head-actions"><form method="post" action="/app/deliveries/{{page.row.id}}/retry">{{> form-fields}}<button class="plain" data-action="retry">Send again</button></form></div>{{/page.mayRetry}}</div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack" id="delivery" data-live="3000">
        <section class="card" aria-label="State"><div class="badges">{{#page.row.state}}{{> badge}}{{/page.row.state}}</div>{{#page.next}}<p class="hint">Next attempt {{.}}.</p>{{/page.next}}</section>
        {{#page.attempts}}<section class="card"><div class="card-head"><h2>Attempt {{number}}</h2><span class="badges">{{#outcome}}{{> badge}}{{/outcome}}<span class="muted small">{{#at}}{{> moment}}{{/at}}, {{took}}</span></span></div>
        {{#error}}<p class="trouble">{{.}}</p>{{/error}}
        <div class="columns"><div><h3>Sent</h3><pre class="block-text" tabindex="0" aria-label="Headers of the request"><code>{{#requestHeaders}}{{.}}
        {{/requestHeaders}}</code></pre></div><div><h3>Answered</h3><pre class="block-text" tabindex="0" aria-label="The answer"><code>{{response}}</code></pre></div></div></section>{{/page.attempts}}
        {{#page.body}}<section class="card"><h2>Body</h2><pre class="block-text" tabindex="0" aria-label="The body that was sent"><code>{{.}}</code></pre></section>{{/page.body}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension DeliveryPage.Attempt {
    init(_ attempt: JSON, at now: Timestamp) {
        let status = attempt["response"]?["status"]?.integer
        let isGood = status.map { (200..<300).contains($0) } ?? false
        self.init(
            number: attempt.text("number"), at: Moment(attempt.time("sent_at"), at: now),
            outcome: Badge(status.map { "\($0)" } ?? "No answer", look: isGood ? "good" : "bad"), took: "\(attempt.text("duration_ms")) ms",
            requestHeaders: (attempt["request"]?["headers"]?.members ?? []).map { "\($0.name): \($0.value.text ?? "")" },
            response: attempt.text("response", "body") + (attempt["response"]?.flag("truncated") == true ? "\n…" : ""),
            error: attempt["error"]?.string)
    }
}
