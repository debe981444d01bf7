import Kernel
import Server
import TestKit
import Testing

@Suite struct `The frame of the dashboard` {
    @Test func `leads to every part and says which one is open`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/projects")
            for path in ["overview", "projects", "resources", "costs", "unit-metrics", "usage", "webhooks", "events", "audit", "settings"] {
                #expect(browser.page.contains("<a href=\"/app/\(path)\""), "\(path)")
            }
            #expect(browser.page.contains("<a href=\"/app/projects\" aria-current=\"page\">"))
            #expect(browser.page.contains("<a class=\"skip\" href=\"#main\">"))
            #expect(browser.page.contains("<details class=\"menu\">"))
        }
    }

    @Test func `switches between live and test, and a form of one side is refused on the other`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/projects")
            #expect(!browser.page.contains("Test mode"))
            let live = try #require(browser.hidden("form_token"))
            try await browser.submit("/app/mode", ["mode": "test", "next": "/app/projects"])
            #expect(browser.location == "/app/projects")
            try await browser.go("/app/projects")
            #expect(browser.page.contains("Test mode"))
            #expect(try await browser.submit("/app/projects", ["name": "Late", "form_token": live]).status == 403)
            try await browser.go("/app/projects")
            try await browser.submit("/app/mode", ["mode": "live", "next": "https://evil.example/app/"])
            #expect(browser.location == "/app/overview")
            #expect(try await !browser.go("/app/projects").text.contains("Test mode"))
        }
    }
}
