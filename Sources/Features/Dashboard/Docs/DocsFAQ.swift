/// Short answers.
enum DocsFAQ {
    static let template = """
        {{<docs}}{{$main}}
        <h1>Frequently asked questions</h1>
        <p>Short answers, each with a link to the long one.</p>
        <h2 id="authenticate">How do I authenticate?</h2>
        <p>With a key in the header: <code>Authorization: Bearer &lt;API_KEY&gt;</code>. Keys are created in the <a href="/app/settings/api-keys">dashboard</a> and rotated without downtime. See <a href="/docs/authentication">Authentication</a>.</p>
        <h2 id="rate-limits">What are the rate limits?</h2>
        <p>120 requests in any 60 seconds for each live key, 60 for each test key; an admin can change the number of a key. Past it the answer is 429 with <code>Retry-After</code>, and the headers of every answer say how much is left. See <a href="/docs#limits">Limits</a>.</p>
        <h2 id="versions">How are versions handled?</h2>
        <p>They are part of the path (<code>/v1</code>). Additions that break nothing come without a new version. A breaking change comes as a new major version, with notes on how to move.</p>
        <h2 id="sandbox">Is there a test environment?</h2>
        <p>Yes. A test key works in a sandbox with data of its own that is safe to break: answers have the schemas of production, limits are lower, and the data is reset every day. See <a href="/docs#sandbox">Test mode</a>.</p>
        <h2 id="errors">How should I handle errors?</h2>
        <p>Look at the status and at <code>code</code> in the body. Retry 429, 500 and 503 with exponential back-off; do not retry 400, 401, 403 and 422. <code>retryable</code> in the body says the same for each. See <a href="/docs/errors">Errors</a>.</p>
        <h2 id="idempotency">Are writes idempotent?</h2>
        <p>With an <code>Idempotency-Key</code> header, yes: a repeated request with the same key gets the outcome of the first and does nothing again. See <a href="/docs#idempotency">Safe retries</a>.</p>
        <h2 id="lost">I lost a secret. Can I see it again?</h2>
        <p>No, only its digest is kept. Rotate the key to give it a new secret, or revoke it.</p>
        <h2 id="revoked">How fast is a revocation?</h2>
        <p>The next request is refused, wherever it arrives.</p>
        <h2 id="not-found">Why do I get 404 for something that exists?</h2>
        <p>What a credential may not see answers exactly like what does not exist. Check that the key belongs to the right project or workspace, and to the right mode: test keys see test data only.</p>
        <h2 id="envelopes">Why does a list come as <code>items</code> here and as <code>data</code> there?</h2>
        <p>There are two envelopes, with pages and with cursors; your parameters decide. See <a href="/docs#lists">Lists</a>.</p>
        <h2 id="request-id">What do I send when I ask for help?</h2>
        <p>The <code>X-Request-Id</code> of the answer. It names the request in the server's log and in the event log.</p>
        <h2 id="clients">Is there a machine-readable description?</h2>
        <p><a href="/openapi.json">OpenAPI 3.1</a>. It is made from the tables the server checks requests with, and so are these pages.</p>
        {{/main}}{{/docs}}
        """
}
