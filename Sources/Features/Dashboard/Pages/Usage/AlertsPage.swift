import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Rules that watch, and the state each is in.
struct AlertsPage: Sendable {
    static let path = "/app/usage/alerts"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/usage/alerts") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.post("/app/usage/alerts") { request, scope in await pages.signedIn(request, scope, create) }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let rows: [AlertRow]
        let isEmpty: Bool
        let mayWrite: Bool
        let form: AlertForm
        let pager: Pager?
    }

    private func show(_ visit: Visit, _ form: AlertForm = .init(), status: HTTPResponse.Status = .ok) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/alerts", page: number)
        let mayWrite = visit.caller.scopes.contains(.alertsWrite)
        var form = form
        if mayWrite { form.subjects = try await visit.subjects(chosen: visit.form["subject"]) }
        let content = Content(
            tabs: Tab.usage(at: Self.path), rows: found.items.map { AlertRow($0, at: visit.at) }, isEmpty: found.items.isEmpty,
            mayWrite: mayWrite, form: form, pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: []))
        return visit.page("alerts", "Alerts", section: .usage, status: status, content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        var form = AlertForm(visit.form)
        form.isOpen = true
        let subject = visit.form.text("subject")
        let about = subject.hasPrefix("proj_") ? "project_id" : "account_id"
        do {
            let made = try await visit.send(.post, "/v1/alerts", body: form.body([.init(about, .string(subject))]))
            return Response.seeOther("\(Self.path)/\(made.json.text("id"))")
        } catch let problem as Problem where [400, 403, 404, 409, 422].contains(problem.code.status) {
            form.error = problem.sentence
            return try await show(visit, form, status: .init(code: problem.code.status))
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Alerts</h1><p>Rules over usage, spending and what runs; you are told when one holds.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        <div class="stack">
        {{#page.mayWrite}}<details class="new"{{#page.form.isOpen}} open{{/page.form.isOpen}}><summary>\(Icon.plus)New alert</summary>
        <form class="card" method="post" action="/app/usage/alerts">{{> form-fields}}
        {{#page.form}}{{> alert-fields}}{{/page.form}}
        <div class="actions"><button type="submit" id="create-alert">Make alert</button></div></form></details>{{/page.mayWrite}}
        {{#page.isEmpty}}<section class="card empty">\(Icon.usage)<h2>No alerts yet</h2><p>Make one, such as <code>quota_percent &gt; 85</code>.</p></section>{{/page.isEmpty}}
        {{^page.isEmpty}}<section class="card table-card" aria-label="Alerts" id="alerts" data-live="5000"><table class="reflow"><thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Told by</th></tr></thead><tbody>
        {{#page.rows}}<tr data-alert-id="{{id}}"><td><a class="name" href="/app/usage/alerts/{{id}}">{{name}}</a><div class="mono">{{rule}}</div></td><td data-label="State"><span class="badges">{{#state}}{{> badge}}{{/state}}{{#silence}}<span class="badge warn">Silenced</span>{{/silence}}</span></td><td data-label="Since" class="when">{{#since}}{{> moment}}{{/since}}</td><td data-label="Told by">{{channels}}</td></tr>
        {{/page.rows}}</tbody></table>{{#page}}{{> pager}}{{/page}}</section>{{/page.isEmpty}}
        </div></div>
        {{/main}}{{/frame}}
        """
}

struct AlertRow: Sendable {
    let id: String
    let name: String
    let rule: String
    let state: Badge
    let since: Moment?
    let silence: String?
    let channels: String

    init(_ alert: JSON, at now: Timestamp) {
        id = alert.text("id")
        name = alert.text("name")
        rule = alert.text("rule")
        state = Badge(alert.text("state"))
        since = Moment(alert.time("since"), at: now)
        silence = alert.flag("silenced") ? alert.time("silenced_until").map { "until \(Words.moment($0))" } ?? "until it is lifted" : nil
        let told = alert.list("channels").map { channel in
            channel.text("status") == "connected"
                ? channel.text("type") : "\(channel.text("type")) (\(Words.sentence(channel.text("status")).lowercased()))"
        }
        channels = told.isEmpty ? "Nobody" : told.joined(separator: ", ")
    }
}

/// The fields of an alert, as they were typed.
struct AlertForm: Sendable {
    var name = ""
    var rule = ""
    var holdsFor = ""
    var severities = Choice.list(["info", "warning", "critical"], any: nil, chosen: "warning")
    var severity = "warning"
    var bySlack = false
    var byWebhook = true
    var subjects: [Choice] = []
    var hasSubjects: Bool { !subjects.isEmpty }
    var error: String?
    var isOpen = false

    init() {}

    init(_ form: Form) {
        name = form.text("name")
        rule = form.text("rule")
        holdsFor = form.text("for")
        severity = form.text("severity")
        severities = Choice.list(["info", "warning", "critical"], any: nil, chosen: severity)
        bySlack = form["slack"] == "yes"
        byWebhook = form["webhook"] == "yes"
    }

    init(_ alert: JSON) {
        name = alert.text("name")
        rule = alert.text("rule")
        holdsFor = alert.text("for")
        severity = alert.text("severity")
        severities = Choice.list(["info", "warning", "critical"], any: nil, chosen: severity)
        let channels = alert.list("channels").map { $0.text("type") }
        bySlack = channels.contains("slack")
        byWebhook = channels.contains("webhook")
    }

    func body(_ about: [JSON.Member] = []) -> JSON {
        let channels: [JSON] = (bySlack ? ["slack"] : []) + (byWebhook ? ["webhook"] : [])
        var members = about + [.init("rule", .string(rule)), .init("severity", .string(severity)), .init("channels", .array(channels))]
        if !name.isEmpty { members.append(.init("name", .string(name))) }
        if !holdsFor.isEmpty { members.append(.init("for", .string(holdsFor))) }
        return .object(members)
    }

    static let template = """
        {{#error}}<p class="notice bad" role="alert">{{.}}</p>{{/error}}
        <div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{name}}" maxlength="120" autocomplete="off"></div>
        {{#hasSubjects}}<div class="field"><label for="subject">About</label><select id="subject" name="subject">{{#subjects}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/subjects}}</select></div>{{/hasSubjects}}
        <div class="field"><label for="rule">Rule</label><input id="rule" name="rule" class="mono" value="{{rule}}" maxlength="1000" required placeholder="quota_percent &gt; 85" autocomplete="off" spellcheck="false" aria-describedby="rule-hint"><p class="hint" id="rule-hint">Metrics and numbers, such as <code>budget_percent &gt; 80 and spend &gt; 100</code>.</p></div>
        <div class="field"><label for="for">Must hold for</label><input id="for" name="for" value="{{holdsFor}}" maxlength="8" placeholder="5m" autocomplete="off"></div>
        <div class="field"><label for="severity">Severity</label><select id="severity" name="severity">{{#severities}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/severities}}</select></div>
        <fieldset class="field"><legend>Told by</legend><label class="check"><input type="checkbox" name="webhook" value="yes"{{#byWebhook}} checked{{/byWebhook}}>Webhooks</label><label class="check"><input type="checkbox" name="slack" value="yes"{{#bySlack}} checked{{/bySlack}}>Slack</label></fieldset>
        </div>
        """
}
