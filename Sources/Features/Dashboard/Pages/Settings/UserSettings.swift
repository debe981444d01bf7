import HTTPTypes
import Hummingbird
import Identity
import Kernel
import Web

/// Settings → Users: invite people, change what they may do, let them go.
struct UserSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.users

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/users") { request, scope in await pages.signedIn(request, scope) { try await show($0.acrossModes) } }
        router.post("/app/settings/users") { request, scope in
            await pages.acting(request, scope, { try await invite($0.acrossModes) }) { try await show($0.acrossModes, problem: $1) }
        }
        router.post("/app/settings/users/{id}") { request, scope in
            await pages.acting(request, scope, { try await change($0.acrossModes) }) { try await show($0.acrossModes, problem: $1) }
        }
    }

    private func show(_ visit: Visit, problem: Problem? = nil, fresh: FreshSecretPanel? = nil, notice: String? = nil) async throws
        -> Response
    {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/users", query: ["sort": "created_at"], page: number)
        var content = SettingsPage.Content(
            Self.tab, "Admins may do everything in the workspace; members what their projects and teams let them.")
        content.fresh = fresh
        content.notice = notice ?? (visit.query("done") == nil ? nil : "The change is made.")
        content.error = problem?.detail
        let mayChange = visit.may(.usersWrite, as: .admin)
        if mayChange {
            let form = FormPart(
                title: "Invite somebody", action: Self.tab.path, submit: "Invite", id: "invite",
                fields: [
                    .text("email", "E-mail", type: "email", most: 254, isRequired: true), .text("name", "Name (optional)", most: 120),
                    .select("role", "Role", [("member", "Member"), ("admin", "Admin: everything")], chosen: "member"),
                ])
            content.forms = [problem == nil || visit.form["email"] == nil ? form : form.filled(from: visit.form)]
        }
        let rows = items.map { user in
            let (status, role, id) = (user.text("status"), user.text("role"), user.text("id"))
            let isMe = id == visit.user.id.rawValue
            var actions: [TablePart.Action] = []
            if mayChange, !isMe {
                let path = Self.tab.path(id)
                if status != "deactivated" {
                    actions.append(
                        role == "admin"
                            ? .init(label: "Make member", path: path, value: "member")
                            : .init(label: "Make admin", path: path, value: "admin"))
                    actions.append(
                        .init(
                            label: "Deactivate", path: path,
                            question: "Deactivate \(user.text("email"))? Their sessions and keys end at once.",
                            isDangerous: true, value: "deactivated"))
                } else {
                    actions.append(.init(label: "Activate", path: path, value: "active"))
                }
            }
            return TablePart.Row(
                id: id,
                cells: [
                    .name(user.text("name").isEmpty ? user.text("email") : user.text("name"), user.text("email") + (isMe ? " (you)" : "")),
                    .text(role == "admin" ? "Admin" : "Member"),
                    .badge(
                        status.prefix(1).uppercased() + status.dropFirst(), status == "active" ? "good" : status == "invited" ? "warn" : ""),
                    .text(user.when("last_sign_in_at", at: visit.at)),
                ], actions: actions, isGone: status == "deactivated")
        }
        content.tables = [
            TablePart(
                "Users", columns: ["Name", "Role", "State", "Last signed in"], rows: rows,
                pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? (fresh == nil ? 200 : 201))
    }

    private func invite(_ visit: Visit) async throws -> Response {
        let form = visit.form
        var body: [JSON.Member] = [.init("email", .string(form.text("email"))), .init("role", .string(form["role"] ?? "member"))]
        if !form.text("name").isEmpty { body.append(.init("name", .string(form.text("name")))) }
        let (json, isReplay) = try await visit.send(.post, "/v1/users", body: .object(body))
        guard !isReplay else { return try await show(visit, notice: Visit.sentBefore) }
        let token = json["invitation"]?.text("token") ?? ""
        return try await show(
            visit,
            fresh: FreshSecretPanel(
                title: "\(json.text("email")) is invited",
                about: "Send them this link. It works once, until \(json["invitation"]?.day("expires_at") ?? ""), and is shown only now.",
                label: "Invitation", secret: "\(pages.look.baseURL)/app/invitation#\(token)", example: nil, address: Self.tab.path))
    }

    private func change(_ visit: Visit) async throws -> Response {
        let (id, action) = (visit.parameter(), visit.form["action"] ?? "")
        if action == "deactivated", !visit.isConfirmed {
            let user = try await visit.get("/v1/users/{id}", ["id": id])
            return AskPage(
                title: "Deactivate \(user.text("email"))?", text: "Their sessions and keys end at once.", verb: "Deactivate",
                action: Self.tab.path(id), back: Self.tab.path, fields: [.init(name: "action", value: action)]
            ).response(visit, section: .settings)
        }
        let field = ["admin", "member"].contains(action) ? "role" : "status"
        try await visit.send(.patch, "/v1/users/{id}", ["id": id], body: .object([.init(field, .string(action))]))
        return Response.seeOther(Self.tab.path + "?done=changed")
    }
}
