import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Kernel
import OAuth
import Storage
import Web

/// Where a person says whether an application may act for them (RFC 6749, 3.1).
///
/// The request travels in one parameter of ours, `request`, so that it survives signing in: the address of the page has nothing but letters and
/// digits, as `ReturnPath` wants. It is read and checked anew at every step; what the form sends back is the person's own and no authority.
/// The session's cookie is for `/app` alone, so `/oauth/authorize` only leads here.
struct ConsentPage: Sendable {
    static let path = "/app/oauth/authorize"

    let pages: DashboardPages

    func add(to router: Router<RequestScope>) {
        router.get("/oauth/authorize") { request, scope in
            await pages.open(request, scope) { _ in
                guard let query = request.uri.query, query.utf8.count <= Self.longest else { throw Self.unreadable }
                return Response.seeOther("\(Self.path)?request=\(Data(query.utf8).base64URL)")
            }
        }
        router.get("/app/oauth/authorize") { request, scope in
            await pages.open(request, scope) { guest in
                switch try await read(guest.query("request"), guest) {
                case .refused(let location, let client):
                    return await pages.signedIn(request, scope) { visit in
                        try client.requireWorkspace(of: visit.caller)
                        return Response.seeOther(location)
                    }
                case .good(let asked): return await pages.signedIn(request, scope) { try show(asked, $0) }
                }
            }
        }
        router.post("/app/oauth/authorize") { request, scope in await pages.signedIn(request, scope, decide) }
    }

    /// Bytes of the query of an authorization request.
    private static let longest = 6000
    private static let unreadable = Problem(.invalidRequest, "The address is not a request to authorize an application.")

    private func read(_ packed: String?, _ guest: Guest) async throws -> AuthorizationRequest.Outcome {
        guard let packed, packed.utf8.count <= Self.longest * 2, let data = Data(base64URL: packed),
            let query = String(validating: data, as: UTF8.self)
        else { throw Self.unreadable }
        let issuer = pages.issuer
        return try await pages.store.read { try AuthorizationRequest.read(query, issuer: issuer, $0) }
    }

    private struct Content: Sendable {
        let application: String
        let person: String
        let workspace: String
        let isTest: Bool
        let isProject: Bool
        let scopes: [String]
        let reads: [String]
        let destination: String
        let request: String
    }

    private func show(_ asked: AuthorizationRequest, _ visit: Visit) throws -> Response {
        let scopes = try asked.scopes(from: visit.caller)
        let content = Content(
            application: asked.client.name, person: visit.user.email, workspace: visit.workspace.name, isTest: asked.client.mode == .test,
            isProject: asked.client.project != nil, scopes: scopes.patterns.map { Self.sentence($0) }, reads: scopes.patterns,
            destination: asked.redirect.policySource, request: visit.guest.query("request") ?? "")
        let frame = Frame(title: "Allow “\(asked.client.name)”?", visitor: visit.frame("", section: .none).visitor)
        var response = pages.look.page("consent", frame, content)
        response.headers[.contentSecurityPolicy] = PageHeaders.contentSecurityPolicy(leadingTo: asked.redirect.policySource)
        return response
    }

    private func decide(_ visit: Visit) async throws -> Response {
        switch try await read(visit.form["request"], visit.guest) {
        case .refused(let location, let client):
            try client.requireWorkspace(of: visit.caller)
            return Response.seeOther(location)
        case .good(let asked):
            try asked.client.requireWorkspace(of: visit.caller)
            guard visit.form["decision"] == "allow" else { return Self.leave(to: asked.denial, asked) }
            let location = try await visit.once { try asked.grant(by: visit.caller, visit.attribution, $0) }
            guard let location else {
                throw Problem(.conflict, "This was decided before. Go back to the application and begin again.")
            }
            return Self.leave(to: location, asked)
        }
    }

    /// Chromium asks the policy of the answer too.
    private static func leave(to location: String, _ asked: AuthorizationRequest) -> Response {
        var response = Response.seeOther(location)
        response.headers[.contentSecurityPolicy] = PageHeaders.contentSecurityPolicy(leadingTo: asked.redirect.policySource)
        response.headers[.init("Referrer-Policy")!] = "no-referrer"  // a token, as in `PageHeaders`
        return response
    }

    /// `projects:read` → `Read projects`.
    private static func sentence(_ pattern: String) -> String {
        if pattern == "*" { return "Do everything you can" }
        let parts = pattern.split(separator: ":")
        guard parts.count == 2 else { return pattern }
        let verb =
            switch parts[1] {
            case "read": "Read"
            case "write": "Change"
            default: "Read and change"
            }
        return "\(verb) \(parts[0])"
    }

    static let template = """
        {{<frame}}{{$body}}
        <body class="alone">
        <main id="main">
        <span class="brand">\(Icon.mark)<span>CloudAPI</span></span>
        <section class="card">
        <h1>Allow “{{page.application}}”?</h1>
        <p>It wants to act for <strong>{{page.person}}</strong> in the workspace <strong>{{page.workspace}}</strong>{{#page.isTest}}, in the sandbox alone{{/page.isTest}}{{#page.isProject}}, in one project{{/page.isProject}}. It would be able to:</p>
        <ul>{{#page.scopes}}<li>{{.}}</li>{{/page.scopes}}</ul>
        <p class="muted small">Scopes: {{#page.reads}}<code>{{.}}</code> {{/page.reads}}</p>
        <p class="muted small">Never more than you can yourself. The answer goes to <code>{{page.destination}}</code>. You can take this back under Settings → Applications.</p>
        <form method="post" action="\(path)">{{> form-fields}}<input type="hidden" name="request" value="{{page.request}}">
        <div class="actions"><button type="submit" name="decision" value="allow">Allow</button><button class="plain" type="submit" name="decision" value="deny">Deny</button></div>
        </form>
        </section>
        <p class="after small">Did you not come from “{{page.application}}”? Then deny.</p>
        </main>
        </body>
        {{/body}}{{/frame}}
        """
}
