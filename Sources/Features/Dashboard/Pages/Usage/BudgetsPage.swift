import HTTPTypes
import Hummingbird
import Kernel
import Web

/// What may be spent, and how much of it is gone.
struct BudgetsPage: Sendable {
    static let path = "/app/usage/budgets"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/usage/budgets") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/usage/budgets") { request, scope in await pages.signedIn(request, scope, create) }
        router.get("/app/usage/budgets/{id}") { request, scope in await pages.signedIn(request, scope) { try await edit($0) } }
        router.post("/app/usage/budgets/{id}") { request, scope in await pages.signedIn(request, scope, change) }
        router.post("/app/usage/budgets/{id}/deletion") { request, scope in await pages.signedIn(request, scope, delete) }
        router.get("/app/usage/budgets/{id}/deletion") { _, _ in Response.seeOther(Self.path) }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let rows: [BudgetLine]
        let isEmpty: Bool
        let form: FormPart?
        let pager: Pager?
    }

    private struct Edit: Sendable {
        let line: BudgetLine
        let form: FormPart?
        let deletion: FormPart?
        let error: String?
    }

    private static let percents = "Percent, parted by commas. For a budget on a cost view, which only tells."

    private static func form(_ subjects: [(String, String)], chosen: String?) -> FormPart {
        FormPart(
            title: "New budget", action: path, submit: "Make budget", id: "create-budget", place: .new,
            fields: [
                .text("name", "Name", most: 120, isRequired: true),
                .select(
                    "scope", "For", subjects, chosen: chosen,
                    hint: "One on a cost view counts what was billed there, and says when it gets too much."),
                .text("amount", "A month", placeholder: "250.00", most: 120, isRequired: true),
                .text("currency", "Currency", "USD", most: 3, isRequired: true),
                .text("thresholds", "Tell at (optional)", hint: percents, placeholder: "80, 100", most: 100),
                .text("forecast_thresholds", "Tell when expected to reach (optional)", hint: percents, placeholder: "100", most: 100),
                .box(
                    "enforced", "Enforcement", "Keep out what would go past it", isTicked: chosen?.hasPrefix("cv_") != true,
                    hint: "Of an account or a project."),
            ])
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/budgets", page: number)
        var form: FormPart?
        if visit.may(.budgetsWrite) {
            let asked = visit.query("view")
            let given = Self.form(try await visit.subjects() + visit.viewSubjects(), chosen: asked)
            form = problem == nil ? given : given.filled(from: visit.form, saying: problem)
            if asked != nil { form?.isOpen = true }
        }
        let content = Content(
            tabs: Tab.usage(at: Self.path), rows: found.items.map { BudgetLine($0) }, isEmpty: found.items.isEmpty, form: form,
            pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: []))
        return visit.page("budgets", "Budgets", section: .usage, status: .init(code: problem?.code.status ?? 200), content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        let form = visit.form
        let subject = form.text("scope")
        let kinds = ["proj_": "project_id", "cv_": "cost_view_id"]
        let kind = kinds.first { subject.hasPrefix($0.key) }?.value ?? "account_id"
        do {
            let body: [JSON.Member] = [
                .init("name", .string(form.text("name"))), .init("scope", .object([.init(kind, .string(subject))])),
                .init("amount", .string(form.text("amount"))), .init("currency", .string(form.text("currency").uppercased())),
                .init("enforced", .bool(form["enforced"] == "yes" && kind != "cost_view_id")),
            ]
            try await visit.send(.post, "/v1/budgets", body: .object(body + form.thresholds()))
        } catch let problem as Problem where problem.belongsToForm {
            return try await show(visit, problem: problem)
        }
        return Response.seeOther(Self.path)
    }

    private func edit(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let budget = try await visit.get("/v1/budgets/{id}", ["id": visit.parameter()])
        let line = BudgetLine(budget)
        let address = "\(Self.path)/\(line.id)"
        let isOnView = budget["scope"]?["cost_view_id"] != nil
        func percents(_ name: String) -> String { budget.texts(name).joined(separator: ", ") }
        let form = FormPart(
            title: "Change", action: address, submit: "Save",
            fields: [
                .text("name", "Name", line.name, most: 120, isRequired: true),
                .text("amount", "A month, in \(budget.text("currency"))", budget.text("amount"), most: 120, isRequired: true),
            ]
                + (isOnView
                    ? [
                        .text("thresholds", "Tell at", percents("thresholds"), hint: "Percent, parted by commas.", most: 100),
                        .text("forecast_thresholds", "Tell when expected to reach", percents("forecast_thresholds"), most: 100),
                        .hidden("on_view", "yes"),
                    ]
                    : [.box("enforced", "Enforcement", "Keep out what would go past it", isTicked: line.isEnforced)]))
        let deletion = FormPart(title: "Delete the budget", action: address + "/deletion", submit: "Delete", isDangerous: true, fields: [])
        let mayWrite = visit.may(.budgetsWrite)
        let content = Edit(
            line: line, form: !mayWrite ? nil : problem == nil ? form : form.filled(from: visit.form, saying: problem),
            deletion: mayWrite ? deletion : nil, error: mayWrite ? nil : problem?.detail)
        return visit.page("budget", line.name, section: .usage, status: .init(code: problem?.code.status ?? 200), content)
    }

    private func change(_ visit: Visit) async throws -> Response {
        let form = visit.form
        do {
            var body: [JSON.Member] = [.init("name", .string(form.text("name"))), .init("amount", .string(form.text("amount")))]
            body +=
                form["on_view"] == "yes" ? try form.thresholds(emptyIsNone: true) : [.init("enforced", .bool(form["enforced"] == "yes"))]
            try await visit.send(.patch, "/v1/budgets/{id}", ["id": visit.parameter()], body: .object(body))
        } catch let problem as Problem where problem.belongsToForm && problem.code != .notFound {
            return try await edit(visit, problem: problem)
        }
        return Response.seeOther("\(Self.path)/\(visit.parameter())")
    }

    private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/budgets/{id}", ["id": id]).text("name")
            return AskPage(
                title: "Delete “\(name)”?", text: "Nothing is kept out by it any more.", verb: "Delete",
                action: "\(Self.path)/\(id)/deletion",
                back: "\(Self.path)/\(id)"
            ).response(visit, section: .usage)
        }
        try await visit.send(.delete, "/v1/budgets/{id}", ["id": id])
        return Response.seeOther(Self.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Budgets</h1><p>What may be spent in a month. An enforced one keeps out what would go past it.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        <div class="stack">
        {{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.isEmpty}}<section class="card empty">\(Icon.usage)<h2>No budgets yet</h2><p>Set one to be safe from surprises.</p></section>{{/page.isEmpty}}
        {{^page.isEmpty}}<section class="card table-card" aria-label="Budgets"><table class="reflow"><thead><tr><th scope="col">Name</th><th scope="col">Used</th><th scope="col" class="number">Spent</th><th scope="col" class="number">Left</th><th scope="col" class="number">Amount</th></tr></thead><tbody>
        {{#page.rows}}<tr data-budget-id="{{id}}"><td><a class="name" href="/app/usage/budgets/{{id}}">{{name}}</a><div class="mono">{{about}}</div>{{^isEnforced}}<span class="badge">Only told</span>{{/isEnforced}}</td><td data-label="Used" class="meter"><span>{{percent}} %</span><progress max="100" value="{{bar}}"{{#isOver}} class="over"{{/isOver}} aria-label="{{name}}">{{percent}} %</progress></td><td data-label="Spent" class="number">{{spent}}</td><td data-label="Left" class="number">{{remaining}}</td><td data-label="Amount" class="number">{{amount}}</td></tr>
        {{/page.rows}}</tbody></table>{{#page}}{{> pager}}{{/page}}</section>{{/page.isEmpty}}
        </div></div>
        {{/main}}{{/frame}}
        """

    static let editTemplate = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/usage/budgets">Budgets</a></p>
        <div class="page-head"><div><h1>{{page.line.name}}</h1><p>{{page.line.period}} <span class="mono">{{page.line.about}}</span></p></div></div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <section class="card" aria-label="Standing"><dl class="figures"><div><dt>Spent</dt><dd>{{page.line.spent}}</dd></div>{{#page.line.reserved}}<div><dt>Reserved until the end of the month</dt><dd>{{.}}</dd></div>{{/page.line.reserved}}<div><dt>Left</dt><dd>{{page.line.remaining}}</dd></div><div><dt>Amount</dt><dd>{{page.line.amount}}</dd></div></dl>
        <progress max="100" value="{{page.line.bar}}"{{#page.line.isOver}} class="over"{{/page.line.isOver}} aria-label="Used">{{page.line.percent}} %</progress><p class="hint">{{page.line.percent}} % used, what is reserved included.</p></section>
        {{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.deletion}}{{> form-part}}{{/page.deletion}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    /// What a budget or an alert can be about.
    func subjects() async throws -> [(String, String)] {
        let accounts = try await listIfAllowed("/v1/accounts", perPage: 100).map { ($0.text("id"), "Account: \($0.text("name"))") }
        return try await accounts + projectNames().map { ($0.id, "Project: \($0.name)") }
    }

    /// The cost views a budget can be on.
    fileprivate func viewSubjects() async throws -> [(String, String)] {
        guard may(.costsRead) else { return [] }
        return try await listIfAllowed("/v1/cost-views", query: ["sort": "name"], perPage: 100).map {
            ($0.text("id"), "Cost view: \($0.text("name"))")
        }
    }
}

extension Form {
    /// `80, 100` as the API takes it; without a word the call's own, unless that is to mean none. Throws `validation_failed`.
    fileprivate func thresholds(emptyIsNone: Bool = false) throws -> [JSON.Member] {
        try ["thresholds", "forecast_thresholds"].compactMap { name in
            let words = text(name).split { $0 == "," || $0 == "%" || $0.isWhitespace }
            guard emptyIsNone || !words.isEmpty else { return nil }
            return .init(
                name,
                .array(
                    try words.map { word in
                        guard let number = Int64(word) else {
                            throw Problem.invalid(name, "A threshold is a whole number of percent; “\(word.prefix(20))” is not.")
                        }
                        return .integer(number)
                    }))
        }
    }
}
