import HTTPTypes
import Kernel
import Web

/// Every call, from the route table itself.
struct DocsEndpoints: Sendable {
    let baseURL: String
    let groups: [Group]

    struct Group: Sendable {
        let anchor: String
        let title: String
        let calls: [Entry]
    }

    struct Entry: Sendable {
        let anchor: String
        let method: String
        let path: String
        let summary: String
        let details: String
        let needs: String
        let query: [SchemaRow]
        let hasQuery: Bool
        let body: [SchemaRow]
        let hasBody: Bool
        let curl: String
        let answers: [Answer]
        let problems: [Code]
    }

    struct Answer: Sendable {
        let status: Int
        let about: String
        let example: String?
    }

    struct Code: Sendable {
        let code: String
        let status: Int
    }

    init(_ routes: [DocumentedRoute], baseURL: String) {
        self.baseURL = baseURL
        var order: [String] = []
        for route in routes where !order.contains(route.group) { order.append(route.group) }
        groups = order.map { group in
            Group(
                anchor: group, title: DocumentedRoute.title(of: group),
                calls: routes.filter { $0.group == group }.map { Entry($0, baseURL: baseURL) })
        }
    }

    static let template = """
        {{<docs}}{{$main}}
        <h1>Endpoints</h1>
        <p>Every call this server answers. Paths are relative to <code>{{baseURL}}</code>.</p>
        <p>Ids in the examples are shell variables: set <code>CLOUD_API_KEY</code> to a key and, say, <code>PROJECT_ID</code> to one of your projects, and paste. What every call has in common (lists, retries, versions, limits) stands in the <a href="/docs#conventions">overview</a>.</p>
        {{#groups}}
        <h2 id="{{anchor}}">{{title}}</h2>
        {{#calls}}
        <section class="endpoint" id="{{anchor}}" aria-labelledby="{{anchor}}-title">
        <h3 id="{{anchor}}-title">{{summary}}</h3>
        <p class="line"><span class="method {{method}}">{{method}}</span><code>{{path}}</code></p>
        {{{details}}}
        <dl class="facts"><dt>Needs</dt><dd>{{{needs}}}</dd></dl>
        {{#hasQuery}}<h4>Query parameters</h4><div class="scroll"><table class="reflow"><thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">About</th></tr></thead><tbody>
        {{#query}}<tr><td><code>{{name}}</code></td><td class="type">{{type}}</td><td>{{{about}}}</td></tr>
        {{/query}}</tbody></table></div>{{/hasQuery}}
        {{#hasBody}}<h4>Body</h4><div class="scroll"><table class="reflow"><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">About</th></tr></thead><tbody>
        {{#body}}<tr><td><code>{{name}}</code>{{#isRequired}} <span class="needed">required</span>{{/isRequired}}</td><td class="type">{{type}}</td><td>{{{about}}}</td></tr>
        {{/body}}</tbody></table></div>{{/hasBody}}
        <h4>Request</h4>
        <div class="block"><pre tabindex="0"><code id="{{anchor}}-curl">{{curl}}</code></pre><button type="button" class="plain" data-copy="{{anchor}}-curl" aria-label="Copy the request" hidden>Copy</button></div>
        {{#answers}}<h4>{{status}} {{{about}}}</h4>{{#example}}<pre tabindex="0"><code>{{.}}</code></pre>{{/example}}{{/answers}}
        <h4>Possible problems</h4>
        <p class="codes small">{{#problems}}<a href="/docs/errors/{{code}}">{{status}} {{code}}</a> {{/problems}}</p>
        </section>
        {{/calls}}
        {{/groups}}
        {{/main}}{{/docs}}
        """
}

extension DocsEndpoints.Entry {
    fileprivate init(_ documented: DocumentedRoute, baseURL: String) {
        let route = documented.route
        let rows = route.body.schema.map(SchemaRow.rows) ?? []
        self.init(
            anchor: documented.anchor, method: route.method.rawValue, path: route.path, summary: route.summary,
            details: route.details.isEmpty ? "" : "<p>\(Markup.sentence(route.details))</p>", needs: Markup.sentence(documented.needs),
            query: route.query.map { SchemaRow($0.name, $0.schema, isRequired: $0.isRequired) }, hasQuery: !route.query.isEmpty, body: rows,
            hasBody: !rows.isEmpty, curl: documented.curl(baseURL: baseURL),
            answers: route.answers.map { answer in
                .init(
                    status: answer.status, about: Markup.sentence(answer.description),
                    example: answer.schema.map { SchemaExample.value($0).indented })
            },
            problems: documented.problems.sorted { ($0.status, $0.rawValue) < ($1.status, $1.rawValue) }.map {
                .init(code: $0.rawValue, status: $0.status)
            })
    }
}
