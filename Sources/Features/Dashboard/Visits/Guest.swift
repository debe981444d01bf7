import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import Storage
import Web

/// A request to a page, by anybody.
struct Guest: Sendable {
    let request: Request
    let scope: RequestScope
    let pages: DashboardPages
    let at: Timestamp
    let requestID: ID<RequestKind>

    init(request: Request, scope: RequestScope, pages: DashboardPages) {
        self.request = request
        self.scope = scope
        self.pages = pages
        at = pages.surroundings.now()
        requestID = .make(at: at, random: (pages.surroundings.random(), pages.surroundings.random()))
    }

    /// The client's address, after trusted proxies.
    var address: String? {
        pages.pipeline.clientAddress.resolve(
            peer: scope.peer, forwarded: request.headers[.init("Forwarded")!], forwardedFor: request.headers[.init("X-Forwarded-For")!])
    }

    /// A parameter of the URL. What is broken or not there is nil: a page is never refused for its query.
    func query(_ name: String) -> String? {
        PercentEncoding.formFields(request.uri.query ?? "")?.first { $0.name == name }?.value
    }

    /// Who is signed in, by the cookie; nil for nobody, and for a session that has ended. Throws `rate_limited`.
    func caller() async throws -> Caller? {
        guard let token = pages.cookie.token(in: request) else { return nil }
        let authenticated: Authenticated
        do {
            authenticated = try await pages.pipeline.authenticator.authenticate(
                [.authorization: "Bearer \(token)"], address: address, at: at
            ).0
        } catch let problem as Problem where problem.code == .credentialInvalid {
            return nil
        }
        guard authenticated.caller.credential.kind == .session else { return nil }
        let verdict = try await pages.pipeline.limiter.admit(authenticated.limitedAs, limit: authenticated.requestsPerMinute, at: at)
        guard verdict.isAdmitted else {
            let wait = max(1, (verdict.resetsAt.milliseconds - at.milliseconds + 999) / 1000)
            throw Problem(.rateLimited, "The limit is \(verdict.limit) requests in any 60 seconds.", retryAfter: Int(wait))
        }
        return authenticated.caller.in(pages.mode.mode(in: request))
    }

    func attribution(_ caller: Caller) -> Attribution {
        Attribution(
            tenant: caller.tenant, actor: caller.actor, address: address, request: requestID, surroundings: pages.surroundings)
    }

    /// The submitted form, sent by one of our own pages.
    func form() async throws -> Form {
        try pages.origin.check(request)
        return try await Form(request)
    }
}
