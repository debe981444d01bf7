import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Workspace: its name.
struct WorkspaceSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.workspace

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/workspace") { request, scope in await pages.signedIn(request, scope) { try await show($0.acrossModes) } }
        router.post("/app/settings/workspace") { request, scope in
            await pages.acting(request, scope, { try await rename($0.acrossModes) }) { try await show($0.acrossModes, problem: $1) }
        }
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let workspace = try await visit.get("/v1/workspace")
        var content = SettingsPage.Content(Self.tab, "All your projects, people and costs are in one workspace.")
        content.notice = visit.query("done") == nil ? nil : "The workspace is renamed."
        content.error = problem?.detail
        content.facts = [
            .init(name: "Name", value: workspace.text("name")), .init(name: "Id", value: workspace.text("id")),
            .init(name: "Made", value: workspace.day("created_at")),
        ]
        if visit.may(.settingsWrite, as: .admin) {
            let form = FormPart(
                title: "Rename", action: Self.tab.path, submit: "Save", id: "rename-workspace",
                fields: [.text("name", "Name", workspace.text("name"), most: 120, isRequired: true)])
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
        }
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private func rename(_ visit: Visit) async throws -> Response {
        try await visit.send(.patch, "/v1/workspace", body: ["name": .string(visit.form.text("name"))])
        return Response.seeOther(Self.tab.path + "?done=renamed")
    }
}
