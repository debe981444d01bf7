import HTTPTypes
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Forms of the dashboard` {
    private static let project = ["name": "Payments", "env": "prod"]

    @Test func `a form without its token, or with another session's, is refused`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/projects")
            #expect(try await browser.submit("/app/projects", Self.project, token: false).status == 403)
            try await browser.go("/app/projects")
            #expect(try await browser.submit("/app/projects", Self.project.merging(["form_token": "AAAA"]) { $1 }).status == 403)
            let other = try await Browser.signedIn(installation)
            try await other.go("/app/projects")
            let foreign = other.hidden("form_token") ?? ""
            try await browser.go("/app/projects")
            #expect(try await browser.submit("/app/projects", Self.project.merging(["form_token": foreign]) { $1 }).status == 403)
            let page = try await browser.go("/app/projects").text
            #expect(!page.contains("Payments"))
        }
    }

    @Test(arguments: [
        ["Sec-Fetch-Site": "cross-site"], ["Sec-Fetch-Site": "same-site"], ["Origin": "https://evil.example"], ["Origin": "null"],
        ["Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"],
    ])
    func `a form from another site is refused, signing in included`(origin: [String: String]) async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/projects")
            #expect(try await browser.submit("/app/projects", Self.project, origin: origin).status == 403)
            let guest = try await Browser(installation)
            try await guest.submit(
                "/app/sign-in", ["email": "ada@home.example", "password": Installation.password], token: false, origin: origin)
            #expect(guest.reply.status == 403)
            #expect(guest.cookie == nil)
        }
    }

    @Test func `a form from our own address behind a proxy is taken`() async throws {
        try await Installation.run(configure: publishedByHTTPS) { installation in
            let browser = try await Browser(installation)
            try await browser.submit(
                "/app/sign-in", ["email": "ada@home.example", "password": Installation.password], token: false,
                origin: ["Origin": "https://cloud.example.com"])
            #expect(browser.reply.status == 303)
        }
    }

    @Test func `a form that is sent twice does its work once`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/projects")
            let hidden = ["form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? ""]
            let form = Self.project.merging(hidden) { $1 }
            #expect(try await browser.submit("/app/projects", form).status == 303)
            #expect(try await browser.submit("/app/projects", form).status == 303)
            let projects = try await installation.get("/v1/projects?name=Payments", as: installation.home.liveKey)
            #expect(projects.items.count == 1)
        }
    }

    @Test(arguments: [
        ("%", "application/x-www-form-urlencoded", 422), ("name=%00", "application/x-www-form-urlencoded", 422),
        ("name=%ff", "application/x-www-form-urlencoded", 422), ("{}", "application/json", 415),
        ("", "application/x-www-form-urlencoded", 403),
    ])
    func `a bad form is a page`(body: String, type: String, status: Int) async throws {
        try await Installation.run { installation in
            let session = installation.home.sessionToken
            let reply = try await installation.send(
                .post, "/app/projects", Array(body.utf8), headers: ["Cookie": "cloudapi_session=\(session)", "Content-Type": type])
            #expect(reply.status == status)
            #expect(reply.header("Content-Type") == "text/html; charset=utf-8")
        }
    }

    @Test func `a form of more than 64 KB is a page`() async throws {
        try await Installation.run { installation in
            let body = Array(("name=" + String(repeating: "a", count: 70_000)).utf8)
            let reply = try await installation.send(
                .post, "/app/sign-in", body, headers: ["Content-Type": "application/x-www-form-urlencoded"])
            #expect(reply.status == 413)
            #expect(reply.header("Content-Type") == "text/html; charset=utf-8")
        }
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\"\u{301} autofocus onfocus=alert(1) x=\"",
        "'&lt;\u{338}<b\u{301}>",
        "{{frame.visitor.formToken}}",
    ])
    func `markup in a name stays text`(name: String) async throws {
        try await Installation.run { installation in
            let home = installation.home
            let made = try await installation.post("/v1/projects", as: home.liveKey, ["name": .string(name)])
            _ = try await installation.post(
                "/v1/keys", as: home.sessionToken, ["project_id": .string(made.text("id")), "name": .string(name)])
            let browser = try await Browser.signedIn(installation)
            let escaped = name.unicodeScalars.map { scalar in
                ["<": "&lt;", ">": "&gt;", "&": "&amp;", "\"": "&quot;", "'": "&#39;"][scalar] ?? String(scalar)
            }.joined()
            for path in ["/app/projects", "/app/settings/api-keys"] {
                let page = try await browser.go(path).text.unicodeScalars.map(String.init).joined()
                #expect(page.utf8.contains(escaped.utf8))
                #expect(escaped == name || !page.utf8.contains(name.utf8))
            }
        }
    }

    @Test func `what was typed stays in the form, escaped, beside what is wrong with it`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/projects")
            let name = "\"><b>" + String(repeating: "a", count: 130)
            try await browser.submit("/app/projects", ["name": name])
            #expect(browser.reply.status == 422)
            #expect(browser.page.contains("value=\"&quot;&gt;&lt;b&gt;aaa"))
            #expect(browser.page.contains("Name must have 1 to 120 characters"))
        }
    }
}

extension String.UTF8View {
    /// By bytes: a combining mark does not hide what stands before it.
    fileprivate func contains(_ other: String.UTF8View) -> Bool { Array(self).firstRange(of: Array(other)) != nil }
}
