import HTTPTypes
import Hummingbird
import Kernel
import Web

/// One alert: its state and what it read, its history, and what can be done about it.
struct AlertPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/usage/alerts/{id}") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/usage/alerts/{id}/{deed}") { request, scope in await pages.signedIn(request, scope, act) }
        router.get("/app/usage/alerts/{id}/{deed}") { _, scope in
            Response.seeOther("\(AlertsPage.path)/\(scope.parameters.get("id") ?? "")")
        }
    }

    private struct Content: Sendable {
        let row: AlertRow
        let facts: [Fact]
        let isSilenced: Bool
        let canUndo: Bool
        let groups: TablePart?
        let trial: FormPart
        let past: TablePart?
        let silence: FormPart?
        let form: FormPart?
        let history: TablePart
        let mayWrite: Bool
        let error: String?
    }

    private func show(_ visit: Visit, problem: Problem? = nil, rehearsal: JSON? = nil) async throws -> Response {
        let id = visit.parameter()
        let alert = try await visit.get("/v1/alerts/{id}", ["id": id])
        let changes = try await visit.list("/v1/alerts/{id}/history", ["id": id], perPage: 20).items
        let projects = try await visit.projectNames()
        let row = AlertRow(alert, at: visit.at)
        let mayWrite = visit.may(.alertsWrite)
        let deed = visit.parameter("deed")
        var form = AlertForm.change(alert, projects: projects)
        var silence = Self.silence(alert)
        if let problem, deed == "change" { form = form.filled(from: visit.form, saying: problem) }
        if let problem, deed == "silence" { silence = silence.filled(from: visit.form, saying: problem) }
        var trial = Self.trial(id, chosen: visit.form["hours"])
        if let problem, deed == "rehearsal" { trial.problem = problem.sentence }
        if let rehearsal { trial.outcome = Self.outcome(rehearsal) }
        trial.isOpen = rehearsal != nil || trial.problem != nil
        let done = alert["last_action"] ?? .null
        let content = Content(
            row: row, facts: Self.facts(alert, projects, visit), isSilenced: alert.flag("silenced"),
            canUndo: done != .null && done["undone_at"] == .null, groups: Self.groups(alert, at: visit.at), trial: trial,
            past: rehearsal.flatMap(Self.past), silence: mayWrite ? silence : nil, form: mayWrite ? form : nil,
            history: TablePart(
                "History", columns: ["State", "Before", "When"],
                rows: changes.map {
                    .init(
                        id: $0.text("at"),
                        cells: [
                            .badge(Badge($0.text("after"))), .text(Words.sentence($0.text("before"))),
                            .text(Moment($0.time("at"), at: visit.at)?.said ?? ""),
                        ])
                }, none: "It has not fired yet"),
            mayWrite: mayWrite, error: ["change", "silence", "rehearsal"].contains(deed) ? nil : problem?.sentence)
        return visit.page("alert", row.name, section: .usage, status: .init(code: problem?.code.status ?? 200), content)
    }

    private static func facts(_ alert: JSON, _ projects: [ProjectName], _ visit: Visit) -> [Fact] {
        let about = ["account_id", "project_id", "resource_id", "selector"].map { alert.text($0) }.filter { !$0.isEmpty }
        let (action, done) = (alert["action"] ?? .null, alert["last_action"] ?? .null)
        let facts = [
            Fact("About", about.isEmpty ? "The whole workspace" : about.joined(separator: " ")),
            Fact("Each on its own by", alert.texts("group_by").joined(separator: ", ")),
            Fact("Told by", AlertRow(alert, at: visit.at).channels),
            Fact("What it does", action == .null ? "" : AlertForm.words(of: action, projects: projects)),
            Fact(
                "What it did last",
                done == .null
                    ? "" : "\(Words.sentence(done.text("action", "type"))), \(Moment(done.time("at"), at: visit.at)?.said ?? "")"),
            Fact("Silenced because", alert.text("silence_reason")),
            Fact("Silent are", alert.pairs("silence_matchers").joined(separator: ", ")),
        ]
        let values = (alert["values"]?.members ?? []).map { Fact($0.name, Words.decimal($0.value) ?? $0.value.text ?? "–") }
        return (facts + values).compactMap { $0 }
    }

    private static func words(of group: JSON) -> String {
        (group.members ?? []).map { "\($0.name)=\($0.value.text ?? "")" }.joined(separator: ", ")
    }

    private static func words(of values: JSON?) -> String {
        (values?.members ?? []).map { "\($0.name) \($0.value.text ?? "–")" }.joined(separator: ", ")
    }

    private static func groups(_ alert: JSON, at now: Timestamp) -> TablePart? {
        guard let groups = alert["groups"]?.array else { return nil }
        return TablePart(
            "Groups", about: alert.flag("groups_cut") ? "There are more, which are not watched." : nil,
            columns: ["Group", "State", "Since", "Reads"],
            rows: groups.map { group in
                let state = Badge(group.text("state"))
                return .init(
                    id: words(of: group["group"] ?? .null),
                    cells: [
                        .name(words(of: group["group"] ?? .null), group.flag("silenced") ? "silenced" : nil), .badge(state),
                        .text(Moment(group.time("since"), at: now)?.said ?? ""), .text(words(of: group["values"])),
                    ])
            }, none: "Nothing has been counted by this yet")
    }

    // MARK: Trying it

    private static func trial(_ id: String, chosen: String?) -> FormPart {
        FormPart(
            title: "Try it", action: "\(AlertsPage.path)/\(id)/rehearsal", submit: "Try", id: "try-alert", place: .folded,
            fields: [
                .select(
                    "hours", "Over", [("", "Now"), ("1", "The last hour"), ("24", "The last day"), ("168", "The last 7 days")],
                    chosen: chosen, hint: "Nobody is told and nothing is done.")
            ])
    }

    private static func outcome(_ rehearsal: JSON) -> [Fact] {
        let groups = rehearsal.list("groups")
        let holding = groups.filter { $0["holds"] == true }.map { words(of: $0["group"] ?? .null) }
        let holds = rehearsal["holds"]?.bool.map { $0 ? "Yes" : "No" } ?? "There is no data"
        let targets = (rehearsal.list("action_targets") + groups.flatMap { $0.list("action_targets") }).map { $0.text("name") }
        let evaluations = rehearsal.count("evaluations")
        return [
            Fact("It holds now", groups.isEmpty ? holds : holding.isEmpty ? "For no group" : "For " + holding.joined(separator: "; ")),
            Fact("Would then be", Words.sentence(rehearsal.text("next_state"))),
            Fact("Would be told", Words.sentence(rehearsal.text("notice"))),
            Fact("Would stop", Set(targets).sorted().joined(separator: ", ")), Fact("It reads", words(of: rehearsal["values"])),
            Fact("Moments looked at", evaluations > 0 ? Words.count(evaluations) : ""),
        ].compactMap { $0 }
    }

    private static func past(_ rehearsal: JSON) -> TablePart? {
        guard rehearsal.count("evaluations") > 0 else { return nil }
        let turns = rehearsal.list("history")
        return TablePart(
            "What it would have been", columns: ["When", "State", "Before", "Read"],
            rows: turns.suffix(50).reversed().map { turn in
                .init(
                    id: turn.text("at"),
                    cells: [
                        .name(turn.time("at").map(Words.moment) ?? "", words(of: turn["group"] ?? .null)),
                        .badge(Badge(turn.text("after"))),
                        .text(Words.sentence(turn.text("before"))), .text(words(of: turn["values"])),
                    ])
            }, none: "It would not have fired")
    }

    private static func silence(_ alert: JSON) -> FormPart {
        let keys = alert.texts("group_by")
        let matchers = FormPart.Field.area(
            "matchers", "Only these groups (optional)", hint: "key=value, one a line.",
            placeholder: keys.map { $0 + "=" }.joined(separator: "\n"))
        return FormPart(
            title: "Silence for a while", action: "\(AlertsPage.path)/\(alert.text("id"))/silence", submit: "Silence", id: "silence-alert",
            place: .folded,
            fields: [
                .select("hours", "For", [("1", "1 hour"), ("8", "8 hours"), ("24", "1 day"), ("168", "7 days")], chosen: "1"),
                .text("reason", "Because (optional)", most: 500),
            ] + (keys.isEmpty ? [] : [matchers])
        ).identified(by: "silence")
    }

    private func act(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        do {
            switch visit.parameter("deed") {
            case "change": try await visit.send(.patch, "/v1/alerts/{id}", ["id": id], body: .object(AlertForm.body(visit.form)))
            case "silence": try await visit.send(.post, "/v1/alerts/{id}/silence", ["id": id], body: Self.silence(visit))
            case "undo": try await visit.send(.post, "/v1/alerts/{id}/undo", ["id": id])
            case "rehearsal":
                let from = Self.hours(visit.form["hours"]).map { visit.at.adding(seconds: -$0 * 3600) }
                let body: JSON = from.map { ["from": JSON($0)] } ?? .object([])
                return try await show(visit, rehearsal: try await visit.send(.post, "/v1/alerts/{id}/dry-run", ["id": id], body: body).json)
            case "deletion": return try await delete(visit, id)
            default: throw Problem.notFound("page")
            }
        } catch let problem as Problem where problem.belongsToForm && problem.code != .notFound {
            return try await show(visit, problem: problem)
        }
        return Response.seeOther("\(AlertsPage.path)/\(id)")
    }

    /// For so many hours from now; without them the silence is lifted.
    private static func silence(_ visit: Visit) throws -> JSON {
        let until = hours(visit.form["hours"]).map { visit.at.adding(seconds: $0 * 3600) }
        var members: [JSON.Member] = [.init("until", JSON(until)), .init("reason", .string(visit.form.text("reason")))]
        let matchers = try visit.form.lines("matchers").map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw Problem.invalid("matchers", "A group is written key=value; “\(line.prefix(60))” is not.") }
            return JSON.Member(parts[0], .string(parts[1]))
        }
        if !matchers.isEmpty { members.append(.init("matchers", .object(matchers))) }
        return .object(members)
    }

    private static func hours(_ text: String?) -> Int64? { text.flatMap { Int64($0) }.flatMap { (1...720).contains($0) ? $0 : nil } }

    private func delete(_ visit: Visit, _ id: String) async throws -> Response {
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/alerts/{id}", ["id": id]).text("name")
            return AskPage(
                title: "Delete “\(name)”?", text: "Nobody is told by it any more.", verb: "Delete",
                action: "\(AlertsPage.path)/\(id)/deletion",
                back: "\(AlertsPage.path)/\(id)"
            ).response(visit, section: .usage)
        }
        try await visit.send(.delete, "/v1/alerts/{id}", ["id": id])
        return Response.seeOther(AlertsPage.path)
    }

    static let template = """
        {{<frame}}{{$main}}
        <p class="crumb"><a href="/app/usage/alerts">Alerts</a></p>
        <div class="page-head"><div><h1>{{page.row.name}}</h1><p class="mono">{{page.row.rule}}</p></div>
        {{#page.mayWrite}}<div class="head-actions">{{#page.isSilenced}}<form method="post" action="/app/usage/alerts/{{page.row.id}}/silence">{{> form-fields}}<button class="plain" data-action="unsilence">Lift the silence</button></form>{{/page.isSilenced}}
        {{#page.canUndo}}<form method="post" action="/app/usage/alerts/{{page.row.id}}/undo">{{> form-fields}}<button class="plain" data-action="undo">Undo what it did</button></form>{{/page.canUndo}}
        <form method="post" action="/app/usage/alerts/{{page.row.id}}/deletion">{{> form-fields}}<button class="plain danger" data-action="delete" data-confirm="Delete this alert?">Delete</button></form></div>{{/page.mayWrite}}</div>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <div class="stack">
        <section class="card" aria-label="State" id="alert" data-live="5000"><div class="badges" role="status">{{#page.row.state}}{{> badge}}{{/page.row.state}}{{#page.row.silence}}<span class="badge warn">Silenced {{.}}</span>{{/page.row.silence}}<span class="muted small">{{#page.row.since}}{{> moment}}{{/page.row.since}}</span></div>
        <dl class="facts">{{#page.facts}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/page.facts}}</dl></section>
        {{#page.groups}}{{> table-part}}{{/page.groups}}
        {{#page.trial}}{{> form-part}}{{/page.trial}}
        {{#page.past}}{{> table-part}}{{/page.past}}
        {{#page.silence}}{{> form-part}}{{/page.silence}}
        {{#page.form}}{{> form-part}}{{/page.form}}
        {{#page.history}}{{> table-part}}{{/page.history}}
        </div>
        {{/main}}{{/frame}}
        """
}
