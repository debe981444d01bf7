/// The first page of the documentation: what this is, the first call, and what every call has in common.
enum DocsOverview {
    static let template = """
        {{<docs}}{{$main}}
        <h1>One interface for your cloud</h1>
        <p>CloudAPI puts projects, credentials, usage and everything that hangs on them behind one REST interface that behaves the same everywhere: predictable schemas, explicit versions, errors a program can decide by.</p>
        <h2 id="quick-start">Quick start</h2>
        <ol>
        <li>Open the <a href="/app/settings/api-keys">dashboard</a>, go to Settings → API Keys, create a key and copy it. It is shown once.</li>
        <li>Keep it in an environment variable.
        <div class="block"><pre tabindex="0"><code id="set-key">export CLOUD_API_KEY='pk_live_…'</code></pre></div></li>
        <li>Send a first request to the test endpoint. It answers 200 and says who you are, in which mode.
        <div class="block"><pre tabindex="0"><code id="ping">curl "{{baseURL}}/v1/ping" \\
          -H "Authorization: Bearer $CLOUD_API_KEY"</code></pre><button type="button" class="plain" data-copy="ping" aria-label="Copy the request" hidden>Copy</button></div></li>
        <li>List your projects.
        <div class="block"><pre tabindex="0"><code id="projects">curl "{{baseURL}}/v1/projects" \\
          -H "Authorization: Bearer $CLOUD_API_KEY" \\
          -H "Content-Type: application/json"</code></pre><button type="button" class="plain" data-copy="projects" aria-label="Copy the request" hidden>Copy</button></div></li>
        </ol>
        <h2 id="capabilities">What you can rely on</h2>
        <ul>
        <li><strong>One life cycle.</strong> Whatever you manage is made, read, changed and removed in the same way, in every environment.</li>
        <li><strong>Retries are safe.</strong> A write with an <code>Idempotency-Key</code> takes effect once; a retry gets the first answer again.</li>
        <li><strong>Least privilege.</strong> Every credential has scopes, a role and, if you want, an expiry and the addresses it may be used from. Nothing can make a credential wider than itself.</li>
        <li><strong>Nothing happens unseen.</strong> A change and its entry in the event log commit together. The log is chained by hashes, so an auditor can verify it; monitoring reads <code>/metrics</code>.</li>
        </ul>
        <h2 id="uses">What people build with it</h2>
        <ul>
        <li>Pipelines that provision what a deployment needs, and take it away again.</li>
        <li>Internal developer platforms on one standard interface.</li>
        <li>Monitors that read an account's usage every five minutes and act when its quota runs low.</li>
        <li>Tools that keep state in step across several clouds.</li>
        <li>Compliance reports from an audit trail.</li>
        </ul>
        <h2 id="conventions">What every call has in common</h2>
        <h3 id="base-url">Base URL and versions</h3>
        <p>Everything is below <code>{{baseURL}}/v1</code>. The version is part of the path. Additions come without a new version; a breaking change is a new one, with notes on how to move, while the old one goes on and says so in <code>Deprecation</code> and <code>Sunset</code> headers.</p>
        <h3 id="requests">Requests and answers</h3>
        <p>Bodies are JSON in UTF-8, names in snake_case, times in UTC as RFC 3339. A field or parameter a call does not know is refused, so that a typing error is not silently ignored. Every answer carries its <code>X-Request-Id</code>.</p>
        <h3 id="lists">Lists</h3>
        <p>A list takes <code>limit</code> (1 to 100, 25 when left out) and answers <code>data</code>, <code>next_cursor</code> and <code>has_more</code>; send <code>next_cursor</code> back as <code>cursor</code>. Or count pages: with <code>page</code> and <code>per_page</code> it answers <code>items</code>, <code>page</code> and <code>has_more</code>. With neither, a workspace key gets pages and everything else cursors. <code>sort=-created_at</code> sorts descending, and a <code>Link</code> header leads to the next part.</p>
        <h3 id="idempotency">Safe retries</h3>
        <p>Send <code>Idempotency-Key</code>, 1 to 255 characters of your choice, with any POST, PATCH, PUT or DELETE. For 72 hours the same key and body get the first answer again, marked <code>Idempotent-Replayed: true</code>; another body under the same key is a 422.</p>
        <div class="block"><pre tabindex="0"><code id="idempotent">curl -X POST "{{baseURL}}/v1/projects" \\
          -H "Authorization: Bearer $CLOUD_API_KEY" \\
          -H "Content-Type: application/json" \\
          -H "Idempotency-Key: payments-1" \\
          -d '{"name":"Payments","env":"prod"}'</code></pre><button type="button" class="plain" data-copy="idempotent" aria-label="Copy the request" hidden>Copy</button></div>
        <h3 id="concurrency">Changes that do not overwrite each other</h3>
        <p>A single object comes with an <code>ETag</code>. Send it back in <code>If-Match</code> with a change, and the change is refused with 412 when somebody else was faster.</p>
        <h3 id="limits">Limits</h3>
        <p>A live key may make 120 requests in any 60 seconds, a test key 60. <code>RateLimit</code>, <code>X-RateLimit-Remaining</code> and <code>X-RateLimit-Reset</code> stand in every answer; past the limit it is 429 with a <code>Retry-After</code> after which the next request really passes. A body may have 1 MiB.</p>
        <h3 id="sandbox">Test mode</h3>
        <p>Test keys (<code>pk_test_</code>, <code>sk_test_</code>) work in a sandbox beside your live data: the same schemas, data that is there from the start, lower limits. It is reset every day, and whenever you call <code>POST /v1/sandbox/reset</code>.</p>
        <h2>Next</h2>
        <div class="cards">
        <a class="card" href="/docs/authentication"><h3>Authentication</h3><p>Which credential for what, how to rotate and revoke.</p></a>
        <a class="card" href="/docs/how-to"><h3>How to</h3><p>Common jobs, each from the first call to the last.</p></a>
        <a class="card" href="/docs/endpoints"><h3>Endpoints</h3><p>Every call, its fields, and an example to paste.</p></a>
        <a class="card" href="/docs/errors"><h3>Errors</h3><p>All codes, and what to do about each.</p></a>
        <a class="card" href="/docs/faq"><h3>FAQ</h3><p>Short answers to common questions.</p></a>
        </div>
        {{/main}}{{/docs}}
        """
}
