import HTTPTypes
import Hummingbird
import Identity
import Kernel
import Web

/// Accepting an invitation: the token somebody was handed, and a password of their own. The token is typed or comes behind a `#`, so that it
/// stands in no server's log.
struct InvitationPage: Sendable {
    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/app/invitation") { request, scope in await pages.open(request, scope) { _ in answer(Content()) } }
        router.post("/app/invitation") { request, scope in await pages.open(request, scope, accept) }
    }

    private struct Content: Sendable {
        var error: String?
        var wrongPassword: String?
        var token = ""
    }

    private func accept(_ guest: Guest) async throws -> Response {
        let form = try await guest.form()
        let token = form.text("token")
        if let wrong = SignIn.password.violations(in: .string(form["password"] ?? "")).first {
            return answer(Content(wrongPassword: "The password \(wrong.detail).", token: token), status: .unprocessableContent)
        }
        do {
            let fresh = try await pages.signIn.accept(
                invitation: token, password: form["password"] ?? "", address: guest.address, request: guest.requestID, store: pages.store,
                surroundings: pages.surroundings)
            var response = Response.seeOther(ReturnPath.home)
            pages.cookie.set(fresh.token, on: &response)
            return response
        } catch let problem as Problem where problem.code == .notFound {
            let error = "This invitation is unknown, has been used, or is too old. Ask whoever invited you for another."
            return answer(Content(error: error), status: .unprocessableContent)
        }
    }

    private func answer(_ content: Content, status: HTTPResponse.Status = .ok) -> Response {
        pages.look.page("invitation", Frame(title: "Accept an invitation"), content, status: status)
    }

    static let template = """
        {{<frame}}{{$body}}
        <body class="alone">
        <main id="main">
        <span class="brand">\(Icon.mark)<span>CloudAPI</span></span>
        <section class="card">
        <h1>Accept an invitation</h1>
        <p>Paste the token you were given and choose a password.</p>
        {{#page.error}}<p class="notice bad" role="alert">{{.}}</p>{{/page.error}}
        <form method="post" action="/app/invitation">
        <div class="field"><label for="token">Invitation</label>
        <input id="token" name="token" class="mono" value="{{page.token}}" placeholder="inv_…" autocomplete="off" spellcheck="false" maxlength="200" required data-from-fragment></div>
        <div class="field"><label for="password">New password</label>
        <div class="with-button"><input id="password" name="password" type="password" autocomplete="new-password" minlength="10" maxlength="200" required aria-describedby="password-hint"{{#page.wrongPassword}} aria-invalid="true"{{/page.wrongPassword}}>
        <button type="button" class="bare" data-reveal="password" hidden>Show</button></div>
        {{#page.wrongPassword}}<p class="wrong" id="password-hint">{{.}}</p>{{/page.wrongPassword}}
        {{^page.wrongPassword}}<p class="hint" id="password-hint">At least ten characters.</p>{{/page.wrongPassword}}</div>
        <div class="actions"><button class="wide" type="submit">Join the workspace</button></div>
        </form>
        </section>
        <p class="after">Have a password already? <a href="/app/sign-in">Sign in</a></p>
        </main>
        </body>
        {{/body}}{{/frame}}
        """
}
