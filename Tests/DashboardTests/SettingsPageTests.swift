import Kernel
import Server
import TestKit
import Testing

@Suite struct `Settings` {
    static let parts = [
        "api-keys", "tokens", "streams", "users", "teams", "tag-catalogs", "slack", "connections", "prices", "sessions", "workspace",
    ]

    @Test(arguments: parts) func `have a page for each part, with its place marked`(part: String) async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            #expect(try await browser.go("/app/settings/\(part)").status == 200)
            #expect(browser.page.contains("<a href=\"/app/settings/\(part)\" aria-current=\"page\">"))
            for other in Self.parts { #expect(browser.page.contains("href=\"/app/settings/\(other)\"")) }
            #expect(!browser.page.contains("{{") && !browser.page.contains("style="))
        }
    }

    @Test(arguments: [
        "/tokens", "/streams", "/users", "/teams", "/tag-catalogs", "/slack", "/slack/test", "/connections", "/prices", "/workspace",
    ])
    func `take no form that another site sends`(path: String) async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            let before = try await cloud.get("/v1/events", as: cloud.home.liveKey).items.count
            try await browser.go("/app/settings/workspace")
            #expect(try await browser.submit("/app/settings" + path, ["name": "x", "form_token": "x"]).status == 403)
            #expect(
                try await browser.submit("/app/settings" + path, ["name": "x"], origin: ["Origin": "https://evil.example"]).status == 403)
            #expect(try await cloud.get("/v1/events", as: cloud.home.liveKey).items.count == before)
        }
    }

    @Test func `let a member look, and change nothing`() async throws {
        try await Installation.run { cloud in
            let invited = try await cloud.post("/v1/users", as: cloud.home.sessionToken, ["email": "mel@home.example"]).expecting(201)
            let token = invited["invitation"]?["token"]?.string ?? ""
            _ = try await cloud.post("/v1/invitations/acceptances", ["token": .string(token), "password": "a password of mine"]).expecting(
                201)
            let browser = try await Browser.signedIn(cloud, email: "mel@home.example", password: "a password of mine")
            try await browser.go("/app/settings/sessions")
            for (path, fields) in [
                ("/workspace", ["name": "Taken over"]), ("/users", ["email": "eve@evil.example", "role": "admin"]),
                ("/prices", ["sku": "instance.small", "amount": "0"]), ("/teams", ["id": "x", "name": "x"]),
                ("/connections", ["name": "x", "provider": "simulator"]),
            ] {
                #expect(try await browser.submit("/app/settings" + path, fields).status == 403, "\(path)")
                try await browser.go("/app/settings/sessions")
            }
            #expect(try await cloud.get("/v1/workspace", as: cloud.home.liveKey).text("name") == "Home")
            #expect(try await !browser.go("/app/settings/users").text.contains("id=\"invite\""))
        }
    }

    @Test func `show a token's secret once, and it works until it is revoked`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/tokens")
            let form = [
                "name": "report", "lifetime": "86400", "scopes": "costs:read\r\nprojects:read",
                "form_token": browser.hidden("form_token") ?? "",
                "once": browser.hidden("once") ?? "",
            ]
            try await browser.submit("/app/settings/tokens", form)
            let secret = try #require(browser.secret)
            #expect(browser.reply.status == 201 && secret.hasPrefix("cap_"))
            #expect(try await cloud.get("/v1/cost-views", as: secret).status == 200)
            #expect(try await cloud.get("/v1/prices", as: secret).code == "insufficient_scope")
            try await browser.submit("/app/settings/tokens", form)
            #expect(browser.secret == nil && !browser.page.contains(secret))
            try await browser.go("/app/settings/tokens")
            #expect(!browser.page.contains(secret) && browser.page.ranges(of: "<tr data-row=").count == 1)
            let id = try #require(browser.row("report"))
            try await browser.submit("/app/settings/tokens/\(id)/revocation", ["confirmed": "yes"])
            #expect(try await cloud.get("/v1/cost-views", as: secret).status == 401)
        }
    }

    @Test func `show a stream's token once and its ends afterwards`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/streams")
            try await browser.submit("/app/settings/streams", ["name": "shop"])
            let token = try #require(browser.secret)
            #expect(token.hasPrefix("dst_"))
            try await browser.go("/app/settings/streams")
            #expect(!browser.page.contains(token) && browser.page.contains("…\(token.suffix(4))"))
            let id = try #require(browser.row("shop"))
            try await browser.go("/app/settings/streams/\(id)")
            #expect(!browser.page.contains(token))
            try await browser.submit("/app/settings/streams/\(id)", ["name": "till"])
            #expect(try await cloud.get("/v1/streams/\(id)", as: cloud.home.liveKey).text("name") == "till")
            try await browser.go("/app/settings/streams/\(id)")
            try await browser.submit("/app/settings/streams/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await cloud.get("/v1/streams/\(id)", as: cloud.home.liveKey).status == 404)
        }
    }

    @Test func `invite people, change their role and let them go`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/users")
            try await browser.submit("/app/settings/users", ["email": "not an address"])
            #expect(browser.reply.status == 422 && browser.page.contains("value=\"not an address\""))
            try await browser.submit("/app/settings/users", ["email": "mel@home.example", "name": "Mel", "role": "member"])
            let link = try #require(browser.secret)
            #expect(link.contains("/app/invitation#inv_"))
            try await browser.go("/app/settings/users")
            let id = try #require(browser.row("mel@home.example"))
            try await browser.submit("/app/settings/users/\(id)", ["action": "admin"])
            #expect(try await cloud.get("/v1/users/\(id)", as: cloud.home.liveKey).text("role") == "admin")
            try await browser.go("/app/settings/users")
            try await browser.submit("/app/settings/users/\(id)", ["action": "deactivated"])
            #expect(browser.page.contains("Deactivate mel@home.example?"))
            try await browser.submit("/app/settings/users/\(id)", ["action": "deactivated", "confirmed": "yes"])
            #expect(try await cloud.get("/v1/users/\(id)", as: cloud.home.liveKey).text("status") == "deactivated")
        }
    }

    @Test func `make a team, say what it sees, and put people in`() async throws {
        try await Installation.run { cloud in
            let stream = try await cloud.post("/v1/streams", as: cloud.home.liveKey, ["name": "shop"]).expecting(201)
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/teams")
            try await browser.submit("/app/settings/teams", ["id": "7", "name": "Payments"])
            let address = try #require(browser.location)
            try await browser.go(address)
            #expect(!browser.page.contains(stream.text("data_stream_token")))
            try await browser.submit(
                address,
                [
                    "name": "Payments", "slack_channel": "", "aws_services": "Amazon EC2\r\n AWS Lambda ", "aws_tags": "env=prod\r\nteam",
                    "opportunity_priorities": "1", "streams": stream.text("id"),
                ])
            #expect(browser.reply.status == 303)
            let team = try await cloud.get("/teams/7", as: cloud.home.liveKey).expecting(200)
            #expect(team["aws_services"] == ["Amazon EC2", "AWS Lambda"])
            #expect(team["aws_tags"] == [["Key": "env", "Value": "prod"], ["Key": "team"]])
            #expect(team["custom_stream_tokens"] == [.string(stream.text("data_stream_token"))])
            try await browser.go(address)
            #expect(browser.page.contains(">env=prod\nteam</textarea>"))
            let user = try #require(browser.page.split(separator: "<option value=\"usr_").dropFirst().first).prefix { $0 != "\"" }
            try await browser.submit(address + "/members", ["user": "usr_\(user)"])
            #expect(try await cloud.get("/teams/7/members", as: cloud.home.liveKey).json.array?.count == 1)
            try await browser.go(address)
            try await browser.submit(address + "/members", ["dismiss": "usr_\(user)"])
            #expect(try await cloud.get("/teams/7/members", as: cloud.home.liveKey).json.array?.isEmpty == true)
            try await browser.go(address)
            try await browser.submit(address + "/deletion", ["confirmed": "yes"])
            #expect(try await cloud.get("/teams/7", as: cloud.home.liveKey).status == 404)
        }
    }

    @Test func `keep catalogs of tags, prices, and the workspace's name`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/tag-catalogs")
            try await browser.submit("/app/settings/tag-catalogs", ["catalog_key": "main", "tags": "env=prod\r\nenv=dev"])
            #expect(try await cloud.get("/v1/tag-catalogs", as: cloud.home.liveKey).items.first?["tags"]?.array?.count == 2)
            try await browser.go("/app/settings/tag-catalogs")
            #expect(try await browser.submit("/app/settings/tag-catalogs", ["tags": "env"]).text.contains("“env” is not."))

            try await browser.go("/app/settings/prices")
            try await browser.submit(
                "/app/settings/prices",
                [
                    "sku": "instance.huge", "amount": "0.012345678901234567", "unit": "hour", "currency": "usd",
                    "effective_from": "2026-04-01",
                ])
            #expect(browser.reply.status == 303)
            try await browser.go("/app/settings/prices")
            #expect(browser.page.contains("0.012345678901234567 USD") && browser.page.contains("not yet"))
            let price = try #require(
                try await cloud.get("/v1/prices?sku=instance.huge", as: cloud.home.liveKey).items.first?["id"]?.string)
            #expect(browser.page.contains("<option value=\"\(price)\">instance.huge, 0.012345678901234567 USD, since 1 Apr 2026"))
            let early = ["price": price, "effective_to": "2026-03-01"]
            #expect(try await browser.submit("/app/settings/prices/end", early).status == 422)
            #expect(browser.page.contains("A price ends after its beginning") && browser.page.contains("value=\"2026-03-01\""))
            try await browser.submit("/app/settings/prices/end", ["price": price, "effective_to": "2026-05-01"])
            #expect(browser.reply.status == 303)
            func end() async throws -> JSON? {
                try await cloud.get("/v1/prices/\(price)", as: cloud.home.liveKey).expecting(200)["effective_to"]
            }
            #expect(try await end() == "2026-05-01T00:00:00Z")
            #expect(try await browser.go("/app/settings/prices").text.contains("1 May 2026"))
            try await browser.submit("/app/settings/prices/end", ["price": price, "effective_to": ""])
            #expect(try await end() == .null)

            try await browser.go("/app/settings/workspace")
            try await browser.submit("/app/settings/workspace", ["name": "<Home> & Co"])
            #expect(try await cloud.get("/v1/workspace", as: cloud.home.liveKey).text("name") == "<Home> & Co")
            #expect(try await browser.go("/app/settings/workspace").text.contains("&lt;Home&gt; &amp; Co"))
        }
    }

    @Test func `connect a provider, say what it can do, and never show its secret`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/connections")
            #expect(
                try await browser.submit("/app/settings/connections", ["name": "x", "provider": "simulator", "settings": "{"]).text
                    .contains("must be JSON"))
            // Verifying asks the simulator, which takes its time.
            let made = try await cloud.moving(browser.request("/app/settings/connections", ["name": "second", "provider": "simulator"]))
            let address = try #require(made.header("Location"))
            try await browser.go(address)
            #expect(browser.page.contains("instance.resize") && browser.page.contains("connected"))
            #expect(try await cloud.moving(browser.request(address + "/verification")).status == 303)
            try await browser.go(address)
            let change = ["name": "third", "settings": "", "lists_projects": "yes", "project_ids": cloud.home.project.rawValue]
            #expect(try await browser.submit(address, change.merging(["settings": "[1"]) { $1 }).text.contains("must be JSON"))
            #expect(browser.reply.status == 422 && browser.page.contains("value=\"third\""))
            #expect(try await cloud.moving(browser.request(address, change)).status == 303)
            let id = String(address.split(separator: "/").last ?? "")
            let changed = try await cloud.get("/v1/connections/\(id)", as: cloud.home.liveKey).expecting(200)
            #expect(changed.text("name") == "third" && changed["project_ids"] == [.string(cloud.home.project.rawValue)])
            try await browser.go(address)
            #expect(browser.page.contains("value=\"\(cloud.home.project)\" checked"))
            #expect(try await cloud.moving(browser.request(address, ["name": "third", "lists_projects": "yes"])).status == 303)
            #expect(try await cloud.get("/v1/connections/\(id)", as: cloud.home.liveKey)["project_ids"]?.array?.isEmpty != false)
            try await browser.go(address)
            try await browser.submit(address + "/deletion", ["confirmed": "yes"])
            #expect(try await browser.go(address).status == 404)
        }
    }

    @Test func `connect Slack without showing the hook again`() async throws {
        try await Installation.run { cloud in
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/slack")
            #expect(browser.page.contains("Not connected"))
            let hook = "https://hooks.slack.com/services/T0/B0/abcdefghijklmnop"
            try await browser.submit("/app/settings/slack", ["url": hook])
            #expect(browser.reply.status == 303)
            try await browser.go("/app/settings/slack")
            #expect(browser.page.contains("Connected") && !browser.page.contains("abcdefghijklmnop"))
            try await browser.submit("/app/settings/slack/test")
            #expect(browser.location == "/app/settings/slack?done=tested")
            try await browser.go("/app/settings/slack?done=tested")
            #expect(browser.page.contains("On its way") && browser.page.contains("data-live=\"1500\""))
            try await browser.submit("/app/settings/slack/deletion", ["confirmed": "yes"])
            #expect(try await cloud.get("/v1/channels/slack", as: cloud.home.liveKey).text("status") == "not_connected")
        }
    }

    @Test func `list one's sessions and end them`() async throws {
        try await Installation.run { cloud in
            let other = try await Browser.signedIn(cloud)
            cloud.clock.advance(seconds: 60)
            let browser = try await Browser.signedIn(cloud)
            try await browser.go("/app/settings/sessions")
            let ids = browser.page.split(separator: "<tr data-row=\"").dropFirst().filter { !$0.contains("This one") }.map {
                String($0.prefix { $0 != "\"" })
            }
            #expect(!ids.isEmpty)
            for id in ids {
                try await browser.submit("/app/settings/sessions/\(id)/deletion")
                try await browser.go("/app/settings/sessions")
            }
            #expect(browser.reply.status == 200)
            try await other.go("/app/projects")
            #expect(other.location?.hasPrefix("/app/sign-in") == true)
        }
    }

    @Test func `know nothing of another workspace`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.makeWorkspace()
            let stream = try await cloud.post("/v1/streams", as: other.liveKey, ["name": "theirs"]).expecting(201).text("id")
            let catalog = try await cloud.post("/v1/tag-catalogs", as: other.liveKey, ["tags": []]).expecting(201).text("id")
            let token = try await cloud.post("/v1/tokens", as: other.liveKey, ["name": "t", "scopes": ["costs:read"]]).expecting(201).text(
                "id")
            let connection = try await cloud.moving {
                try await cloud.post("/v1/connections", as: other.liveKey, ["name": "c", "provider": "simulator"]).expecting(201).text("id")
            }
            let browser = try await Browser.signedIn(cloud)
            for path in ["streams/\(stream)", "tag-catalogs/\(catalog)", "connections/\(connection)", "teams/nowhere"] {
                #expect(try await browser.go("/app/settings/" + path).status == 404, "\(path)")
            }
            for path in [
                "streams/\(stream)/deletion", "tag-catalogs/\(catalog)/deletion", "connections/\(connection)/deletion",
                "tokens/\(token)/revocation",
                "users/\(other.user)", "sessions/ses_nobody/deletion",
            ] {
                try await browser.go("/app/settings/workspace")
                #expect(
                    try await browser.submit("/app/settings/" + path, ["confirmed": "yes", "action": "member"]).status == 404, "\(path)")
            }
        }
    }
}

extension Browser {
    /// The id of the row that holds the words.
    func row(_ words: String) -> String? {
        page.split(separator: "<tr data-row=\"").dropFirst().first { $0.contains(words) }.map { String($0.prefix { $0 != "\"" }) }
    }
}
