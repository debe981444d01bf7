package import Crypto
import HTTPTypes
package import Hummingbird
package import Identity
package import Kernel
import Logging
import Metering
package import Storage
package import Web

/// The pages a person sees: the dashboard under `/app` and the documentation under `/docs`.
///
/// They are rendered here, out of the binary, and work without JavaScript. A page has no rules of its own: it finds its caller with the API's
/// `Authenticator`, through the session in a cookie, and makes the API's own calls (`Visit.get`, `Visit.send`) or calls the functions their handlers call. So a revoked session, a smaller role or an
/// archived project means the same on a page as in a call, from the very next request on.
///
/// What a page adds is what browsers need: forms that no other site can send (`FormToken`, `RequestOrigin`), answers that a reload does not
/// repeat (`Visit.once`), and headers that leave a script from elsewhere nothing to do (`PageHeaders`). Opening a page is not charged to an
/// account; it counts against the rate limit of the person.
package struct DashboardPages: Sendable {
    let store: Store
    let surroundings: Surroundings
    let signIn: SignIn
    let pipeline: Pipeline
    /// What the authorization server calls itself.
    let issuer: String
    let formToken: FormToken
    let origin: RequestOrigin
    let cookie: SessionCookie
    let mode: ModeCookie
    /// The API's calls by method and path, for pages to make.
    let calls: [String: Route]
    let look: Look
    let docs: Docs

    /// `formKey` is for nothing else; `routes` are described on the endpoints page.
    package init(
        store: Store, surroundings: Surroundings, signIn: SignIn, pipeline: Pipeline, formKey: SymmetricKey, baseURL: String,
        issuer: String,
        routes: [DocumentedRoute], calls: [Route]
    ) throws {
        self.store = store
        self.surroundings = surroundings
        self.signIn = signIn
        self.pipeline = pipeline
        self.issuer = issuer
        formToken = FormToken(key: formKey)
        origin = RequestOrigin(publicURL: baseURL)
        cookie = SessionCookie(isSecure: baseURL.hasPrefix("https://"))
        mode = ModeCookie(isSecure: baseURL.hasPrefix("https://"))
        self.calls = Dictionary(calls.map { ($0.name, $0) }) { first, _ in first }
        look = try Look(baseURL: baseURL)
        docs = Docs(look: look, baseURL: baseURL, routes: routes)
    }

    package func add(to router: Router<RequestScope>) {
        router.get("/") { _, _ in Response.seeOther(ReturnPath.home) }
        router.get("/app") { _, _ in Response.seeOther(ReturnPath.home) }
        for asset in look.assets.all {
            router.get(RouterPath(asset.path)) { request, _ in asset.response(to: request) }
        }
        SignInPage(pages: self).add(to: router)
        InvitationPage(pages: self).add(to: router)
        ModeSwitch(pages: self).add(to: router)
        ProjectsPage(pages: self).add(to: router)
        ProjectPage(pages: self).add(to: router)
        OverviewPage(pages: self).add(to: router)
        ResourcesPage(pages: self).add(to: router)
        StacksPage(pages: self).add(to: router)
        SchedulesPage(pages: self).add(to: router)
        PoliciesPage(pages: self).add(to: router)
        ResourcePage(pages: self).add(to: router)
        OperationPage(pages: self).add(to: router)
        EventsPage(pages: self).add(to: router)
        AuditPage(pages: self).add(to: router)
        WebhooksPage(pages: self).add(to: router)
        WebhookPage(pages: self).add(to: router)
        DeliveryPage(pages: self).add(to: router)
        UsagePage(pages: self).add(to: router)
        BudgetsPage(pages: self).add(to: router)
        AlertsPage(pages: self).add(to: router)
        AlertPage(pages: self).add(to: router)
        APIKeysPage(pages: self).add(to: router)
        CostsPage(pages: self).add(to: router)
        UnitMetricsPage(pages: self).add(to: router)
        TokenSettings(pages: self).add(to: router)
        StreamSettings(pages: self).add(to: router)
        UserSettings(pages: self).add(to: router)
        TeamSettings(pages: self).add(to: router)
        CatalogSettings(pages: self).add(to: router)
        SlackSettings(pages: self).add(to: router)
        ConnectionSettings(pages: self).add(to: router)
        PriceSettings(pages: self).add(to: router)
        SessionSettings(pages: self).add(to: router)
        WorkspaceSettings(pages: self).add(to: router)
        ApplicationsPage(pages: self).add(to: router)
        ConsentPage(pages: self).add(to: router)
        docs.add(to: router, pages: self)
        for path: RouterPath in ["/app/**", "/docs/**"] {
            router.get(path) { request, scope in await open(request, scope) { _ in throw Problem(.notFound, "There is no such page.") } }
            router.post(path) { request, scope in await open(request, scope) { _ in throw Problem(.notFound, "There is no such page.") } }
        }
    }
}

extension DashboardPages {
    /// Answers a request that needs no session. Whatever goes wrong is a page.
    func open(_ request: Request, _ scope: RequestScope, _ handler: (Guest) async throws -> Response) async -> Response {
        let guest = Guest(request: request, scope: scope, pages: self)
        do {
            return try await handler(guest)
        } catch {
            return page(for: error, guest)
        }
    }

    /// Answers a request of somebody who is signed in; leads everybody else to the sign-in page. A form is read and checked before.
    func signedIn(_ request: Request, _ scope: RequestScope, _ handler: (Visit) async throws -> Response) async -> Response {
        await open(request, scope) { guest in
            guard let visit = try await Visit(guest) else { return Response.seeOther(ReturnPath(of: request).signInPath) }
            return try await handler(visit)
        }
    }

    /// Answers a form that brings a file, read as it comes in.
    func uploaded(
        _ request: Request, _ scope: RequestScope, _ handler: (Visit, Upload, Form, _ fileName: String) async throws -> Response
    ) async -> Response {
        await open(request, scope) { guest in
            try origin.check(request)
            guard let visit = try await Visit(readingNothingOf: guest) else { return Response.seeOther(ReturnPath(of: request).signInPath) }
            let upload = try Upload(request)
            let (form, fileName) = try await upload.fields()
            try formToken.check(form["form_token"], for: visit.caller)
            return try await handler(visit, upload, form, fileName)
        }
    }

    private func page(for error: any Error, _ guest: Guest) -> Response {
        let problem = Problem(from: error)
        if problem.code.status >= 500 {
            guest.scope.logger.error(
                "page failed",
                metadata: [
                    "request_id": "\(guest.requestID)", "path": "\(guest.request.uri.path)", "code": "\(problem.code.rawValue)",
                    "error": "\(problem.cause ?? problem)",
                ])
        }
        return ErrorPage(problem: problem, requestID: guest.requestID).response(look)
    }
}
