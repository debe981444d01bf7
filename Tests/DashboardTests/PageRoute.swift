import HTTPTypes
import Hummingbird
import Server
import TestKit
import Testing
import Web

/// A page as the router has it.
struct PageRoute: Sendable {
    let method: HTTPRequest.Method
    let path: String

    /// With something in the place of each parameter.
    var address: String { filled { _ in "1" } }

    /// With a value in the place of each parameter.
    func filled(_ value: (_ parameter: String) -> String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part == "**" ? "no/such/page" : part.hasPrefix("{") ? value(String(part.dropFirst().dropLast())) : String(part)
        }.joined(separator: "/")
    }

    var isAsset: Bool { ["style.css", "app.js", "icon.svg"].contains { path.hasSuffix($0) } }
    var isWildcard: Bool { path.hasSuffix("**") }
    /// What somebody sees and sends who has no session yet.
    var isForGuests: Bool { ["/app/sign-in", "/app/invitation"].contains(path) }

    /// Every one of them, the documentation among them.
    static func all(of cloud: Installation, _ method: HTTPRequest.Method) throws -> [PageRoute] {
        let router = try buildRouter(cloud.parts, ServerConfiguration(), ServerMetrics())
        let all = router.routes.map { PageRoute(method: $0.method, path: "\($0.path)") }
        let pages = all.filter { $0.method == method && ($0.path == "/app" || $0.path.hasPrefix("/app/") || $0.path.hasPrefix("/docs")) }
        #expect(pages.count > (method == .get ? 80 : 50), "the walk finds the pages")
        return pages
    }
}
