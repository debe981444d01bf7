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
            await pages.signedIn(request, scope) { visit in try await show(visit.acrossModes) }
        }
        router.post("/app/projects") { request, scope in await pages.signedIn(request, scope) { try await create($0.acrossModes) } }
    }

    private struct Content: Sendable {
        let projects: [Row]
        let isEmpty: Bool
        let form: FormPart?
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

    private static let form = FormPart(
        title: "New project", action: "/app/projects", submit: "Create project", id: "create-project", place: .new,
        fields: [
            .text("name", "Name", placeholder: "Core Platform", most: 120, isRequired: true),
            .select(
                "env", "Environment", Project.Environment.allCases.map { ($0.rawValue, $0.label) },
                chosen: Project.Environment.development.rawValue), .text("description", "Description (optional)"),
        ])

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        try visit.caller.require(.projectsRead)
        let number = visit.guest.page()
        let (page, rows) = try await visit.read { connection in
            let request = PageRequest(limit: 50, position: .page(number), sort: .init(field: "name", descending: false))
            let page = try Project.list(request, .init(), for: visit.caller, connection)
            return (page, try page.items.map { try Row($0, visit, connection) })
        }
        let form = problem == nil ? Self.form : Self.form.filled(from: visit.form, saying: problem)
        let content = Content(
            projects: rows, isEmpty: rows.isEmpty, form: mayCreate(visit.caller) ? form : nil,
            pager: Pager(number, hasMore: page.hasMore, path: "/app/projects"))
        return visit.page("projects", "Projects", section: .projects, status: .init(code: problem?.code.status ?? 200), content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        try ProjectDraft.requireMaker(visit.caller)
        let form = visit.form
        do {
            try await visit.send(
                .post, "/v1/projects",
                body: [
                    "name": .string(form.text("name")), "description": .string(form.text("description")),
                    "env": .string(form["env"] ?? Project.Environment.development.rawValue),
                ])
        } catch let problem as Problem where problem.belongsToForm {
            return try await show(visit, problem: problem)
        }
        return Response.seeOther("/app/projects")
    }

    private func mayCreate(_ caller: Caller) -> Bool { (try? ProjectDraft.requireMaker(caller)) != nil }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Projects</h1><p>A project is where resources live and what a key belongs to. Each has a live side and a test side.</p></div></div>
        <div class="stack">
        {{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.isEmpty}}
        <section class="card empty">\(Icon.projects)<h2>No projects yet</h2>
        {{#page.form}}<p>Make the first one to get a place for resources and keys.</p>{{/page.form}}
        {{^page.form}}<p>Ask an admin of your workspace to add you to a project.</p>{{/page.form}}</section>
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
