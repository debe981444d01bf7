import Kernel
import Server
import TestKit
import Testing

@Suite struct `Usage, budgets and alerts on the dashboard` {
    private static let markup = "<script>x</script>\"'"
    private static let escaped = "&lt;script&gt;x"

    @Test func `a quota is set and goes back to the standard`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let account = installation.home.account.rawValue
            func limit() async throws -> JSON? {
                try await installation.get("/v1/quotas?account_id=\(account)", as: installation.home.liveKey).items
                    .first { $0["metric"] == "instances" }?["limit"]
            }
            let standard = try await limit()
            try await browser.go("/app/usage")
            #expect(browser.page.contains("Instances"))
            try await browser.submit("/app/usage/quotas/instances", ["account": account, "limit": "3"])
            #expect(browser.reply.status == 303)
            #expect(try await limit() == 3)
            try await browser.go("/app/usage")
            #expect(try await browser.submit("/app/usage/quotas/instances", ["account": account, "limit": "many"]).status == 422)
            try await browser.submit("/app/usage/quotas/instances", ["account": account, "limit": ""])
            #expect(try await limit() == standard)
        }
    }

    @Test func `a budget is made, changed and deleted after a question`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let key = installation.home.liveKey
            try await browser.go("/app/usage/budgets")
            let form = [
                "name": Self.markup, "scope": installation.home.project.rawValue, "amount": "250.00", "currency": "usd", "enforced": "yes",
            ]
            try await browser.submit("/app/usage/budgets", form)
            #expect(browser.location == "/app/usage/budgets")
            let budget = try #require(try await installation.get("/v1/budgets", as: key).items.first)
            let id = budget["id"]?.string ?? ""
            #expect(budget["scope"]?["project_id"] == .string(form["scope"] ?? "") && budget["enforced"] == true)
            for path in ["/app/usage/budgets", "/app/usage/budgets/\(id)", "/app/overview"] {
                try await browser.go(path)
                #expect(browser.page.contains(Self.escaped) && !browser.page.contains("<script>x"), "\(path)")
            }
            try await browser.go("/app/usage/budgets/\(id)")
            #expect(try await browser.submit("/app/usage/budgets/\(id)", ["name": "Team", "amount": "lots"]).status == 422)
            try await browser.submit("/app/usage/budgets/\(id)", ["name": "Team", "amount": "10"])
            #expect(try await installation.get("/v1/budgets/\(id)", as: key)["enforced"] == false)
            try await browser.go("/app/usage/budgets/\(id)")
            try await browser.submit("/app/usage/budgets/\(id)/deletion")
            #expect(browser.page.contains("Delete “Team”?"))
            try await browser.submit("/app/usage/budgets/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/budgets/\(id)", as: key).status == 404)
        }
    }

    @Test func `an alert is made, silenced, let speak again, changed and deleted`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let key = installation.home.liveKey
            try await browser.go("/app/usage/alerts")
            let subject = ["subject": installation.home.account.rawValue, "severity": "critical", "webhook": "yes"]
            let broken = ["name": "A", "rule": "quota_percent >"].merging(subject) { $1 }
            #expect((400...422).contains(try await browser.submit("/app/usage/alerts", broken).status))
            #expect(browser.page.contains("role=\"alert\""))
            try await browser.submit("/app/usage/alerts", ["name": Self.markup, "rule": "quota_percent > 85"].merging(subject) { $1 })
            let path = try #require(browser.location)
            let id = String(path.split(separator: "/").last ?? "")
            for path in [path, "/app/usage/alerts"] {
                try await browser.go(path)
                #expect(browser.page.contains(Self.escaped) && !browser.page.contains("<script>x"))
            }
            try await browser.go(path)
            try await browser.submit("\(path)/silence", ["hours": "8", "reason": "moving"])
            #expect(try await installation.get("/v1/alerts/\(id)", as: key)["silenced"] == true)
            #expect(try await browser.go(path).text.contains("Silenced"))
            try await browser.submit("\(path)/silence")
            #expect(try await installation.get("/v1/alerts/\(id)", as: key)["silenced"] == false)
            try await browser.go(path)
            try await browser.submit("\(path)/change", ["name": "Quota", "rule": "quota_percent > 90", "severity": "info", "for": "5m"])
            #expect(try await installation.get("/v1/alerts/\(id)", as: key)["for"] == "5m")
            try await browser.go(path)
            try await browser.submit("\(path)/deletion", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/alerts/\(id)", as: key).status == 404)
        }
    }

    @Test func `another workspace's are not there, and a viewer cannot change them`() async throws {
        try await Installation.run { installation in
            let home = installation.home
            let budget = try await installation.post(
                "/v1/budgets", as: home.liveKey,
                ["name": "B", "amount": "1", "currency": "USD", "scope": ["project_id": .string(home.project.rawValue)]]
            ).expecting(201).text("id")
            let alert = try await installation.post(
                "/v1/alerts", as: home.liveKey, ["name": "A", "rule": "quota_percent > 85", "account_id": .string(home.account.rawValue)]
            ).expecting(201).text("id")
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            for path in ["/app/usage/budgets/\(budget)", "/app/usage/alerts/\(alert)"] {
                #expect(try await stranger.go(path).status == 404)
                try await stranger.go("/app/projects")
                #expect(try await stranger.submit("\(path)/deletion", ["confirmed": "yes"]).status == 404)
            }
            let viewer = try await Browser.member(installation, "viewer", of: home.project.rawValue)
            try await viewer.go("/app/usage/budgets")
            #expect(viewer.reply.status == 200 && !viewer.page.contains("create-budget"))
            #expect(try await viewer.submit("/app/usage/budgets/\(budget)", ["name": "X", "amount": "2"]).status == 403)
            let browser = try await Browser.signedIn(installation)
            let unsigned = try await browser.submit(
                "/app/usage/budgets/\(budget)/deletion", ["confirmed": "yes", "once": "0123456789abcdef"], token: false)
            #expect(unsigned.status == 403)
            #expect(try await installation.get("/v1/budgets/\(budget)", as: home.liveKey)["name"] == "B")
        }
    }
}
