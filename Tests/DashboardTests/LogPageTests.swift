import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `Events and audit on the dashboard` {
    @Test func `the log is searched, and one event leads to what came of its request`() async throws {
        try await Installation.run { installation in
            let key = installation.home.liveKey
            let made = try await installation.post("/v1/projects", as: key, ["name": "<script>x</script>"]).expecting(201)
            let id = made.text("id")
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/events?type=project.*&subject=\(id)&from=&to=")
            let row = try #require(browser.page.firstMatch(of: /\/app\/events\/([0-9]+)/))
            #expect(browser.page.contains("project.created"))
            try await browser.go("/app/events/\(row.output.1)")
            #expect(browser.reply.status == 200 && browser.page.contains(id) && browser.page.contains("What came of it"))
            #expect(browser.page.contains(made.header("X-Request-Id") ?? "-") && !browser.page.contains("<script>x"))
            try await browser.go("/app/events?type=%22%3E%3Cscript%3E")
            #expect(browser.reply.status == 200 && browser.page.contains("notice bad") && !browser.page.contains("\"><script>"))
            for path in ["/app/events/0", "/app/events/999999", "/app/events/x"] { #expect(try await browser.go(path).status == 404) }
        }
    }

    @Test func `an event of a project one is not in cannot be opened`() async throws {
        try await Installation.run { installation in
            let other = try await installation.post("/v1/projects", as: installation.home.liveKey, ["name": "Secret"]).expecting(201)
            let event = try await installation.get("/v1/events?subject=\(other.text("id"))", as: installation.home.liveKey).items.first
            let sequence = try #require(event?["seq"]?.integer)
            let member = try await Browser.member(installation, "editor", of: installation.home.project.rawValue)
            #expect(try await member.go("/app/events").status == 200)
            #expect(!member.page.contains(other.text("id")))
            #expect(try await member.go("/app/events/\(sequence)").status == 404)
            #expect(try await member.go("/app/audit").status == 403)
        }
    }

    @Test func `the chain is verified, and a row that was changed is named`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/audit")
            try await browser.submit("/app/audit/verification")
            #expect(browser.page.contains("events are as they were written"))
            try await tamper(installation, "'x' || subject")
            try await browser.go("/app/audit")
            try await browser.submit("/app/audit/verification")
            #expect(browser.page.contains("Event number 2 does not fit"))
            try await tamper(installation, "substr(subject, 2)")
        }
    }

    private func tamper(_ installation: Installation, _ subject: String) async throws {
        let workspace = installation.home.workspace
        let count = try await installation.store.write { connection in
            try connection.execute(
                "UPDATE events SET subject = \(subject) WHERE mode = 'live' AND workspace = ? AND sequence = 2", workspace)
        }
        #expect(count == 1)
    }

    @Test func `checkpoints and reports are made once and taken away as files`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/audit")
            try await browser.submit("/app/audit/checkpoints")
            #expect(browser.location == "/app/audit")
            try await browser.go("/app/audit")
            let checkpoint = try #require(browser.page.firstMatch(of: /\/app\/audit\/checkpoints\/([a-z0-9_]+)/))
            let file = try await browser.go("/app/audit/checkpoints/\(checkpoint.output.1)")
            #expect(file.json["signature"] != nil && file.header("Content-Disposition")?.hasPrefix("attachment") == true)
            try await browser.go("/app/audit")
            let today = String(installation.clock.now.description.prefix(10))
            try await browser.submit("/app/audit/reports", ["from": "2020-01-01", "to": today])
            #expect(browser.location == "/app/audit", "\(browser.page)")
            try await browser.go("/app/audit")
            let report = try #require(browser.page.firstMatch(of: /\/app\/audit\/reports\/([a-z0-9_]+)\?format=html/))
            let page = try await browser.go("/app/audit/reports/\(report.output.1)?format=html")
            #expect(page.status == 200 && page.header("Content-Disposition")?.hasPrefix("attachment") == true)
            #expect(page.header("Content-Security-Policy")?.contains("default-src 'none'") == true)
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            for path in ["checkpoints/\(checkpoint.output.1)", "reports/\(report.output.1)"] {
                #expect(try await stranger.go("/app/audit/\(path)").status == 404)
            }
        }
    }
}
