import HTTPTypes
import Hummingbird
import Kernel
import Web

/// What runs: every kind of resource in one list, with its state and its cost.
struct ResourcesPage: Sendable {
    static let path = "/app/resources"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources") { request, scope in await pages.signedIn(request, scope, show) }
        NewResourcePage(pages: pages).add(to: router)
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let rows: [Row]
        let isEmpty: Bool
        let isFiltered: Bool
        let wrong: String?
        let kinds: [Choice]
        let phases: [Choice]
        let projects: [Choice]
        let provider: String
        let label: String
        let name: String
        let showsDeleted: Bool
        let pager: Pager?
        let mayMake: Bool
    }

    struct Row: Sendable {
        let id: String
        let name: String
        let kind: String
        let project: String
        let state: Badge
        let power: Badge?
        let place: String
        let labels: [String]
        let monthToDate: String
        let hourly: String
    }

    private func show(_ visit: Visit) async throws -> Response {
        let number = visit.guest.page()
        let names = ["kind", "phase", "project_id", "provider", "selector", "name", "show_deleted"]
        let filters = names.map { ($0, visit.query($0) ?? "") }
        func asked(_ name: String) -> String { filters.first { $0.0 == name }?.1 ?? "" }
        let projects = try await visit.projectNames()
        let connections = try await visit.listIfAllowed("/v1/connections", perPage: 100)
        var wrong: String?
        var found: (items: [JSON], hasMore: Bool) = ([], false)
        do {
            found = try await visit.list(
                "/v1/resources",
                query: [
                    "kind": asked("kind"), "phase": asked("phase"), "project_id": asked("project_id"), "provider": asked("provider"),
                    "selector": asked("selector"), "name": asked("name"), "show_deleted": asked("show_deleted"), "sort": "name",
                ], page: number)
        } catch let problem as Problem where problem.code.status == 400 {
            wrong = problem.detail
        }
        let content = Content(
            tabs: Tab.resources(at: Self.path),
            rows: found.items.map { Row($0, projects, connections) }, isEmpty: found.items.isEmpty,
            isFiltered: filters.contains { !$0.1.isEmpty },
            wrong: wrong,
            kinds: Choice.list(
                ["instance", "volume", "network", "bucket", "ip", "firewall", "snapshot"], any: "All kinds", chosen: asked("kind")),
            phases: Choice.list(
                ["ready", "pending", "creating", "updating", "deleting", "failed", "missing", "unknown", "deleted"], any: "Any state",
                chosen: asked("phase")),
            projects: [Choice(value: "", label: "All projects", isChosen: false)]
                + projects.map { Choice(value: $0.id, label: $0.name, isChosen: $0.id == asked("project_id")) },
            provider: asked("provider"), label: asked("selector"), name: asked("name"), showsDeleted: asked("show_deleted") == "true",
            pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: filters),
            mayMake: NewResourcePage.Kind.allCases.contains { visit.may($0.scope) })
        return visit.page("resources", "Resources", section: .resources, content)
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Resources</h1><p>Instances, volumes, networks, buckets, addresses, firewalls and snapshots of all your projects, wherever they run.</p></div>
        {{#page.mayMake}}<div class="head-actions"><a class="button" id="new-resource" href="/app/resources/new">\(Icon.plus)New resource</a></div>{{/page.mayMake}}</div>
        {{#page}}{{> tabs}}{{/page}}
        {{#page.wrong}}<p class="notice bad" role="alert">{{.}}</p>{{/page.wrong}}
        <details class="card filters"{{#page.isFiltered}} open{{/page.isFiltered}}><summary>Filter</summary>
        <form method="get" action="/app/resources" role="search"><div class="fields three">
        <div class="field"><label for="kind">Kind</label><select id="kind" name="kind">{{#page.kinds}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.kinds}}</select></div>
        <div class="field"><label for="phase">State</label><select id="phase" name="phase">{{#page.phases}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.phases}}</select></div>
        <div class="field"><label for="project_id">Project</label><select id="project_id" name="project_id">{{#page.projects}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.projects}}</select></div>
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.name}}" maxlength="63" autocomplete="off"></div>
        <div class="field"><label for="selector">Labels</label><input id="selector" name="selector" value="{{page.label}}" maxlength="1000" placeholder="team=core,tier!=dev" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="provider">Connection</label><input id="provider" name="provider" value="{{page.provider}}" maxlength="100" placeholder="con_…" autocomplete="off" spellcheck="false"></div>
        </div><div class="actions"><button type="submit">Show</button><label class="check"><input type="checkbox" name="show_deleted" value="true"{{#page.showsDeleted}} checked{{/page.showsDeleted}}>With deleted ones</label><a href="/app/resources">Clear</a></div></form></details>
        {{#page.isEmpty}}
        <section class="card empty">\(Icon.resources)
        {{#page.isFiltered}}<h2>Nothing fits</h2><p>No resource has all of that. <a href="/app/resources">Show all</a></p>{{/page.isFiltered}}
        {{^page.isFiltered}}<h2>Nothing runs yet</h2><p><a href="/app/settings/connections">Connect a cloud</a>, then {{#page.mayMake}}<a href="/app/resources/new">make the first instance</a>{{/page.mayMake}}{{^page.mayMake}}ask an editor of a project to make the first instance{{/page.mayMake}}.</p>{{/page.isFiltered}}
        </section>
        {{/page.isEmpty}}
        {{^page.isEmpty}}
        <section class="card table-card" aria-label="Resources" id="resources" data-live="10000"><table class="reflow">
        <thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col">Project</th><th scope="col">Where</th><th scope="col" class="number">This month</th></tr></thead>
        <tbody>
        {{#page.rows}}
        <tr data-resource-id="{{id}}"><td><a class="name" href="/app/resources/{{id}}">{{name}}</a><div class="mono">{{id}}</div>{{#labels}}<span class="tag">{{.}}</span> {{/labels}}</td>
        <td data-label="Kind">{{kind}}</td>
        <td data-label="State"><span class="badges">{{#state}}{{> badge}}{{/state}}{{#power}}{{> badge}}{{/power}}</span></td>
        <td data-label="Project">{{project}}</td>
        <td data-label="Where">{{place}}</td>
        <td data-label="This month" class="number"><div>{{monthToDate}}<div class="muted small">{{hourly}}</div></div></td></tr>
        {{/page.rows}}
        </tbody></table>
        {{#page}}{{> pager}}{{/page}}
        </section>
        {{/page.isEmpty}}
        {{/main}}{{/frame}}
        """
}

extension ResourcesPage.Row {
    init(_ resource: JSON, _ projects: [ProjectName], _ connections: [JSON]) {
        let provider = resource.text("provider")
        let connection = connections.first { $0.text("id") == provider }?.text("name") ?? provider
        let currency = resource.text("cost", "currency")
        let power = resource.text("status", "power")
        self.init(
            id: resource.text("id"), name: resource.text("name"), kind: Words.sentence(resource.text("kind")),
            project: projects.first { $0.id == resource.text("project_id") }?.name ?? resource.text("project_id"),
            state: Badge(resource.text("status", "phase")), power: power.isEmpty ? nil : Badge(power),
            place: [connection, resource.text("location")].filter { !$0.isEmpty }.joined(separator: " · "),
            labels: resource.pairs("labels"), monthToDate: Words.money(resource["cost"]?["month_to_date"]?.string, currency),
            hourly: resource["cost"]?["hourly"]?.string.map { "\(Words.money($0, currency)) an hour" } ?? "")
    }
}

/// A project as other pages name it.
struct ProjectName: Sendable {
    let id: String
    let name: String
}

extension Visit {
    /// Of the projects the visitor sees, archived ones included; none for who may not list them.
    func projectNames() async throws -> [ProjectName] {
        guard caller.scopes.contains(.projectsRead) else { return [] }
        return try await list("/v1/projects", query: ["sort": "name"], perPage: 100).items.map {
            ProjectName(id: $0.text("id"), name: $0.text("name"))
        }
    }
}

extension Choice {
    static func list(_ values: [String], any: String?, chosen: String) -> [Choice] {
        (any.map { [Choice(value: "", label: $0, isChosen: chosen.isEmpty)] } ?? [])
            + values.map { Choice(value: $0, label: Words.sentence($0), isChosen: $0 == chosen) }
    }
}
