import Hummingbird
import Kernel

/// Which side of the workspace the browser looks at. No secret and no right: a session reaches both.
struct ModeCookie: Sendable {
    private static let name = "cloudapi_mode"
    let isSecure: Bool

    /// Live unless it says test.
    func mode(in request: Request) -> Mode { request.cookies[Self.name]?.value == Mode.test.rawValue ? .test : .live }

    func set(_ mode: Mode, on response: inout Response) {
        response.setCookie(
            Cookie(
                name: Self.name, value: mode.rawValue, maxAge: 31_536_000, path: "/app", secure: isSecure, httpOnly: true, sameSite: .lax))
    }
}

extension Caller {
    func `in`(_ mode: Mode) -> Caller {
        Caller(workspace: workspace, mode: mode, credential: credential, user: user, scopes: scopes, reach: reach, profile: profile)
    }
}
