import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Teams: who sees which part of the costs.
struct TeamSettings: Sendable {
    let pages: DashboardPages
    private static let tab = SettingsPage.Tab.teams

    /// The fields that are lists of texts, in the order of the form.
    private static let lists = [
        ("aws_account_ids", "AWS accounts"), ("aws_bill_payer_account_ids", "AWS payer accounts"), ("aws_region_names", "AWS regions"),
        ("aws_services", "AWS services"), ("gcp_project_names", "GCP projects"), ("gcp_billing_account_ids", "GCP billing accounts"),
        ("gcp_sku_ids", "GCP SKUs"), ("gcp_locations", "GCP locations"), ("gcp_services", "GCP services"),
        ("custom_metric_names", "Metrics"), ("opportunity_priorities", "Opportunity priorities"),
    ]
    /// The fields that are lists of pairs.
    private static let pairs = [
        ("aws_tags", "AWS tags"), ("aws_account_tags", "AWS account tags"), ("gcp_labels", "GCP labels"),
        ("custom_dimensions", "Stream dimensions"),
    ]

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/teams") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/settings/teams") { request, scope in
            await pages.acting(request, scope, create) { try await show($0, problem: $1) }
        }
        router.get("/app/settings/teams/{id}") { request, scope in await pages.signedIn(request, scope) { try await open($0) } }
        router.post("/app/settings/teams/{id}") { request, scope in
            await pages.acting(request, scope, change) { try await open($0, problem: $1) }
        }
        router.post("/app/settings/teams/{id}/members") { request, scope in
            await pages.acting(request, scope, assign) { try await open($0, problem: $1) }
        }
        router.post("/app/settings/teams/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let teams = try await visit.get("/teams").array ?? []
        var content = SettingsPage.Content(
            Self.tab, "A team’s members see the costs, streams and opportunities its lists let through, and nothing else.")
        content.notice = visit.query("done") == nil ? nil : "The team is deleted."
        content.error = problem?.detail
        if visit.may(.teamsWrite, as: .admin) {
            let form = FormPart(
                title: "Make a team", action: Self.tab.path, submit: "Make team", id: "make-team",
                fields: [
                    .text("id", "Id", hint: "Your own, such as platform.", most: 255, isRequired: true),
                    .text("name", "Name", most: 120, isRequired: true),
                ])
            content.forms = [problem == nil ? form : form.filled(from: visit.form)]
        }
        let rows = teams.map { team in
            let fields = (Self.lists + Self.pairs + [("custom_stream_tokens", "Data streams")]).filter {
                !(team[$0.0]?.array ?? []).isEmpty
            }.map(\.1)
            return TablePart.Row(
                id: team.text("id"),
                cells: [
                    .name(team.text("name"), team.text("id"), link: Self.tab.path(team.text("id"))),
                    .text(fields.isEmpty ? "Everything" : fields.joined(separator: ", ")), .text(team.text("slack_channel")),
                ])
        }
        content.tables = [TablePart("Teams", columns: ["Name", "Sees by", "Slack channel"], rows: rows)]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    private func create(_ visit: Visit) async throws -> Response {
        let made = try await visit.send(
            .post, "/teams", body: ["id": .string(visit.form.text("id")), "name": .string(visit.form.text("name"))]
        ).json
        return Response.seeOther(Self.tab.path(made.text("id").isEmpty ? visit.form.text("id") : made.text("id")))
    }

    // MARK: One

    private func open(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let team = try await visit.get("/teams/{team_id}", ["team_id": id])
        let members = try await visit.get("/teams/{team_id}/members", ["team_id": id]).array ?? []
        var content = SettingsPage.Content(
            Self.tab, "What its members see. An empty list lets everything through; all lists together decide.", title: team.text("name"))
        content.error = problem?.detail
        content.notice = visit.query("done") == nil ? nil : "The team is changed."
        let mayChange = visit.may(.teamsWrite, as: .admin)
        if mayChange {
            let form = Self.form(id, team, streams: try await Self.streams(visit))
            content.forms = [problem != nil && visit.form["name"] != nil ? form.filled(from: visit.form) : form]
            let others = try await visit.get("/users").array ?? []
            let inside = Set(members.map { $0.text("id") })
            let choices = others.filter { !inside.contains($0.text("id")) }.map { ($0.text("id"), $0.text("email")) }
            if !choices.isEmpty {
                content.more = [
                    FormPart(
                        title: "Add a member", action: Self.tab.path(id, "members"), submit: "Add", id: "add-member",
                        fields: [.select("user", "Person", choices), .hidden("action", "assign")])
                ]
            }
            content.more.append(
                FormPart(
                    title: "Delete the team", about: "Its members see by their other teams, or nothing.",
                    action: Self.tab.path(id, "deletion"), submit: "Delete", isDangerous: true, fields: []))
        }
        let rows = members.map { person in
            TablePart.Row(
                id: person.text("id"),
                cells: [.name(person.text("name").isEmpty ? person.text("email") : person.text("name"), person.text("email"))],
                actions: mayChange
                    ? [
                        .init(
                            label: "Take out", path: Self.tab.path(id, "members"), isDangerous: true, name: "dismiss",
                            value: person.text("id"))
                    ] : [])
        }
        content.tables = [TablePart("Members", columns: ["Person"], rows: rows)]
        return visit.settings(content, status: problem?.code.status ?? 200)
    }

    /// A form names streams by their ids; only the server knows that teams name them by their tokens.
    private static func streams(_ visit: Visit) async throws -> [JSON] {
        guard visit.may(.streamsRead) else { return [] }
        return try await visit.list("/v1/streams", query: ["sort": "name"], perPage: 100).items
    }

    private static func form(_ id: String, _ team: JSON, streams: [JSON]) -> FormPart {
        var fields: [FormPart.Field] = [
            .text("name", "Name", team.text("name"), most: 120, isRequired: true),
            .text("slack_channel", "Slack channel (optional)", team.text("slack_channel"), placeholder: "#platform", most: 80),
        ]
        fields += lists.map { .area($0.0, $0.1, team.texts($0.0).joined(separator: "\n"), hint: "One a line.") }
        fields += pairs.map { name, label in
            let lines = (team[name]?.array ?? []).compactMap { pair in line(of: pair) }
            return .area(name, label, lines.joined(separator: "\n"), hint: "key=value, one a line.")
        }
        if !streams.isEmpty {
            let tokens = Set(team.texts("custom_stream_tokens"))
            let ticked = streams.filter { tokens.contains($0.text("data_stream_token")) }.map { $0.text("id") }
            fields.append(.boxes("streams", "Data streams", streams.map { ($0.text("id"), $0.text("name")) }, ticked: Set(ticked)))
        }
        return FormPart(title: "What it sees", action: tab.path(id), submit: "Save", id: "save-team", fields: fields)
    }

    /// `{"Key": "env", "Value": "prod"}` as `env=prod`.
    private static func line(of pair: JSON) -> String? {
        let members = pair.members ?? []
        guard let key = members.first(where: { $0.name.lowercased() == "key" })?.value.text else {
            return members.first.map { "\($0.name)=\($0.value.text ?? "")" }
        }
        let value = members.first { $0.name.lowercased() == "value" }?.value.text
        return value.map { "\(key)=\($0)" } ?? key
    }

    private func change(_ visit: Visit) async throws -> Response {
        let form = visit.form
        let channel = form.text("slack_channel")
        var body: [JSON.Member] = [
            .init("name", .string(form.text("name"))), .init("slack_channel", channel.isEmpty ? .null : .string(channel)),
        ]
        for (name, _) in Self.lists {
            let values = form.lines(name)
            body.append(
                .init(
                    name,
                    .array(values.map { name == "opportunity_priorities" ? Int64($0).map { .integer($0) } ?? .string($0) : .string($0) })))
        }
        for (name, _) in Self.pairs {
            body.append(
                .init(
                    name,
                    .array(
                        form.lines(name).map { line in
                            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                            return .object(
                                [.init("Key", .string(parts[0]))] + (parts.count == 2 ? [.init("Value", .string(parts[1]))] : []))
                        })))
        }
        let streams = try await Self.streams(visit)
        if !streams.isEmpty {
            let ticked = Set(form.all("streams"))
            body.append(
                .init(
                    "custom_stream_tokens", .array(streams.filter { ticked.contains($0.text("id")) }.compactMap { $0["data_stream_token"] })
                ))
        }
        try await visit.send(.patch, "/teams/{team_id}", ["team_id": visit.parameter()], body: .object(body))
        return Response.seeOther(Self.tab.path(visit.parameter()) + "?done=changed")
    }

    private func assign(_ visit: Visit) async throws -> Response {
        let (id, form) = (visit.parameter(), visit.form)
        let leaves = form["dismiss"]
        try await visit.send(
            .post, leaves == nil ? "/teams/{team_id}/members/assign" : "/teams/{team_id}/members/delete", ["team_id": id],
            body: ["users_ids": [.string(leaves ?? form["user"] ?? "")]])
        return Response.seeOther(Self.tab.path(id) + "?done=changed")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let team = try await visit.get("/teams/{team_id}", ["team_id": id])
            return visit.ask(
                "Delete “\(team.text("name"))”?", "Its members see by their other teams, or nothing.", "Delete the team",
                at: Self.tab.path(id, "deletion"), orBackTo: Self.tab.path(id), section: .settings)
        }
        try await visit.send(.delete, "/teams/{team_id}", ["team_id": id])
        return Response.seeOther(Self.tab.path + "?done=deleted")
    }
}
