import Kernel
import Server
import TestKit
import Testing

@Suite struct `Resources on the dashboard` {
    @Test func `are listed with state and cost, filtered, and one can be opened`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            let instances = try await installation.get("/v1/instances?per_page=100", as: installation.home.testKey).items
            let first = try #require(instances.first)
            #expect(try await browser.go("/app/resources").status == 200)
            #expect(browser.page.contains("<a class=\"name\" href=\"/app/resources/inst_"))
            #expect(browser.page.contains("an hour"))
            try await browser.go("/app/resources?kind=network")
            #expect(!browser.page.contains("/app/resources/inst_"))
            try await browser.go("/app/resources?name=\((first["name"]?.string ?? ""))&kind=instance&phase=&selector=")
            #expect(browser.page.contains("/app/resources/\((first["id"]?.string ?? ""))\""))
            try await browser.go("/app/resources?selector=%3D%3D%3D")
            #expect(browser.reply.status == 200 && browser.page.contains("notice bad"))
            #expect(try await browser.go("/app/resources/\((first["id"]?.string ?? ""))").status == 200)
            for part in ["Cost", "Operations", "Metrics", "Logs", "History", (first["name"]?.string ?? "")] {
                #expect(browser.page.contains(part))
            }
        }
    }

    @Test func `what one speaks of stands there by name, with the way to it`() async throws {
        try await Installation.run { installation in
            let key = installation.home.testKey
            let instances = try await installation.get("/v1/instances?per_page=100", as: key).items
            let instance = try #require(instances.first { $0["spec"]?["volumes"]?.array?.isEmpty == false })
            let network = try #require(instance["spec"]?["network_ids"]?.array?.first?.string)
            let volume = try #require(instance["spec"]?["volumes"]?.array?.first?["volume_id"]?.string)
            let (id, own) = (instance["id"]?.string ?? "", instance["name"]?.string ?? "")
            let connection = instance["provider"]?.string ?? ""
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            try await browser.go("/app/resources/\(id)")
            for other in [network, volume] {
                let name = try await installation.get("/v1/resources/\(other)", as: key).text("name")
                #expect(browser.page.contains("<a href=\"/app/resources/\(other)\">\(name)</a>"), "\(browser.page)")
            }
            let name = try await installation.get("/v1/connections/\(connection)", as: key).text("name")
            #expect(browser.page.contains("<a href=\"/app/settings/connections/\(connection)\">\(name)</a>"))
            try await browser.go("/app/resources/\(volume)")
            #expect(browser.page.contains("<a href=\"/app/resources/\(id)\">\(own)</a>"))
        }
    }

    @Test func `what was measured is drawn, with its table and its file`() async throws {
        try await Installation.run { installation in
            let key = installation.home.testKey
            let id = try #require(try await installation.get("/v1/instances?power=running", as: key).ids.first)
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            try await browser.go("/app/resources/\(id)?window=15m")
            for part in ["cpu-wide-title", "memory-wide-title", "network-wide-title", "metrics.csv?window=15m", "class=\"behind\""] {
                #expect(browser.page.contains(part), "\(part)")
            }
            let file = try await browser.go("/app/resources/\(id)/metrics.csv?window=15m")
            #expect(file.header("Content-Type")?.hasPrefix("text/csv") == true)
            #expect(file.header("Content-Disposition") == "attachment; filename=\"metrics-15m.csv\"")
            let lines = file.text.split(separator: "\r\n").map(String.init)
            #expect(lines.first?.hasPrefix("at,cpu_percent,memory_bytes,memory_limit_bytes,") == true && lines.count > 1, "\(file.text)")
            #expect(try await browser.go("/app/resources/\(id)/metrics.csv?window=never").status == 400)
            try await browser.look(at: "live")
            #expect(try await browser.go("/app/resources/\(id)/metrics.csv").status == 404)
        }
    }

    @Test func `one is priced, kept out by a budget with what would fit, and made`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            let key = installation.home.testKey
            let project = try #require(try await installation.get("/v1/projects?status=active", as: key).ids.first)
            #expect(try await browser.go("/app/resources").text.contains("href=\"/app/resources/new\""))
            try await browser.go("/app/resources/new")
            #expect(browser.page.contains("0.1120 USD an hour") && browser.page.contains("value=\"\(project)\""))
            let form = ["name": "web-9", "project_id": project, "size": "s-16", "image": "debian-12", "labels": "team=core\ntier=<b>"]
            let wrong = try await browser.submit("/app/resources/new/instance", form.merging(["labels": "core"]) { $1 })
            #expect(wrong.status == 422 && wrong.text.contains("“core” is not") && wrong.text.contains("value=\"web-9\""))
            let fine = form.merging(["labels": "team=core"]) { $1 }
            try await browser.submit("/app/resources/new/instance", fine.merging(["preview": "yes"]) { $1 })
            #expect(browser.reply.status == 200 && browser.page.contains("0.1120 USD") && browser.page.contains("A month of 730 hours"))
            #expect(try await installation.get("/v1/instances/web-9", as: key).status == 404, "nothing is made")
            // A budget that a small one still fits in.
            let none = try await installation.post(
                "/v1/budgets", as: key, ["name": "Tight", "amount": "100000", "scope": ["project_id": .string(project)]]
            ).expecting(201)
            let spent = try #require(ExactDecimal(none.text("spent"))) + (ExactDecimal(none.text("reserved")) ?? 0)
            _ = try await installation.patch(
                "/v1/budgets/\(none.text("id"))", as: key, ["amount": .string((spent + 10).formatted(minimumPlaces: 2))]
            ).expecting(200)
            for more in [["preview": "yes"], [:]] {
                try await browser.submit("/app/resources/new/instance", fine.merging(more) { $1 })
                #expect(browser.reply.status == 402 && browser.page.contains("The largest size that fits is "), "\(browser.page)")
            }
            try await browser.submit("/app/resources/new/instance", fine.merging(["size": "n-1"]) { $1 })
            let path = try #require(browser.location)
            #expect(path.hasPrefix("/app/resources/inst_"))
            let made = try await installation.get("/v1/instances/web-9", as: key).expecting(200)
            #expect(made["labels"] == ["team": "core"] && made["spec"]?["size"] == "n-1")
        }
    }

    @Test func `volumes and networks are made too, by who may`() async throws {
        try await Installation.run { installation in
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            let key = installation.home.testKey
            let project = try #require(try await installation.get("/v1/projects?status=active", as: key).ids.first)
            try await browser.go("/app/resources/new/volume")
            let small = try await browser.submit(
                "/app/resources/new/volume", ["name": "data-9", "project_id": project, "size_gib": "many"])
            #expect(small.status == 422 && small.text.contains("value=\"many\"") && small.text.contains("aria-invalid"))
            try await browser.submit("/app/resources/new/volume", ["name": "data-9", "project_id": project, "size_gib": "5"])
            #expect(browser.location?.hasPrefix("/app/resources/vol_") == true)
            try await browser.go("/app/resources/new/network")
            try await browser.submit(
                "/app/resources/new/network", ["name": "net-9", "project_id": project, "cidr": "10.99.0.0/24", "nat": "yes"])
            #expect(browser.location?.hasPrefix("/app/resources/net_") == true)
            let network = try await installation.get("/v1/networks/net-9", as: key).expecting(200)
            #expect(network["spec"]?["cidr"] == "10.99.0.0/24" && network["spec"]?["nat"] == true)
            #expect(try await browser.go("/app/resources/new/nothing").status == 404)
            let viewer = try await Browser.member(installation, "viewer", of: installation.home.project.rawValue)
            #expect(try await !viewer.go("/app/resources").text.contains("/app/resources/new"))
            #expect(try await viewer.go("/app/resources/new").status == 403)
            let refused = try await viewer.submit("/app/resources/new/network", ["name": "mine", "project_id": project])
            #expect(refused.status == 403)
        }
    }

    @Test func `nothing of the test side is seen on the live side, nor of another workspace`() async throws {
        try await Installation.run { installation in
            let id = try #require(try await installation.get("/v1/instances", as: installation.home.testKey).ids.first)
            let browser = try await Browser.signedIn(installation)
            #expect(try await browser.go("/app/resources").text.contains("Nothing runs yet"))
            #expect(try await browser.go("/app/resources/\(id)").status == 404)
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            try await stranger.look(at: "test")
            #expect(try await stranger.go("/app/resources/\(id)").status == 404)
            try await stranger.go("/app/projects")
            #expect(try await stranger.submit("/app/resources/\(id)/actions/stop", ["confirmed": "yes"]).status == 404)
        }
    }

    @Test func `an instance is stopped after a question, once, and the API sees it`() async throws {
        try await Installation.run { installation in
            let running = try await installation.get("/v1/instances?power=running", as: installation.home.testKey)
            let id = try #require(running.ids.first)
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            try await browser.go("/app/resources/\(id)")
            #expect(browser.page.contains("data-action=\"stop\""))
            try await browser.submit("/app/resources/\(id)/actions/stop")
            #expect(browser.page.contains("What runs on it ends"))
            let form = [
                "confirmed": "yes", "form_token": browser.hidden("form_token") ?? "", "once": browser.hidden("once") ?? "",
            ]
            for _ in 1...2 {
                try await browser.submit("/app/resources/\(id)/actions/stop", form)
                #expect(browser.location == "/app/resources/\(id)")
            }
            let operations = try await installation.get("/v1/operations?resource=\(id)", as: installation.home.testKey)
            #expect(operations.items.count { $0["type"]?.string == "instance.stop" } == 1)
            try await browser.go("/app/resources/\(id)")
            #expect(browser.page.contains("Instance stop"))
            try await installation.settle()
            try await browser.go("/app/resources/\(id)")
            #expect(browser.page.contains("data-action=\"start\"") && browser.page.contains("Stopped"))
            let events = try await installation.get("/v1/events?subject=\(id)&type=instance.stopped", as: installation.home.testKey)
            #expect(events.items.count == 1)
        }
    }

    @Test func `a form without its token stops nothing`() async throws {
        try await Installation.run { installation in
            let id = try #require(try await installation.get("/v1/instances?power=running", as: installation.home.testKey).ids.first)
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            let reply = try await browser.submit(
                "/app/resources/\(id)/actions/stop", ["confirmed": "yes", "once": "0123456789abcdef"], token: false)
            #expect(reply.status == 403)
            #expect(try await installation.get("/v1/instances/\(id)", as: installation.home.testKey)["spec"]?["power"] == "running")
        }
    }

    @Test func `a viewer sees no button, and is refused when they send the form`() async throws {
        try await Installation.run { installation in
            let id = try #require(try await installation.get("/v1/instances?power=running", as: installation.home.testKey).ids.first)
            let project = try await installation.get("/v1/instances/\(id)", as: installation.home.testKey).text("project_id")
            let browser = try await Browser.member(installation, "viewer", of: project)
            try await browser.look(at: "test")
            #expect(try await browser.go("/app/resources/\(id)").status == 200)
            #expect(!browser.page.contains("data-action="))
            #expect(try await browser.submit("/app/resources/\(id)/actions/stop", ["confirmed": "yes"]).status == 403)
        }
    }

    @Test func `labels and names with markup are text`() async throws {
        try await Installation.run { installation in
            let key = installation.home.testKey
            let id = try #require(try await installation.get("/v1/instances", as: key).ids.first)
            _ = try await installation.patch("/v1/instances/\(id)", as: key, ["labels": ["owner": "a"]])
            let project = try await installation.get("/v1/instances/\(id)", as: key).text("project_id")
            _ = try await installation.patch("/v1/projects/\(project)", as: installation.home.liveKey, ["name": "<script>x</script>\"'"])
                .expecting(200)
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            for path in ["/app/resources", "/app/resources/\(id)"] {
                try await browser.go(path)
                #expect(browser.page.contains("&lt;script&gt;x") && !browser.page.contains("<script>x"))
            }
        }
    }
}
