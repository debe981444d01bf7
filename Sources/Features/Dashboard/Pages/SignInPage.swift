import HTTPTypes
import Hummingbird
import Identity
import Kernel
import Storage
import Web

/// Signing in and out. Signing in always begins a new session, whatever cookie came along, and ends the one it replaces.
struct SignInPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/sign-in") { request, scope in await pages.open(request, scope, show) }
        router.post("/app/sign-in") { request, scope in await pages.open(request, scope, signIn) }
        router.post("/app/sign-out") { request, scope in await pages.open(request, scope, signOut) }
        router.get("/app/sign-out") { _, _ in Response.seeOther(ReturnPath.home) }
    }

    private struct Content: Sendable {
        var email = ""
        var next = ""
        var error: String?
        var notice: String?
    }

    private func show(_ guest: Guest) async throws -> Response {
        let next = ReturnPath(guest.query("next"))
        if try await guest.caller() != nil { return Response.seeOther(next.path) }
        return answer(Content(next: next.path, notice: guest.query("signed-out") == nil ? nil : "You are signed out."))
    }

    private func signIn(_ guest: Guest) async throws -> Response {
        let form = try await guest.form()
        let next = ReturnPath(form["next"])
        let email = form.text("email")
        do {
            let fresh = try await pages.signIn.begin(
                email: email, password: form["password"] ?? "", address: guest.address, request: guest.requestID, store: pages.store,
                surroundings: pages.surroundings)
            try await endSession(of: guest)
            var response = Response.seeOther(next.path)
            pages.cookie.set(fresh.token, on: &response)
            return response
        } catch let problem as Problem where [.signInFailed, .signInThrottled].contains(problem.code) {
            var error = "The e-mail and password do not match."
            if let seconds = problem.retryAfter { error = "Too many attempts. Try again in \(seconds) seconds." }
            var response = answer(Content(email: email, next: next.path, error: error), status: .init(code: problem.code.status))
            if let seconds = problem.retryAfter { response.headers[.retryAfter] = String(seconds) }
            return response
        }
    }

    private func signOut(_ guest: Guest) async throws -> Response {
        if let caller = try await guest.caller() {
            try pages.formToken.check(try await guest.form()["form_token"], for: caller)
            try await endSession(of: guest)
        }
        var response = Response.seeOther("/app/sign-in?signed-out")
        pages.cookie.delete(from: &response)
        return response
    }

    /// Ends the session whose cookie came with the request, if there is one.
    private func endSession(of guest: Guest) async throws {
        guard let caller = try await guest.caller(), let user = caller.user else { return }
        let by = guest.attribution(caller.in(.live))
        do {
            try await pages.store.write(in: caller.workspace) { try Session.end(SessionID(caller.credential.id), of: user, by: by, $0) }
        } catch let problem as Problem where problem.code == .notFound {}  // Another request has ended it.
    }

    private func answer(_ content: Content, status: HTTPResponse.Status = .ok) -> Response {
        pages.look.page("sign-in", Frame(title: "Sign in"), content, status: status)
    }

    static let template = """
        {{<frame}}{{$body}}
        <body class="alone">
        <main id="main">
        <span class="brand">\(Icon.mark)<span>CloudAPI</span></span>
        <section class="card">
        <h1>Sign in</h1>
        <p>Manage your projects and API keys.</p>
        {{#page.notice}}<p class="notice good" role="status">{{.}}</p>{{/page.notice}}
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <form method="post" action="/app/sign-in">
        <input type="hidden" name="next" value="{{page.next}}">
        <div class="field"><label for="email">E-mail</label>
        <input id="email" name="email" type="email" value="{{page.email}}" autocomplete="username" maxlength="254" required autofocus></div>
        <div class="field"><label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required></div>
        <div class="actions"><button class="wide" type="submit">Sign in</button></div>
        </form>
        </section>
        <p class="after">Invited by a colleague? <a href="/app/invitation">Accept an invitation</a></p>
        <p class="after small"><a href="/docs">Documentation</a></p>
        </main>
        </body>
        {{/body}}{{/frame}}
        """
}
