import HTTPTypes
import Hummingbird
import Identity
import Kernel

/// The session's token in a browser: for `/app` alone, out of reach of scripts, and not sent along from other sites.
///
/// Lax and not Strict, so that a link in a mail leads a signed-in person to the page and not to the sign-in form; what changes something is a
/// form, for which Lax sends nothing from elsewhere either.
struct SessionCookie: Sendable {
    private static let name = "cloudapi_session"
    let isSecure: Bool

    func token(in request: Request) -> String? { request.cookies[Self.name]?.value }

    func set(_ token: String, on response: inout Response) {
        response.setCookie(cookie(token, maxAge: Int(Session.lifetime)))
    }

    func delete(from response: inout Response) { response.setCookie(cookie("", maxAge: 0)) }

    private func cookie(_ value: String, maxAge: Int) -> Cookie {
        Cookie(name: Self.name, value: value, maxAge: maxAge, path: "/app", secure: isSecure, httpOnly: true, sameSite: .lax)
    }
}
