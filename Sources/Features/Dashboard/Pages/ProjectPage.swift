import HTTPTypes
import Hummingbird
import Identity
import Kernel
import Web

/// One project: what it is called, who is in it, and whom to invite.
struct ProjectPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/projects/{id}") { request, scope in
            await pages.signedIn(request, scope) { try await show($0.acrossModes) }
        }
        router.post("/app/projects/{id}/{deed}") { request, scope in
            await pages.signedIn(request, scope) { try await act($0.acrossModes) }
        }
        router.get("/app/projects/{id}/{deed}") { _, scope in Response.seeOther("/app/projects/\(scope.parameters.get("id") ?? "")") }
    }

    private struct Content: Sendable {
        let id: String
        let name: String
        let description: String
        let quota: String
        let environments: [Choice]
        let status: Badge
        let isActive: Bool
        let requests: String
        let created: Moment?
        let members: [MemberRow]
        let people: [Choice]
        let hasPeople: Bool
        let mayChange: Bool
        let mayArchive: Bool
        let mayInvite: Bool
        let invitation: Invitation?
        let error: String?
    }

    private struct MemberRow: Sendable {
        let id: String
        let email: String
        let name: String
        let role: String
        let roles: [Choice]
        let isInherited: Bool
        let mayChange: Bool
    }

    private struct Invitation: Sendable {
        let email: String
        let token: String
        let link: String
        let project: String
        let until: String
    }

    private func show(_ visit: Visit, invitation: Invitation? = nil, error: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let project = try await visit.get("/v1/projects/{id}", ["id": id])
        let role = visit.caller.role(in: ProjectID(id)) ?? .viewer
        let mayChange = role == .admin && visit.caller.scopes.contains(.projectsWrite)
        let isWorkspaceAdmin = visit.caller.reach == .workspace(.admin)
        let members = try await visit.getIfAllowed("/v1/projects/{id}/members", ["id": id])
        let rows = (members.map { $0["data"] ?? $0["items"] ?? .null }?.array ?? [])
        let users = isWorkspaceAdmin ? try await visit.listIfAllowed("/v1/users", query: ["sort": "email"], perPage: 100) : []
        let inside = Set(rows.map { $0.text("user_id") })
        let people = users.filter { !inside.contains($0.text("id")) && $0.text("role") != "admin" && $0.text("status") != "deactivated" }
        let status = project.text("status")
        let content = Content(
            id: id, name: project.text("name"), description: project.text("description"), quota: project.text("quota_requests"),
            environments: Choice.list(Project.Environment.allCases, \.label, chosen: Project.Environment(rawValue: project.text("env"))),
            status: Badge(status), isActive: status == "active", requests: Words.count(project.count("requests_24h")),
            created: Moment(project.time("created_at"), at: visit.at),
            members: rows.map { member in
                MemberRow(
                    id: member.text("user_id"), email: member.text("email"), name: member.text("name"),
                    role: Words.sentence(member.text("role")),
                    roles: Choice.list(["viewer", "editor", "admin"], any: nil, chosen: member.text("role")),
                    isInherited: member.flag("inherited"), mayChange: mayChange && !member.flag("inherited"))
            },
            people: people.map { Choice(value: $0.text("id"), label: $0.text("email"), isChosen: false) }, hasPeople: !people.isEmpty,
            mayChange: mayChange, mayArchive: isWorkspaceAdmin, mayInvite: isWorkspaceAdmin && project.text("status") == "active",
            invitation: invitation, error: error?.sentence)
        let answer: HTTPResponse.Status = error.map { .init(code: $0.code.status) } ?? (invitation == nil ? .ok : .created)
        return visit.page("project", content.name, section: .projects, status: answer, content)
    }

    private func act(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        let form = visit.form
        do {
            switch visit.parameter("deed") {
            case "change": try await visit.send(.patch, "/v1/projects/{id}", ["id": id], body: change(form))
            case "archive":
                guard visit.isConfirmed else { return try await ask(visit, id) }
                try await visit.send(.delete, "/v1/projects/{id}", ["id": id])
            case "restoration": try await visit.send(.patch, "/v1/projects/{id}", ["id": id], body: ["status": "active"])
            case "member":
                try await visit.send(
                    .put, "/v1/projects/{id}/members/{user_id}", ["id": id, "user_id": form.text("user_id")],
                    body: ["role": .string(form.text("role"))])
            case "removal":
                try await visit.send(.delete, "/v1/projects/{id}/members/{user_id}", ["id": id, "user_id": form.text("user_id")])
            case "invitation": return try await invite(visit, id)
            default: throw Problem.notFound("page")
            }
        } catch let problem as Problem where problem.code == .idempotencySealed {
            return Response.seeOther("/app/projects/\(id)")
        } catch let problem as Problem where [400, 403, 409, 422].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther("/app/projects/\(id)")
    }

    private func change(_ form: Form) -> JSON {
        let quota = form.text("quota_requests")
        return [
            "name": .string(form.text("name")), "description": .string(form.text("description")), "env": .string(form.text("env")),
            "quota_requests": quota.isEmpty ? .null : Int64(quota).map { .integer($0) } ?? .string(quota),
        ]
    }

    /// Invites a person and puts them into the project at once. The token is on this one answer.
    private func invite(_ visit: Visit, _ id: String) async throws -> Response {
        let email = visit.form.text("email")
        let made = try await visit.send(.post, "/v1/users", body: ["email": .string(email), "name": .string(visit.form.text("name"))])
        // The person is made by now: their invitation is shown whatever becomes of the membership.
        var refusal: Problem?
        do {
            try await visit.send(
                .put, "/v1/projects/{id}/members/{user_id}", ["id": id, "user_id": made.json.text("id")],
                body: ["role": .string(visit.form.text("role"))])
        } catch let problem as Problem where !made.isReplay {
            refusal = problem
        }
        let token = made.json.text("invitation", "token")
        let until = made.json["invitation"]?.time("expires_at").map(Words.moment) ?? ""
        let invitation = Invitation(
            email: email, token: token, link: "\(pages.look.baseURL)/app/invitation#\(token)", project: id, until: until)
        return try await show(visit, invitation: made.isReplay ? nil : invitation, error: refusal)
    }

    private func ask(_ visit: Visit, _ id: String) async throws -> Response {
        let name = try await visit.get("/v1/projects/{id}", ["id": id]).text("name")
        return AskPage(
            title: "Archive “\(name)”?", text: "Its keys stop working at once. Its data stays, and it can be restored.", verb: "Archive",
            action: "/app/projects/\(id)/archive", back: "/app/projects/\(id)"
        ).response(visit, section: .projects)
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/projects">Projects</a></p>
        <div class="page-head"><div><h1>{{page.name}}</h1><p class="mono">{{page.id}}</p></div>
        {{#page.mayArchive}}<div class="head-actions">{{#page.isActive}}<form method="post" action="/app/projects/{{page.id}}/archive">{{> form-fields}}<button class="plain danger" data-action="archive" data-confirm="Archive “{{page.name}}”? Its keys stop working at once.">Archive</button></form>{{/page.isActive}}{{^page.isActive}}<form method="post" action="/app/projects/{{page.id}}/restoration">{{> form-fields}}<button class="plain" data-action="restore">Restore</button></form>{{/page.isActive}}</div>{{/page.mayArchive}}</div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.invitation}}<section class="card fresh" aria-labelledby="fresh-title" data-address="/app/projects/{{project}}" data-focus tabindex="-1"><h2 id="fresh-title">{{email}} is invited</h2><p>Send them this link. It is shown once and holds until {{until}}.</p><p class="label" id="link-label">Invitation</p><div class="copyable"><code id="secret" aria-labelledby="link-label">{{link}}</code><button type="button" data-copy="secret" hidden>Copy</button></div></section>{{/page.invitation}}
        <div class="stack">
        <section class="card" aria-label="State"><div class="badges">{{#page.status}}{{> badge}}{{/page.status}}<span class="muted small">Made {{#page.created}}{{> moment}}{{/page.created}}, {{page.requests}} requests in the last 24 hours</span></div>
        {{#page.mayChange}}<form method="post" action="/app/projects/{{page.id}}/change" class="spaced">{{> form-fields}}<div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.name}}" maxlength="120" required autocomplete="off"></div>
        <div class="field"><label for="env">Environment</label><select id="env" name="env">{{#page.environments}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.environments}}</select></div>
        <div class="field"><label for="description">Description</label><input id="description" name="description" value="{{page.description}}" maxlength="1000" autocomplete="off"></div>
        <div class="field"><label for="quota_requests">Requests a month</label><input id="quota_requests" name="quota_requests" value="{{page.quota}}" maxlength="13" inputmode="numeric" placeholder="the account's" autocomplete="off"></div>
        </div><div class="actions"><button type="submit" data-action="change">Save</button></div></form>{{/page.mayChange}}
        {{^page.mayChange}}<p class="muted">{{page.description}}</p>{{/page.mayChange}}</section>
        <section class="card table-card" aria-labelledby="members-title"><div class="card-head"><div><h2 id="members-title">Members</h2><p>Viewers read, editors change, admins also manage keys and members.</p></div></div>
        <table class="reflow"><thead><tr><th scope="col">Person</th><th scope="col">Role</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
        {{#page.members}}<tr data-member-id="{{id}}"><td><div class="name">{{email}}</div>{{#name}}<div class="muted small">{{name}}</div>{{/name}}</td><td data-label="Role">{{role}}{{#isInherited}} <span class="muted small">of the workspace</span>{{/isInherited}}</td><td class="row-actions">{{#mayChange}}<form method="post" action="/app/projects/{{page.id}}/member" class="inline">{{> form-fields}}<input type="hidden" name="user_id" value="{{id}}"><select name="role" aria-label="New role of {{email}}">{{#roles}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/roles}}</select><button class="plain">Set</button><button class="plain danger" formaction="/app/projects/{{page.id}}/removal" data-confirm="Remove {{email}} from this project?" aria-label="Remove {{email}}">Remove</button></form>{{/mayChange}}</td></tr>
        {{/page.members}}{{^page.members}}<tr><td colspan="3" class="muted">Nobody but the admins of the workspace.</td></tr>{{/page.members}}</tbody></table>
        {{#page.hasPeople}}<form method="post" action="/app/projects/{{page.id}}/member" class="inset add">{{> form-fields}}<div class="fields three"><div class="field"><label for="user_id">Add somebody</label><select id="user_id" name="user_id">{{#page.people}}<option value="{{value}}">{{label}}</option>{{/page.people}}</select></div><div class="field"><label for="role">Role</label><select id="role" name="role"><option value="viewer">Viewer</option><option value="editor" selected>Editor</option><option value="admin">Admin</option></select></div><div class="field end"><button type="submit" data-action="add">Add</button></div></div></form>{{/page.hasPeople}}</section>
        {{#page.mayInvite}}<section class="card"><h2>Invite somebody new</h2><form method="post" action="/app/projects/{{page.id}}/invitation">{{> form-fields}}<div class="fields three"><div class="field"><label for="email">E-mail</label><input id="email" name="email" type="email" maxlength="254" required autocomplete="off"></div><div class="field"><label for="invited-name">Name <span class="muted">(optional)</span></label><input id="invited-name" name="name" maxlength="120" autocomplete="off"></div><div class="field"><label for="invited-role">Role in this project</label><select id="invited-role" name="role"><option value="viewer">Viewer</option><option value="editor" selected>Editor</option><option value="admin">Admin</option></select></div></div><div class="actions"><button type="submit" data-action="invite">Invite</button></div></form></section>{{/page.mayInvite}}
        </div>
        {{/main}}{{/frame}}
        """
}
