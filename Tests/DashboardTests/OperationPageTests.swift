import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `The page of an operation` {
    /// Stops an instance of the sandbox: the operation, and what it is about.
    private func stop(_ cloud: Installation) async throws -> (id: String, instance: String) {
        let key = cloud.home.testKey
        let instance = try #require(try await cloud.get("/v1/instances?power=running", as: key).ids.first)
        let answer = try await cloud.post("/v1/instances/\(instance)/actions/stop", as: key, [:]).expecting(202)
        return (answer["operation"]?["id"]?.string ?? "", instance)
    }

    private func block(_ id: String, _ cloud: Installation) async throws {
        let count = try await cloud.store.write { connection in
            try connection.execute("UPDATE operations SET state = 'blocked', due_at = NULL WHERE id = ?", id)
        }
        #expect(count == 1)
    }

    @Test func `shows what goes on until it has ended, and is led to from its resource and its events`() async throws {
        try await Installation.run { cloud in
            let (id, instance) = try await stop(cloud)
            let browser = try await Browser.signedIn(cloud)
            try await browser.look(at: "test")
            #expect(try await browser.go("/app/resources/\(instance)").text.contains("href=\"/app/operations/\(id)\""))
            #expect(try await browser.go("/app/events?subject=\(instance)").text.contains("href=\"/app/operations/\(id)\""))
            let event = try #require(browser.page.firstMatch(of: /\/app\/events\/([0-9]+)/)?.output.1)
            #expect(try await browser.go("/app/events/\(event)").text.contains("href=\"/app/operations/\(id)\""))
            try await browser.go("/app/operations/\(id)")
            for part in [
                "Instance stop", "data-live=\"1500\"", "/app/resources/\(instance)", "data-action=\"cancel\"", "Steps", "Attempts",
            ] {
                #expect(browser.page.contains(part), "\(part)")
            }
            try await cloud.settle()
            try await browser.go("/app/operations/\(id)")
            #expect(browser.page.contains("Succeeded") && browser.page.contains("Ended"))
            #expect(!browser.page.contains("data-live") && !browser.page.contains("data-action"))
        }
    }

    @Test func `cancels after a question, tries at once, and tells what was refused`() async throws {
        try await Installation.run { cloud in
            let (id, _) = try await stop(cloud)
            let browser = try await Browser.signedIn(cloud)
            try await browser.look(at: "test")
            try await browser.go("/app/operations/\(id)")
            try await browser.submit("/app/operations/\(id)/cancel")
            #expect(browser.reply.status == 200 && browser.page.contains("Cancel this operation?"))
            try await browser.submit("/app/operations/\(id)/cancel", ["confirmed": "yes"])
            #expect(browser.location == "/app/operations/\(id)")
            try await cloud.settle()
            let state = try await cloud.get("/v1/operations/\(id)", as: cloud.home.testKey).text("state")
            #expect(state == "canceled")
            try await browser.go("/app/operations/\(id)")
            #expect(try await browser.submit("/app/operations/\(id)/retry").status == 409)
            #expect(browser.page.contains("role=\"alert\"") && browser.page.contains("cannot be tried again"))
            #expect(try await browser.submit("/app/operations/\(id)/nothing").status == 404)
        }
    }

    @Test func `asks somebody to decide about one that cannot go on`() async throws {
        try await Installation.run { cloud in
            let (id, _) = try await stop(cloud)
            try await block(id, cloud)
            let browser = try await Browser.signedIn(cloud)
            try await browser.look(at: "test")
            try await browser.go("/app/operations/\(id)")
            #expect(browser.page.contains("Blocked") && browser.page.contains("id=\"resolve-operation\""))
            #expect(!browser.page.contains("data-live"), "nothing is lost that somebody types")
            let wrong = try await browser.submit("/app/operations/\(id)/resolve", ["decision": "adopt", "provider_ref": ""])
            #expect(
                wrong.status == 422 && wrong.text.contains("Adopting needs the provider") && wrong.text.contains("value=\"adopt\" selected")
            )
            try await browser.submit("/app/operations/\(id)/resolve", ["decision": "forget", "provider_ref": ""])
            #expect(browser.location == "/app/operations/\(id)")
            #expect(try await cloud.get("/v1/operations/\(id)", as: cloud.home.testKey).text("state") == "failed")
        }
    }

    @Test func `is nobody's of another workspace, nor of the other side, and a viewer changes nothing`() async throws {
        try await Installation.run { cloud in
            let (id, instance) = try await stop(cloud)
            try await block(id, cloud)
            let project = try await cloud.get("/v1/instances/\(instance)", as: cloud.home.testKey).text("project_id")
            let browser = try await Browser.signedIn(cloud)
            #expect(try await browser.go("/app/operations/\(id)").status == 404)
            let away = try await cloud.makeWorkspace()
            let stranger = try await Browser.signedIn(cloud, email: away.email, password: away.password)
            try await stranger.look(at: "test")
            #expect(try await stranger.go("/app/operations/\(id)").status == 404)
            try await stranger.go("/app/projects")
            for verb in ["cancel", "retry", "resolve"] {
                let form = ["confirmed": "yes", "decision": "forget"]
                #expect(try await stranger.submit("/app/operations/\(id)/\(verb)", form).status == 404)
                try await stranger.go("/app/projects")
            }
            let viewer = try await Browser.member(cloud, "viewer", of: project)
            try await viewer.look(at: "test")
            #expect(try await viewer.go("/app/operations/\(id)").status == 200)
            #expect(!viewer.page.contains("data-action") && !viewer.page.contains("resolve-operation"))
            #expect(try await viewer.submit("/app/operations/\(id)/resolve", ["decision": "forget"]).status == 403)
            #expect(try await cloud.get("/v1/operations/\(id)", as: cloud.home.testKey).text("state") == "blocked")
        }
    }
}
