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
        let mayWrite: Bool
        let form: NewBudget
        let pager: Pager?
    }

    private struct NewBudget: Sendable {
        var name = ""
        var amount = ""
        var currency = "USD"
        var scopes: [Choice] = []
        var isEnforced = true
        var error: String?
        var isOpen = false
    }

    private struct Edit: Sendable {
        let line: BudgetLine
        let amount: String
        let currency: String
        let mayWrite: Bool
        let error: String?
    }

    private func show(_ visit: Visit, _ form: NewBudget = .init(), status: HTTPResponse.Status = .ok) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/budgets", page: number)
        let mayWrite = visit.caller.scopes.contains(.budgetsWrite)
        var form = form
        if mayWrite { form.scopes = try await visit.subjects(chosen: visit.form["scope"]) }
        let content = Content(
            tabs: Tab.usage(at: Self.path), rows: found.items.map { BudgetLine($0) }, isEmpty: found.items.isEmpty, mayWrite: mayWrite,
            form: form, pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: []))
        return visit.page("budgets", "Budgets", section: .usage, status: status, content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        var form = NewBudget(
            name: visit.form.text("name"), amount: visit.form.text("amount"), currency: visit.form.text("currency").uppercased(),
            isEnforced: visit.form["enforced"] == "yes", isOpen: true)
        let subject = visit.form.text("scope")
        let scope: JSON = subject.hasPrefix("proj_") ? ["project_id": .string(subject)] : ["account_id": .string(subject)]
        do {
            try await visit.send(
                .post, "/v1/budgets",
                body: [
                    "name": .string(form.name), "scope": scope, "amount": .string(form.amount), "currency": .string(form.currency),
                    "enforced": .bool(form.isEnforced),
                ])
        } catch let problem as Problem where [400, 403, 404, 409, 422].contains(problem.code.status) {
            form.error = problem.sentence
            return try await show(visit, form, status: .init(code: problem.code.status))
        }
        return Response.seeOther(Self.path)
    }

    private func edit(_ visit: Visit, error: Problem? = nil) async throws -> Response {
        let budget = try await visit.get("/v1/budgets/{id}", ["id": visit.parameter()])
        let content = Edit(
            line: BudgetLine(budget), amount: budget.text("amount"), currency: budget.text("currency"),
            mayWrite: visit.caller.scopes.contains(.budgetsWrite), error: error?.sentence)
        return visit.page("budget", content.line.name, section: .usage, status: error.map { .init(code: $0.code.status) } ?? .ok, content)
    }

    private func change(_ visit: Visit) async throws -> Response {
        let form = visit.form
        do {
            try await visit.send(
                .patch, "/v1/budgets/{id}", ["id": visit.parameter()],
                body: [
                    "name": .string(form.text("name")), "amount": .string(form.text("amount")),
                    "enforced": .bool(form["enforced"] == "yes"),
                ])
        } catch let problem as Problem where [400, 403, 409, 422].contains(problem.code.status) {
            return try await edit(visit, error: problem)
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
        {{#page.mayWrite}}<details class="new"{{#page.form.isOpen}} open{{/page.form.isOpen}}><summary>\(Icon.plus)New budget</summary>
        <form class="card" method="post" action="/app/usage/budgets">{{> form-fields}}
        {{#page.form.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.form.error}}
        <div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.form.name}}" maxlength="120" required autocomplete="off"></div>
        <div class="field"><label for="scope">For</label><select id="scope" name="scope">{{#page.form.scopes}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.form.scopes}}</select></div>
        <div class="field"><label for="amount">A month</label><input id="amount" name="amount" value="{{page.form.amount}}" maxlength="120" required inputmode="decimal" placeholder="250.00" autocomplete="off"></div>
        <div class="field"><label for="currency">Currency</label><input id="currency" name="currency" value="{{page.form.currency}}" maxlength="3" required autocomplete="off"></div>
        </div><div class="actions"><button type="submit" id="create-budget">Make budget</button><label class="check"><input type="checkbox" name="enforced" value="yes"{{#page.form.isEnforced}} checked{{/page.form.isEnforced}}>Keep out what would go past it</label></div></form></details>{{/page.mayWrite}}
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
        {{#page.mayWrite}}<section class="card"><h2>Change</h2><form method="post" action="/app/usage/budgets/{{page.line.id}}">{{> form-fields}}<div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.line.name}}" maxlength="120" required autocomplete="off"></div>
        <div class="field"><label for="amount">A month, in {{page.currency}}</label><input id="amount" name="amount" value="{{page.amount}}" maxlength="120" required inputmode="decimal" autocomplete="off"></div></div>
        <div class="actions"><button type="submit">Save</button><label class="check"><input type="checkbox" name="enforced" value="yes"{{#page.line.isEnforced}} checked{{/page.line.isEnforced}}>Keep out what would go past it</label></div></form>
        <form method="post" action="/app/usage/budgets/{{page.line.id}}/deletion" class="actions">{{> form-fields}}<button class="plain danger" data-confirm="Delete this budget?">Delete</button></form></section>{{/page.mayWrite}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    /// What a budget or an alert can be about.
    func subjects(chosen: String?) async throws -> [Choice] {
        let accounts = try await listIfAllowed("/v1/accounts", perPage: 100).map { ($0.text("id"), "Account: \($0.text("name"))") }
        let projects = try await projectNames().map { ($0.id, "Project: \($0.name)") }
        return (accounts + projects).map { Choice(value: $0.0, label: $0.1, isChosen: $0.0 == chosen) }
    }
}
