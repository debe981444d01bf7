import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Making a resource of any kind, with what it will cost before it does.
///
/// The price is that of the call's own dry run: the same checks, quotas and budgets, and nothing is made.
struct NewResourcePage: Sendable {
    static let path = "/app/resources/new"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/resources/new") { request, scope in await pages.signedIn(request, scope) { try await show($0, nil) } }
        router.get("/app/resources/new/{kind}") { request, scope in
            await pages.signedIn(request, scope) { try await show($0, try Kind($0)) }
        }
        router.post("/app/resources/new/{kind}") { request, scope in await pages.signedIn(request, scope, make) }
    }

    typealias Kind = NewResourceKind

    private struct Content: Sendable {
        let tabs: [Tab]
        let form: FormPart
        let notice: String?
    }

    private func show(_ visit: Visit, _ asked: Kind?, problem: Problem? = nil, estimate: JSON? = nil) async throws -> Response {
        let kinds = Kind.allCases.filter { visit.may($0.scope) }
        guard let kind = asked ?? kinds.first else { throw Problem(.forbidden, "Making resources is up to the editors of a project.") }
        let projects = try await visit.list("/v1/projects", query: ["status": "active", "sort": "name"], perPage: 100).items
        let connections = try await visit.listIfAllowed("/v1/connections", query: ["sort": "name"], perPage: 100)
        var form = FormPart(
            title: "New \(kind.noun)", action: "\(Self.path)/\(kind.rawValue)", submit: "Make it", id: "make-resource",
            preview: "What will it cost?",
            fields: [
                .text(
                    "name", "Name", hint: "Lower-case letters, digits and dashes.", placeholder: kind == .instance ? "web-1" : "",
                    most: 63, isRequired: true),
                .select("project_id", "Project", projects.map { ($0.text("id"), $0.text("name")) }),
            ] + (try await kind.fields(visit)) + [
                .select(
                    "provider", "Connection",
                    [("", "The only one the project has")] + connections.map { ($0.text("id"), $0.text("name")) }),
                .area("labels", "Labels (optional)", hint: "key=value, one a line.", placeholder: "team=core"),
            ])
        if problem != nil || estimate != nil { form = form.filled(from: visit.form, saying: problem?.outOfSpec) }
        if let refused = problem, refused.code == .budgetExceeded { form.problem = Self.sentence(refused) }
        if let estimate { form.outcome = Self.facts(estimate) }
        let content = Content(
            tabs: kinds.map { Tab(path: "\(Self.path)/\($0.rawValue)", label: Words.sentence($0.rawValue), isCurrent: $0 == kind) },
            form: form, notice: projects.isEmpty ? "There is no project yet that it could be made in." : nil)
        return visit.page(
            "new-resource", "New \(kind.noun)", section: .resources, status: .init(code: problem?.code.status ?? 200), content)
    }

    /// What the budget has left, to the cent, and what would still fit.
    private static func sentence(_ refused: Problem) -> String {
        let currency = refused.members["currency"]?.string ?? ""
        func money(_ name: String) -> String { Words.money(refused.members[name]?.string, currency) }
        let fits = refused.members["fits"]?.string.map { "The largest size that fits is \($0)." } ?? "Nothing smaller fits either."
        return "It would take \(money("estimate")) until the end of the month, and the budget has \(money("remaining")) left. \(fits)"
    }

    private static func facts(_ estimate: JSON) -> [Fact] {
        let currency = estimate.text("currency")
        return [
            Fact("An hour", "\(estimate.text("hourly")) \(currency)"),
            Fact("A month of 730 hours", Words.money(estimate["monthly"]?.string, currency)),
            Fact("Until \(estimate.time("period_end").map(Words.day) ?? "")", Words.money(estimate["period_amount"]?.string, currency)),
            Fact("Left in the tightest budget", estimate["budget_remaining_after"]?.string.map { Words.money($0, currency) } ?? ""),
        ].compactMap { $0 }
    }

    private func make(_ visit: Visit) async throws -> Response {
        let kind = try Kind(visit)
        let isPreview = visit.form["preview"] == "yes"
        do {
            let made = try await visit.send(
                .post, kind.call, query: ["dry_run": isPreview ? "true" : nil], body: try Self.body(kind, visit.form))
            guard isPreview else { return Response.seeOther("/app/resources/\(made.json.text("id"))") }
            return try await show(visit, kind, estimate: made.json["estimate"] ?? .null)
        } catch let problem as Problem where problem.belongsToForm || [402, 409, 423].contains(problem.code.status) {
            return try await show(visit, kind, problem: problem)
        }
    }

    private static func body(_ kind: Kind, _ form: Form) throws -> JSON {
        func text(_ name: String) -> JSON? { form.text(name).isEmpty ? nil : .string(form.text(name)) }
        let labels = try form.pairs("labels", "A label is written key=value")
        let members: [(String, JSON?)] = [
            ("name", .string(form.text("name"))), ("project_id", text("project_id")), ("provider", text("provider")),
            ("labels", labels.map { .object($0) }),
            ("spec", try kind.spec(form)),
        ]
        return .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/resources">Resources</a></p>
        <div class="page-head"><div><h1>New resource</h1><p>Priced, and held against quotas and budgets, before anything is made.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        {{#page.notice}}<p class="notice" role="status">{{.}}</p>{{/page.notice}}
        <div class="stack">{{#page.form}}{{> form-part}}{{/page.form}}</div>
        {{/main}}{{/frame}}
        """
}

extension Problem {
    /// The form asks for what stands in `spec` beside the rest.
    fileprivate var outOfSpec: Problem {
        var copy = self
        for index in violations.indices where violations[index].pointer.hasPrefix("/spec/") {
            let place = String(violations[index].pointer.dropFirst(5))
            copy.violations[index].pointer = place.replacing("/network_ids/", with: "/network_id/")
        }
        return copy
    }
}
