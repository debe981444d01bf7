import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Costs Overview: what a view comes to, now and before, by what it is broken down, with what happened meanwhile.
struct CostsPage: Sendable {
    static let path = "/app/costs"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/costs") { request, scope in await pages.signedIn(request, scope, show) }
        router.get("/app/costs/data.csv") { request, scope in await pages.signedIn(request, scope, table) }
        router.get("/app/costs/export.csv") { request, scope in
            await pages.signedIn(request, scope) { visit in
                try await visit.download("/v1/costs/export", query: ["from": visit.query("from"), "to": visit.query("to")])
            }
        }
        CostViewForm(pages: pages).add(to: router)
        CostImportsPage(pages: pages).add(to: router)
    }

    /// How many groups the table tells apart.
    private static let groups = 20

    private func show(_ visit: Visit) async throws -> Response {
        let asked = CostsChoice(visit.guest)
        let views = try await visit.list("/v1/cost-views", query: ["sort": "created_at"], perPage: 100).items
        let columns = try await visit.getIfAllowed("/v1/cost-columns", query: ["limit": "100"])?["data"]?.array ?? []
        let view = try Self.chosen(asked, views)
        let choice = asked.settled(in: view["zone"]?.string, at: visit.at)
        do {
            let answer = try await read(visit, choice, view)
            let span = answer.points.filter { $0.date != nil }
            let markers = try await PageMarker.read(visit, from: span.first?.start, to: span.last?.end)
            let content = CostsContent(answer, choice, views: views, view: view, columns: columns, markers: markers, visit)
            return visit.page("costs", "Costs", section: .costs, content)
        } catch let problem as Problem where [400, 422].contains(problem.code.status) {
            let content = CostsContent(refused: problem.detail, choice, views: views, view: view, columns: columns, visit)
            return visit.page("costs", "Costs", section: .costs, status: .init(code: problem.code.status), content)
        }
    }

    private func table(_ visit: Visit) async throws -> Response {
        let asked = CostsChoice(visit.guest)
        let view = try Self.chosen(asked, try await visit.list("/v1/cost-views", query: ["sort": "created_at"], perPage: 100).items)
        let choice = asked.settled(in: view["zone"]?.string, at: visit.at)
        let answer = try await read(visit, choice, view)
        return ChartTable(answer, answer.listedParts, isCumulative: choice.isCumulative).csv(
            named: "costs-\(choice.start)-\(choice.end)")
    }

    private func read(_ visit: Visit, _ choice: CostsChoice, _ view: JSON) async throws -> CostsAnswer {
        CostsAnswer(
            try await visit.getCompact(
                "/v1/cost-views/{id}/data", ["id": choice.view ?? view["id"]?.string ?? ""], choice.query(limit: Self.groups)))
    }

    /// The view that is asked for, or the one of all cost. A view past the list is found by the call itself.
    private static func chosen(_ choice: CostsChoice, _ views: [JSON]) throws -> JSON {
        if let id = choice.view { return views.first { $0["id"]?.string == id } ?? ["id": .string(id)] }
        guard let view = views.first(where: { $0["is_default"] == true }) ?? views.first else { throw Problem.notFound("cost view") }
        return view
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Costs</h1><p>{{page.viewAbout}}</p></div>
        <div class="links"><a href="/app/costs/imports">Imported bills</a><a href="{{page.exportLink}}">Export as FOCUS</a>{{#page.mayEdit}}<a href="/app/costs/views/new">New view</a>{{#page.editLink}}<a href="{{.}}">Edit this view</a>{{/page.editLink}}{{#page.budgetLink}}<a href="{{.}}">Set a budget on it</a>{{/page.budgetLink}}{{/page.mayEdit}}</div></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        <div class="stack">
        <section class="card" aria-label="What is shown">
        <ul class="chips" aria-label="Period">{{#page.periods}}<li><a href="{{address}}"{{#isChosen}} aria-current="true"{{/isChosen}}>{{label}}</a></li>{{/page.periods}}</ul>
        <form method="get" action="/app/costs"><div class="controls">
        <div><label for="view">View</label><select id="view" name="view">{{#page.views}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.views}}</select></div>
        <div><label for="start_date">From</label><input id="start_date" name="start_date" type="date" value="{{page.start}}"></div>
        <div><label for="end_date">To, included</label><input id="end_date" name="end_date" type="date" value="{{page.end}}"></div>
        <div><label for="granularity">By</label><select id="granularity" name="granularity">{{#page.granularities}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.granularities}}</select></div>
        <div><label for="group_by">Broken down by</label><select id="group_by" name="group_by">{{#page.dimensions}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.dimensions}}</select></div>
        <div><label for="tag">or by tag</label><input id="tag" name="tag" value="{{page.tag}}" maxlength="100" placeholder="env" autocomplete="off"></div>
        <div><label for="cost_type">Cost</label><select id="cost_type" name="cost_type">{{#page.costTypes}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.costTypes}}</select></div>
        <div><label for="amortization">Commitments</label><select id="amortization" name="amortization">{{#page.amortizations}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.amortizations}}</select></div>
        <div><label for="compare">Compared with</label><select id="compare" name="compare">{{#page.comparisons}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.comparisons}}</select></div>
        <div><label for="compare_start_date">Own dates, from</label><input id="compare_start_date" name="compare_start_date" type="date" value="{{page.compareStart}}"></div>
        <div><label for="compare_end_date">Own dates, to</label><input id="compare_end_date" name="compare_end_date" type="date" value="{{page.compareEnd}}"></div>
        <div><label class="tick-box"><input type="checkbox" name="cumulative" value="true"{{#page.isCumulative}} checked{{/page.isCumulative}}>Added up</label></div>
        <div class="go">{{#page.fixed}}<input type="hidden" name="{{step}}" value="{{value}}">{{/page.fixed}}<button type="submit" id="apply">Show</button></div>
        </div></form></section>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.hasFixed}}<ul class="chips" aria-label="Filters">{{#page.fixed}}<li><a href="{{without}}" title="Remove this filter">{{label}}: {{value}} <span aria-hidden="true">×</span><span class="sr">remove</span></a></li>{{/page.fixed}}</ul>{{/page.hasFixed}}
        {{#page.shown}}
        <section class="card" aria-label="Cost over time">
        <dl class="figures"><div><dt>{{periodName}}</dt><dd id="total"><data value="{{total.exact}}" title="{{total.exact}}">{{total.text}}</data></dd></div>
        {{#previous}}<div><dt>{{previousName}}</dt><dd id="previous"><data value="{{exact}}" title="{{exact}}">{{text}}</data></dd></div>{{/previous}}
        {{#difference}}<div><dt>Difference</dt><dd id="difference"><data value="{{exact}}" title="{{exact}}">{{text}}</data><span class="small">{{change}}</span></dd></div>{{/difference}}</dl>
        {{#notes}}<p class="notice">{{.}}</p>{{/notes}}
        {{#chart}}{{> chart-part}}{{/chart}}
        </section>
        {{#breakdown}}{{> cost-breakdown}}{{/breakdown}}
        {{/page.shown}}
        </div>
        {{/main}}{{/frame}}
        """
}
