import HTTPTypes
import Hummingbird
import Kernel
import Web

/// The log: everything that happened, searched, and followed as it grows.
struct EventsPage: Sendable {
    static let path = "/app/events"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/events") { request, scope in await pages.signedIn(request, scope, show) }
        router.get("/app/events/{seq}") { request, scope in await pages.signedIn(request, scope, showOne) }
    }

    private struct Content: Sendable {
        let type: String
        let subject: String
        let actor: String
        let request: String
        let projects: [Choice]
        let from: String
        let to: String
        let isFiltered: Bool
        let wrong: String?
        let history: [EventRow]
        /// Milliseconds between looks; nil on an older page, which does not change.
        let pause: Int?
        let pager: Pager?
    }

    private struct One: Sendable {
        let row: EventRow
        let facts: [Fact]
        let data: String
        let request: String?
        let links: [TraceRow]
        let related: [EventRow]
        let previous: String?
        let next: String

        struct TraceRow: Sendable {
            let kind: String
            let id: String
            let path: String?
            let at: Moment?
        }
    }

    private func show(_ visit: Visit) async throws -> Response {
        let number = visit.guest.page()
        let names = ["type", "subject", "actor", "request_id", "project_id", "from", "to"]
        let filters = names.map { ($0, visit.query($0) ?? "") }
        func asked(_ name: String) -> String { filters.first { $0.0 == name }?.1 ?? "" }
        let projects = try await visit.projectNames()
        var wrong: String?
        var found: (items: [JSON], hasMore: Bool) = ([], false)
        do {
            found = try await visit.list(
                "/v1/events",
                query: [
                    "type": asked("type"), "subject": asked("subject"), "actor": asked("actor"), "request_id": asked("request_id"),
                    "project_id": asked("project_id"), "from": Self.moment(asked("from")), "to": Self.moment(asked("to")),
                ], page: number, perPage: 50)
        } catch let problem as Problem where problem.code.status == 400 {
            wrong = problem.detail
        }
        let content = Content(
            type: asked("type"), subject: asked("subject"), actor: asked("actor"), request: asked("request_id"),
            projects: [Choice(value: "", label: "All projects", isChosen: false)]
                + projects.map { Choice(value: $0.id, label: $0.name, isChosen: $0.id == asked("project_id")) },
            from: asked("from"), to: asked("to"), isFiltered: filters.contains { !$0.1.isEmpty }, wrong: wrong,
            history: found.items.map { EventRow($0, at: visit.at) }, pause: number == 1 ? 2000 : nil,
            pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: filters))
        return visit.page("events", "Events", section: .events, content)
    }

    /// The first moment of a day as browsers write one; anything else as it is.
    static func moment(_ text: String) -> String { text.utf8.count == 10 ? "\(text)T00:00:00Z" : text }

    private func showOne(_ visit: Visit) async throws -> Response {
        guard let sequence = Int64(visit.parameter("seq")), sequence > 0 else { throw Problem.notFound("event") }
        let found = try await visit.list("/v1/events", query: ["after": String(sequence - 1), "sort": "seq"], perPage: 1)
        guard let event = found.items.first, event["seq"]?.integer == sequence else { throw Problem.notFound("event") }
        let request = event["request_id"]?.string
        let trace: JSON? =
            if let request { try await traced(request, visit) } else { nil }
        let facts = [
            Fact("Number", event.text("seq")), Fact("Id", event.text("id")), Fact("About", event.text("subject")),
            Fact("By", [event.text("actor", "type"), event.text("actor", "id")].joined(separator: " ")),
            Fact("With", event.text("actor", "credential")), Fact("From", event.text("actor", "ip")),
            Fact("At", event.text("occurred_at")), Fact("Request", request ?? ""), Fact("Hash", event.text("hash")),
            Fact("Hash before", event.text("prev_hash")),
        ].compactMap { $0 }
        let one = One(
            row: EventRow(event, at: visit.at), facts: facts, data: (event["data"] ?? .null).indented, request: request,
            links: (trace?.list("links") ?? []).map { TraceLinkRow.row($0, at: visit.at) },
            related: (trace?.list("events") ?? []).filter { $0["seq"] != event["seq"] }.prefix(50).map { EventRow($0, at: visit.at) },
            previous: sequence > 1 ? "/app/events/\(sequence - 1)" : nil, next: "/app/events/\(sequence + 1)")
        return visit.page("event", one.row.type, section: .events, one)
    }

    /// Nil for who may not read traces, and for a request that left none.
    private func traced(_ request: String, _ visit: Visit) async throws -> JSON? {
        do {
            return try await visit.get("/v1/trace/{request_id}", ["request_id": request])
        } catch let problem as Problem where [403, 404, 410].contains(problem.code.status) {
            return nil
        }
    }

    private enum TraceLinkRow {
        /// The page that shows what the API's path shows.
        static func row(_ link: JSON, at now: Timestamp) -> One.TraceRow {
            let id = link.text("id")
            let parts = link.text("href").split(separator: "?")[0].split(separator: "/").map(String.init)
            let path: String? =
                switch parts.count > 1 ? parts[1] : "" {
                case "instances", "volumes", "networks", "buckets", "ips", "firewalls", "snapshots", "resources":
                    parts.count > 2 ? "/app/resources/\(parts[2])" : nil
                case "operations": parts.count > 2 ? OperationPage.address(parts[2]) : nil
                case "stacks": parts.count > 2 ? "\(StacksPage.path)/\(parts[2])" : nil
                case "deliveries": parts.count > 2 ? "/app/deliveries/\(parts[2])" : nil
                case "webhooks": parts.count > 2 ? "/app/webhooks/\(parts[2])" : nil
                case "alerts": parts.count > 2 ? "/app/usage/alerts/\(parts[2])" : nil
                case "budgets": parts.count > 2 ? "/app/usage/budgets/\(parts[2])" : nil
                default: nil
                }
            return .init(
                kind: Words.sentence(link.text("kind")), id: id.isEmpty ? link.text("href") : id, path: path,
                at: Moment(link.time("at"), at: now))
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Events</h1><p>Everything that happened, newest first. Webhooks, alerts and audit are made of this log.</p></div></div>
        {{#page.wrong}}<p class="notice bad" role="alert">{{.}}</p>{{/page.wrong}}
        <details class="card filters"{{#page.isFiltered}} open{{/page.isFiltered}}><summary>Search</summary>
        <form method="get" action="/app/events" role="search"><div class="fields three">
        <div class="field"><label for="type">Type</label><input id="type" name="type" value="{{page.type}}" maxlength="400" placeholder="instance.*" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="subject">About</label><input id="subject" name="subject" value="{{page.subject}}" maxlength="100" placeholder="inst_…" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="actor">By</label><input id="actor" name="actor" value="{{page.actor}}" maxlength="100" placeholder="usr_… or key_…" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="request_id">Request</label><input id="request_id" name="request_id" value="{{page.request}}" maxlength="100" placeholder="req_…" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="from">From</label><input id="from" name="from" type="date" value="{{page.from}}"></div>
        <div class="field"><label for="to">Before</label><input id="to" name="to" type="date" value="{{page.to}}"></div>
        <div class="field"><label for="project_id">Project</label><select id="project_id" name="project_id">{{#page.projects}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.projects}}</select></div>
        </div><div class="actions"><button type="submit">Search</button><a href="/app/events">Clear</a></div></form></details>
        <section class="card table-card" aria-label="Events" id="events"{{#page.pause}} data-live="{{.}}"{{/page.pause}}>{{#page}}{{> event-table}}{{> pager}}{{/page}}</section>
        {{#page.pause}}<p class="hint">New events appear here by themselves.</p>{{/page.pause}}
        {{/main}}{{/frame}}
        """

    static let oneTemplate = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/events">Events</a></p>
        <div class="page-head"><div><h1>{{page.row.type}}</h1><p>{{#page.row.at}}{{> moment}}{{/page.row.at}}</p></div><div class="head-actions">{{#page.previous}}<a class="button plain" href="{{.}}">Before</a>{{/page.previous}}<a class="button plain" href="{{page.next}}">After</a></div></div>
        <div class="stack">
        <section class="card" aria-label="Event"><dl class="facts">{{#page.facts}}<dt>{{name}}</dt><dd class="mono">{{value}}</dd>{{/page.facts}}{{#page.row.operation}}<dt>Operation</dt><dd class="mono"><a href="/app/operations/{{.}}">{{.}}</a></dd>{{/page.row.operation}}</dl></section>
        <section class="card"><h2>Data</h2><pre class="block-text" tabindex="0" aria-label="The event's data"><code>{{page.data}}</code></pre></section>
        <section class="card table-card" aria-labelledby="trace-title"><div class="card-head"><div><h2 id="trace-title">What came of it</h2><p>Of the same request: what it made, cost, told and set off.</p></div>{{#page.request}}<a href="/app/events?request_id={{.}}">Its events</a>{{/page.request}}</div>
        <table class="reflow"><thead><tr><th scope="col">What</th><th scope="col">Which</th><th scope="col">When</th></tr></thead><tbody>
        {{#page.links}}<tr><td>{{kind}}</td><td data-label="Which" class="mono">{{#path}}<a href="{{path}}">{{id}}</a>{{/path}}{{^path}}{{id}}{{/path}}</td><td data-label="When" class="when">{{#at}}{{> moment}}{{/at}}</td></tr>{{/page.links}}
        {{#page.related}}<tr><td><a href="/app/events/{{sequence}}">{{type}}</a></td><td data-label="Which" class="mono">{{subject}}</td><td data-label="When" class="when">{{#at}}{{> moment}}{{/at}}</td></tr>{{/page.related}}
        {{^page.links}}{{^page.related}}<tr><td colspan="3" class="muted">Nothing else is known of it here.</td></tr>{{/page.related}}{{/page.links}}
        </tbody></table></section>
        </div>
        {{/main}}{{/frame}}
        """
}
