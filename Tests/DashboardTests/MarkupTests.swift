import Kernel
import Server
import TestKit
import Testing

@Suite struct `Names with markup in them` {
    private static let name = "<img src=x onerror=alert(1)>\"'&"

    @Test func `are text on every page`() async throws {
        try await Installation.run { installation in
            let home = installation.home
            let key = home.liveKey
            let name = JSON.string(Self.name)
            let project: JSON = .string(home.project.rawValue)
            _ = try await installation.patch("/v1/workspace", as: home.sessionToken, ["name": name]).expecting(200)
            _ = try await installation.patch("/v1/projects/\(home.project)", as: key, ["name": name, "description": name]).expecting(200)
            _ = try await installation.patch("/v1/accounts/\(home.account)", as: key, ["name": name]).expecting(200)
            _ = try await installation.post("/v1/users", as: home.sessionToken, ["email": "x@home.example", "name": name]).expecting(201)
            _ = try await installation.post("/v1/keys", as: home.sessionToken, ["project_id": project, "name": name]).expecting(201)
            let budget = try await installation.post(
                "/v1/budgets", as: key, ["name": name, "amount": "1", "currency": "USD", "scope": ["project_id": project]]
            ).expecting(201).text("id")
            let alert = try await installation.post(
                "/v1/alerts", as: key, ["name": name, "rule": "requests > 1", "project_id": project]
            ).expecting(201).text("id")
            let webhook = try await installation.post(
                "/v1/webhooks", as: key, ["url": "https://one.example/hook", "description": name]
            ).expecting(201).text("id")
            let stack = try await installation.post(
                "/v1/stacks", as: key,
                ["name": "s", "project_id": project, "variables": ["x": name], "resources": [["key": "a", "kind": "instance"]]]
            ).expecting(201).text("id")
            _ = try await installation.post(
                "/v1/schedules", as: key, ["name": name, "project_id": project, "days": ["mon"], "stop_time": "20:00", "selector": "a=b"]
            ).expecting(201)
            _ = try await installation.post(
                "/v1/policies", as: key, ["name": name, "message": name, "rule": ["type": "allowed_locations", "locations": ["a"]]]
            ).expecting(201)
            let browser = try await Browser.signedIn(installation)
            let last = try await installation.get("/v1/events", as: key).items.first?["seq"]?.integer ?? 1
            let paths = [
                "overview", "projects", "projects/\(home.project)", "resources?name=%3Cimg%3E", "usage", "usage/budgets", "usage/alerts",
                "usage/budgets/\(budget)", "usage/alerts/\(alert)", "webhooks", "webhooks/\(webhook)", "events", "audit",
                "settings/api-keys", "resources/stacks", "resources/stacks/\(stack)", "resources/schedules",
                "resources/policies",
            ]
            for path in paths + (1...last).map({ "events/\($0)" }) {
                let page = try await browser.go("/app/\(path)")
                #expect(page.status == 200, "\(path)")
                #expect(!page.text.contains("<img"), "\(path)")
                #expect(page.text.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"), "the name of the workspace is on \(path)")
            }
        }
    }
}
