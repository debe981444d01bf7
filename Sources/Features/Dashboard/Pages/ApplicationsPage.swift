import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Settings → Applications: the programs registered here as OAuth clients, and those that act for oneself. By the API's own calls.
struct ApplicationsPage: Sendable {
    static let path = "/app/settings/applications"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings/applications") { request, scope in await pages.signedIn(request, scope) { try await show($0.acrossModes) }
        }
        router.post("/app/settings/applications") { request, scope in
            await pages.signedIn(request, scope) { try await register($0.acrossModes) }
        }
        for (verb, action) in [
            ("rotation", rotate), ("deletion", delete), ("revocation", revoke),
        ] as [(String, @Sendable (Visit) async throws -> Response)] {
            router.post("/app/settings/applications/{id}/\(verb)") { request, scope in
                await pages.signedIn(request, scope) { try await action($0.acrossModes) }
            }
            router.get("/app/settings/applications/{id}/\(verb)") { _, _ in Response.seeOther(Self.path) }
        }
    }

    fileprivate struct Content: Sendable {
        let tabs = SettingsPage.Link.all(current: .applications)
        var clients: [Client] = []
        var grants: [Grant] = []
        var hasGrants = false
        var noClients = true
        var mayRegister = false
        var form = Draft()
        var fresh: Fresh?
        var notice: String?
        var error: String?
        var confirm: Confirmation?
    }

    fileprivate struct Client: Sendable {
        let id: String
        let name: String
        let kind: String
        let isTest: Bool
        let isConfidential: Bool
        let addresses: [String]
        let scopes: String
        let mayChange: Bool
    }

    fileprivate struct Grant: Sendable {
        let id: String
        let name: String
        let scopes: String
        let since: String
    }

    fileprivate struct Draft: Sendable {
        var name = ""
        var addresses = ""
        var scopes = ""
        var isPublic = false
        var isTest = false
    }

    fileprivate struct Fresh: Sendable {
        let name: String
        let id: String
        let secret: String?
    }

    fileprivate struct Confirmation: Sendable {
        let question: String
        let consequence: String
        let action: String
        let button: String
    }

    private func show(_ visit: Visit, _ given: Content = Content(), status: HTTPResponse.Status = .ok) async throws -> Response {
        var content = given
        let mayChange = visit.caller.scopes.contains(.keysWrite)
        content.mayRegister = mayChange
        if visit.caller.scopes.contains(.keysRead) {
            content.clients = try await visit.list("/v1/oauth/clients", query: ["sort": "name"], perPage: 100).items.map {
                Client($0, mayChange: mayChange)
            }
        }
        content.noClients = content.clients.isEmpty
        content.grants = try await visit.list("/v1/oauth/grants", perPage: 100).items.map(Grant.init)
        content.hasGrants = !content.grants.isEmpty
        if content.notice == nil, let done = visit.query("done") {
            content.notice =
                ["deleted": "The client is deleted, and its tokens with it.", "revoked": "The application can no longer act for you."][done]
        }
        return visit.page("applications", "Applications", section: .settings, status: status, content)
    }

    private func register(_ visit: Visit) async throws -> Response {
        let form = visit.form
        let draft = Draft(
            name: form.text("name"), addresses: form.text("redirect_uris"), scopes: form.text("scopes"), isPublic: form["type"] == "public",
            isTest: form["mode"] == Mode.test.rawValue)
        var members: [JSON.Member] = [
            .init("name", .string(draft.name)), .init("type", draft.isPublic ? "public" : "confidential"),
            .init("mode", draft.isTest ? "test" : "live"), .init("redirect_uris", .array(Self.words(draft.addresses).map(JSON.string))),
        ]
        let scopes = Self.words(draft.scopes)
        if !scopes.isEmpty { members.append(.init("scopes", .array(scopes.map(JSON.string)))) }
        var content = Content()
        do {
            let (made, isReplay) = try await visit.send(.post, "/v1/oauth/clients", body: .object(members))
            content.say(made, isReplay: isReplay)
            return try await show(visit, content, status: .created)
        } catch let problem as Problem where [400, 403, 404, 409, 422].contains(problem.code.status) {
            content.form = draft
            content.error = problem.detail
            return try await show(visit, content, status: .init(code: problem.code.status))
        }
    }

    @Sendable private func rotate(_ visit: Visit) async throws -> Response {
        var content = Content()
        let (made, isReplay) = try await visit.send(.post, "/v1/oauth/clients/{id}/rotation", ["id": visit.parameter()], body: .object([]))
        content.say(made, isReplay: isReplay)
        return try await show(visit, content, status: .created)
    }

    @Sendable private func delete(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/oauth/clients/{id}", ["id": id])["name"]?.string ?? ""
            return try await ask(
                visit,
                Confirmation(
                    question: "Delete “\(name)”?",
                    consequence: "Every token of it is refused from the next request on. This cannot be undone.",
                    action: "\(Self.path)/\(id)/deletion", button: "Delete the client"))
        }
        try await visit.send(.delete, "/v1/oauth/clients/{id}", ["id": id])
        return Response.seeOther(Self.path + "?done=deleted")
    }

    @Sendable private func revoke(_ visit: Visit) async throws -> Response {
        let id = visit.parameter()
        guard visit.isConfirmed else {
            let name = try await visit.get("/v1/oauth/grants/{id}", ["id": id])["client_name"]?.string ?? ""
            return try await ask(
                visit,
                Confirmation(
                    question: "Stop “\(name)” from acting for you?", consequence: "It can ask you again.",
                    action: "\(Self.path)/\(id)/revocation", button: "Take it back"))
        }
        try await visit.send(.delete, "/v1/oauth/grants/{id}", ["id": id])
        return Response.seeOther(Self.path + "?done=revoked")
    }

    private func ask(_ visit: Visit, _ confirmation: Confirmation) async throws -> Response {
        visit.page("applications", "Applications", section: .settings, Content(confirm: confirmation))
    }

    private static func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }

    static let template = """
        {{<frame}}{{$main}}
        {{#page.confirm}}
        <section class="card ask"><h1>{{question}}</h1>
        <p class="muted">{{consequence}}</p>
        <form method="post" action="{{action}}">{{> form-fields}}<input type="hidden" name="confirmed" value="yes">
        <div class="actions"><button class="stop" type="submit">{{button}}</button><a href="\(path)">Keep it</a></div></form></section>
        {{/page.confirm}}
        {{^page.confirm}}
        {{> settings-tabs}}
        <div class="section-head"><h2>Applications</h2><p>Programs that get their tokens by OAuth 2.0: for themselves, or for people who let them.</p></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.fresh}}<section class="card fresh" aria-labelledby="fresh-title" data-address="\(path)" data-focus tabindex="-1">
        <h2 id="fresh-title">“{{name}}” is ready</h2>
        <p class="label" id="client-label">Client id</p>
        <div class="copyable"><code id="client" aria-labelledby="client-label">{{id}}</code><button type="button" class="plain" data-copy="client" hidden>Copy</button></div>
        {{#secret}}<p>Copy the secret now. It is not kept and cannot be shown again.</p><p class="label" id="secret-label">Secret</p>
        <div class="copyable"><code id="secret" aria-labelledby="secret-label">{{.}}</code><button type="button" data-copy="secret" hidden>Copy</button></div>{{/secret}}
        </section>{{/page.fresh}}
        <div class="stack">
        {{#page.mayRegister}}<section class="card"><div class="card-head"><h2>Register a client</h2></div>
        <form method="post" action="\(path)">{{> form-fields}}
        <div class="fields">
        <div class="field"><label for="name">Name</label><input id="name" name="name" value="{{page.form.name}}" maxlength="120" required autocomplete="off"></div>
        <fieldset class="field"><legend>Kind</legend><div class="switch">
        <label><input type="radio" name="type" value="confidential"{{^page.form.isPublic}} checked{{/page.form.isPublic}}>Confidential</label>
        <label><input type="radio" name="type" value="public"{{#page.form.isPublic}} checked{{/page.form.isPublic}}>Public</label></div>
        <p class="hint">Public: an app on a device or in a browser, which can keep no secret.</p></fieldset>
        <fieldset class="field"><legend>Mode</legend><div class="switch">
        <label><input type="radio" name="mode" value="live"{{^page.form.isTest}} checked{{/page.form.isTest}}>Live</label>
        <label><input type="radio" name="mode" value="test"{{#page.form.isTest}} checked{{/page.form.isTest}}>Test</label></div></fieldset>
        <div class="field"><label for="redirect_uris">Redirect addresses</label><input id="redirect_uris" name="redirect_uris" value="{{page.form.addresses}}" autocomplete="off" placeholder="https://app.example.com/callback">
        <p class="hint">Parted by spaces; none for a program that acts for itself alone.</p></div>
        <div class="field"><label for="scopes">Scopes</label><input id="scopes" name="scopes" value="{{page.form.scopes}}" autocomplete="off" placeholder="projects:read usage:read">
        <p class="hint">Parted by spaces; all of yours when left empty.</p></div>
        </div>
        <div class="actions"><button type="submit">Register</button></div>
        </form></section>{{/page.mayRegister}}
        <section class="card table-card" aria-label="Registered clients"><form method="post" action="\(path)">{{> form-fields}}
        <div class="card-head"><div><h2>Registered clients</h2><p>What may ask for tokens.</p></div></div>
        {{#page.noClients}}<div class="empty">\(Icon.key)<h3>None yet</h3><p>Clients you register appear here.</p></div>{{/page.noClients}}
        {{^page.noClients}}<table class="reflow"><thead><tr><th scope="col">Name</th><th scope="col">Kind</th><th scope="col">Mode</th><th scope="col">Scopes</th><th scope="col">Redirects to</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
        {{#page.clients}}<tr data-client-id="{{id}}"><td><div class="name">{{name}}</div><div class="mono">{{id}}</div></td><td data-label="Kind">{{kind}}</td>
        <td data-label="Mode">{{#isTest}}<span class="badge warn">Test</span>{{/isTest}}{{^isTest}}<span class="badge accent">Live</span>{{/isTest}}</td>
        <td data-label="Scopes">{{scopes}}</td><td data-label="Redirects to">{{#addresses}}<div class="small">{{.}}</div>{{/addresses}}</td>
        <td class="row-actions">{{#mayChange}}{{#isConfidential}}<button class="plain" formaction="\(path)/{{id}}/rotation" aria-label="Rotate {{name}}">Rotate</button>{{/isConfidential}}<button class="plain danger" formaction="\(path)/{{id}}/deletion" data-confirm="Delete “{{name}}”? Every token of it is refused from the next request on." aria-label="Delete {{name}}">Delete</button>{{/mayChange}}</td></tr>
        {{/page.clients}}</tbody></table>{{/page.noClients}}
        </form></section>
        <section class="card table-card" aria-label="Applications that act for you"><form method="post" action="\(path)">{{> form-fields}}
        <div class="card-head"><div><h2>Applications that act for you</h2><p>You let them, and can take it back.</p></div></div>
        {{^page.hasGrants}}<div class="empty"><h3>None</h3><p>You have let no application act for you.</p></div>{{/page.hasGrants}}
        {{#page.hasGrants}}<table class="reflow"><thead><tr><th scope="col">Application</th><th scope="col">Scopes</th><th scope="col">Since</th><th scope="col"><span class="sr">Actions</span></th></tr></thead><tbody>
        {{#page.grants}}<tr data-grant-id="{{id}}"><td><div class="name">{{name}}</div></td><td data-label="Scopes">{{scopes}}</td><td data-label="Since" class="when">{{since}}</td>
        <td class="row-actions"><button class="plain danger" formaction="\(path)/{{id}}/revocation" data-confirm="Stop “{{name}}” from acting for you?" aria-label="Take back {{name}}">Take back</button></td></tr>
        {{/page.grants}}</tbody></table>{{/page.hasGrants}}
        </form></section>
        </div>
        {{/page.confirm}}
        {{/main}}{{/frame}}
        """
}

extension ApplicationsPage.Content {
    /// Shows the client that was made, with its secret the first time.
    fileprivate mutating func say(_ made: JSON, isReplay: Bool) {
        if isReplay {
            notice = "This form was sent before, and nothing was done twice. A secret is shown only the first time."
        } else {
            fresh = .init(name: made["name"]?.string ?? "", id: made["id"]?.string ?? "", secret: made["client_secret"]?.string)
        }
    }
}

extension ApplicationsPage.Client {
    fileprivate init(_ json: JSON, mayChange: Bool) {
        let kind = json["type"]?.string ?? ""
        self.init(
            id: json["id"]?.string ?? "", name: json["name"]?.string ?? "", kind: kind == "public" ? "Public" : "Confidential",
            isTest: json["mode"]?.string == "test",
            isConfidential: kind == "confidential", addresses: (json["redirect_uris"]?.array ?? []).compactMap(\.string),
            scopes: (json["scopes"]?.array ?? []).compactMap(\.string).joined(separator: " "), mayChange: mayChange)
    }
}

extension ApplicationsPage.Grant {
    fileprivate init(_ json: JSON) {
        self.init(
            id: json["id"]?.string ?? "", name: json["client_name"]?.string ?? "",
            scopes: (json["scopes"]?.array ?? []).compactMap(\.string).joined(separator: " "),
            since: json["created_at"]?.string.flatMap { Timestamp($0) }.map(Words.day) ?? "")
    }
}
