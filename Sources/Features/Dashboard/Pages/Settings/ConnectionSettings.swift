import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Connections: the clouds resources are made on. A connection's secret goes in and never comes out.
struct ConnectionSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.connections

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/connections") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/connections") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.get("/app/settings/connections/{id}") { request, scope in await pages.signedIn(request, scope) { try await open($0) } }
        router.post("/app/settings/connections/{id}") { request, scope in
            await pages.acting(request, scope, change) { try await open($0, problem: $1) }
        }
        router.post("/app/settings/connections/{id}/verification") { request, scope in
            await pages.acting(request, scope, verify) { try await open($0, problem: $1) }
        }
        router.post("/app/settings/connections/{id}/deletion") { request, scope in
            await pages.acting(request, scope, delete) { try await open($0, problem: $1) }
        }
        for verb in ["verification", "deletion"] {
            router.get("/app/settings/connections/{id}/\(verb)") { _, scope in
                Response.seeOther(Self.tab.path(scope.parameters.get("id") ?? ""))
            }
        }
    }

    private static func badge(_ state: String) -> TablePart.Cell {
        .badge(state.prefix(1).uppercased() + state.dropFirst(), state == "connected" ? "good" : "bad")
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let (items, hasMore) = try await visit.list("/v1/connections", page: number)
        var content = SettingsPage.Content(Self.tab, "Where resources are made. Secrets are kept sealed and never shown.")
        content.notice = visit.query("done") == nil ? nil : "The connection is deleted."
        content.error = problem?.detail
        if visit.may(.connectionsWrite, as: .admin) {
            let form = FormPart(
                title: "Make a connection", action: Self.tab.path, submit: "Connect", id: "make-connection",
                fields: [
                    .text(
                        "name", "Name", hint: "Lower-case letters, digits and dashes.", placeholder: "docker-1", most: 63, isRequired: true),
                    .select("provider", "Provider", Self.providers(visit)),
                    .area(
                        "settings", "Settings", "", hint: "JSON, as the provider takes them.",
                        placeholder: "{\"endpoint\": \"tcp://10.0.0.5:2376\"}"),
                    .text("secret", "Secret (optional)", hint: "JSON. Kept sealed, never shown.", type: "password", most: 20_000),
                ])
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
        }
        let rows = items.map { connection in
            TablePart.Row(
                id: connection.text("id"),
                cells: [
                    .name(connection.text("name"), connection.text("id"), link: Self.tab.path(connection.text("id"))),
                    .text(connection.text("provider")), Self.badge(connection.text("state")),
                    .text(connection.when("verified_at", at: visit.at)),
                ])
        }
        content.tables = [
            TablePart(
                "Connections", columns: ["Name", "Provider", "State", "Verified"], rows: rows,
                pager: Pager(number, hasMore: hasMore, path: Self.tab.path))
        ]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    /// As the API's own description lists them.
    private static func providers(_ visit: Visit) -> [(String, String)] {
        let schema = visit.guest.pages.calls["POST /v1/connections"]?.body.schema
        let names = schema?.choices(of: "provider") ?? []
        return (names.isEmpty ? ["simulator"] : names).map { ($0, $0.prefix(1).uppercased() + $0.dropFirst()) }
    }

    private func create(_ visit: Visit) async throws -> Response {
        let body = try Self.body(visit.form) + [.init("provider", .string(visit.form.text("provider")))]
        let made = try await visit.send(.post, "/v1/connections", body: .object(body)).json
        return Response.seeOther(Self.tab.path(made.text("id")))
    }

    /// A secret that is left empty stays as it is; settings and projects become what the form says.
    private func change(_ visit: Visit) async throws -> Response {
        let (id, form) = (visit.parameter(), visit.form)
        var body = try Self.body(form)
        if form.text("settings").isEmpty { body.append(.init("settings", .object([]))) }
        if form["lists_projects"] == "yes" {
            let chosen = form.all("project_ids").map { JSON.string($0) }
            body.append(.init("project_ids", chosen.isEmpty ? .null : .array(chosen)))
        }
        try await visit.send(.patch, "/v1/connections/{id}", ["id": id], body: .object(body))
        return Response.seeOther(Self.tab.path(id) + "?done=changed")
    }

    private static func body(_ form: Form) throws -> [JSON.Member] {
        var body: [JSON.Member] = [.init("name", .string(form.text("name")))]
        for field in ["settings", "secret"] where !form.text(field).isEmpty {
            do throws(JSONParser.Failure) {
                body.append(.init(field, try JSONParser.parse(form.text(field).utf8)))
            } catch {
                throw Problem.invalid(field, "The \(field) must be JSON: at byte \(error.offset) \(error.reason).")
            }
        }
        return body
    }

    private static func form(_ connection: JSON, _ projects: [ProjectName]) -> FormPart {
        let settings = connection["settings"] ?? .object([])
        let chosen = Set(connection.texts("project_ids"))
        let choices = projects.map { ($0.id, $0.name) }
        return FormPart(
            title: "Change it", action: tab.path(connection.text("id")), submit: "Save", id: "change-connection",
            fields: [
                .text("name", "Name", connection.text("name"), hint: "Lower-case letters, digits and dashes.", most: 63, isRequired: true),
                .text(
                    "secret", "New secret (optional)", hint: "JSON; left empty, the one that is kept stays.", type: "password", most: 20_000
                ),
                .area(
                    "settings", "Settings", settings.members?.isEmpty == false ? settings.indented : "",
                    hint: "JSON, as the provider takes them."),
            ]
                // A long list would be cut, and what is not seen would be taken away.
                + (choices.isEmpty || choices.count >= 100
                    ? []
                    : [
                        .boxes(
                            "project_ids", "For these projects", choices, ticked: chosen, hint: "All of them when none is ticked."),
                        .hidden("lists_projects", "yes"),
                    ]))
    }

    private func open(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let connection = try await visit.get("/v1/connections/{id}", ["id": id])
        var content = SettingsPage.Content(Self.tab, id, title: connection.text("name"))
        content.error = problem?.detail
        content.notice = visit.query("done").map { $0 == "changed" ? "The connection is changed." : "The connection was looked at anew." }
        let capabilities = connection["capabilities"]
        content.facts = [
            .init(name: "Provider", value: connection.text("provider")), .init(name: "State", value: connection.text("state")),
            .init(name: "Verified", value: connection.when("verified_at", at: visit.at)),
            .init(name: "Secret", value: connection["has_secret"] == true ? "Kept, not shown" : "None"),
            .init(name: "Server", value: capabilities?.text("server") ?? "Unknown"),
        ]
        if !connection.text("state_detail").isEmpty {
            content.facts.append(.init(name: "What it says", value: connection.text("state_detail")))
        }
        let settings = (connection["settings"]?.members ?? []).map {
            TablePart.Row(
                id: $0.name, cells: [.name($0.name), .text($0.value.text ?? String(decoding: $0.value.canonicalBytes, as: UTF8.self))])
        }
        content.tables = [
            TablePart("Settings", columns: ["Name", "Value"], rows: settings),
            TablePart(
                "Capabilities", columns: ["What it can do"],
                rows: (capabilities?.texts("features") ?? []).map { .init(id: $0, cells: [.name($0)]) }, none: "Not known yet"),
        ]
        if visit.may(.connectionsWrite, as: .admin) {
            let form = Self.form(connection, try await visit.acrossModes.projectNames())
            content.forms = [problem == nil || visit.form["name"] == nil ? form : form.filled(from: visit.form, saying: problem)]
            content.more = [
                FormPart(
                    title: "Verify", about: "Asks the provider whether it answers, and what it can do.",
                    action: Self.tab.path(id, "verification"),
                    submit: "Verify now", id: "verify", fields: []),
                FormPart(
                    title: "Delete the connection", about: "Only one without resources can go.", action: Self.tab.path(id, "deletion"),
                    submit: "Delete", isDangerous: true, fields: []),
            ]
        }
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private func verify(_ visit: Visit) async throws -> Response {
        try await visit.send(.post, "/v1/connections/{id}/verify", ["id": visit.parameter()])
        return Response.seeOther(Self.tab.path(visit.parameter()) + "?done=verified")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let connection = try await visit.get("/v1/connections/{id}", ["id": id])
            return visit.ask(
                "Delete “\(connection.text("name"))”?", "Its secret goes with it.", "Delete the connection",
                at: Self.tab.path(id, "deletion"),
                orBackTo: Self.tab.path(id), section: .settings)
        }
        try await visit.send(.delete, "/v1/connections/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=deleted")
    }
}

extension Schema {
    /// What a field of an object may say, where that is a closed list.
    fileprivate func choices(of name: String) -> [String] {
        guard case .object(let fields) = kind, let field = fields.first(where: { $0.name == name }),
            case .choice(let choices) = field.schema.kind
        else { return [] }
        return choices
    }
}
