import Kernel
import Metering
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

    @Test func `requests by day are drawn, with their table and their file`() async throws {
        try await Installation.run { installation in
            let account = installation.home.account.rawValue
            for _ in 1...3 { _ = try await installation.get("/v1/ping", as: installation.home.liveKey).expecting(200) }
            try await installation.parts.counter.flush()
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/usage")
            for part in ["<svg class=\"wide\"", "<svg class=\"narrow\"", "class=\"behind\"", "/app/usage/data.csv?account=\(account)"] {
                #expect(browser.page.contains(part), "\(part)")
            }
            let file = try await browser.go("/app/usage/data.csv?account=\(account)")
            #expect(file.header("Content-Type")?.hasPrefix("text/csv") == true)
            let lines = file.text.split(separator: "\r\n").map(String.init)
            let from = installation.clock.now.floored(toSeconds: 86_400).adding(days: -29)
            let api = try await installation.get(
                "/v1/accounts/\(account)/usage?window=1d&from=\(from)", as: installation.home.liveKey
            ).expecting(200).items
            #expect(lines.first == "day,requests,complete" && lines.count == 31 && api.count == 30)
            for (line, day) in zip(lines.dropFirst(), api).dropLast() {
                #expect(line == "\(day["start"]?.string?.prefix(10) ?? ""),\(day["requests"]?.integer ?? -1),yes")
            }
            #expect(
                lines.last?.hasPrefix("\(installation.clock.now.description.prefix(10)),") == true && lines.last?.hasSuffix(",no") == true)
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            #expect(try await stranger.go("/app/usage/data.csv?account=\(account)").status == 404)
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
            let subject = ["subject": installation.home.account.rawValue, "severity": "critical", "channels": "webhook"]
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

    @Test func `a budget on a cost view is made from the costs page, tells at what it was told, and keeps nothing out`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let key = installation.home.liveKey
            let view = try await installation.post("/v1/cost-views", as: key, ["name": "All of it"]).expecting(201).text("id")
            let costs = try await browser.go("/app/costs?view=\(view)").text
            #expect(costs.contains("/app/usage/budgets?view=\(view)"))
            try await browser.go("/app/usage/budgets?view=\(view)")
            #expect(browser.page.contains("<option value=\"\(view)\" selected=\"\">Cost view: All of it"))
            let form = ["name": "View", "scope": view, "amount": "100", "currency": "USD", "enforced": "yes"]
            let wrong = try await browser.submit("/app/usage/budgets", form.merging(["thresholds": "half"]) { $1 })
            #expect(wrong.status == 422 && wrong.text.contains("“half” is not") && wrong.text.contains("value=\"half\""))
            try await browser.submit("/app/usage/budgets", form.merging(["thresholds": "50, 90 %"]) { $1 })
            #expect(browser.location == "/app/usage/budgets", "\(browser.page)")
            let made = try #require(try await installation.get("/v1/budgets", as: key).items.first)
            #expect(made["scope"]?["cost_view_id"]?.string == view && made["enforced"] == false)
            #expect(made["thresholds"] == [50, 90] && made["forecast_thresholds"] == [100])
            let path = "/app/usage/budgets/\(made["id"]?.string ?? "")"
            try await browser.go(path)
            #expect(browser.page.contains("value=\"50, 90\""))
            let changed = ["name": "View", "amount": "100", "thresholds": "", "forecast_thresholds": "120", "on_view": "yes"]
            try await browser.submit(path, changed)
            let after = try #require(try await installation.get("/v1/budgets", as: key).items.first)
            #expect(after["thresholds"] == [] && after["forecast_thresholds"] == [120])
        }
    }

    @Test func `an alert has groups, labels, an action on trial, and is tried before it matters`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            let key = installation.home.testKey
            let project = try #require(try await installation.get("/v1/projects", as: key).ids.first)
            try await browser.go("/app/usage/alerts")
            #expect(browser.page.contains("<option value=\"\">The whole workspace</option>"))
            let form = [
                "name": "Too many", "subject": project, "group_by": "label:team", "rule": "resource_count > 100", "for": "10m",
                "recover": "resource_count < 90", "severity": "critical", "channels": "slack", "action": "stop",
                "action_selector": "tier=dev", "action_cooldown": "30m", "action_dry_run": "yes",
            ]
            let refused = try await browser.submit("/app/usage/alerts", form.merging(["action_cooldown": "soon"]) { $1 })
            #expect(refused.status == 422 && refused.text.contains("value=\"tier=dev\"") && refused.text.contains("role=\"alert\""))
            let strange = try await browser.submit("/app/usage/alerts", form.merging(["group_by": "resource"]) { $1 })
            #expect(strange.status == 422 && strange.text.contains("It can be grouped by "), "\(strange.text)")
            try await browser.submit("/app/usage/alerts", form)
            let path = try #require(browser.location)
            let id = String(path.split(separator: "/").last ?? "")
            var alert = try await installation.get("/v1/alerts/\(id)", as: key).expecting(200)
            #expect(alert["group_by"] == ["label:team"] && alert.text("recover") == "resource_count < 90")
            #expect(alert["action"]?["type"] == "stop" && alert["action"]?["cooldown"] == "30m" && alert["action"]?["dry_run"] == true)
            try await browser.go(path)
            for words in ["label:team", "Stops instances with tier=dev", "only noted", "Silence for a while"] {
                #expect(browser.page.contains(words), "\(words)")
            }
            let before = try await installation.get("/v1/events?limit=1", as: key).items.first?["seq"]
            try await browser.submit("\(path)/rehearsal", ["hours": ""])
            #expect(browser.reply.status == 200 && browser.page.contains("It holds now"), "\(browser.page)")
            #expect(try await installation.get("/v1/events?limit=1", as: key).items.first?["seq"] == before, "nothing was done")
            try await browser.go(path)
            try await browser.submit("\(path)/rehearsal", ["hours": "24"])
            #expect(browser.page.contains("What it would have been") || browser.reply.status == 422)
            try await browser.go(path)
            try await browser.submit("\(path)/silence", ["hours": "8", "matchers": "label:team=core"])
            alert = try await installation.get("/v1/alerts/\(id)", as: key)
            #expect(alert["silence_matchers"] == ["label:team": "core"])
            try await browser.go(path)
            try await browser.submit("\(path)/silence", ["hours": "8", "matchers": "nothing"])
            #expect(browser.reply.status == 422 && browser.page.contains("“nothing” is not"))
            try await browser.go(path)
            let change = [
                "name": "Frozen", "rule": "resource_count > 100", "severity": "info", "action": "freeze", "action_project": project,
            ]
            try await browser.submit("\(path)/change", change)
            alert = try await installation.get("/v1/alerts/\(id)", as: key)
            #expect(alert["action"]?["type"] == "freeze" && alert["action"]?["project_id"]?.string == project)
            #expect(alert["recover"] == .null && alert["for"] == "0s" && alert["channels"] == [])
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
