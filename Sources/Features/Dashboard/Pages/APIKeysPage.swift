import HTTPTypes
import Hummingbird
import Identity
import Kernel
import Keys
import Storage
import Web

/// Settings → API Keys: make, copy once, rotate, revoke.
///
/// A secret exists in one answer, the one to the form that made it, and is put nowhere else: not in an address, a cookie or a kept answer. So
/// that answer is the page itself and no redirect, is stored by nobody, and shows no secret again when a browser sends the form twice.
struct APIKeysPage: Sendable {
    static let path = "/app/settings/api-keys"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/settings") { _, _ in Response.seeOther(Self.path) }
        router.get("/app/settings/api-keys") { request, scope in await pages.signedIn(request, scope) { try await show($0.acrossModes) } }
        router.post("/app/settings/api-keys") { request, scope in await pages.signedIn(request, scope) { try await create($0.acrossModes) }
        }
        router.post("/app/settings/api-keys/{id}/rotation") { request, scope in
            await pages.signedIn(request, scope) { try await rotate($0.acrossModes) }
        }
        router.post("/app/settings/api-keys/{id}/revocation") { request, scope in
            await pages.signedIn(request, scope) { try await revoke($0.acrossModes) }
        }
        for verb in ["rotation", "revocation"] {
            router.get("/app/settings/api-keys/{id}/\(verb)") { _, _ in Response.seeOther(Self.path) }
        }
    }

    private struct Content: Sendable {
        let tabs = SettingsPage.Link.all(current: .keys)
        let fresh: FreshKeyPanel?
        let notice: String?
        let error: String?
        let form: NewKeyForm?
        let lists: [KeyList]
    }

    private func show(
        _ visit: Visit, form: NewKeyForm? = nil, fresh: FreshKeyPanel? = nil, notice: String? = nil, error: String? = nil,
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        try visit.caller.require(.keysRead)
        let given = form ?? NewKeyForm()
        let (filled, lists) = try await visit.read { connection in
            try (given.offered(to: visit.caller, connection), KeyList.both(for: visit, connection))
        }
        let said = notice ?? (visit.guest.query("revoked") == nil ? nil : "The key is revoked. The next request with it is refused.")
        let content = Content(fresh: fresh, notice: said, error: error, form: filled, lists: lists)
        return visit.page("api-keys", "API Keys", section: .settings, status: status, content)
    }

    private func create(_ visit: Visit) async throws -> Response {
        let form = NewKeyForm(visit.form)
        guard form.wrongName == nil else { return try await show(visit, form: form, status: .unprocessableContent) }
        let fresh: FreshKey?
        do {
            let draft = try form.draft(for: visit.caller)
            fresh = try await visit.once { try Key.mint(draft, for: visit.caller, by: visit.attribution, $0) }
        } catch let problem as Problem where [403, 404, 409, 422].contains(problem.code.status) {
            return try await show(visit, form: form, error: problem.detail, status: .init(code: problem.code.status))
        }
        guard let fresh else { return try await showSentBefore(visit) }
        let panel = FreshKeyPanel(fresh, title: "“\(fresh.key.name)” is ready", baseURL: pages.look.baseURL)
        return try await show(visit, fresh: panel, status: .created)
    }

    private func rotate(_ visit: Visit) async throws -> Response {
        let overlap = visit.form["overlap_seconds"].flatMap { Int64($0) }.flatMap { (0...604_800).contains($0) ? $0 : nil } ?? 3600
        try visit.caller.require(.keysWrite)
        let fresh = try await visit.once { connection in
            try Key.rotate(
                visit.keyID, [.project, .workspace], overlap: overlap, for: visit.caller, by: visit.attribution, connection)
        }
        guard let fresh else { return try await showSentBefore(visit) }
        let panel = FreshKeyPanel(fresh, title: "“\(fresh.key.name)” has a new secret", baseURL: pages.look.baseURL)
        return try await show(visit, fresh: panel, status: .created)
    }

    private func revoke(_ visit: Visit) async throws -> Response {
        guard visit.isConfirmed else {
            let key = try await visit.read { try administered(visit, $0) }
            return visit.ask(
                "Revoke “\(key.name)”?",
                "The next request with it is refused, and with every token made with it. This cannot be undone.", "Revoke the key",
                at: "\(Self.path)/\(key.id)/revocation", orBackTo: Self.path, section: .settings)
        }
        _ = try await visit.once { connection in try administered(visit, connection).revoke(by: visit.attribution, connection) }
        return Response.seeOther(Self.path + "?revoked")
    }

    private func administered(_ visit: Visit, _ connection: Connection) throws -> Key {
        try visit.caller.require(.keysWrite)
        return try Key.administered(visit.keyID, [.project, .workspace], by: visit.caller, connection)
    }

    private func showSentBefore(_ visit: Visit) async throws -> Response {
        try await show(visit, notice: "This form was sent before, and nothing was done twice. A secret is shown only the first time.")
    }

    static let template = """
        {{<frame}}{{$main}}
        {{> settings-tabs}}
        <div class="section-head"><h2>API Keys</h2><p>Programs call the API with a key. Use one for each program and each environment, and keep it out of source control.</p></div>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        {{#page.fresh}}{{> fresh-key}}{{/page.fresh}}
        <div class="stack">
        {{#page.form}}{{> key-form}}{{/page.form}}
        {{^page.form}}<p class="notice">You can see keys here. Making, rotating and revoking them is up to the admins of a project.</p>{{/page.form}}
        {{#page.lists}}{{> key-list}}{{/page.lists}}
        </div>
        {{/main}}{{/frame}}
        """
}

extension Visit {
    /// The key the path names.
    fileprivate var keyID: String { guest.scope.parameters.get("id") ?? "" }
}
