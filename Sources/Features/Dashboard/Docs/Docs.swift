import HTTPTypes
import Hummingbird
import Kernel
import Web

/// The documentation for people: public, and written from the same tables the server answers by, so that it cannot speak of another API.
struct Docs: Sendable {
    let look: Look
    let baseURL: String
    let routes: [DocumentedRoute]

    func add(to router: Router<RequestScope>, pages: DashboardPages) {
        let texts: [(path: String, title: String, template: String)] = [
            ("/docs", "Overview", "docs-overview"), ("/docs/authentication", "Authentication", "docs-authentication"),
            ("/docs/faq", "FAQ", "docs-faq"),
        ]
        for text in texts {
            router.get(RouterPath(text.path)) { _, _ in page(text.template, text.title, at: text.path) { DocsTexts(baseURL: baseURL) } }
        }
        router.get("/docs/endpoints") { _, _ in
            page("docs-endpoints", "Endpoints", at: "/docs/endpoints") { DocsEndpoints(routes, baseURL: baseURL) }
        }
        router.get("/docs/how-to") { _, _ in page("docs-how-tos", "How to", at: "/docs/how-to") { DocsHowTos() } }
        for howTo in HowTo.all {
            router.get(RouterPath("/docs/how-to/" + howTo.name)) { _, _ in
                page("docs-how-to", howTo.title, at: "/docs/how-to") { DocsHowTo(howTo, baseURL: baseURL) }
            }
        }
        router.get("/docs/errors") { _, _ in page("docs-errors", "Errors", at: "/docs/errors") { DocsErrors() } }
        router.get("/docs/errors/{code}") { request, scope in
            await pages.open(request, scope) { guest in
                guard let code = scope.parameters.get("code").flatMap(Problem.Code.init) else {
                    throw Problem(.notFound, "There is no problem of this code.")
                }
                return page("docs-error", code.title, at: "/docs/errors") { DocsErrors.Entry(code) }
            }
        }
    }

    private func page(_ template: String, _ title: String, at path: String, _ text: () -> Any) -> Response {
        let content = Content(links: Link.all(at: path, groups: groups), text: text())
        return Response(status: .ok, html: look.html(template, Frame(title: title), content), cacheControl: "public, max-age=300")
    }

    private var groups: [String] {
        routes.reduce(into: []) { groups, route in if !groups.contains(route.group) { groups.append(route.group) } }
    }

    private struct Content {
        let links: [Link]
        let text: Any
    }

    private struct Link: Sendable {
        let path: String
        let label: String
        let isCurrent: Bool
        /// The parts of the page that is looked at.
        let parts: [Part]

        struct Part: Sendable {
            let anchor: String
            let label: String
        }

        static func all(at path: String, groups: [String]) -> [Link] {
            let pages = [
                ("/docs", "Overview"), ("/docs/authentication", "Authentication"), ("/docs/how-to", "How to"),
                ("/docs/endpoints", "Endpoints"), ("/docs/errors", "Errors"), ("/docs/faq", "FAQ"),
            ]
            return pages.map { page in
                let parts = page.0 == path && path == "/docs/endpoints" ? groups : []
                return Link(
                    path: page.0, label: page.1, isCurrent: page.0 == path,
                    parts: parts.map { Part(anchor: $0, label: DocumentedRoute.title(of: $0)) })
            }
        }
    }

    static let template = """
        {{<frame}}{{$body}}
        <body class="docs">
        <a class="skip" href="#main">Skip to content</a>
        <header class="docs-top"><div><a class="brand" href="/docs">\(Icon.mark)<span>CloudAPI <em>Docs</em></span></a><a class="button plain" href="\(ReturnPath.home)">Dashboard</a></div></header>
        <div class="docs-shell">
        <nav class="docs-nav" aria-label="Documentation"><ul>
        {{#page.links}}<li><a href="{{path}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{label}}</a>{{#isCurrent}}<ul class="sub">{{#parts}}<li><a href="#{{anchor}}">{{label}}</a></li>{{/parts}}</ul>{{/isCurrent}}</li>
        {{/page.links}}
        <li><a href="/openapi.json">OpenAPI</a></li>
        </ul></nav>
        <main id="main" tabindex="-1"><article class="prose">
        {{#page.text}}{{$main}}{{/main}}{{/page.text}}
        </article></main>
        </div>
        </body>
        {{/body}}{{/frame}}
        """
}

/// What the written pages fill in.
struct DocsTexts: Sendable {
    let baseURL: String
}
