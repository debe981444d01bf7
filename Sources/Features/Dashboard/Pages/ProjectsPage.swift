import HTTPTypes
import Hummingbird
import Identity
import Kernel
import Metering
import Storage
import Web

/// The projects somebody sees, how busy they are, and a form to make one.
struct ProjectsPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/projects") { request, scope in
            await pages.signedIn(request, scope) { visit in try await show(visit.acrossModes, NewProject()) }
        }
        router.post("/app/projects") { request, scope in await pages.signedIn(request, scope) { try await create($0.acrossModes) } }
    }

    private struct Content: Sendable {
        let projects: [Row]
        let isEmpty: Bool
        let mayCreate: Bool
        let form: NewProject
        let pager: Pager?
    }

    fileprivate struct Row: Sendable {
        let id: String
        let name: String
        let env: String
        let isProduction: Bool
        let isActive: Bool
        let requests: String
        let created: String
    }

    /// The form as it was typed, and what is wrong with it.
    private struct NewProject: Sendable {
        var name = ""
        var description = ""
        var environments = Choice.list(Project.Environment.allCases, \.label, chosen: .development)
        var wrongName: String?
        var wrongDescription: String?
        var isOpen = false
    }

    private func show(_ visit: Visit, _ form: NewProject, status: HTTPResponse.Status = .ok) async throws -> Response {
        try visit.caller.require(.projectsRead)
        let number = visit.guest.page()
        let (page, rows) = try await visit.read { connection in
            let request = PageRequest(limit: 50, position: .page(number), sort: .init(field: "name", descending: false))
            let page = try Project.list(request, .init(), for: visit.caller, connection)
            return (page, try page.items.map { try Row($0, visit, connection) })
        }
        let content = Content(
            projects: rows, isEmpty: rows.isEmpty, mayCreate: mayCreate(visit.caller), form: form,
            pager: Pager(number, hasMore: page.hasMore, path: "/app/projects"))
        return visit.page("projects", "Projects", section: .projects, status: status, content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        let caller = visit.caller
        try ProjectDraft.requireMaker(caller)
        var draft = ProjectDraft(name: visit.form.text("name"))
        draft.description = visit.form.text("description")
        draft.env = visit.form["env"].flatMap(Project.Environment.init) ?? .development
        let form = NewProject(
            name: draft.name, description: draft.description,
            environments: Choice.list(Project.Environment.allCases, \.label, chosen: draft.env),
            wrongName: visit.form.complaint("name", called: "The name", ProjectDraft.nameSchema),
            wrongDescription: visit.form.complaint("description", called: "The description", ProjectDraft.descriptionSchema), isOpen: true)
        guard form.wrongName == nil, form.wrongDescription == nil else {
            return try await show(visit, form, status: .unprocessableContent)
        }
        _ = try await visit.once { [draft] in try Project.create(draft, by: visit.attribution, $0) }
        return Response.seeOther("/app/projects")
    }

    private func mayCreate(_ caller: Caller) -> Bool { (try? ProjectDraft.requireMaker(caller)) != nil }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Projects</h1><p>A project is where resources live and what a key belongs to. Each has a live side and a test side.</p></div></div>
        <div class="stack">
        {{#page.mayCreate}}
        <details class="new"{{#page.form.isOpen}} open{{/page.form.isOpen}}>
        <summary>\(Icon.plus)New project</summary>
        <form class="card" method="post" action="/app/projects">{{> form-fields}}
        <div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.form.name}}" maxlength="120" required placeholder="Core Platform" autocomplete="off"{{#page.form.wrongName}} aria-invalid="true" aria-describedby="name-wrong"{{/page.form.wrongName}}>
        {{#page.form.wrongName}}<p class="wrong" id="name-wrong">{{.}}</p>{{/page.form.wrongName}}</div>
        <div class="field"><label for="env">Environment</label><select id="env" name="env">{{#page.form.environments}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.form.environments}}</select></div>
        <div class="field"><label for="description">Description <span class="muted">(optional)</span></label><input id="description" name="description" value="{{page.form.description}}" maxlength="1000" autocomplete="off">
        {{#page.form.wrongDescription}}<p class="wrong">{{.}}</p>{{/page.form.wrongDescription}}</div>
        </div>
        <div class="actions"><button type="submit" id="create-project">Create project</button></div>
        </form>
        </details>
        {{/page.mayCreate}}
        {{#page.isEmpty}}
        <section class="card empty">\(Icon.projects)<h2>No projects yet</h2>
        {{#page.mayCreate}}<p>Make the first one to get a place for resources and keys.</p>{{/page.mayCreate}}
        {{^page.mayCreate}}<p>Ask an admin of your workspace to add you to a project.</p>{{/page.mayCreate}}</section>
        {{/page.isEmpty}}
        {{^page.isEmpty}}
        <section class="card table-card" aria-label="Projects"><table class="reflow">
        <thead><tr><th scope="col">Name</th><th scope="col">Environment</th><th scope="col">Status</th><th scope="col" class="number">Requests, 24 h</th><th scope="col">Created</th></tr></thead>
        <tbody>
        {{#page.projects}}
        <tr><td><a class="name" href="/app/projects/{{id}}">{{name}}</a><div class="mono">{{id}}</div></td>
        <td data-label="Environment"><span class="badge{{#isProduction}} accent{{/isProduction}}">{{env}}</span></td>
        <td data-label="Status">{{#isActive}}<span class="badge good">Active</span>{{/isActive}}{{^isActive}}<span class="badge">Archived</span>{{/isActive}}</td>
        <td data-label="Requests, 24 h" class="number">{{requests}}</td>
        <td data-label="Created" class="when">{{created}}</td></tr>
        {{/page.projects}}
        </tbody></table>
        {{#page}}{{> pager}}{{/page}}
        </section>
        {{/page.isEmpty}}
        </div></div>
        {{/main}}{{/frame}}
        """
}

extension ProjectsPage.Row {
    init(_ project: Project, _ visit: Visit, _ connection: Connection) throws {
        let busy = try RequestActivity().requestsInLastDay(
            of: project.id, in: Tenant(workspace: visit.caller.workspace, mode: visit.mode), at: visit.at, connection)
        self.init(
            id: project.id.rawValue, name: project.name, env: project.env.label, isProduction: project.env == .production,
            isActive: project.status == .active, requests: Words.count(busy), created: Words.day(project.createdAt))
    }
}

extension Project.Environment {
    var label: String {
        switch self {
        case .production: "Production"
        case .staging: "Staging"
        case .development: "Development"
        }
    }
}
