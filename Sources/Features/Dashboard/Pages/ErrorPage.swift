import HTTPTypes
import Hummingbird
import Kernel
import Web

/// A problem as a person sees it: what happened, what to do, and the number to quote.
struct ErrorPage: Sendable {
    private let problem: Problem
    private let requestID: ID<RequestKind>

    init(problem: Problem, requestID: ID<RequestKind>) {
        self.problem = problem
        self.requestID = requestID
    }

    private struct Content: Sendable {
        let status: Int
        let title: String
        let detail: String
        let code: String
        let requestID: String
    }

    func response(_ look: Look) -> Response {
        let content = Content(
            status: problem.code.status, title: problem.code.title, detail: problem.detail, code: problem.code.rawValue,
            requestID: requestID.rawValue)
        var response = look.page(
            "error", Frame(title: problem.code.title), content, status: HTTPResponse.Status(code: problem.code.status))
        response.headers[.init("X-Request-Id")!] = requestID.rawValue
        if let seconds = problem.retryAfter { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    static let template = """
        {{<frame}}{{$body}}
        <body class="alone">
        <main id="main">
        <a class="brand" href="\(ReturnPath.home)">\(Icon.mark)<span>CloudAPI</span></a>
        <section class="card">
        <p class="status-code">{{page.status}}</p>
        <h1>{{page.title}}</h1>
        <p>{{page.detail}}</p>
        <a class="button wide" href="\(ReturnPath.home)">Go to the dashboard</a>
        </section>
        <p class="after"><a href="/docs/errors/{{page.code}}">About this error</a></p>
        <p class="after small">Request <span class="mono">{{page.requestID}}</span></p>
        </main>
        </body>
        {{/body}}{{/frame}}
        """
}
