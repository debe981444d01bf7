/// Which credential for what, and how to keep it.
enum DocsAuthentication {
    static let template = """
        {{<docs}}{{$main}}
        <h1>Authentication</h1>
        <p>Send a key with every request, as a bearer token. A request without a valid one is answered 401.</p>
        <pre tabindex="0"><code>Authorization: Bearer &lt;YOUR_API_KEY&gt;</code></pre>
        <p>Clients that cannot set this header may use <code>x-api-key</code>. Two different credentials in one request are a 400.</p>
        <h2 id="kinds">Kinds of credentials</h2>
        <div class="scroll"><table class="reflow"><thead><tr><th scope="col">Credential</th><th scope="col">Begins with</th><th scope="col">For</th></tr></thead><tbody>
        <tr><td>Workspace key</td><td><code>pk_live_</code> <code>pk_test_</code></td><td>Services that work with several projects. Has a role, and may be narrowed to projects, scopes, addresses and a time.</td></tr>
        <tr><td>Project key</td><td><code>sk_live_</code> <code>sk_test_</code></td><td>Services that belong to one project. Sees that project and nothing else.</td></tr>
        <tr><td>Scoped token</td><td><code>cap_</code></td><td>A helper of a service: fewer scopes and an end, made by the service itself.</td></tr>
        <tr><td>OAuth token</td><td><code>oat_</code></td><td>An application that a person let act for them, or a program for itself; an hour. <a href="#oauth">How to get one</a>.</td></tr>
        <tr><td>Session</td><td><code>ses_</code></td><td>A person, for twelve hours. The dashboard's, and what makes project keys.</td></tr>
        </tbody></table></div>
        <p>Every one of them is bound to a workspace. Secrets are kept as digests only: what you did not copy cannot be looked up, only replaced.</p>
        <h2 id="dashboard">Create a key in the dashboard</h2>
        <ol>
        <li>Go to <a href="/app/settings/api-keys">Settings → API Keys</a>.</li>
        <li>Name the key after what will use it, choose live or test, and what it belongs to.</li>
        <li>Copy the secret. It is shown once.</li>
        </ol>
        <h2 id="project-key">Create a project key by a call</h2>
        <p>Project keys are made by people: this call takes a session and refuses keys with 403.</p>
        <ol>
        <li>Sign in. The answer's <code>token</code> is a session.
        <div class="block"><pre tabindex="0"><code id="sign-in">SESSION_TOKEN=$(curl -s -X POST "{{baseURL}}/v1/sessions" \\
          -H "Content-Type: application/json" \\
          -d '{"email":"ada@example.com","password":"…"}' | jq -r .token)</code></pre><button type="button" class="plain" data-copy="sign-in" aria-label="Copy the request" hidden>Copy</button></div></li>
        <li>Find your project's id in the dashboard, or take the first. The project decides what the key reaches and whose quota it uses.
        <div class="block"><pre tabindex="0"><code id="find-project">PROJECT_ID=$(curl -s "{{baseURL}}/v1/projects" \\
          -H "Authorization: Bearer $SESSION_TOKEN" | jq -r '.data[0].id')</code></pre><button type="button" class="plain" data-copy="find-project" aria-label="Copy the request" hidden>Copy</button></div></li>
        <li>Make the key. The answer's <code>key</code> is the secret.
        <div class="block"><pre tabindex="0"><code id="make-key">CLOUD_API_KEY=$(curl -s -X POST "{{baseURL}}/v1/keys" \\
          -H "Authorization: Bearer $SESSION_TOKEN" \\
          -H "Content-Type: application/json" \\
          -d '{"project_id":"'"$PROJECT_ID"'"}' | jq -r .key)</code></pre><button type="button" class="plain" data-copy="make-key" aria-label="Copy the request" hidden>Copy</button></div></li>
        <li>Use it.
        <div class="block"><pre tabindex="0"><code id="use-key">curl "{{baseURL}}/v1/projects" \\
          -H "Authorization: Bearer $CLOUD_API_KEY" \\
          -H "Content-Type: application/json"</code></pre><button type="button" class="plain" data-copy="use-key" aria-label="Copy the request" hidden>Copy</button></div></li>
        </ol>
        <h2 id="scopes">Scopes and roles</h2>
        <p>A scope is written <code>resource:action</code>, such as <code>projects:read</code>; <code>read:projects</code> means the same. <code>projects:*</code> stands for all of a resource and <code>*</code> for everything. A call that lacks one is answered 403 <a href="/docs/errors/insufficient_scope"><code>insufficient_scope</code></a> and names it.</p>
        <p>A role bounds what scopes can be used: a <strong>viewer</strong> reads, an <strong>editor</strong> also changes projects, an <strong>admin</strong> also manages keys, users, accounts and settings.</p>
        <h2 id="tokens">Tokens for helpers</h2>
        <p>A key can make a narrower credential for one job. It never has more scopes than its maker, ends no later, and draws on the same rate limit.</p>
        <div class="block"><pre tabindex="0"><code id="make-token">curl -X POST "{{baseURL}}/v1/tokens" \\
          -H "Authorization: Bearer $CLOUD_API_KEY" \\
          -H "Content-Type: application/json" \\
          -d '{"name":"ci-token","scopes":["users:read","usage:read"]}'</code></pre><button type="button" class="plain" data-copy="make-token" aria-label="Copy the request" hidden>Copy</button></div>
        <h2 id="oauth">OAuth 2.0</h2>
        <p>Register an application under <a href="/app/settings/applications">Settings → Applications</a> or with <code>POST /v1/oauth/clients</code>. A program gets tokens for itself with its id and secret:</p>
        <div class="block"><pre tabindex="0"><code id="oauth-token">CLIENT=$(curl -s "{{baseURL}}/v1/oauth/clients" \\
          -H "Authorization: Bearer $CLOUD_API_KEY" \\
          -H "Content-Type: application/json" \\
          -d '{"name":"Deploy bot","scopes":["projects:read"]}' | jq -r '.id + ":" + .client_secret')
        curl -X POST "{{baseURL}}/oauth/token" -u "$CLIENT" -d grant_type=client_credentials</code></pre><button type="button" class="plain" data-copy="oauth-token" aria-label="Copy the request" hidden>Copy</button></div>
        <p>An application that acts for people sends them to <code>/oauth/authorize</code> with PKCE (<code>S256</code>) and exchanges the code it gets. Everything a library needs to know is at <code>/.well-known/oauth-authorization-server</code>. A token never opens more than both the application and the person may, and you can take back what you allowed at any time.</p>
        <h2 id="rotation">Rotate without downtime</h2>
        <p>A workspace key, made by another one that may manage keys:</p>
        <div class="block"><pre tabindex="0"><code id="make-workspace-key">KEY_ID=$(curl -s -X POST "{{baseURL}}/v1/api-keys" \\
          -H "Authorization: Bearer $SESSION_TOKEN" \\
          -H "Content-Type: application/json" \\
          -d '{"name":"billing"}' | jq -r .key_id)</code></pre><button type="button" class="plain" data-copy="make-workspace-key" aria-label="Copy the request" hidden>Copy</button></div>
        <p>Rotating gives a key a new secret at once. The old one goes on working for as long as you choose, an hour by default, so that you can exchange it everywhere. In the dashboard it is one click; by call:</p>
        <div class="block"><pre tabindex="0"><code id="rotate">curl -X POST "{{baseURL}}/v1/api-keys/$KEY_ID/rotation" \\
          -H "Authorization: Bearer $SESSION_TOKEN" \\
          -H "Content-Type: application/json" \\
          -d '{"overlap_seconds":3600}'</code></pre><button type="button" class="plain" data-copy="rotate" aria-label="Copy the request" hidden>Copy</button></div>
        <h2 id="revocation">Revoke at once</h2>
        <p>The very next request with a revoked key is refused, and so is every token made with it. It cannot be undone.</p>
        <div class="block"><pre tabindex="0"><code id="revoke">curl -X DELETE "{{baseURL}}/v1/keys/$KEY_ID" \\
          -H "Authorization: Bearer $SESSION_TOKEN"</code></pre><button type="button" class="plain" data-copy="revoke" aria-label="Copy the request" hidden>Copy</button></div>
        <h2 id="care">Keep keys safe</h2>
        <ul>
        <li>Keep them in environment variables or a secret store, never in source control.</li>
        <li>Never put one into a page, an app or anything else that runs on somebody else's machine.</li>
        <li>Use different keys for development, staging and production, and for each service.</li>
        <li>Rotate regularly, and at once when you suspect that somebody else has one.</li>
        </ul>
        {{/main}}{{/docs}}
        """
}
