import HTTPTypes
import Hummingbird
import Kernel
import Web

/// One operation: how far it is, what it ran into, what it belongs to, and what somebody can do about it.
struct OperationPage: Sendable {
    let pages: DashboardPages

    static func address(_ id: String, _ verb: Verb? = nil) -> String {
        "/app/operations/\(PercentEncoding.encode(id))" + (verb.map { "/" + $0.rawValue } ?? "")
    }

    func add(to router: Router<RequestScope>) {
        router.get("/app/operations/{id}") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/operations/{id}/{verb}") { request, scope in
            await pages.acting(request, scope, act) { try await show($0, problem: $1) }
        }
        router.get("/app/operations/{id}/{verb}") { _, scope in
            Response.seeOther("/app/operations/\(scope.parameters.get("id") ?? "")")
        }
    }

    /// Each is a call of the API's.
    enum Verb: String, Sendable, CaseIterable {
        case cancel, retry, resolve

        var path: String { "/v1/operations/{id}/\(rawValue)" }

        /// Whether it makes sense in that state; whether it is allowed, the call decides.
        func fits(_ operation: JSON) -> Bool {
            let state = operation.text("state")
            return switch self {
            case .cancel: state == "queued" || (state == "running" && !operation.text("type").hasSuffix(".delete"))
            case .retry: ["running", "canceling", "undoing"].contains(state)
            case .resolve: ["blocked", "stuck"].contains(state)
            }
        }
    }

    private struct Content: Sendable {
        let id: String
        let type: String
        let owner: LinkedFact.Word
        let row: OperationRow
        let problem: Fact?
        let actions: [Button]
        let facts: [LinkedFact]
        let steps: TablePart
        let decision: FormPart?
        let history: [EventRow]
        let hasHistory: Bool
        let error: String?
        /// Milliseconds between looks; nil when it has ended or waits for somebody, and nothing changes by itself.
        let pause: Int?
    }

    private struct Button: Sendable {
        let verb: String
        let label: String
        let path: String
        let question: String?
        let isDangerous: Bool
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let id = visit.parameter()
        let operation = try await visit.get("/v1/operations/{id}", ["id": id])
        let verbs = Self.offered(for: operation, to: visit.caller)
        let isDeciding = problem != nil && visit.form["decision"] != nil && verbs.contains(.resolve)
        let request = operation["request_id"]?.string
        let history = request == nil ? [] : try await visit.listIfAllowed("/v1/events", query: ["request_id": request], perPage: 10)
        let row = OperationRow(operation, at: visit.at)
        let owner = try await Self.owner(of: operation, visit)
        let content = Content(
            id: id, type: row.type, owner: owner, row: row,
            problem: operation["error"].flatMap { Fact(Words.sentence($0.text("code")) + ".", $0.text("detail")) },
            actions: verbs.compactMap { Self.button($0, id) }, facts: try await Self.facts(operation, owner, visit),
            steps: Self.steps(operation, at: visit.at),
            decision: !verbs.contains(.resolve)
                ? nil : isDeciding ? Self.form(id).filled(from: visit.form, saying: problem) : Self.form(id),
            history: history.map { EventRow($0, at: visit.at) }, hasHistory: !history.isEmpty,
            error: isDeciding ? nil : problem?.detail, pause: row.isOpen && !Verb.resolve.fits(operation) ? 1500 : nil)
        return visit.page(
            "operation", content.type, section: .resources, status: problem.map { .init(code: $0.code.status) } ?? .ok, content)
    }

    /// None for who may not change it, and for the run of a stack, whose operations are each their own.
    private static func offered(for operation: JSON, to caller: Caller) -> [Verb] {
        guard caller.scopes.contains(.operationsWrite), let scope = Scope(rawValue: "\(operation.text("resource", "kind"))s:write"),
            scope != .stacksWrite, caller.scopes.contains(scope), let role = caller.role(in: ProjectID(operation.text("project_id"))),
            role >= .editor
        else { return [] }
        return Verb.allCases.filter { $0.fits(operation) }
    }

    private static func button(_ verb: Verb, _ id: String) -> Button? {
        switch verb {
        case .cancel:
            Button(
                verb: verb.rawValue, label: "Cancel", path: address(id, verb), question: "\(question) \(consequence)", isDangerous: true)
        case .retry: Button(verb: verb.rawValue, label: "Try now", path: address(id, verb), question: nil, isDangerous: false)
        case .resolve: nil
        }
    }

    private static let question = "Cancel this operation?"
    private static let consequence = "It ends at its next step; what a create has made until then is taken back."

    private static func form(_ id: String) -> FormPart {
        FormPart(
            title: "Decide", about: "It cannot go on by itself. Look at the provider first, then say what is so.",
            action: address(id, .resolve), submit: "Decide", id: "resolve-operation",
            fields: [
                .select(
                    "decision", "Decision",
                    [
                        ("retry", "Go on as if nothing had happened"), ("adopt", "Take the object named below as the one that was made"),
                        ("forget", "End it: nothing is left of it, or it is taken care of by hand"),
                    ]), .text("provider_ref", "The provider's id of the object", hint: "Only for taking one.", most: 500),
            ])
    }

    private static func steps(_ operation: JSON, at now: Timestamp) -> TablePart {
        let rows = operation.list("steps").enumerated().map { index, step in
            let link = step["operation_id"]?.string.map { address($0) } ?? step["resource_id"]?.string.map { "/app/resources/\($0)" }
            return TablePart.Row(
                id: String(index + 1),
                cells: [
                    .name(Words.sentence(step.text("name")), step["trouble"]?.string, link: link), .badge(Badge(step.text("state"))),
                    .text(step.text("attempt")), .text(step.time("started_at").map { Words.since($0, at: now) } ?? "Not yet"),
                ])
        }
        return TablePart("Steps", columns: ["Step", "State", "Attempts", "Begun"], rows: rows, none: "Nothing had to be done")
    }

    /// Does it with the API's own call; a refusal is told on the operation's page.
    private func act(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard let verb = Verb(rawValue: visit.parameter("verb")) else { throw Problem.notFound("page") }
        if verb == .cancel, !visit.isConfirmed {
            _ = try await visit.get("/v1/operations/{id}", ["id": id])
            return visit.ask(
                Self.question, Self.consequence, "Cancel the operation", at: Self.address(id, verb), orBackTo: Self.address(id),
                section: .resources)
        }
        try await visit.send(.post, verb.path, ["id": id], body: verb == .resolve ? Self.decision(visit.form) : nil)
        return Response.seeOther(Self.address(id))
    }

    private static func decision(_ form: Form) -> JSON {
        let reference = form.text("provider_ref")
        return .object(
            [.init("decision", .string(form.text("decision")))] + (reference.isEmpty ? [] : [.init("provider_ref", .string(reference))]))
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/resources">Resources</a> / {{#page.owner}}{{> linked-word}}{{/page.owner}}</p>
        <div id="operation"{{#page.pause}} data-live="{{.}}"{{/page.pause}}>
        <div class="page-head"><div><h1>{{page.type}}</h1><p>Operation <span class="mono">{{page.id}}</span></p></div>
        <div class="head-actions">{{#page.actions}}<form method="post" action="{{path}}">{{> form-fields}}<button class="plain{{#isDangerous}} danger{{/isDangerous}}" data-action="{{verb}}"{{#question}} data-confirm="{{.}}"{{/question}}>{{label}}</button></form>{{/page.actions}}</div></div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <section class="card" aria-label="State">{{#page.row}}<div class="badges" role="status">{{#state}}{{> badge}}{{/state}}<span class="muted">{{summary}}</span></div>
        {{#isOpen}}<progress max="100" value="{{progress}}" aria-label="{{type}}">{{progress}} %</progress>{{/isOpen}}{{/page.row}}
        {{#page.problem}}<p class="trouble"><strong>{{name}}</strong> {{value}}</p>{{/page.problem}}
        {{#page}}{{> linked-facts}}{{/page}}</section>
        {{#page.decision}}{{> form-part}}{{/page.decision}}
        {{#page.steps}}{{> table-part}}{{/page.steps}}
        {{#page.hasHistory}}<section class="card table-card" aria-labelledby="history-title"><div class="card-head"><h2 id="history-title">Events of its request</h2></div>{{#page}}{{> event-table}}{{/page}}</section>{{/page.hasHistory}}
        </div></div>
        {{/main}}{{/frame}}
        """
}

extension OperationPage {
    /// What is worked at, by its name where that can still be read.
    private static func owner(of operation: JSON, _ visit: Visit) async throws -> LinkedFact.Word {
        let (kind, id) = (operation.text("resource", "kind"), operation.text("resource", "id"))
        let isStack = kind == "stack"
        var found: JSON?
        do {
            found = try await visit.get(isStack ? "/v1/stacks/{id}" : "/v1/resources/{id}", ["id": id])
        } catch let problem as Problem where [403, 404, 410].contains(problem.code.status) {}
        let path = isStack ? "\(StacksPage.path)/\(id)" : "/app/resources/\(id)"
        return LinkedFact.Word(found?.text("name") ?? id, link: found == nil ? nil : path)
    }

    private static func facts(_ operation: JSON, _ owner: LinkedFact.Word, _ visit: Visit) async throws -> [LinkedFact] {
        func moment(_ name: String) -> String { Moment(operation.time(name), at: visit.at)?.said ?? "" }
        let project = operation.project(among: try await visit.projectNames())
        let request = operation.text("request_id")
        let next = operation.text("superseded_by")
        let ahead = operation.count("queue_position")
        return [
            LinkedFact("Belongs to", [owner]), LinkedFact("Project", project), LinkedFact("By", operation.text("actor")),
            LinkedFact("Request", request, link: "/app/events?request_id=\(PercentEncoding.encode(request))"),
            LinkedFact("Made", moment("created_at")), LinkedFact("Begun", moment("started_at")),
            LinkedFact("Before it in the queue", ahead > 0 ? Words.count(ahead) : ""),
            LinkedFact("Next attempt", moment("next_attempt_at")), LinkedFact("Given up at", moment("deadline")),
            LinkedFact("Ended", moment("finished_at")), LinkedFact("Overtaken by", next, link: OperationPage.address(next)),
        ].compactMap { $0 }
    }
}
