import HTTPTypes
import Hummingbird
import Kernel
import Web

/// How much of what may be used is used: requests of an account, and its quotas.
struct UsagePage: Sendable {
    static let path = "/app/usage"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/usage") { request, scope in await pages.signedIn(request, scope) { try await show($0) } }
        router.get("/app/usage/data.csv") { request, scope in await pages.signedIn(request, scope, table) }
        router.post("/app/usage/quotas/{metric}") { request, scope in await pages.signedIn(request, scope, setQuota) }
        router.get("/app/usage/quotas/{metric}") { _, _ in Response.seeOther(Self.path) }
    }

    private struct Content: Sendable {
        let tabs: [Tab]
        let accounts: [Choice]
        let hasAccounts: Bool
        let account: String
        let requests: String
        let included: String
        let percent: String?
        let bar: String
        let isOver: Bool
        let period: String
        let days: ChartPart?
        let quotas: [QuotaRow]
        let mayWrite: Bool
        let error: String?
    }

    fileprivate struct QuotaRow: Sendable {
        let metric: String
        let label: String
        let limit: String
        let used: String
        let bar: Int64?
        let isOver: Bool
        let isStandard: Bool
    }

    private func show(_ visit: Visit, error: Problem? = nil) async throws -> Response {
        try visit.caller.require(.usageRead)
        let accounts = try await visit.listIfAllowed("/v1/accounts", perPage: 100)
        let asked = visit.form["account"] ?? visit.query("account")
        let usage = try await visit.get("/v1/usage", query: ["account_id": asked])
        let account = usage.text("account_id")
        let days = try await UsageChart.readIfAllowed(account, visit)
        let quotas = try await visit.getIfAllowed("/v1/quotas", query: ["account_id": account])
        let percent = Words.decimal(usage["quota_percent"])
        let content = Content(
            tabs: Tab.usage(at: Self.path),
            accounts: accounts.map { Choice(value: $0.text("id"), label: $0.text("name"), isChosen: $0.text("id") == account) },
            hasAccounts: accounts.count > 1, account: account, requests: Words.count(usage.count("requests")),
            included: usage["quota_limit"]?.integer.map { Words.count(Int($0)) } ?? "no limit", percent: percent,
            bar: percent.flatMap { ExactDecimal($0) }.map { ($0 > 100 ? 100 : $0).description } ?? "0",
            isOver: percent.flatMap { ExactDecimal($0) }.map { $0 >= 90 } ?? false,
            period: "\(usage.text("period_start").prefix(10)) to \(usage.text("period_end").prefix(10))",
            days: days?.part, quotas: (quotas.map { $0["data"] ?? $0["items"] ?? .null }?.array ?? []).map { QuotaRow($0) },
            mayWrite: visit.caller.scopes.contains(.quotasWrite) && visit.caller.reachesWorkspace, error: error?.sentence)
        return visit.page("usage", "Usage", section: .usage, status: error.map { .init(code: $0.code.status) } ?? .ok, content)
    }

    private func table(_ visit: Visit) async throws -> Response {
        let account = try await visit.get("/v1/usage", query: ["account_id": visit.query("account")]).text("account_id")
        return try await UsageChart.read(account, visit).table.csv(named: "requests-\(visit.at.description.prefix(10))")
    }

    /// An empty field goes back to the standard.
    private func setQuota(_ visit: Visit) async throws -> Response {
        let account = visit.form.text("account")
        let metric = visit.parameter("metric")
        let text = visit.form.text("limit")
        do {
            if text.isEmpty {
                try await visit.send(.delete, "/v1/quotas/{metric}", ["metric": metric], query: ["account_id": account])
            } else {
                let limit = Int64(text).map { JSON.integer($0) } ?? .string(text)
                try await visit.send(
                    .put, "/v1/quotas/{metric}", ["metric": metric], body: ["limit": limit, "account_id": .string(account)])
            }
        } catch let problem as Problem where [400, 403, 409, 422].contains(problem.code.status) {
            return try await show(visit, error: problem)
        }
        return Response.seeOther("\(Self.path)?account=\(PercentEncoding.encode(account))")
    }

    static let template = """
        {{<frame}}{{$main}}
        <div class="page-head"><div><h1>Usage</h1><p>What is used, what may be used, and who is told when that gets close.</p></div></div>
        {{#page}}{{> tabs}}{{/page}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.hasAccounts}}<form method="get" action="/app/usage" class="inline pick"><label for="account">Account</label><select id="account" name="account">{{#page.accounts}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{label}}</option>{{/page.accounts}}</select><button class="plain">Show</button></form>{{/page.hasAccounts}}
        <div class="stack">
        <section class="card" aria-labelledby="requests-title" id="requests" data-live="5000"><h2 id="requests-title">Requests</h2>
        <dl class="figures"><div><dt>{{page.period}}</dt><dd>{{page.requests}}<small>of {{page.included}}{{#page.percent}}, {{.}} %{{/page.percent}}</small></dd></div></dl>
        {{#page.percent}}<progress max="100" value="{{page.bar}}"{{#page.isOver}} class="over"{{/page.isOver}} aria-label="Requests of the quota">{{.}} %</progress>{{/page.percent}}
        {{#page.days}}{{> chart-part}}{{/page.days}}</section>
        <section class="card table-card" aria-labelledby="quotas-title"><div class="card-head"><div><h2 id="quotas-title">Quotas</h2><p>What the account may have at one time.</p></div></div>
        <table class="reflow"><thead><tr><th scope="col">What</th><th scope="col" class="number">Used</th><th scope="col" class="number">Limit</th>{{#page.mayWrite}}<th scope="col"><span class="sr">Change</span></th>{{/page.mayWrite}}</tr></thead><tbody>
        {{#page.quotas}}<tr><td class="name">{{label}}</td><td data-label="Used" class="number">{{used}}</td><td data-label="Limit" class="number"><span>{{limit}}{{#isStandard}} <span class="muted small">standard</span>{{/isStandard}}</span></td>
        {{#page.mayWrite}}<td class="row-actions"><form method="post" action="/app/usage/quotas/{{metric}}" class="inline">{{> form-fields}}<input type="hidden" name="account" value="{{page.account}}"><input name="limit" inputmode="numeric" maxlength="13" aria-label="New limit of {{label}}" placeholder="standard" autocomplete="off"><button class="plain">Set</button></form></td>{{/page.mayWrite}}</tr>
        {{/page.quotas}}{{^page.quotas}}<tr><td colspan="4" class="muted">No quotas can be seen here.</td></tr>{{/page.quotas}}</tbody></table></section>
        </div>
        {{/main}}{{/frame}}
        """
}

extension UsagePage.QuotaRow {
    private static let labels = [
        "milli_cpus": "CPUs, in thousandths", "memory_mib": "Memory, in MiB", "volume_gib": "Volumes, in GiB", "ips": "IP addresses",
    ]

    init(_ quota: JSON) {
        let limit = quota["limit"]?.integer
        let used = quota["used"]?.integer ?? 0
        self.init(
            metric: quota.text("metric"), label: Self.labels[quota.text("metric")] ?? Words.sentence(quota.text("metric")),
            limit: limit.map { Words.count(Int($0)) } ?? "none",
            used: Words.count(Int(used)), bar: limit.flatMap { $0 > 0 ? min(100, used * 100 / $0) : nil },
            isOver: limit.map { used >= $0 } ?? false, isStandard: quota.flag("standard"))
    }
}

/// A page beside others of the same part.
struct Tab: Sendable {
    let path: String
    let label: String
    let isCurrent: Bool

    static func usage(at path: String) -> [Tab] {
        [("/app/usage", "Usage and quotas"), ("/app/usage/budgets", "Budgets"), ("/app/usage/alerts", "Alerts")].map {
            Tab(path: $0.0, label: $0.1, isCurrent: $0.0 == path)
        }
    }

    /// Of `tabs`.
    static let template = """
        <nav class="tabs" aria-label="Parts">{{#tabs}}<a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{label}}</a>{{/tabs}}</nav>
        """
}
