import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Stacks: resources that are described in one file, what they have become, and the plans for them.
struct StacksPage: Sendable {
    static let path = "/app/resources/stacks"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources/stacks") { request, scope in await pages.signedIn(request, scope, show) }
        router.get("/app/resources/stacks/{id}") { request, scope in await pages.signedIn(request, scope, open) }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let table: TablePart
    }

    private struct One: Sendable {
        let name: String
        let id: String
        let project: String
        let state: Badge
        let variables: [String]
        let members: TablePart
        let plans: TablePart
        let operation: OperationRow?
        let pause: Int
    }

    private func show(_ visit: Visit) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/stacks", query: ["sort": "name"], page: number)
        let projects = try await visit.projectNames()
        let table = TablePart(
            "Stacks", about: "Made and changed with cloudapi apply -f stack.yaml, or /v1/plans.",
            columns: ["Name", "Project", "State", "Members", "Changed"],
            rows: found.items.map { stack in
                TablePart.Row(
                    id: stack.text("id"),
                    cells: [
                        .name(stack.text("name"), stack.text("id"), link: "\(Self.path)/\(stack.text("id"))"),
                        .text(stack.project(among: projects)), .badge(Self.state(stack)), .text("\(stack.list("resources").count)"),
                        .text(stack.time("updated_at").map { Words.since($0, at: visit.at) } ?? ""),
                    ])
            }, none: "No stacks yet", pager: Pager(number, hasMore: found.hasMore, path: Self.path))
        return visit.page("stacks", "Stacks", section: .resources, Content(tabs: Tab.resources(at: Self.path), table: table))
    }

    private func open(_ visit: Visit) async throws -> Response {
        let stack = try await visit.get("/v1/stacks/{id}", ["id": visit.parameter()])
        let projects = try await visit.projectNames()
        let plans = try await visit.list("/v1/plans", query: ["stack_id": stack.text("id")], perPage: 10).items
        let run = stack["operation"].flatMap { $0 == .null ? nil : OperationRow($0, at: visit.at) }
        let content = One(
            name: stack.text("name"), id: stack.text("id"), project: stack.project(among: projects), state: Self.state(stack),
            variables: stack.pairs("variables"), members: Self.members(stack), plans: Self.plans(plans, at: visit.at), operation: run,
            pause: run?.isOpen == true ? 1500 : 10_000)
        return visit.page("stack", content.name, section: .resources, content)
    }

    /// What the file says, with what has become of it.
    private static func members(_ stack: JSON) -> TablePart {
        let known = stack.list("members")
        let wanted = stack.list("resources").map { $0.text("key") }
        let others = known.filter { !wanted.contains($0.text("key")) }
        let rows = (stack.list("resources") + others).map { member in
            let now = known.first { $0.text("key") == member.text("key") }
            let name =
                now?.text("name") ?? (member.text("name").isEmpty ? "\(stack.text("name"))-\(member.text("key"))" : member.text("name"))
            return TablePart.Row(
                id: member.text("key"),
                cells: [
                    .name(name, member.text("key"), link: now.map { "/app/resources/\($0.text("resource_id"))" }),
                    .text(Words.sentence(member.text("kind"))),
                    now.map { .badge(Badge($0.text("phase"))) } ?? .text("Not made yet"),
                ])
        }
        return TablePart("Members", columns: ["Name", "Kind", "State"], rows: rows)
    }

    private static func plans(_ plans: [JSON], at now: Timestamp) -> TablePart {
        let rows = plans.map { plan in
            let changes = plan.list("changes").filter { $0.text("action") != "noop" }
            let isOver = plan.text("state") == "open" && (plan.time("expires_at").map { $0 <= now } ?? false)
            return TablePart.Row(
                id: plan.text("id"),
                cells: [
                    .name(plan.time("created_at").map { Words.since($0, at: now) } ?? "", plan.text("id")),
                    .badge(isOver ? Badge("expired") : Badge(plan.text("state"))),
                    .text(
                        changes.isEmpty ? "Nothing" : changes.map { "\($0.text("action")) \($0.text("key"))" }.joined(separator: ", "),
                        plan.flag("destroys_data") ? "Data are lost" : nil),
                    .text(Words.money(plan.text("cost_delta_monthly"), plan.text("currency"))),
                ])
        }
        return TablePart("Plans", columns: ["Made", "State", "To do", "Cost a month"], rows: rows)
    }

    private static func state(_ stack: JSON) -> Badge {
        switch stack.text("status") {
        case "applying": Badge("Applying", look: "accent")
        case "empty": Badge("Not applied yet", look: "")
        case let other: Badge(other)
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Stacks</h1><p>Resources that belong together, described in one file with references between them.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        <div class="stack">{{#page.table}}{{> table-part}}{{/page.table}}</div>
        {{/main}}{{/frame}}
        """

    static let oneTemplate = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/resources/stacks">Stacks</a> / {{page.project}}</p>
        <div class="page-head"><div><h1>{{page.name}}</h1><p>Stack <span class="mono">{{page.id}}</span></p></div></div>
        <div class="stack" id="stack" data-live="{{page.pause}}">
        <section class="card" aria-label="State"><div class="badges" role="status">{{#page.state}}{{> badge}}{{/page.state}}{{#page.variables}}<span class="tag">{{.}}</span>{{/page.variables}}</div></section>
        {{#page.members}}{{> table-part}}{{/page.members}}
        {{#page.operation}}<section class="card" aria-labelledby="operation-title"><h2 id="operation-title">Last operation</h2>
        <article class="operation"><div class="badges">{{#state}}{{> badge}}{{/state}}<strong><a href="/app/operations/{{id}}">{{type}}</a></strong>{{#at}}<span class="muted small">{{> moment}}</span>{{/at}}</div>
        {{#isOpen}}<progress max="100" value="{{progress}}" aria-label="{{type}}">{{progress}} %</progress>{{/isOpen}}
        {{#error}}<p class="trouble">{{.}}</p>{{/error}}
        <details{{#isOpen}} open{{/isOpen}}><summary>{{summary}}</summary><ol class="steps">{{#steps}}<li>{{name}} <span class="muted">{{state}}{{#trouble}}: {{.}}{{/trouble}}</span></li>{{/steps}}</ol></details></article></section>{{/page.operation}}
        {{#page.plans}}{{> table-part}}{{/page.plans}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension JSON {
    /// The name of its project, or the id where that may not be seen.
    func project(among projects: [ProjectName]) -> String {
        projects.first { $0.id == text("project_id") }?.name ?? text("project_id")
    }
}

extension Tab {
    static func resources(at path: String) -> [Tab] {
        [(ResourcesPage.path, "All"), (StacksPage.path, "Stacks"), (SchedulesPage.path, "Schedules"), (PoliciesPage.path, "Policies")].map {
            Tab(path: $0.0, label: $0.1, isCurrent: $0.0 == path)
        }
    }
}
