import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Applications: the programs registered here as OAuth clients, and those that act for oneself.
struct ApplicationsPage: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.applications

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/applications") { request, scope in await pages.signedIn(request, scope) { try await show($0.acrossModes) }
        }
        for (path, act) in [
            ("", register), ("/{id}/rotation", rotate), ("/{id}/deletion", delete), ("/{id}/revocation", revoke),
        ] as [(String, @Sendable (Visit) async throws -> Response)] {
            router.post(RouterPath("/app/settings/applications" + path)) { request, scope in
                await pages.acting(request, scope, { try await act($0.acrossModes) }) { try await show($0.acrossModes, problem: $1) }
            }
        }
        for verb in ["rotation", "deletion", "revocation"] {
            router.get("/app/settings/applications/{id}/\(verb)") { _, _ in Response.seeOther(Self.tab.path) }
        }
    }

    private static let notices = [
        "deleted": "The client is deleted, and its tokens with it.", "revoked": "The application can no longer act for you.",
    ]

    private func show(_ visit: Visit, problem: Problem? = nil, fresh: FreshSecretPanel? = nil, notice: String? = nil) async throws
        -> Response
    {
        let mayChange = visit.may(.keysWrite)
        var content = SettingsPage.Content(
            Self.tab, "Programs that get their tokens by OAuth 2.0: for themselves, or for people who let them.")
        content.fresh = fresh
        content.notice = notice ?? visit.query("done").flatMap { Self.notices[$0] }
        if mayChange {
            content.forms = [problem == nil ? Self.form : Self.form.filled(from: visit.form, saying: problem)]
        } else {
            content.error = problem?.detail
        }
        if visit.may(.keysRead) {
            let clients = try await visit.list("/v1/oauth/clients", query: ["sort": "name"], perPage: 100).items
            content.tables.append(
                TablePart(
                    "Registered clients", about: "What may ask for tokens.", columns: ["Name", "Kind", "Mode", "Scopes", "Redirects to"],
                    rows: clients.map { Self.row(ofClient: $0, mayChange: mayChange) }))
        }
        let grants = try await visit.list("/v1/oauth/grants", perPage: 100).items
        content.tables.append(
            TablePart(
                "Applications that act for you", about: "You let them, and can take it back.",
                columns: ["Application", "Scopes", "Mode", "Since"], rows: grants.map(Self.row(ofGrant:)),
                none: "You have let no application act for you"))
        return visit.settings(content, status: problem?.code.status ?? (fresh == nil ? 200 : 201))
    }

    private static let form = FormPart(
        title: "Register a client", action: tab.path, submit: "Register", id: "register",
        fields: [
            .text("name", "Name", placeholder: "Deploy bot", most: 120, isRequired: true),
            .pick(
                "type", "Kind", [("confidential", "Confidential"), ("public", "Public")], chosen: "confidential",
                hint: "Public: an app on a device or in a browser, which can keep no secret."),
            .pick("mode", "Mode", [("live", "Live"), ("test", "Test")], chosen: "live", hint: "A test client works in the sandbox alone."),
            .text(
                "scopes", "Scopes", hint: "Parted by spaces; all of yours when left empty.", placeholder: "projects:read usage:read",
                most: 4000
            ),
            .area(
                "redirect_uris", "Redirect addresses", hint: "One a line; none for a program that acts for itself alone.",
                placeholder: "https://app.example.com/callback"),
        ])

    private static func row(ofClient client: JSON, mayChange: Bool) -> TablePart.Row {
        let (id, name, isPublic) = (client.text("id"), client.text("name"), client.text("type") == "public")
        let rotation = TablePart.Action(label: "Rotate", path: tab.path(id, "rotation"))
        let deletion = TablePart.Action(
            label: "Delete", path: tab.path(id, "deletion"), question: "Delete “\(name)”? \(consequence)", isDangerous: true)
        return TablePart.Row(
            id: id,
            cells: [
                .name(name, id), .text(isPublic ? "Public" : "Confidential"), mode(client),
                .text(client.texts("scopes").joined(separator: " ")), .text(client.texts("redirect_uris").joined(separator: " ")),
            ], actions: !mayChange ? [] : isPublic ? [deletion] : [rotation, deletion])
    }

    private static func row(ofGrant grant: JSON) -> TablePart.Row {
        let (id, name) = (grant.text("id"), grant.text("client_name"))
        return TablePart.Row(
            id: id,
            cells: [
                .name(name), .text(grant.texts("scopes").joined(separator: " ")), mode(grant), .text(grant.day("created_at")),
            ],
            actions: [
                .init(
                    label: "Take back", path: tab.path(id, "revocation"), question: "Stop “\(name)” from acting for you?",
                    isDangerous: true)
            ])
    }

    private static func mode(_ json: JSON) -> TablePart.Cell {
        json.text("mode") == "test" ? .badge("Test", "warn") : .badge("Live", "accent")
    }

    @Sendable private func register(_ visit: Visit) async throws -> Response {
        let form = visit.form
        func words(_ name: String) -> [JSON] { form.text(name).split(whereSeparator: \.isWhitespace).map { .string(String($0)) } }
        var members: [JSON.Member] = [
            .init("name", .string(form.text("name"))), .init("type", .string(form["type"] ?? "confidential")),
            .init("mode", .string(form["mode"] ?? "live")), .init("redirect_uris", .array(words("redirect_uris"))),
        ]
        let scopes = words("scopes")
        if !scopes.isEmpty { members.append(.init("scopes", .array(scopes))) }
        return try await say("is registered", visit.send(.post, "/v1/oauth/clients", body: .object(members)), visit)
    }

    @Sendable private func rotate(_ visit: Visit) async throws -> Response {
        let made = try await visit.send(.post, "/v1/oauth/clients/{id}/rotation", ["id": visit.parameter()], body: .object([]))
        return try await say("has a new secret", made, visit)
    }

    /// Shows the client, with its secret the first time.
    private func say(_ what: String, _ made: (json: JSON, isReplay: Bool), _ visit: Visit) async throws -> Response {
        guard !made.isReplay else { return try await show(visit, notice: Visit.sentBefore) }
        let title = "“\(made.json.text("name"))” \(what)"
        guard let secret = made.json["client_secret"]?.string else {
            let panel = FreshSecretPanel(
                title: title, about: "It keeps no secret, and says who it is by its id alone.", label: "Client id",
                secret: made.json.text("id"), example: nil, address: Self.tab.path)
            return try await show(visit, fresh: panel)
        }
        var panel = FreshSecretPanel(
            title: title, about: "Copy the secret now. It is not kept and cannot be shown again.", label: "Secret", secret: secret,
            example: nil, address: Self.tab.path)
        panel.other = .init(name: "Client id", value: made.json.text("id"))
        return try await show(visit, fresh: panel)
    }

    private static let consequence = "Every token of it is refused from the next request on. This cannot be undone."

    @Sendable private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/oauth/clients/{id}", ["id": id]).text("name")
            return visit.ask(
                "Delete “\(name)”?", Self.consequence, "Delete the client", at: Self.tab.path(id, "deletion"), orBackTo: Self.tab.path,
                section: .settings)
        }
        try await visit.send(.delete, "/v1/oauth/clients/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=deleted")
    }

    @Sendable private func revoke(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/oauth/grants/{id}", ["id": id]).text("client_name")
            return visit.ask(
                "Stop “\(name)” from acting for you?", "It can ask you again.", "Take it back", at: Self.tab.path(id, "revocation"),
                orBackTo: Self.tab.path, section: .settings)
        }
        try await visit.send(.delete, "/v1/oauth/grants/{id}", ["id": id])
        return Response.seeOther(Self.tab.path + "?done=revoked")
    }
}
