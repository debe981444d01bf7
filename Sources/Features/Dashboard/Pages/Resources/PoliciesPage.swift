import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Policies: what may be made and changed, and the plans that wait for somebody's approval because of them.
struct PoliciesPage: Sendable {
    static let path = "/app/resources/policies"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources/policies") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        for (path, act) in [("", create), ("/{id}/switch", turn), ("/{id}/deletion", delete), ("/plans/{id}/approval", approve)]
            as [(String, @Sendable (Visit) async throws -> Response)]
        {
            router.post(RouterPath(Self.path + path)) { request, scope in
                await pages.acting(request, scope, act) { try await show($0, problem: $1) }
            }
        }
        router.get("/app/resources/policies/{id}/deletion") { _, _ in Response.seeOther(Self.path) }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let form: FormPart?
        let error: String?
        let waiting: TablePart?
        let table: TablePart
    }

    /// What can be chosen, and what stands beside it in a rule.
    private static let rules: [(type: String, label: String, member: String?)] = [
        ("required_labels", "It has these labels", "labels"), ("allowed_providers", "It is at one of these providers", "providers"),
        ("allowed_locations", "It is in one of these locations", "locations"), ("allowed_sizes", "It has one of these sizes", "sizes"),
        ("max_monthly_cost", "It costs at most this much a month, in USD", "amount"), ("no_public_buckets", "No bucket is public", nil),
        ("no_open_ports", "None of these ports is open to everywhere", "ports"), ("encrypted_volumes", "Every volume is encrypted", nil),
        ("approval", "Somebody else approves a plan, where it costs more than this a month, in USD", "monthly_cost_above"),
    ]

    private static func form(_ projects: [(String, String)]) -> FormPart {
        FormPart(
            title: "New policy", action: path, submit: "Make policy", id: "create-policy", place: .new,
            fields: [
                .text("name", "Name", placeholder: "No open SSH", most: 120, isRequired: true),
                .select("project_id", "Project", [("", "All")] + projects), .select("type", "Rule", rules.map { ($0.type, $0.label) }),
                .text("rule", "With (optional)", hint: "Parted by commas; an approval without an amount is wanted of every plan."),
                .text("message", "What whoever is refused is told (optional)", most: 500),
                .select("enforcement", "Enforcement", [("deny", "Refuse"), ("warn", "Only warn")]),
            ])
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/policies", query: ["sort": "name"], page: number)
        let projects = try await visit.projectNames()
        let mayChange = visit.may(.policiesWrite) && visit.caller.reachesWorkspace
        let blank = mayChange ? Self.form(projects.map { ($0.id, $0.name) }) : nil
        let isAboutForm = visit.form["type"] != nil
        let content = Content(
            tabs: Tab.resources(at: Self.path),
            form: problem == nil || !isAboutForm ? blank : blank?.filled(from: visit.form, saying: problem),
            error: mayChange && isAboutForm ? nil : problem?.detail, waiting: try await waiting(visit, projects),
            table: TablePart(
                "Policies", about: "Asked about every creation and change, after what state forbids and before quota and budget.",
                columns: ["Name", "Rule", "For", "Enforcement"], rows: found.items.map { Self.row($0, projects, mayChange: mayChange) },
                none: "No policies yet", pager: Pager(number, hasMore: found.hasMore, path: Self.path)))
        return visit.page("policies", "Policies", section: .resources, status: .init(code: problem?.code.status ?? 200), content)
    }

    /// Of the newest hundred plans, which are good for an hour; nil when none waits.
    private func waiting(_ visit: Visit, _ projects: [ProjectName]) async throws -> TablePart? {
        guard visit.may(.stacksRead) else { return nil }
        let plans = try await visit.list("/v1/plans", perPage: 100).items.filter { plan in
            plan.flag("requires_approval") && plan["approval"]?["approved_by"] == .null && plan.text("state") == "open"
                && (plan.time("expires_at").map { $0 > visit.at } ?? false)
        }
        guard !plans.isEmpty else { return nil }
        let rows = plans.map { plan in
            let changes = plan.list("changes").filter { $0.text("action") != "noop" }
            return TablePart.Row(
                id: plan.text("id"),
                cells: [
                    .name(plan.text("name"), plan.text("id")), .text(plan.project(among: projects)),
                    .text(
                        changes.map { "\($0.text("action")) \($0.text("key"))" }.joined(separator: ", "),
                        Words.money(plan.text("cost_delta_monthly"), plan.text("currency")) + " a month"),
                    .text(plan.list("approval", "reasons").map { $0.text("detail") }.joined(separator: " ")),
                ],
                actions: visit.may(.stacksWrite)
                    ? [
                        .init(
                            label: "Approve", path: "\(Self.path)/plans/\(plan.text("id"))/approval",
                            question: "Approve the plan for “\(plan.text("name"))”?")
                    ] : [])
        }
        return TablePart(
            "Plans that wait for an approval", about: "Given by an admin of the project who did not make the plan.",
            columns: ["Stack", "Project", "To do", "Why"], rows: rows)
    }

    private static func row(_ policy: JSON, _ projects: [ProjectName], mayChange: Bool) -> TablePart.Row {
        let (id, name, isOn) = (policy.text("id"), policy.text("name"), policy.flag("enabled"))
        let rule = policy["rule"] ?? .null
        let words = (rule.members ?? []).filter { $0.name != "type" && $0.name != "currency" }.map { member in
            let values = member.value.array?.compactMap(\.string).joined(separator: ", ")
            return values ?? member.value.string ?? "\(member.name.replacing("_", with: " ")): \(member.value.bool == true ? "yes" : "no")"
        }
        let scope = (policy.texts("kinds") + policy.texts("environments")).joined(separator: ", ")
        return TablePart.Row(
            id: id,
            cells: [
                .name(name, id), .text(Words.sentence(rule.text("type")), words.joined(separator: "; ")),
                .text(policy["project_id"] == .null ? "All projects" : policy.project(among: projects), scope.isEmpty ? nil : scope),
                isOn ? .text(policy.text("enforcement") == "deny" ? "Refuses" : "Warns") : .badge(Badge("off", look: "")),
            ],
            actions: !mayChange
                ? []
                : [
                    .init(label: isOn ? "Switch off" : "Switch on", path: "\(path)/\(id)/switch", value: isOn ? "off" : "on"),
                    .init(
                        label: "Delete", path: "\(path)/\(id)/deletion", question: "Delete “\(name)”? \(consequence)", isDangerous: true),
                ])
    }

    private static let consequence = "What it refused is allowed from then on."

    @Sendable private func create(_ visit: Visit) async throws -> Response {
        let form = visit.form
        let type = form.text("type")
        let words = form.text("rule")
        var rule: [JSON.Member] = [.init("type", .string(type))]
        if let member = Self.rules.first(where: { $0.type == type })?.member, !words.isEmpty {
            let values = words.split { $0 == "," || $0.isWhitespace }.map { JSON.string(String($0)) }
            rule.append(.init(member, ["amount", "monthly_cost_above"].contains(member) ? .string(words) : .array(values)))
        }
        var body: [JSON.Member] = [
            .init("name", .string(form.text("name"))), .init("rule", .object(rule)), .init("message", .string(form.text("message"))),
            .init("enforcement", .string(form.text("enforcement"))),
        ]
        if !form.text("project_id").isEmpty { body.append(.init("project_id", .string(form.text("project_id")))) }
        try await visit.send(.post, "/v1/policies", body: .object(body))
        return Response.seeOther(Self.path)
    }

    @Sendable private func turn(_ visit: Visit) async throws -> Response {
        try await visit.send(.patch, "/v1/policies/{id}", ["id": visit.parameter()], body: ["enabled": .bool(visit.form["action"] == "on")])
        return Response.seeOther(Self.path)
    }

    @Sendable private func approve(_ visit: Visit) async throws -> Response {
        try await visit.send(.post, "/v1/plans/{id}/approve", ["id": visit.parameter()])
        return Response.seeOther(Self.path)
    }

    @Sendable private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/policies/{id}", ["id": id]).text("name")
            return visit.ask(
                "Delete “\(name)”?", Self.consequence, "Delete the policy", at: "\(Self.path)/\(id)/deletion", orBackTo: Self.path,
                section: .resources)
        }
        try await visit.send(.delete, "/v1/policies/{id}", ["id": id])
        return Response.seeOther(Self.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Policies</h1><p>What may be made and changed, written once for everybody.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">{{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.waiting}}{{> table-part}}{{/page.waiting}}
        {{#page.table}}{{> table-part}}{{/page.table}}</div></div>
        {{/main}}{{/frame}}
        """
}
