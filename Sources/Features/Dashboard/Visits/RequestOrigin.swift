import HTTPTypes
import Hummingbird
import Kernel
import Web

/// Refuses forms that another site's page sends, by what the browser itself says of where they come from.
///
/// `Sec-Fetch-Site` is set by every current browser on https and on localhost, `Origin` on every form; neither can be set by a page. A request
/// without both comes from no browser, and whoever can send that needs no other site's help. (Go's `CrossOriginProtection` decides alike.)
/// This is what protects the sign-in form, which has no session to bind a token to; behind a session it is the second lock.
struct RequestOrigin: Sendable {
    /// `https://cloud.example.com`: what a browser calls us when a proxy in between changes `Host`.
    private let publicOrigin: String

    init(publicURL: String) {
        publicOrigin = publicURL.split(separator: "/", omittingEmptySubsequences: false).prefix(3).joined(separator: "/").lowercased()
    }

    /// Throws `forbidden`.
    func check(_ request: Request) throws {
        let refusal = Problem(.forbidden, "The form was sent from another site. Open the page here and send it again.")
        if let site = request.headers[.init("Sec-Fetch-Site")!], site != "same-origin", site != "none" { throw refusal }
        guard let origin = request.headers[.init("Origin")!]?.lowercased() else { return }
        guard origin == publicOrigin || isHost(origin, of: request) else { throw refusal }
    }

    private func isHost(_ origin: String, of request: Request) -> Bool {
        guard let authority = request.head.authority?.lowercased(), !authority.isEmpty else { return false }
        return origin == "http://\(authority)" || origin == "https://\(authority)"
    }
}
