import HTTPTypes
import Hummingbird
import Kernel
import Web

/// One resource: what is wanted, what is, what it costs, what is being done to it, and what can be.
struct ResourcePage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources/{id}") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.get("/app/resources/{id}/metrics.csv") { request, scope in await pages.signedIn(request, scope, table) }
        router.post("/app/resources/{id}/actions/{verb}") { request, scope in await pages.signedIn(request, scope, act) }
        router.get("/app/resources/{id}/actions/{verb}") { _, scope in
            Response.seeOther("/app/resources/\(scope.parameters.get("id") ?? "")")
        }
    }

    private struct Facts: Sendable {
        let facts: [LinkedFact]
    }

    private struct Content: Sendable {
        let id: String
        let name: String
        let kind: String
        let project: String
        let error: String?
        let labels: [String]
        let states: [Badge]
        let conditions: [ConditionRow]
        let state: Facts
        let spec: Facts
        let cost: CostFacts?
        let actions: [ActionButton]
        let operations: [OperationRow]
        let isBusy: Bool
        let pause: Int
        let metrics: MetricsPanel?
        let logs: LogsPanel?
        let history: [EventRow]
    }

    private func show(_ visit: Visit, error: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let resource = try await visit.get("/v1/resources/{id}", ["id": id])
        let projects = try await visit.projectNames()
        let names = try await ResourceNames.read(for: resource, visit)
        let operations = try await visit.listIfAllowed("/v1/operations", query: ["resource": id, "sort": "-created_at"], perPage: 5)
        let history = try await visit.listIfAllowed("/v1/events", query: ["subject": id], perPage: 10)
        let isInstance = resource.text("kind") == "instance"
        let rows = operations.map { OperationRow($0, at: visit.at) }
        let isBusy = rows.contains(where: \.isOpen)
        let content = Content(
            id: id, name: resource.text("name"), kind: Words.sentence(resource.text("kind")),
            project: projects.first { $0.id == resource.text("project_id") }?.name ?? resource.text("project_id"), error: error?.detail,
            labels: resource.pairs("labels"),
            states: [resource.text("status", "phase"), resource.text("status", "power")].filter { !$0.isEmpty }.map { Badge($0) },
            conditions: resource.list("status", "conditions").map { ConditionRow($0) }.filter(\.isTrouble),
            state: Facts(facts: LinkedFact.state(of: resource, names, at: visit.at)),
            spec: Facts(facts: LinkedFact.spec(of: resource, names)), cost: CostFacts(resource),
            actions: ActionButton.offered(for: resource, to: visit.caller),
            operations: rows, isBusy: isBusy, pause: isBusy ? 1500 : 10_000,
            metrics: isInstance ? try await MetricsPanel(of: id, visit) : nil, logs: isInstance ? try await LogsPanel(of: id, visit) : nil,
            history: history.map { EventRow($0, at: visit.at) })
        return visit.page(
            "resource", content.name, section: .resources, status: error.map { .init(code: $0.code.status) } ?? .ok, content)
    }

    private func table(_ visit: Visit) async throws -> Response {
        let readings = try await InstanceReadings.read(visit.parameter(), visit)
        return readings.table.csv(named: "metrics-\(readings.window)")
    }

    /// Does it with the API's own call; a refusal is told on the resource's page.
    private func act(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard let action = ActionButton.Verb(rawValue: visit.parameter("verb")) else { throw Problem.notFound("page") }
        let resource = try await visit.get("/v1/resources/{id}", ["id": id])
        if let question = action.question(resource.text("kind"), resource.text("name")), !visit.isConfirmed {
            return AskPage(
                title: question.title, text: question.text, verb: action.label, action: "/app/resources/\(id)/actions/\(action.rawValue)",
                back: "/app/resources/\(id)"
            ).response(visit, section: .resources)
        }
        let made: String
        do {
            let answer = try await visit.send(action.method, action.path(resource.text("kind")), ["id": id], body: action.body).json
            made = answer["operation"]?["resource"]?["id"]?.string ?? id
        } catch let problem as Problem where [402, 403, 404, 409, 422, 423].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther("/app/resources/\(made)")
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/resources">Resources</a> / {{page.project}}</p>
        <div class="page-head"><div><h1>{{page.name}}</h1><p>{{page.kind}} <span class="mono">{{page.id}}</span></p></div>
        <div class="head-actions">{{#page.actions}}<form method="post" action="/app/resources/{{id}}/actions/{{verb}}">{{> form-fields}}<button class="plain{{#isDangerous}} danger{{/isDangerous}}" data-action="{{verb}}"{{#question}} data-confirm="{{.}}"{{/question}}>{{label}}</button></form>{{/page.actions}}</div></div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack" id="resource" data-live="{{page.pause}}">
        <section class="card" aria-label="State"><div class="badges" role="status">{{#page.states}}{{> badge}}{{/page.states}}{{#page.labels}}<span class="tag">{{.}}</span>{{/page.labels}}</div>
        {{#page.conditions}}<p class="trouble"><strong>{{title}}</strong> {{message}}</p>{{/page.conditions}}
        <div class="columns"><div><h2>Now</h2>{{#page.state}}{{> linked-facts}}{{/page.state}}</div>
        <div><h2>Wanted</h2>{{#page.spec}}{{> linked-facts}}{{/page.spec}}</div></div></section>
        {{#page.cost}}<section class="card" aria-labelledby="cost-title"><h2 id="cost-title">Cost</h2><dl class="figures"><div><dt>This month</dt><dd>{{monthToDate}}</dd></div><div><dt>An hour</dt><dd>{{hourly}}</dd></div><div><dt>A month, as it is</dt><dd>{{monthly}}</dd></div></dl></section>{{/page.cost}}
        <section class="card" aria-labelledby="operations-title"><h2 id="operations-title">Operations</h2>
        {{#page.operations}}<article class="operation"><div class="badges">{{#state}}{{> badge}}{{/state}}<strong><a href="/app/operations/{{id}}">{{type}}</a></strong>{{#at}}<span class="muted small">{{> moment}}</span>{{/at}}</div>
        {{#isOpen}}<progress max="100" value="{{progress}}" aria-label="{{type}}">{{progress}} %</progress>{{/isOpen}}
        {{#error}}<p class="trouble">{{.}}</p>{{/error}}
        <details{{#isOpen}} open{{/isOpen}}><summary>{{summary}}</summary><ol class="steps">{{#steps}}<li>{{name}} <span class="muted">{{state}}{{#trouble}}: {{.}}{{/trouble}}</span></li>{{/steps}}</ol></details></article>{{/page.operations}}
        {{^page.operations}}<p class="muted">Nothing has been done to it yet.</p>{{/page.operations}}</section>
        {{#page.metrics}}<section class="card" aria-labelledby="metrics-title"><div class="card-head"><div><h2 id="metrics-title">Metrics</h2><p>{{summary}}</p></div></div>
        <ul class="chips" aria-label="Time shown">{{#windows}}<li><a href="{{address}}"{{#isChosen}} aria-current="true"{{/isChosen}}>{{label}}</a></li>{{/windows}}</ul>
        {{#chart}}{{> chart-part}}{{/chart}}</section>{{/page.metrics}}
        {{#page.logs}}<section class="card" aria-labelledby="logs-title"><h2 id="logs-title">Logs</h2>{{#note}}<p class="muted">{{.}}</p>{{/note}}{{#hasLines}}<pre class="log" tabindex="0" aria-label="The last lines"><code>{{#lines}}<span class="muted">{{at}}</span> {{message}}
        {{/lines}}</code></pre>{{/hasLines}}</section>{{/page.logs}}
        <section class="card table-card" aria-labelledby="history-title"><div class="card-head"><h2 id="history-title">History</h2><a href="/app/events?subject={{page.id}}">All events</a></div>{{#page}}{{> event-table}}{{/page}}</section>
        </div>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    /// Like `list`, without the word that there are more; empty for who may not read it.
    func listIfAllowed(_ path: String, query: Pairs = [:], perPage: Int) async throws -> [JSON] {
        do {
            return try await list(path, query: query, perPage: perPage).items
        } catch let problem as Problem where problem.code.status == 403 {
            return []
        }
    }
}
