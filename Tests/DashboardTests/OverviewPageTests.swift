import Kernel
import Metering
import Server
import TestKit
import Testing

@Suite struct `The overview` {
    @Test func `leads a newcomer to a key and shows their first request`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/overview")
            #expect(browser.page.contains("Get started") && browser.page.contains("Waiting for your first request"))
            let form = ["form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? ""]
            try await browser.submit("/app/overview/key", form)
            #expect(browser.reply.status == 201)
            let key = try #require(browser.secret)
            #expect(browser.page.contains("/v1/ping -H &quot;Authorization: Bearer \(key)") || browser.page.contains("Bearer \(key)"))
            let again = try await browser.submit("/app/overview/key", form)
            #expect(again.status == 200 && browser.secret == nil)
            #expect(try await installation.get("/v1/ping", as: key).status == 200)
            try await installation.parts.counter.flush()
            try await browser.go("/app/overview")
            #expect(browser.page.contains("It works: <strong>1 request</strong>"))
            let keys = try await installation.get("/v1/api-keys", as: installation.home.sessionToken).items
            #expect(keys.count { $0["name"] == "First key" } == 1)
        }
    }

    @Test func `shows what runs, what it costs and what happened, of the side that is looked at`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            try await browser.go("/app/overview")
            let running = try await installation.get("/v1/instances?power=running&limit=100", as: installation.home.testKey).items.count
            #expect(browser.page.contains("<dt>Instances running</dt><dd>\(running)<small>"))
            #expect(browser.page.contains("Cost this month") && browser.page.contains("sandbox.seeded"))
            #expect(!browser.page.contains("Get started"))
        }
    }

    @Test func `a viewer sees it without what makes keys`() async throws {
        try await Installation.run { installation in
            let viewer = try await Browser.member(installation, "viewer", of: installation.home.project.rawValue)
            try await viewer.go("/app/overview")
            #expect(viewer.reply.status == 200 && !viewer.page.contains("first-key"))
            #expect(try await viewer.submit("/app/overview/key").status == 403)
        }
    }
}
