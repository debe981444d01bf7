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
        let form: FormPart?
        let pager: Pager?
    }

    private func show(_ visit: Visit, problem: Problem? = nil) async throws -> Response {
        let number = visit.guest.page()
        let found = try await visit.list("/v1/alerts", page: number)
        var form: FormPart?
        if visit.may(.alertsWrite) {
            let given = AlertForm.new(try await visit.subjects(), projects: try await visit.projectNames())
            form = problem == nil ? given : given.filled(from: visit.form, saying: problem)
            if let keys = problem?.members["group_keys"]?.array?.compactMap(\.string), !keys.isEmpty {
                form?.problem = "\(problem?.detail ?? "") It can be grouped by \(keys.joined(separator: ", "))."
            }
        }
        let content = Content(
            tabs: Tab.usage(at: Self.path), rows: found.items.map { AlertRow($0, at: visit.at) }, isEmpty: found.items.isEmpty,
            form: form, pager: Pager(number, hasMore: found.hasMore, path: Self.path, keeping: []))
        return visit.page("alerts", "Alerts", section: .usage, status: .init(code: problem?.code.status ?? 200), content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        do {
            let made = try await visit.send(.post, "/v1/alerts", body: .object(AlertForm.subject(visit.form) + AlertForm.body(visit.form)))
            return Response.seeOther("\(Self.path)/\(made.json.text("id"))")
        } catch let problem as Problem where problem.belongsToForm {
            return try await show(visit, problem: problem)
        }
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="has-new"><div class="page-head"><div><h1>Alerts</h1><p>Rules over usage, spending and what runs; you are told when one holds.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        <div class="stack">
        {{#page.form}}{{> form-part}}{{/page.form}}
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
