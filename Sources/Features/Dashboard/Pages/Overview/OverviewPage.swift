import HTTPTypes
import Hummingbird
import Kernel
import Keys
import Web

/// Where one lands: what runs, what it costs, what is wrong, what happened last. Before anything runs, the way to a first request.
struct OverviewPage: Sendable {
    static let path = "/app/overview"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/overview") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/overview/key") { request, scope in await pages.signedIn(request, scope, makeKey) }
        router.get("/app/overview/key") { _, _ in Response.seeOther(Self.path) }
    }

    private struct Content: Sendable {
        let start: GettingStarted?
        let fresh: FreshKeyPanel?
        let notice: String?
        let running: RunningPanel
        let cost: MonthPanel?
        let budgets: [BudgetLine]
        let troubles: [Trouble]
        let isWell: Bool
        let history: [EventRow]
    }

    private func show(_ visit: Visit, fresh: FreshKeyPanel? = nil, notice: String? = nil, status: HTTPResponse.Status = .ok) async throws
        -> Response
    {
        let running = try await RunningPanel(visit)
        let budgets = try await visit.listIfAllowed("/v1/budgets", perPage: 100).map { BudgetLine($0) }
        let troubles = try await Trouble.all(visit)
        let history = try await visit.listIfAllowed("/v1/events", perPage: 8).map { EventRow($0, at: visit.at) }
        let content = Content(
            start: running.isEmpty ? try await GettingStarted(visit) : nil, fresh: fresh, notice: notice, running: running,
            cost: try await MonthPanel(visit), budgets: BudgetLine.nearest(budgets), troubles: troubles, isWell: troubles.isEmpty,
            history: history)
        return visit.page("overview", "Overview", section: .overview, status: status, content)
    }

    /// The first key, with the rights of who makes it; its secret is on this one answer.
    private func makeKey(_ visit: Visit) async throws -> Response {
        try visit.caller.require(.keysWrite)
        let mode = visit.mode
        let across = visit.acrossModes
        let fresh = try await across.once { connection in
            let draft = try KeyDraft.workspaceKey(named: "First key", mode: mode, role: nil, for: across.caller)
            return try Key.mint(draft, for: across.caller, by: across.attribution, connection)
        }
        guard let fresh else {
            return try await show(
                visit, notice: "This form was sent before, and no second key was made. A secret is shown only the first time.")
        }
        let panel = FreshKeyPanel(fresh, title: "“\(fresh.key.name)” is ready", baseURL: pages.look.baseURL, address: Self.path)
        return try await show(visit, fresh: panel, status: .created)
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Overview</h1><p>{{frame.visitor.workspace}}: what runs, what it costs and what needs you.</p></div></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.start}}<section class="card start" aria-labelledby="start-title"><h2 id="start-title">Get started</h2><ol class="way">
        <li{{#hasKey}} class="done"{{/hasKey}}><h3>Make a key</h3><p class="muted">Programs call the API with a key.</p>
        {{#mayMakeKey}}<form method="post" action="/app/overview/key">{{> form-fields}}<button type="submit" id="first-key">Make my first key</button></form>{{/mayMakeKey}}{{^mayMakeKey}}<p class="muted">Ask an admin of a project for one.</p>{{/mayMakeKey}}</li>
        <li><h3>Send a request</h3><p class="muted">Run this where you work. It says who you are.</p>
        {{#page.fresh}}{{> fresh-key}}{{/page.fresh}}{{^page.fresh}}<pre class="block-text" tabindex="0" aria-label="Example"><code>curl {{baseURL}}/v1/ping -H "Authorization: Bearer $CLOUD_API_KEY"</code></pre>{{/page.fresh}}
        <div id="first-request" data-live="{{pause}}" class="arrival{{#hasRequest}} arrived{{/hasRequest}}" role="status">{{#hasRequest}}It works: <strong>{{requests}}</strong> counted this month.{{/hasRequest}}{{^hasRequest}}Waiting for your first request. It appears here within seconds.{{/hasRequest}}</div></li>
        <li><h3>Run something</h3><p class="muted">Connect a cloud and make an instance, or look at the <strong>Test</strong> side, where a sandbox is running already. <a href="/docs">Documentation</a></p></li>
        </ol></section>{{/page.start}}
        <div class="stack" id="overview" data-live="10000">
        <section class="card" aria-label="Figures"><dl class="figures">
        {{#page.running}}<div><dt>Instances running</dt><dd>{{running}}<small>of {{instances}}{{#hourly}}, {{.}} an hour{{/hourly}}</small></dd></div>{{/page.running}}
        {{#page.cost}}<div><dt>Cost this month</dt><dd>{{soFar}}{{#change}}<small>{{.}} against {{before}} by this day last month</small>{{/change}}</dd></div>
        {{#forecast}}<div><dt>Forecast for the month</dt><dd>{{.}}<small>last month {{lastMonth}}</small></dd></div>{{/forecast}}{{/page.cost}}
        </dl>{{#page.cost}}<p class="hint">The forecast is the cost of the whole days so far, over their number, times the days of the month.</p>{{/page.cost}}</section>
        <div class="grid two">
        <section class="card" aria-labelledby="trouble-title"><h2 id="trouble-title">Needs attention</h2>
        {{#page.isWell}}<p class="muted">No alert is firing, and every webhook gets through.</p>{{/page.isWell}}
        {{^page.isWell}}<ul class="rows">{{#page.troubles}}<li><a href="{{path}}">{{title}}</a><span class="badges">{{#state}}{{> badge}}{{/state}}</span></li>{{/page.troubles}}</ul>{{/page.isWell}}</section>
        <section class="card" aria-labelledby="budget-title"><h2 id="budget-title">Budgets</h2>
        {{#page.budgets}}<div class="budget"><div class="split"><a href="/app/usage/budgets/{{id}}">{{name}}</a><span>{{percent}} %</span></div><progress max="100" value="{{bar}}"{{#isOver}} class="over"{{/isOver}} aria-label="{{name}}">{{percent}} %</progress><p class="hint">{{spent}} of {{amount}}{{#reserved}}, {{.}} reserved{{/reserved}}</p></div>{{/page.budgets}}
        {{^page.budgets}}<p class="muted">There is no budget yet. <a href="/app/usage">Set one</a></p>{{/page.budgets}}</section>
        </div>
        <section class="card table-card" aria-labelledby="events-title"><div class="card-head"><h2 id="events-title">Latest events</h2><a href="/app/events">All events</a></div>{{#page}}{{> event-table}}{{/page}}</section>
        </div>
        {{/main}}{{/frame}}
        """
}
