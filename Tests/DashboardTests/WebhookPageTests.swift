import Kernel
import Server
import TestKit
import Testing

@Suite struct `Webhooks on the dashboard` {
    private static let form = [
        "url": "https://93.184.215.14/hooks", "events": "instance.*, alert.*", "description": "<script>alert(1)</script>\"'",
    ]

    /// Makes one through its form and answers its id; the browser is left on its page, with the secret.
    private func make(_ browser: Browser) async throws -> String {
        try await browser.go("/app/webhooks")
        try await browser.submit("/app/webhooks", Self.form)
        #expect(browser.reply.status == 201)
        return String(try #require(browser.page.firstMatch(of: /whk_[0-9a-z]+/)).output)
    }

    @Test func `one is made, its secret is shown once, and it is the API's`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/webhooks")
            let form = Self.form.merging(["form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? ""]) { $1 }
            try await browser.submit("/app/webhooks", form)
            #expect(browser.secret?.hasPrefix("whsec_") == true)
            #expect(browser.page.contains("&lt;script&gt;alert(1)") && !browser.page.contains("<script>alert"))
            let again = try await browser.submit("/app/webhooks", form)
            #expect(again.status == 303 && !again.text.contains("whsec_"))
            let known = try await installation.get("/v1/webhooks", as: installation.home.liveKey).items
            #expect(known.count == 1 && known[0]["events"] == ["instance.*", "alert.*"])
            try await browser.go("/app/webhooks/\(known[0]["id"]?.string ?? "")")
            #expect(browser.secret == nil && browser.page.contains("93.184.215.14"))
            try await browser.go("/app/webhooks")
            #expect(browser.page.contains("&lt;script&gt;alert(1)") && !browser.page.contains("<script>alert"))
        }
    }

    @Test func `what is wrong with an address is said where it was typed`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/webhooks")
            try await browser.submit("/app/webhooks", ["url": "http://127.0.0.1/\"><b>", "events": "*"])
            #expect((400...422).contains(browser.reply.status))
            #expect(browser.page.contains("role=\"alert\"") && !browser.page.contains("\"><b>"))
        }
    }

    @Test func `it is tested, switched off and on, and its events are sent again`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let id = try await make(browser)
            let key = installation.home.liveKey
            for deed in ["test", "disable", "enable", "replay"] {
                try await browser.go("/app/webhooks/\(id)")
                try await browser.submit("/app/webhooks/\(id)/\(deed)")
                #expect(browser.location == "/app/webhooks/\(id)?done=\(deed)", "\(deed): \(browser.reply.status)")
            }
            let types = try await installation.get("/v1/events?subject=\(id)", as: key).items.compactMap { $0["type"]?.string }
            #expect(types.contains("webhook.test"))
            #expect(try await installation.get("/v1/webhooks/\(id)", as: key)["enabled"] == true)
            try await browser.go("/app/webhooks/\(id)")
            try await browser.submit("/app/webhooks/\(id)/secret")
            #expect(browser.reply.status == 201 && browser.secret?.hasPrefix("whsec_") == true)
            try await browser.go("/app/webhooks/\(id)")
            try await browser.submit("/app/webhooks/\(id)/deletion")
            #expect(browser.page.contains("Delete this webhook?"))
            try await browser.submit("/app/webhooks/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/webhooks/\(id)", as: key).status == 404)
        }
    }

    @Test func `another workspace's, and one of the other side, is not there`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let id = try await make(browser)
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            #expect(try await stranger.go("/app/webhooks/\(id)").status == 404)
            try await browser.go("/app/webhooks/\(id)")
            try await browser.submit("/app/webhooks/\(id)/test")
            let sent = try await installation.get("/v1/webhooks/\(id)/deliveries", as: installation.home.liveKey).ids
            let delivery = try #require(sent.first)
            #expect(try await browser.go("/app/deliveries/\(delivery)").text.contains("webhook.test"))
            #expect(try await stranger.go("/app/deliveries/\(delivery)").status == 404)
            try await stranger.go("/app/projects")
            #expect(try await stranger.submit("/app/webhooks/\(id)/deletion", ["confirmed": "yes"]).status == 404)
            try await browser.look(at: "test")
            #expect(try await browser.go("/app/webhooks/\(id)").status == 404)
        }
    }

    @Test func `a viewer may look and not change, nor can a form without its token`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let id = try await make(browser)
            #expect(try await browser.submit("/app/webhooks/\(id)/disable", ["once": "0123456789abcdef"], token: false).status == 403)
            let viewer = try await Browser.member(installation, "viewer", of: installation.home.project.rawValue)
            #expect(try await viewer.go("/app/webhooks").status == 200)
            #expect(!viewer.page.contains("create-webhook"))
            #expect(try await viewer.submit("/app/webhooks", Self.form).status == 403)
            #expect(try await installation.get("/v1/webhooks/\(id)", as: installation.home.liveKey)["enabled"] == true)
        }
    }
}
