import HTTPTypes
import Hummingbird
import Kernel
import Web

/// The parts of the settings, and what their pages have in common: a list, a form for a new one, what can be done to each. All of them make the
/// calls of the API, so who may do what is decided there.
enum SettingsPage {
    enum Tab: String, CaseIterable, Sendable {
        case keys = "api-keys"
        case applications, tokens, streams, users, teams
        case catalogs = "tag-catalogs"
        case slack, connections, prices, sessions, workspace

        var label: String {
            switch self {
            case .keys: "API Keys"
            case .applications: "Applications"
            case .tokens: "Tokens"
            case .streams: "Data streams"
            case .users: "Users"
            case .teams: "Teams"
            case .catalogs: "Tag catalogs"
            case .slack: "Slack"
            case .connections: "Connections"
            case .prices: "Prices"
            case .sessions: "Sessions"
            case .workspace: "Workspace"
            }
        }

        var path: String { "/app/settings/\(rawValue)" }

        func path(_ id: String, _ verb: String? = nil) -> String {
            "\(path)/\(PercentEncoding.encode(id))" + (verb.map { "/" + $0 } ?? "")
        }
    }

    struct Link: Sendable {
        let label: String
        let path: String
        let isCurrent: Bool

        static func all(current: Tab) -> [Link] { Tab.allCases.map { Link(label: $0.label, path: $0.path, isCurrent: $0 == current) } }
    }

    static let tabsTemplate = """
        <div class="page-head"><h1>Settings</h1></div>
        <nav class="tabs" aria-label="Settings">{{#page.tabs}}<a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{label}}</a>{{/page.tabs}}</nav>
        """

    /// What a page of the settings shows.
    struct Content: Sendable {
        let tabs: [Link]
        let title: String
        let about: String
        var crumb: Link?
        var notice: String?
        var error: String?
        var fresh: FreshSecretPanel?
        var facts: [Fact] = [] { didSet { hasFacts = !facts.isEmpty } }
        private(set) var hasFacts = false
        /// Milliseconds between looks at the facts; nil when they do not change by themselves.
        var pause: Int?
        var forms: [FormPart] = []
        var tables: [TablePart] = []
        /// After the tables.
        var more: [FormPart] = []

        init(_ tab: Tab, _ about: String, title: String? = nil) {
            tabs = Link.all(current: tab)
            self.title = title ?? tab.label
            self.about = about
            if title != nil { crumb = Link(label: tab.label, path: tab.path, isCurrent: false) }
        }
    }

    struct Fact: Sendable {
        let name: String
        let value: String
    }

    static let template = """
        {{<frame}}{{$main}}
        {{> settings-tabs}}
        <div class="section-head">{{#page.crumb}}<p class="crumb"><a href="{{path}}">{{label}}</a></p>{{/page.crumb}}<h2>{{page.title}}</h2><p>{{page.about}}</p></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.fresh}}{{> fresh-secret}}{{/page.fresh}}
        <div class="stack">
        {{#page.hasFacts}}<section class="card" id="facts"{{#page.pause}} data-live="{{.}}"{{/page.pause}}><dl class="facts-list">{{#page.facts}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>{{/page.facts}}</dl></section>{{/page.hasFacts}}
        {{#page.forms}}{{> form-part}}{{/page.forms}}
        {{#page.tables}}{{> table-part}}{{/page.tables}}
        {{#page.more}}{{> form-part}}{{/page.more}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    /// Whether the visitor may do what needs this scope and, in the workspace, this role.
    func may(_ scope: Scope, as role: Role? = nil) -> Bool {
        guard caller.scopes.contains(scope) else { return false }
        guard let role else { return true }
        return (try? caller.requireWorkspace(role)) != nil
    }

    func settings(_ content: SettingsPage.Content, status: Int = 200) -> Response {
        page("settings", content.title, section: .settings, status: .init(code: status), content)
    }

    /// What a form says when it was sent twice.
    static var sentBefore: String { "This form was sent before, and nothing was done twice. A secret is shown only the first time." }
}

extension Problem {
    /// What a page tells beside its form; everything else is a page of its own.
    var belongsToForm: Bool { [400, 402, 404, 409, 415, 422, 503].contains(code.status) || code == .forbidden }
}

extension DashboardPages {
    /// A form whose problem is told by the page it was sent from.
    func acting(
        _ request: Request, _ scope: RequestScope, _ act: (Visit) async throws -> Response,
        orTell tell: (Visit, Problem) async throws -> Response
    ) async -> Response {
        await signedIn(request, scope) { visit in
            do {
                return try await act(visit)
            } catch let problem as Problem where problem.belongsToForm && problem.code != .notFound {
                return try await tell(visit, problem)
            }
        }
    }
}

extension JSON {
    /// A time of an answer, for people.
    func when(_ name: String, at now: Timestamp, never: String = "Never") -> String {
        self[name]?.string.flatMap { Timestamp($0) }.map { Words.since($0, at: now) } ?? never
    }

    func day(_ name: String, none: String = "") -> String { self[name]?.string.flatMap { Timestamp($0) }.map(Words.day) ?? none }
    func texts(_ name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.text) }
}

extension Form {
    /// The lines of a field that are not empty, without white space around them.
    func lines(_ name: String) -> [String] {
        (self[name] ?? "").split(whereSeparator: \.isNewline).map { line in
            var line = line.drop(while: \.isWhitespace)
            while line.last?.isWhitespace == true { line.removeLast() }
            return String(line)
        }.filter { !$0.isEmpty }
    }
}
