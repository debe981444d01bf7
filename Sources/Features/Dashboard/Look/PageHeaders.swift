import HTTPTypes
import Hummingbird
import NIOCore

/// What every page tells the browser: take nothing from elsewhere, run nothing that stands in the page, and let nobody frame it.
enum PageHeaders {
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    /// For a page whose form is answered by a redirect elsewhere: browsers hold the redirect against the policy as well.
    static func contentSecurityPolicy(leadingTo source: String) -> String {
        contentSecurityPolicy.replacing("form-action 'self'", with: "form-action 'self' \(source)")
    }

    static func add(to headers: inout HTTPFields, cacheControl: String) {
        headers[.contentSecurityPolicy] = contentSecurityPolicy
        headers[.xContentTypeOptions] = "nosniff"
        headers[.init("X-Frame-Options")!] = "DENY"
        headers[.init("Referrer-Policy")!] = "same-origin"
        headers[.init("Cross-Origin-Opener-Policy")!] = "same-origin"
        headers[.cacheControl] = cacheControl
    }
}

extension Response {
    init(status: HTTPResponse.Status, html: [UInt8], cacheControl: String) {
        var headers: HTTPFields = [.contentType: "text/html; charset=utf-8"]
        PageHeaders.add(to: &headers, cacheControl: cacheControl)
        self.init(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: html)))
    }

    /// To another page, by GET. `path` is one of ours.
    static func seeOther(_ path: String) -> Response {
        var headers: HTTPFields = [.location: path]
        PageHeaders.add(to: &headers, cacheControl: "no-store")
        return Response(status: .seeOther, headers: headers)
    }
}
