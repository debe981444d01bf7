import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Names with markup in them` {
    private static let name = "<script>x</script><img src=x onerror=alert(1)>\"'&{{frame.visitor.formToken}}"
    private static let escaped =
        "&lt;script&gt;x&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;{{frame.visitor.formToken}}"
    /// What is no page with a frame: files, and what is only there while somebody answers a question.
    private static let others: Set = [
        "/app/oauth/authorize", "/app/audit/export", "/app/audit/checkpoints/{id}", "/app/audit/reports/{id}",
        "/app/unit-metrics/{id}/data.csv",
        "/app/costs/export.csv",
        "/app/resources/{id}/metrics.csv",
    ]

    @Test func `are text on every page of the router`() async throws {
        try await Installation.run { installation in
            var known = try await seed(installation)
            let last = try await installation.get("/v1/events", as: installation.home.liveKey).items.first?["seq"]?.integer ?? 1
            let browser = try await Browser.signedIn(installation)
            var shown = 0
            for page in try PageRoute.all(of: installation, .get)
            where page.path.hasPrefix("/app/") && !page.isAsset && !page.isWildcard && !page.isForGuests && !Self.others.contains(page.path)
            {
                installation.clock.advance(seconds: 1)  // a person has a rate limit
                let values = page.path == "/app/events/{seq}" ? (1...last).map { String($0) } : [known[page.path] ?? "1"]
                for value in values {
                    let reply = try await browser.go(page.filled { _ in value })
                    #expect(reply.status == 200 || reply.status == 303, "\(page.path): \(reply.status), seed it")
                    #expect(!reply.text.contains("<script>x") && !reply.text.contains("<img src=x"), "\(page.path)")
                    guard reply.status == 200, reply.header("Content-Type")?.hasPrefix("text/html") == true else { continue }
                    #expect(reply.text.contains(Self.escaped), "the name of the workspace is on \(page.path)")
                    shown += 1
                }
                known[page.path] = nil
            }
            #expect(shown > 40 && known.isEmpty, "pages that are no more: \(known.keys.sorted())")
        }
    }

    /// Everything that a page shows one of, each with the name: what stands in the place of the parameter, by the page's path.
    private func seed(_ installation: Installation) async throws -> [String: String] {
        let home = installation.home
        let key = home.liveKey
        let name = JSON.string(Self.name)
        let project: JSON = .string(home.project.rawValue)
        func make(_ path: String, as secret: String? = nil, _ body: JSON) async throws -> Reply {
            let reply = try await installation.moving { try await installation.post(path, as: secret ?? key, body) }
            #expect(reply.status < 300, "\(path): \(reply.text)")
            return reply
        }
        _ = try await installation.patch("/v1/workspace", as: home.sessionToken, ["name": name]).expecting(200)
        _ = try await installation.patch("/v1/projects/\(home.project)", as: key, ["name": name, "description": name]).expecting(200)
        _ = try await installation.patch("/v1/accounts/\(home.account)", as: key, ["name": name]).expecting(200)
        _ = try await make("/v1/users", as: home.sessionToken, ["email": "x@home.example", "name": name])
        _ = try await make("/v1/keys", as: home.sessionToken, ["project_id": project, "name": name])
        _ = try await make("/v1/tokens", ["name": name, "scopes": ["usage:read"]])
        _ = try await make("/v1/oauth/clients", as: home.sessionToken, ["name": name])
        _ = try await make("/v1/cost-columns", ["name": name, "formula": "Public / 2"])
        let day = String(installation.clock.now.description.prefix(10))
        _ = try await make("/events", ["data": [["timestamp": .string(day), "payload": ["type": name, "description": name]]]])
        _ = try await make(
            "/v1/schedules", ["name": name, "project_id": project, "days": ["mon"], "stop_time": "20:00", "selector": "a=b"])
        let connection = try await make("/v1/connections", ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
        let instance = try await make("/v1/volumes", ["name": "data", "project_id": project, "spec": ["size_gib": 1]])
        let webhook = try await make("/v1/webhooks", ["url": "https://one.example/hook", "description": name]).text("id")
        _ = try await make("/v1/webhooks/\(webhook)/test", .object([]))
        let delivery = try await installation.get("/v1/webhooks/\(webhook)/deliveries", as: key).expecting(200).ids.first ?? ""
        _ = try await make("/teams", ["id": "7", "name": name])
        let known: [String: String] = [
            "/app/projects/{id}": home.project.rawValue, "/app/resources/new/{kind}": "volume",
            "/app/resources/{id}": instance.text("id"), "/app/operations/{id}": instance["operation"]?["id"]?.string ?? "",
            "/app/resources/stacks/{id}": try await make(
                "/v1/stacks",
                ["name": "s", "project_id": project, "variables": ["x": name], "resources": [["key": "a", "kind": "instance"]]]
            ).text("id"), "/app/webhooks/{id}": webhook, "/app/deliveries/{id}": delivery,
            "/app/usage/budgets/{id}": try await make(
                "/v1/budgets", ["name": name, "amount": "1", "currency": "USD", "scope": ["project_id": project]]
            ).text("id"),
            "/app/usage/alerts/{id}": try await make("/v1/alerts", ["name": name, "rule": "requests > 1", "project_id": project]).text(
                "id"),
            "/app/costs/views/{id}": try await make("/v1/cost-views", ["name": name, "description": name]).text("id"),
            "/app/unit-metrics/{id}": try await make(
                "/v1/unit-metrics",
                ["name": name, "description": name, "numerator": ["source": "requests"], "denominator": ["source": "requests"]]
            ).text("id"), "/app/settings/connections/{id}": connection.text("id"),
            "/app/settings/streams/{id}": try await make("/v1/streams", ["name": name]).text("id"),
            "/app/settings/tag-catalogs/{id}": try await make(
                "/v1/tag-catalogs", ["name": name, "tags": [["key": name, "value": name]]]
            ).text("id"), "/app/settings/teams/{id}": "7",
        ]
        _ = try await make("/v1/policies", ["name": name, "message": name, "rule": ["type": "allowed_locations", "locations": ["sim-1"]]])
        return known
    }
}
