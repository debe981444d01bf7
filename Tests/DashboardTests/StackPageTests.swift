import Kernel
import Resources
import Server
import TestKit
import Testing

@Suite struct `Stacks, schedules and policies on the dashboard` {
    @Test func `a stack is shown with its members, its plans and what was done last`() async throws {
        try await Installation.run { installation in
            let (key, project) = (installation.home.testKey, installation.home.project.rawValue)
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            #expect(try await browser.go("/app/resources/stacks").text.contains("No stacks yet"))
            let plan = try await installation.post(
                "/v1/plans", as: key,
                [
                    "name": "shop", "project_id": .string(project), "variables": ["size": "s-2"],
                    "resources": [
                        ["key": "web", "kind": "instance", "spec": ["size": "${var.size}"]], ["key": "logs", "kind": "bucket"],
                    ],
                ]
            ).expecting(201)
            let id = plan.text("stack_id")
            _ = try await installation.post("/v1/plans/\(plan.text("id"))/apply", as: key).expecting(202)
            try await browser.go("/app/resources/stacks/\(id)")
            #expect(browser.page.contains("Applying") && browser.page.contains("size=s-2") && browser.page.contains("Not made yet"))
            for _ in 0..<5 {
                try await installation.parts.engine.advanceStacks()
                try await installation.settle()
                installation.clock.advance(milliseconds: 1)
            }
            try await browser.go("/app/resources/stacks")
            #expect(browser.page.contains("href=\"/app/resources/stacks/\(id)\"") && browser.page.contains("Ready"))
            try await browser.go("/app/resources/stacks/\(id)")
            let web = try await installation.get("/v1/instances/shop-web", as: key).text("id")
            for part in [
                "href=\"/app/resources/\(web)\"", "create web, create logs", "10.22 USD", "Stack apply", "2 of 2 steps done", "Applied",
            ] {
                #expect(browser.page.contains(part), "\(part)")
            }
            try await browser.look(at: "live")
            #expect(try await browser.go("/app/resources/stacks/\(id)").status == 404)
            let away = try await installation.makeWorkspace()
            let stranger = try await Browser.signedIn(installation, email: away.email, password: away.password)
            try await stranger.look(at: "test")
            #expect(try await stranger.go("/app/resources/stacks/\(id)").status == 404)
        }
    }

    @Test func `a schedule is made, paused, shown with what it saved, and deleted after a question`() async throws {
        try await Installation.run { installation in
            let (key, project) = (installation.home.liveKey, installation.home.project.rawValue)
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/resources/schedules")
            let form = [
                "name": "Nights", "project_id": project, "stop_time": "20:00", "start_time": "", "time_zone": "Europe/Berlin",
                "selector": "env=dev", "days": "mon",
            ]
            let wrong = try await browser.submit("/app/resources/schedules", form.merging(["time_zone": "Nowhere/Land"]) { $1 })
            #expect(wrong.status == 422 && wrong.text.contains("Nowhere/Land is no time zone") && wrong.text.contains("value=\"Nights\""))
            #expect(try await browser.submit("/app/resources/schedules", form, token: false).status == 403)
            try await browser.go("/app/resources/schedules")
            try await browser.submit("/app/resources/schedules", form)
            #expect(browser.location == "/app/resources/schedules")
            let id = try #require(try await installation.get("/v1/schedules", as: key).ids.first)
            try await browser.go("/app/resources/schedules")
            for part in ["stop 20:00", "Mon · Europe/Berlin", "env=dev", "0.00 USD", "0 hours", "Pause"] {
                #expect(browser.page.contains(part), "\(part)")
            }
            try await browser.submit("/app/resources/schedules/\(id)/pause", ["action": "pause"])
            #expect(try await installation.get("/v1/schedules/\(id)", as: key)["enabled"] == false)
            #expect(try await browser.go("/app/resources/schedules").text.contains("Resume"))
            let viewer = try await Browser.member(installation, "viewer", of: project)
            #expect(try await viewer.go("/app/resources/schedules").text.contains("Nights"))
            #expect(!viewer.page.contains("/deletion") && !viewer.page.contains("New schedule"))
            #expect(try await viewer.submit("/app/resources/schedules/\(id)/deletion", ["confirmed": "yes"]).status == 403)
            try await browser.submit("/app/resources/schedules/\(id)/deletion")
            #expect(browser.page.contains("Its instances stay as they are"))
            try await browser.submit("/app/resources/schedules/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/schedules/\(id)", as: key).status == 404)
        }
    }

    @Test func `a policy is made and switched off by form, and a plan that waits is approved there`() async throws {
        try await Installation.run { installation in
            let (key, project) = (installation.home.liveKey, installation.home.project.rawValue)
            let browser = try await Browser.signedIn(installation)
            try await browser.go("/app/resources/policies")
            let form = [
                "name": "Owners", "project_id": "", "type": "required_labels", "rule": "owner, team", "message": "Ask Ada.",
                "enforcement": "warn",
            ]
            let wrong = try await browser.submit("/app/resources/policies", form.merging(["rule": ""]) { $1 })
            #expect(wrong.status == 422 && wrong.text.contains("aria-invalid") && wrong.text.contains("value=\"Owners\""))
            try await browser.go("/app/resources/policies")
            try await browser.submit("/app/resources/policies", form)
            let policy = try #require(try await installation.get("/v1/policies", as: key).items.first)
            #expect(policy["rule"] == ["type": "required_labels", "labels": ["owner", "team"]] && policy["project_id"] == .null)
            try await browser.go("/app/resources/policies")
            for part in ["Owners", "owner, team", "All projects", "Warns", "Switch off"] { #expect(browser.page.contains(part), "\(part)") }
            let id = policy["id"]?.string ?? ""
            try await browser.submit("/app/resources/policies/\(id)/switch", ["action": "off"])
            #expect(try await installation.get("/v1/policies/\(id)", as: key)["enabled"] == false)

            _ = try await installation.moving {
                try await installation.post(
                    "/v1/connections", as: key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
            }.expecting(201)
            _ = try await installation.post("/v1/policies", as: key, ["name": "Eyes", "rule": ["type": "approval"]]).expecting(201)
            let plan = try await installation.post(
                "/v1/plans", as: key,
                ["name": "shop", "project_id": .string(project), "resources": [["key": "web", "kind": "instance"]]]
            ).expecting(201).text("id")
            let viewer = try await Browser.member(installation, "viewer", of: project)
            #expect(try await viewer.go("/app/resources/policies").text.contains("It changes web in"))
            #expect(!viewer.page.contains("New policy") && !viewer.page.contains("Switch off") && !viewer.page.contains("/approval"))
            #expect(try await viewer.submit("/app/resources/policies/plans/\(plan)/approval").status == 403)
            try await browser.go("/app/resources/policies")
            #expect(browser.page.contains("Plans that wait for an approval") && browser.page.contains("create web"))
            try await browser.submit("/app/resources/policies/plans/\(plan)/approval")
            let approved = try await installation.get("/v1/plans/\(plan)", as: key)
            #expect(approved["approval"]?["approved_by"]?.string == installation.home.user.rawValue)
            #expect(try await !browser.go("/app/resources/policies").text.contains("Plans that wait"))
            try await browser.submit("/app/resources/policies/\(id)/deletion")
            #expect(browser.page.contains("What it refused is allowed"))
            try await browser.submit("/app/resources/policies/\(id)/deletion", ["confirmed": "yes"])
            #expect(try await installation.get("/v1/policies/\(id)", as: key).status == 404)
        }
    }

    @Test func `every kind can be made from a form, with volumes, environment and rules a line each`() async throws {
        try await Installation.run { installation in
            let (key, project) = (installation.home.testKey, installation.home.project.rawValue)
            let browser = try await Browser.signedIn(installation)
            try await browser.look(at: "test")
            try await browser.go("/app/resources/new/ip")
            let common = ["project_id": project]
            func make(_ kind: String, _ form: [String: String]) async throws -> Reply {
                try await browser.go("/app/resources/new/\(kind)")
                return try await browser.submit("/app/resources/new/\(kind)", form.merging(common) { $1 })
            }
            _ = try await make("ip", ["name": "front-9", "family": "ipv4"])
            #expect(browser.location?.hasPrefix("/app/resources/ip_") == true, "\(browser.page)")
            _ = try await make("bucket", ["name": "logs-9", "versioning": "yes", "expire_days": "30"])
            #expect(browser.location?.hasPrefix("/app/resources/bkt_") == true, "\(browser.page)")
            let bucket = try await installation.get("/v1/buckets/logs-9", as: key)
            #expect(bucket["spec"]?["versioning"] == true && bucket["spec"]?["public"] == false && bucket["spec"]?["expire_days"] == 30)
            _ = try await make("volume", ["name": "data-9", "size_gib": "5"])
            let instance = [
                "name": "web-9", "size": "n-1", "ip_ids": "front-9", "volumes": "data-9=/data", "env": "A=1\nB=x=y",
                "command": "serve\n--all",
            ]
            let bad = try await make("instance", instance.merging(["volumes": "nothing-9=/data"]) { $1 })
            #expect(bad.status == 422 && bad.text.contains("aria-invalid") && bad.text.contains(">nothing-9=/data</textarea>"))
            _ = try await make("instance", instance)
            #expect(browser.location?.hasPrefix("/app/resources/inst_") == true, "\(browser.page)")
            let made = try await installation.get("/v1/instances/web-9", as: key).expecting(200)
            #expect(made["spec"]?["env_names"] == ["A", "B"] && made["spec"]?["command"] == ["serve", "--all"])
            #expect(made["spec"]?["volumes"]?.array?.first?["path"] == "/data" && made["spec"]?["ip_ids"]?.array?.count == 1)
            let half = try await make("firewall", ["name": "wall-9", "rules": "ingress tcp"])
            #expect(half.status == 422 && half.text.contains("“ingress tcp” is not"))
            _ = try await make("firewall", ["name": "wall-9", "rules": "ingress tcp 443,8000-8100 0.0.0.0/0\ningress icmp any 10.0.0.0/8"])
            #expect(browser.location?.hasPrefix("/app/resources/fw_") == true, "\(browser.page)")
            let rules = try await installation.get("/v1/firewalls/wall-9", as: key)["spec"]?["rules"]?.array ?? []
            #expect(rules.map { $0["ports"] } == [["443", "8000-8100"], []])
            _ = try await make("snapshot", ["name": "kept-9", "volume_id": "data-9"])
            #expect(browser.location?.hasPrefix("/app/resources/snap_") == true, "\(browser.page)")
            _ = try await make("volume", ["name": "copy-9", "size_gib": "", "from_snapshot": "kept-9"])
            let copy = try await installation.get("/v1/volumes/copy-9", as: key).expecting(200)
            #expect(copy["spec"]?["size_gib"] == 5)
            // The button of a volume leads to what it made.
            try await installation.settle()
            let volume = "/app/resources/\(copy.text("id"))"
            #expect(try await browser.go(volume).text.contains(#"data-action="snapshot""#))
            try await browser.submit("\(volume)/actions/snapshot")
            #expect(browser.location?.hasPrefix("/app/resources/snap_") == true, "\(browser.page)")
            #expect(try await installation.get("/v1/snapshots", as: key).items.count == 2)
        }
    }
}
