import HTTPTypes
import Kernel
import Server
import TestKit
import Testing
import Web

@Suite struct `Every page` {
    @Test(arguments: [
        "/app/sign-in", "/app/invitation", "/app/projects", "/app/settings/api-keys", "/app/nowhere", "/docs", "/docs/nowhere",
        "/app/overview", "/app/resources", "/app/usage", "/app/usage/budgets", "/app/usage/alerts", "/app/webhooks", "/app/events",
        "/app/events/1", "/app/audit",
    ])
    func `can be framed by nobody, runs no foreign script and is no other type`(path: String) async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let reply = try await browser.go(path)
            let policy = reply.header("Content-Security-Policy") ?? ""
            for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
                #expect(policy.contains(part))
            }
            #expect(!policy.contains("unsafe"))
            #expect(reply.header("X-Content-Type-Options") == "nosniff")
            #expect(reply.header("X-Frame-Options") == "DENY")
            #expect(reply.header("Referrer-Policy") == "same-origin")
            #expect(!reply.text.contains("style=\""))
            #expect(!reply.text.contains("<script>"))
            #expect(!reply.text.contains("{{"))
            if path.hasPrefix("/app/") { #expect(reply.header("Cache-Control") == "no-store") }
        }
    }

    @Test func `the root leads to the dashboard`() async throws {
        try await Installation.run { installation in
            let reply = try await installation.get("/")
            #expect(reply.header("Location") == "/app/overview")
        }
    }

    @Test func `an error is a page with the number to quote`() async throws {
        try await Installation.run { installation in
            let reply = try await installation.get("/app/nowhere")
            #expect(reply.status == 404)
            let id = try #require(reply.header("X-Request-Id"))
            #expect(reply.text.contains(id))
        }
    }

    @Test func `past the person's rate limit a page says when to come back`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            for _ in 1...600 where browser.reply.status != 429 { try await browser.go("/app/settings/api-keys") }
            try await browser.go("/app/projects")
            #expect(browser.reply.status == 429)
            #expect(browser.reply.header("Retry-After") != nil)
            #expect(browser.page.contains("Too many requests"))
        }
    }

    @Test func `names assets that a browser keeps for good`() async throws {
        try await Installation.run { installation in
            let page = try await installation.get("/app/sign-in").text
            for name in ["style.css", "app.js", "icon.svg"] {
                let start = try #require(page.firstRange(of: "/app/\(name)?v="))
                let address = String(page[start.lowerBound...].prefix { $0 != "\"" })
                let reply = try await installation.get(address)
                #expect(reply.status == 200)
                #expect(reply.header("Cache-Control") == "public, max-age=31536000, immutable")
                let old = try await installation.get("/app/\(name)?v=old")
                #expect(old.header("Cache-Control") == "no-cache")
            }
        }
    }
}

@Suite struct `The documentation` {
    @Test func `has a page for every problem, which says what to do`() async throws {
        try await Installation.run { installation in
            let list = try await installation.get("/docs/errors").text
            for code in Problem.Code.allCases {
                let page = try await installation.get("/docs/errors/\(code.rawValue)")
                #expect(page.status == 200)
                #expect(page.text.contains(code.title.replacing("'", with: "&#39;")))
                #expect(list.contains("/docs/errors/\(code.rawValue)\""))
            }
            #expect(try await installation.get("/docs/errors/no_such_code").status == 404)
        }
    }

    @Test func `describes every call of the API with an example`() async throws {
        try await Installation.run { installation in
            let page = try await installation.get("/docs/endpoints").text
            for route in RouteTable.described.routes {
                let line = "<span class=\"method \(route.method.rawValue)\">\(route.method.rawValue)</span><code>\(route.path)</code>"
                #expect(page.contains(line), "\(route.method) \(route.path)")
            }
        }
    }

    @Test(arguments: [
        "/docs", "/docs/authentication", "/docs/endpoints", "/docs/errors", "/docs/faq", "/docs/how-to", "/docs/how-to/webhooks",
    ])
    func `is public and written out`(path: String) async throws {
        try await Installation.run(configure: publishedByHTTPS) { installation in
            let reply = try await installation.get(path)
            #expect(reply.status == 200)
            #expect(!reply.text.contains("{{"))
            #expect(reply.text.contains("</article>"))
            if !["/docs/errors", "/docs/faq", "/docs/how-to"].contains(path) { #expect(reply.text.contains("https://cloud.example.com")) }
        }
    }

    @Test func `of a common job is led to, and says every step`() async throws {
        try await Installation.run { installation in
            let list = try await installation.get("/docs/how-to").text
            let paths = list.split(separator: "\"").filter { $0.hasPrefix("/docs/how-to/") }.map(String.init)
            #expect(paths.count >= 10)
            for path in paths {
                let page = try await installation.get(path)
                #expect(page.status == 200)
                #expect(page.text.contains("Authorization: Bearer $CLOUD_API_KEY"))
                #expect(!page.text.contains("URL/") && !page.text.contains(" AUTH") && !page.text.contains(" JSON -d"))
            }
            #expect(try await installation.get("/docs/how-to/nothing").status == 404)
        }
    }

    @Test func `answers what the documented APIs' pages answer`() async throws {
        try await Installation.run { installation in
            var text = ""
            for path in ["/docs", "/docs/authentication", "/docs/endpoints", "/docs/errors", "/docs/faq"] {
                text += try await installation.get(path).text
            }
            for words in [
                "/v1/ping", "Settings → API Keys", "120 requests", "Idempotency-Key", "Retry-After", "exponential back-off",
                "CLOUD_API_KEY",
                "source control", "without downtime", "next_cursor", "per_page", "cap_", "major version", "test environment",
            ] {
                #expect(text.contains(words), "\(words)")
            }
        }
    }
}
