import Kernel
import Server
import TestKit
import Testing

@Suite struct `Signing in to the dashboard` {
    @Test func `the right password leads to the projects, with a cookie for the dashboard alone`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            #expect(browser.reply.status == 303)
            #expect(browser.location == "/app/overview")
            let cookie = browser.reply.header("Set-Cookie") ?? ""
            for attribute in ["HttpOnly", "SameSite=Lax", "Path=/app", "Max-Age=43200"] { #expect(cookie.contains(attribute)) }
            #expect(!cookie.contains("Secure"))
            #expect(try await browser.go("/app/projects").text.contains("Default"))
        }
    }

    @Test func `the cookie is Secure when the server is reached by https`() async throws {
        try await Installation.run(configure: publishedByHTTPS) { installation in
            let browser = try await Browser.signedIn(installation)
            #expect(browser.reply.header("Set-Cookie")?.contains("Secure") == true)
        }
    }

    @Test func `a wrong password and an unknown address answer alike`() async throws {
        try await Installation.run { installation in
            let wrong = try await Browser.signedIn(installation, password: "not the password").reply
            let unknown = try await Browser.signedIn(installation, email: "bob@home.example", password: "not the password").reply
            #expect(wrong.status == 401)
            #expect(unknown.status == 401)
            #expect(wrong.text.replacing("ada@home.example", with: "bob@home.example") == unknown.text)
            #expect(wrong.header("Set-Cookie") == nil)
        }
    }

    @Test func `too many attempts are a page that says how long to wait`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser(installation)
            for _ in 1...6 {
                try await browser.submit("/app/sign-in", ["email": "ada@home.example", "password": "guessing"], token: false)
            }
            #expect(browser.reply.status == 429)
            #expect(browser.reply.header("Retry-After") == "60")
            #expect(browser.page.contains("Too many attempts"))
        }
    }

    @Test func `a session that came along is not taken over but replaced and ended`() async throws {
        try await Installation.run { installation in
            let planted = installation.home.sessionToken
            let browser = try await Browser(installation, cookie: planted)
            try await browser.submit(
                "/app/sign-in", ["email": "ada@home.example", "password": Installation.password], token: false)
            #expect(browser.cookie != nil)
            #expect(browser.cookie != planted)
            #expect(try await installation.get("/v1/ping", as: planted).status == 401)
            #expect(try await installation.get("/v1/ping", as: browser.cookie).status == 200)
        }
    }

    @Test(arguments: [
        "https://evil.example/app/", "//evil.example/app/", "/app/../v1/ping", "/app//evil.example", "/app/%2e%2e/x", "/appetite",
        "\\\\evil",
        "/app/sign-out", "javascript:alert(1)",
    ])
    func `signing in leads nowhere but to our own pages`(next: String) async throws {
        try await Installation.run { installation in
            let browser = try await Browser(installation)
            try await browser.submit(
                "/app/sign-in", ["email": "ada@home.example", "password": Installation.password, "next": next], token: false)
            #expect(browser.location == "/app/overview")
        }
    }

    @Test func `without a session a page leads to sign-in and from there back`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser(installation)
            try await browser.go("/app/settings/api-keys")
            #expect(browser.location == "/app/sign-in?next=%2Fapp%2Fsettings%2Fapi-keys")
            try await browser.go(browser.location ?? "")
            let next = browser.hidden("next") ?? ""
            try await browser.submit(
                "/app/sign-in", ["email": "ada@home.example", "password": Installation.password, "next": next], token: false)
            #expect(browser.location == "/app/settings/api-keys")
        }
    }

    @Test func `a revoked session is refused by the next page`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            #expect(try await browser.go("/app/projects").status == 200)
            let mine = installation.home.sessionToken
            let own = try await installation.get("/v1/ping", as: mine)["credential"]?["id"]?.string
            for id in try await installation.get("/v1/sessions", as: mine).ids where id != own {
                _ = try await installation.delete("/v1/sessions/\(id)", as: mine).expecting(204)
            }
            #expect(try await browser.go("/app/projects").status == 303)
        }
    }

    @Test func `signing out ends the session and removes the cookie`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let token = browser.cookie
            try await browser.go("/app/projects")
            try await browser.submit("/app/sign-out")
            #expect(browser.cookie == nil)
            #expect(try await installation.get("/v1/ping", as: token).status == 401)
        }
    }

    @Test func `a key in the cookie is no session`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser(installation, cookie: installation.home.liveKey)
            #expect(try await browser.go("/app/projects").status == 303)
        }
    }

    @Test func `an invitation is accepted with a password, once`() async throws {
        try await Installation.run { installation in
            let invited = try await installation.post("/v1/users", as: installation.home.sessionToken, ["email": "mel@home.example"])
            let token = invited["invitation"]?["token"]?.string ?? ""
            let browser = try await Browser(installation)
            #expect(try await browser.submit("/app/invitation", ["token": token, "password": "short"], token: false).status == 422)
            try await browser.submit("/app/invitation", ["token": token, "password": Installation.password], token: false)
            #expect(browser.location == "/app/overview")
            #expect(try await browser.go("/app/projects").text.contains("mel@home.example"))
            let again = try await browser.submit("/app/invitation", ["token": token, "password": Installation.password], token: false)
            #expect(again.status == 422)
        }
    }
}
