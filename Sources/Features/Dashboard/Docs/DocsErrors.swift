import Kernel
import Web

/// The closed list of problems, and a page for each: where the `type` of a problem leads.
struct DocsErrors: Sendable {
    let groups: [Group]
    let example = SchemaExampleProblem.text

    struct Group: Sendable {
        let status: Int
        let codes: [Entry]
    }

    struct Entry: Sendable {
        let code: String
        let title: String
        let status: Int
        let advice: String
        let retry: String
        let isRetryable: Bool
        let example: String

        init(_ code: Problem.Code) {
            self.code = code.rawValue
            title = code.title
            status = code.status
            advice = Markup.sentence(code.advice)
            isRetryable = code.isRetryable
            retry =
                code.isRetryable
                ? "Yes. The same request may succeed later; wait for Retry-After where there is one, else back off exponentially."
                : "No. The same request would fail again; change it first."
            example = SchemaExampleProblem.text(code)
        }
    }

    init() {
        let byStatus = Dictionary(grouping: Problem.Code.allCases, by: \.status)
        groups = byStatus.sorted { $0.key < $1.key }.map { Group(status: $0.key, codes: $0.value.map { Entry($0) }) }
    }

    static let listTemplate = """
        {{<docs}}{{$main}}
        <h1>Errors</h1>
        <p>Everything that goes wrong is told in one form: a status, and a problem object as in RFC 9457 with the content type <code>application/problem+json</code>.</p>
        <pre tabindex="0"><code>{{example}}</code></pre>
        <ul>
        <li>Decide by <code>code</code>. The list below is closed and codes do not change their meaning; <code>detail</code> is for people and may.</li>
        <li><code>errors</code> names every place of the request that is wrong, with a JSON pointer into the body or <code>?name</code> for a parameter.</li>
        <li><code>request_id</code> names the request in our log. It stands in the <code>X-Request-Id</code> header of every answer too.</li>
        <li><code>type</code> is the address of the problem's own page here.</li>
        </ul>
        <h2>What to retry</h2>
        <p>Retry what says <code>"retryable": true</code>: 429 after <code>Retry-After</code> seconds, 500 and 503 with exponential back-off. Do not retry 400, 401, 403 and 422: the same request would fail again. With an <code>Idempotency-Key</code> a retry of a write never does the work twice.</p>
        <h2>All codes</h2>
        {{#groups}}
        <h3>{{status}}</h3>
        <div class="scroll"><table class="reflow"><thead><tr><th scope="col">Code</th><th scope="col">Means</th><th scope="col">Retry</th></tr></thead><tbody>
        {{#codes}}<tr><td><a href="/docs/errors/{{code}}"><code>{{code}}</code></a></td><td>{{title}}</td><td class="type">{{#isRetryable}}Retry{{/isRetryable}}{{^isRetryable}}Change the request{{/isRetryable}}</td></tr>
        {{/codes}}</tbody></table></div>
        {{/groups}}
        {{/main}}{{/docs}}
        """

    static let template = """
        {{<docs}}{{$main}}
        <p class="crumb"><a href="/docs/errors">Errors</a></p>
        <h1>{{title}}</h1>
        <dl class="facts"><dt>Code</dt><dd><code>{{code}}</code></dd><dt>Status</dt><dd>{{status}}</dd><dt>Retryable</dt><dd>{{retry}}</dd></dl>
        <h2>What to do</h2>
        <p>{{{advice}}}</p>
        <h2>How it looks</h2>
        <pre tabindex="0"><code>{{example}}</code></pre>
        {{/main}}{{/docs}}
        """
}

/// A problem as it might arrive.
enum SchemaExampleProblem {
    static var text: String {
        let missing = Problem(
            .validationFailed, "/name is required.", violations: [.init(pointer: "/name", code: "required", detail: "is required")])
        return text(missing, path: "/v1/projects")
    }

    static func text(_ code: Problem.Code) -> String { text(Problem(code, code.title + "."), path: "/v1/projects") }

    private static func text(_ problem: Problem, path: String) -> String {
        let id = ID<RequestKind>("req_01kb0c4q9re5c8v8m3f4t2x7yz")
        let body = ProblemWriter(requestID: id, path: path).answer(problem).body
        // What our own writer wrote is JSON.
        return (try? JSONParser.parse(body).indented) ?? ""
    }
}
