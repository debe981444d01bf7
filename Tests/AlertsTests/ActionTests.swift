import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `What alerts do` {
    private static func run(_ body: @escaping @Sendable (WatchTower) async throws -> Void) async throws {
        try await WatchTower.run { tower in
            _ = try await tower.cloud.moving {
                try await tower.cloud.post(
                    "/v1/connections", as: tower.key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
            }.expecting(201)
            try await body(tower)
        }
    }

    private static func instance(_ name: String, team: String, _ tower: WatchTower) async throws -> String {
        let made = try await tower.cloud.post(
            "/v1/instances", as: tower.key,
            ["name": .string(name), "project_id": .string(tower.project), "labels": ["team": .string(team)], "spec": .object([])]
        ).expecting(201)
        try await tower.cloud.settle()
        return made.text("id")
    }

    private static func power(_ id: String, _ tower: WatchTower) async throws -> String {
        try await tower.cloud.get("/v1/instances/\(id)", as: tower.key).expecting(200)["status"]?["power"]?.string ?? ""
    }

    @Test func `the instances with its labels are stopped through operations, and an undo starts just these`() async throws {
        try await Self.run { tower in
            let core = try await Self.instance("one", team: "core", tower)
            let other = try await Self.instance("two", team: "web", tower)
            let alert = try await tower.alert(
                "resource_count{power=\"running\"} >= 2", on: [.init("project_id", .string(tower.project))],
                [.init("action", ["type": "stop", "selector": "team=core"])])
            let rehearsal = try await tower.cloud.post("/v1/alerts/\(alert)/dry-run", as: tower.key).expecting(200)
            #expect(rehearsal["action_targets"]?.array?.map { $0["id"]?.string } == [core])
            try await tower.look()
            try await tower.cloud.settle()
            #expect(try await Self.power(core, tower) == "stopped")
            #expect(try await Self.power(other, tower) == "running")
            let requested = try #require(try await tower.events("instance.stop_requested").first)
            #expect(requested["actor"]?["id"]?.string == alert && requested["actor"]?["type"]?.string == "system")
            let undone = try await tower.cloud.post("/v1/alerts/\(alert)/undo", as: tower.key).expecting(200)
            #expect(undone["resource_ids"] == [.string(core)])
            try await tower.cloud.settle()
            #expect(try await Self.power(core, tower) == "running")
            #expect(try await tower.events("alert.undone").count == 1)
        }
    }

    @Test func `it is not done again before the cool-down is over, nor ever in a dry run`() async throws {
        try await Self.run { tower in
            let core = try await Self.instance("one", team: "core", tower)
            let subject = [JSON.Member("project_id", .string(tower.project))]
            let dry = try await tower.alert("resource_count > 0", on: subject, [.init("action", ["type": "stop", "dry_run": true])])
            try await tower.look()
            try await tower.cloud.settle()
            #expect(try await Self.power(core, tower) == "running")
            #expect(try await tower.events("alert.acted").first?["data"]?["resource_ids"] == [.string(core)])
            _ = try await tower.cloud.delete("/v1/alerts/\(dry)", as: tower.key).expecting(204)
            _ = try await tower.alert("resource_count{power=\"running\"} > 0", on: subject, [.init("action", ["type": "stop"])])
            /// Looks while it runs, looks again when that is done, and tells how it ended up.
            func ride() async throws -> String {
                _ = try await tower.cloud.post("/v1/instances/\(core)/actions/start", as: tower.key).expecting(202)
                try await tower.cloud.settle()
                try await tower.look()
                try await tower.cloud.settle()
                let end = try await Self.power(core, tower)
                _ = try await tower.cloud.post("/v1/instances/\(core)/actions/stop", as: tower.key).expecting(202)
                try await tower.cloud.settle()
                try await tower.look()
                return end
            }
            #expect(try await ride() == "stopped")
            #expect(try await ride() == "running")
            tower.cloud.clock.advance(seconds: 600)
            #expect(try await ride() == "stopped")
        }
    }

    @Test func `a frozen project admits nothing, lets things stop, and is let go by an undo`() async throws {
        try await Self.run { tower in
            let core = try await Self.instance("one", team: "core", tower)
            let alert = try await tower.alert(
                "resource_count > 0", on: [.init("project_id", .string(tower.project))], [.init("action", ["type": "freeze"])])
            try await tower.look()
            let refused = try await tower.cloud.post(
                "/v1/instances", as: tower.key, ["name": "more", "project_id": .string(tower.project)])
            #expect(refused.status == 423 && refused.code == "project_frozen")
            _ = try await tower.cloud.post("/v1/instances/\(core)/actions/stop", as: tower.key).expecting(202)
            try await tower.cloud.settle()
            let start = try await tower.cloud.post("/v1/instances/\(core)/actions/start", as: tower.key)
            #expect(start.status == 423)
            _ = try await tower.cloud.post("/v1/alerts/\(alert)/undo", as: tower.key).expecting(200)
            _ = try await tower.cloud.post("/v1/instances/\(core)/actions/start", as: tower.key).expecting(202)
            #expect(try await tower.events("project.unfrozen").count == 1)
        }
    }

    @Test func `the money of a budget is enough to stop what spends it`() async throws {
        try await Self.run { tower in
            _ = try await tower.cloud.post(
                "/v1/budgets", as: tower.key,
                ["name": "One dollar", "amount": "1", "scope": ["project_id": .string(tower.project)], "enforced": false]
            ).expecting(201)
            let id = try await Self.instance("dear", team: "core", tower)
            let hourly = try #require(
                ExactDecimal(try await tower.cloud.get("/v1/instances/\(id)", as: tower.key)["cost"]?["hourly"]?.string ?? ""))
            let alert = try await tower.alert(
                "budget_percent > 85", on: [.init("resource_id", .string(id))], [.init("action", ["type": "stop"])])
            try await tower.look()
            #expect(try await tower.state(alert) == "inactive")
            // An hour more than 85 cents last.
            let hours = Int64(ExactDecimal("0.85")!.divided(by: hourly, scale: 0).description)! + 1
            tower.cloud.clock.advance(seconds: hours * 3600)
            try await tower.look()
            #expect(try await tower.state(alert) == "firing")
            try await tower.cloud.settle()
            #expect(try await Self.power(id, tower) == "stopped")
        }
    }

    @Test func `a trace leads from the request that made the instance to what it cost, the alert that this fired, and the stop`()
        async throws
    {
        try await Self.run { tower in
            let cloud = tower.cloud
            let budget = try await cloud.post(
                "/v1/budgets", as: tower.key,
                ["name": "One dollar", "amount": "1", "scope": ["project_id": .string(tower.project)], "enforced": false]
            ).expecting(201)
            let alert = try await tower.alert(
                "budget_percent > 85", on: [.init("project_id", .string(tower.project))], [.init("action", ["type": "stop"])])
            let made = try await cloud.post(
                "/v1/instances", as: tower.key, ["name": "dear", "project_id": .string(tower.project), "spec": .object([])]
            ).expecting(201)
            try await cloud.settle()
            let other = try await cloud.post("/v1/projects", as: tower.key, ["name": "Other"]).expecting(201).text("id")
            _ = try await cloud.post("/v1/instances", as: tower.key, ["name": "cheap", "project_id": .string(other), "spec": .object([])])
                .expecting(201)
            try await cloud.settle()
            cloud.clock.advance(seconds: 500 * 3600 + 60)
            try await tower.look()
            try await cloud.settle()

            let firing = try #require(try await tower.events("alert.firing").first)
            let cause = try #require(firing["data"]?["cause"])
            #expect(cause["resource_ids"] == [.string(made.text("id"))] && cause["budget_ids"] == [.string(budget.text("id"))])
            let event = try #require(cause["event_ids"]?.array?.first?.string)
            let shown = try await cloud.get("/v1/events?subject=\(made.text("id"))", as: tower.key).items.map { $0["id"]?.string }
            #expect(shown.contains(event))

            let trace = try await cloud.get("/v1/trace/\(made.header("X-Request-Id") ?? "")", as: tower.key).expecting(200)
            let types = trace["events"]?.array?.compactMap { $0["type"]?.string } ?? []
            #expect(
                types == [
                    "instance.created", "instance.observed", "instance.ready", "alert.firing", "instance.stop_requested", "alert.acted",
                    "instance.stopped",
                ])
            let links = trace["links"]?.array ?? []
            let kinds = Set(links.compactMap { $0["kind"]?.string })
            #expect(kinds == ["resource", "operation", "usage", "charge", "alert", "alert_action", "audit"])
            #expect(trace["operation_ids"]?.array?.count == 2)
            let charge = try #require(links.first { $0["kind"] == "charge" && $0["detail"]?["open"] == true })
            #expect(charge["detail"]?["resource_id"] == .string(made.text("id")))
            for link in links { #expect(try await cloud.get(link["href"]?.string ?? "", as: tower.key).status == 200) }
            // The budget moved it too, and a removed alert is still told of.
            _ = try await cloud.delete("/v1/alerts/\(alert)", as: tower.key).expecting(204)
            let after = try await cloud.get("/v1/trace/\(budget.header("X-Request-Id") ?? "")", as: tower.key).expecting(200)
            #expect(after["events"]?.array?.compactMap { $0["type"]?.string } == ["budget.created", "alert.firing"])
        }
    }
}
