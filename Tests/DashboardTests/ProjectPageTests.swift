import Kernel
import Server
import TestKit
import Testing

@Suite struct `A project on the dashboard` {
    @Test func `is renamed, archived after a question, and restored`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let id = installation.home.project.rawValue
            try await browser.go("/app/projects/\(id)")
            try await browser.submit(
                "/app/projects/\(id)/change",
                ["name": "<script>x</script>", "env": "staging", "description": "\"'", "quota_requests": "1000"])
            #expect(browser.location == "/app/projects/\(id)")
            try await browser.go("/app/projects/\(id)")
            #expect(browser.page.contains("&lt;script&gt;x") && !browser.page.contains("<script>x"))
            let project = try await installation.get("/v1/projects/\(id)", as: installation.home.liveKey)
            #expect(project["env"] == "staging" && project["quota_requests"] == 1000)
            try await browser.submit("/app/projects/\(id)/archive")
            #expect(browser.page.contains("Its keys stop working at once"))
            try await browser.submit("/app/projects/\(id)/archive", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/projects/\(id)", as: installation.home.liveKey)["status"] == "archived")
            try await browser.go("/app/projects/\(id)")
            try await browser.submit("/app/projects/\(id)/restoration")
            #expect(try await installation.get("/v1/projects/\(id)", as: installation.home.liveKey)["status"] == "active")
        }
    }

    @Test func `somebody is invited into it once, given a role and taken out again`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let id = installation.home.project.rawValue
            try await browser.go("/app/projects/\(id)")
            let form = [
                "email": "new@home.example", "name": "<b>New</b>", "role": "viewer", "form_token": browser.hidden("form_token") ?? "",
                "once": browser.hidden("once") ?? "",
            ]
            try await browser.submit("/app/projects/\(id)/invitation", form)
            #expect(browser.reply.status == 201 && browser.page.contains("/app/invitation#inv_"))
            #expect(browser.page.contains("&lt;b&gt;New") && !browser.page.contains("<b>New"))
            #expect(try await !browser.submit("/app/projects/\(id)/invitation", form).text.contains("#inv_"))
            func members() async throws -> [JSON] {
                try await installation.get("/v1/projects/\(id)/members", as: installation.home.liveKey).items
                    .filter { $0["email"] == "new@home.example" }
            }
            let member = try #require(try await members().first)
            #expect(member["role"] == "viewer")
            let user = member["user_id"]?.string ?? ""
            try await browser.go("/app/projects/\(id)")
            try await browser.submit("/app/projects/\(id)/member", ["user_id": user, "role": "editor"])
            #expect(try await members().first?["role"] == "editor")
            try await browser.go("/app/projects/\(id)")
            try await browser.submit("/app/projects/\(id)/removal", ["user_id": user])
            #expect(try await members().isEmpty)
        }
    }

    @Test func `that is archived takes nobody in, but the invitation that was made is shown`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            let id = installation.home.project.rawValue
            _ = try await installation.delete("/v1/projects/\(id)", as: installation.home.sessionToken)
            try await browser.go("/app/projects/\(id)")
            try await browser.submit("/app/projects/\(id)/invitation", ["email": "new@home.example", "role": "editor"])
            #expect(browser.reply.status == 409 && browser.page.contains("archived"))
            #expect(browser.page.contains("/app/invitation#inv_"))
            let users = try await installation.get("/v1/users", as: installation.home.liveKey).items
            #expect(users.count { $0["email"] == "new@home.example" } == 1)
            let members = try await installation.get("/v1/projects/\(id)/members", as: installation.home.liveKey).items
            #expect(!members.contains { $0["email"] == "new@home.example" })
        }
    }

    @Test func `a viewer cannot change it, and another workspace does not see it`() async throws {
        try await Installation.run { installation in
            let id = installation.home.project.rawValue
            let viewer = try await Browser.member(installation, "viewer", of: id)
            try await viewer.go("/app/projects/\(id)")
            #expect(viewer.reply.status == 200 && !viewer.page.contains("data-action="))
            #expect(try await viewer.submit("/app/projects/\(id)/change", ["name": "Mine"]).status == 403)
            #expect(try await viewer.submit("/app/projects/\(id)/invitation", ["email": "x@home.example", "role": "admin"]).status == 403)
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            #expect(try await stranger.go("/app/projects/\(id)").status == 404)
            try await stranger.go("/app/projects")
            #expect(try await stranger.submit("/app/projects/\(id)/archive", ["confirmed": "yes"]).status == 404)
            #expect(try await installation.get("/v1/projects/\(id)", as: installation.home.liveKey)["name"] == "Default")
        }
    }
}
