import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Settings → API Keys` {
    private static let path = "/app/settings/api-keys"

    @Test func `a new key works, and its secret is on one page and never again`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go(Self.path)
            let form = ["name": "ci", "form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? ""]
            try await browser.submit(Self.path, form)
            let secret = try #require(browser.secret)
            #expect(browser.reply.status == 201)
            #expect(browser.reply.header("Cache-Control") == "no-store")
            #expect(!browser.reply.headers.contains { $0.value.contains(secret) })
            #expect(try await installation.get("/v1/ping", as: secret).status == 200)

            try await browser.submit(Self.path, form)
            #expect(browser.secret == nil)
            for page in [browser.page, try await browser.go(Self.path).text, try await browser.go("/app/projects").text] {
                #expect(!page.contains(secret))
            }
            try await browser.go(Self.path)
            #expect(browser.page.contains("pk_live_…\(secret.suffix(4))"))
            #expect(browser.page.split(separator: ">ci<").count == 2)
            let stored = try installation.place.fileBytes()
            #expect(!stored.contains(secret))
        }
    }

    @Test func `a project key of a mode and a role can do that and no more`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go(Self.path)
            let owner = installation.home.project.rawValue
            try await browser.submit(Self.path, ["name": "reader", "owner": owner, "mode": "test", "role": "viewer"])
            let secret = try #require(browser.secret)
            #expect(secret.hasPrefix("sk_test_"))
            #expect(try await installation.get("/v1/projects", as: secret).status == 200)
            let refused = try await installation.patch("/v1/projects/\(owner)", as: secret, ["description": "x"])
            #expect(refused.code == "insufficient_scope")
        }
    }

    @Test func `rotating shows a new secret and lets the old one overlap as long as was chosen`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go(Self.path)
            try await browser.submit(Self.path, ["name": "ci"])
            let first = try #require(browser.secret)
            let id = try #require(browser.keyID(">ci<"))
            try await browser.submit("\(Self.path)/\(id)/rotation", ["overlap_seconds": "86400"])
            let second = try #require(browser.secret)
            #expect(first != second)
            installation.clock.advance(seconds: 86_399)
            #expect(try await installation.get("/v1/ping", as: first).status == 200)
            installation.clock.advance(seconds: 2)
            #expect(try await installation.get("/v1/ping", as: first).status == 401)
            #expect(try await installation.get("/v1/ping", as: second).status == 200)
        }
    }

    @Test func `revoking asks first and then holds at once`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go(Self.path)
            try await browser.submit(Self.path, ["name": "ci"])
            let secret = try #require(browser.secret)
            let id = try #require(browser.keyID(">ci<"))
            try await browser.submit("\(Self.path)/\(id)/revocation")
            #expect(browser.page.contains("Revoke “ci”?"))
            #expect(try await installation.get("/v1/ping", as: secret).status == 200)
            try await browser.submit("\(Self.path)/\(id)/revocation", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/ping", as: secret).status == 401)
            #expect(try await browser.go(browser.location ?? "").text.contains("Revoked"))
        }
    }

    @Test func `a member sees their own projects and keys, and makes none without being admin`() async throws {
        try await Installation.run { installation in
            let home = installation.home
            let secret = try await installation.post("/v1/projects", as: home.liveKey, ["name": "Secret plans"]).text("id")
            _ = try await installation.post(
                "/v1/keys", as: home.sessionToken, ["project_id": .string(secret), "name": "hidden key"])
            let mel = try await installation.makeMember("mel@example.com", of: home, role: "editor")
            let browser = try await Browser(installation, cookie: mel.session)
            let projects = try await browser.go("/app/projects").text
            #expect(projects.contains("Default"))
            #expect(!projects.contains("Secret plans"))
            #expect(!projects.contains("create-project"))
            #expect(try await browser.submit("/app/projects", ["name": "Mine"]).status == 403)
            let keys = try await browser.go(Self.path).text
            #expect(!keys.contains("hidden key"))
            #expect(!keys.contains("create-key"))
            #expect(try await browser.submit(Self.path, ["name": "mine"]).status == 403)
            for owner in [secret, home.project.rawValue] {
                try await browser.go(Self.path)
                let refused = try await browser.submit(Self.path, ["name": "mine", "owner": owner])
                #expect([403, 404].contains(refused.status))
            }
        }
    }

    @Test func `another workspace's key is as if it were not there`() async throws {
        try await Installation.run { installation in
            let other = try await installation.makeWorkspace()
            let keys = try await installation.get("/v1/api-keys", as: other.liveKey)
            let id = try #require(keys.ids.first)
            let browser = try await Browser.signedIn(installation)
            for verb in ["rotation", "revocation"] {
                try await browser.go(Self.path)
                #expect(try await browser.submit("\(Self.path)/\(id)/\(verb)", ["confirmed": "yes"]).status == 404)
            }
            #expect(try await installation.get("/v1/ping", as: other.liveKey).status == 200)
        }
    }
}
