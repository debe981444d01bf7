import Alerts
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `Groups of an alert` {
    private static let byProject: [JSON.Member] = [.init("group_by", ["project"])]

    @Test func `by project each have a state, notices, events and history of their own`() async throws {
        try await WatchTower.run { tower in
            try await tower.connectSlack()
            let (one, two) = (try await tower.project("One"), try await tower.project("Two"))
            let alert = try await tower.alert("quota_percent > 85", on: nil, Self.byProject)
            try await tower.use(100, of: one)
            try await tower.use(900, of: two)
            for _ in 0..<3 { try await tower.look() }
            // The third is the project the installation began with, which has no limit.
            #expect(try await tower.groups(alert) == [one: "inactive", two: "firing", tower.project: "inactive"])
            #expect(try await tower.state(alert) == "firing")
            #expect(tower.slack.texts.count == 1 && tower.slack.texts[0].contains("project=\(two)"))
            let event = try #require(try await tower.events("alert.firing").first)
            #expect(event["data"]?["group"] == ["project": .string(two)] && event["data"]?["values"] == ["quota_percent": "90"])
            try await tower.use(950, of: one)
            try await tower.look()
            #expect(tower.slack.texts.count == 2 && tower.slack.texts[1].contains("project=\(one)"))
            try await tower.use(100, of: two)
            try await tower.look()
            #expect(try await tower.groups(alert) == [one: "firing", two: "resolved", tower.project: "inactive"])
            #expect(tower.slack.texts.count == 3 && tower.slack.texts[2].contains("is resolved"))
            let history = try await tower.cloud.get("/v1/alerts/\(alert)/history", as: tower.key).expecting(200).items
            #expect(history.map { $0["group"]?["project"]?.string } == [two, one, two])
            #expect(history.map { $0["after"]?.string } == ["resolved", "firing", "firing"])
            let view = try await tower.cloud.get("/v1/alerts/\(alert)", as: tower.key)
            #expect(view["group_by"] == ["project"] && view["groups_cut"] == false)
            #expect(try await tower.cloud.get("/v1/alerts", as: tower.key).items.first?["groups"] == nil)
        }
    }

    @Test func `keep their timers over a restart, each its own`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let (alert, one, two) = try await Installation.open(in: place, home: home) { cloud in
                let tower = WatchTower(cloud)
                let (one, two) = (try await tower.project("One"), try await tower.project("Two"))
                let alert = try await tower.alert("quota_percent > 85", on: nil, Self.byProject + [.init("for", "5m")])
                try await tower.use(900, of: one)
                try await tower.look()
                cloud.clock.advance(seconds: 200)
                try await tower.use(900, of: two)
                try await tower.look()
                cloud.clock.advance(seconds: 99)
                try await tower.look()
                return (alert, one, two)
            }
            try await Installation.open(in: place, home: home) { cloud in
                let tower = WatchTower(cloud)
                #expect(try await tower.groups(alert) == [one: "pending", two: "pending", tower.project: "inactive"])
                cloud.clock.advance(seconds: 1)
                try await tower.look()
                #expect(try await tower.groups(alert) == [one: "firing", two: "pending", tower.project: "inactive"])
                cloud.clock.advance(seconds: 199)
                try await tower.look()
                #expect(try await tower.groups(alert)[two] == "pending")
                cloud.clock.advance(seconds: 1)
                try await tower.look()
                #expect(try await tower.groups(alert)[two] == "firing")
            }
        }
    }

    @Test(arguments: 0..<8)
    func `follow the table through any sequence, and never each other`(_ seed: Int) async throws {
        try await WatchTower.run { tower in
            var generator = SeededGenerator(seed: UInt64(seed))
            try await tower.connectSlack()
            let projects = [try await tower.project("One"), try await tower.project("Two")]
            var timing = AlertTiming()
            timing.pendingFor = [0, 60, 300].randomElement(using: &generator) ?? 0
            timing.keepFiringFor = [0, 60, 300].randomElement(using: &generator) ?? 0
            timing.repeatEvery = [0, 600].randomElement(using: &generator) ?? 0
            timing.noData = AlertTiming.NoData.allCases.randomElement(using: &generator) ?? .ok
            let alert = try await tower.alert(
                "quota_percent > 85", on: nil,
                Self.byProject + [
                    .init("recover", "quota_percent < 50"), .init("for", .string("\(timing.pendingFor)s")),
                    .init("keep_firing_for", .string("\(timing.keepFiringFor)s")),
                    .init("repeat_every", .string("\(timing.repeatEvery)s")), .init("no_data", .string(timing.noData.rawValue)),
                ])
            var models = [PhaseModel(), PhaseModel()]
            var told: [[String]] = [[], []]
            // All are seen once before anything happens.
            for project in projects { try await tower.use(0, of: project) }
            try await tower.look()
            for _ in 0..<40 {
                let pause = [1, 30, 59, 60, 299, 300, 600, 900].randomElement(using: &generator) ?? 1
                tower.cloud.clock.advance(seconds: Int64(pause))
                for (place, project) in projects.enumerated() {
                    let used: Int? = [900, 860, 700, 499, nil].randomElement(using: &generator) ?? nil
                    try await tower.use(used ?? 0, limit: used == nil ? nil : 1000, of: project)
                    let notice = models[place].step(used.map { $0 > 850 }, used.map { $0 < 500 } ?? false, timing, after: pause)
                    if let notice { told[place].append(notice) }
                }
                try await tower.look()
                let states = try await tower.groups(alert)
                #expect(projects.map { states[$0] } == models.map(\.state))
            }
            for (place, project) in projects.enumerated() {
                let heard = tower.slack.texts.filter { $0.contains("project=\(project)") }.map { text in
                    text.contains("still fires") ? "repeated" : text.contains("is resolved") ? "resolved" : "firing"
                }
                #expect(heard == told[place])
            }
        }
    }

    @Test func `by label act on what is theirs, each with a cool-down of its own`() async throws {
        try await WatchTower.run { tower in
            _ = try await tower.cloud.moving {
                try await tower.cloud.post(
                    "/v1/connections", as: tower.key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
            }.expecting(201)
            func instance(_ name: String, _ team: String) async throws -> String {
                let made = try await tower.cloud.post(
                    "/v1/instances", as: tower.key,
                    [
                        "name": .string(name), "project_id": .string(tower.project), "labels": ["team": .string(team)],
                        "spec": .object([]),
                    ]
                ).expecting(201).text("id")
                try await tower.cloud.settle()
                return made
            }
            func power(_ id: String) async throws -> String? {
                try await tower.cloud.get("/v1/instances/\(id)", as: tower.key).expecting(200)["status"]?["power"]?.string
            }
            let (core, web) = (try await instance("one", "core"), try await instance("two", "web"))
            let alert = try await tower.alert(
                "resource_count{power=\"running\"} >= 2", on: [],
                [.init("group_by", ["label:team"]), .init("action", ["type": "stop", "cooldown": "1h"])])
            try await tower.look()
            #expect(try await tower.groups(alert) == ["core": "inactive", "web": "inactive"])
            let second = try await instance("three", "core")
            let dry = try await tower.cloud.post("/v1/alerts/\(alert)/dry-run", as: tower.key).expecting(200)
            let rehearsed = dry["groups"]?.array?.first { $0["group"] == ["label:team": "core"] }
            #expect(rehearsed?["next_state"] == "firing" && rehearsed?["action_targets"]?.array?.count == 2 && dry["holds"] == true)
            try await tower.look()
            try await tower.cloud.settle()
            #expect(try await [power(core), power(second), power(web)] == ["stopped", "stopped", "running"])
            // The cool-down of one group keeps no other from acting.
            tower.cloud.clock.advance(seconds: 60)
            let third = try await instance("four", "web")
            try await tower.look()
            try await tower.cloud.settle()
            #expect(try await [power(web), power(third)] == ["stopped", "stopped"])
            let acted = try await tower.events("alert.acted")
            #expect(acted.map { $0["data"]?["group"] } == [["label:team": "core"], ["label:team": "web"]])
            let undone = try await tower.cloud.post("/v1/alerts/\(alert)/undo", as: tower.key).expecting(200)
            #expect(undone["group"] == ["label:team": "web"] && undone["resource_ids"]?.array?.count == 2)
        }
    }

    @Test func `are silenced by matchers, which the others do not hear of`() async throws {
        try await WatchTower.run { tower in
            try await tower.connectSlack()
            let (one, two) = (try await tower.project("One"), try await tower.project("Two"))
            let alert = try await tower.alert("quota_percent > 85", on: nil, Self.byProject)
            let until = JSON.string(tower.cloud.clock.now.adding(seconds: 3600).description)
            let wrong = try await tower.cloud.post(
                "/v1/alerts/\(alert)/silence", as: tower.key, ["until": until, "matchers": ["label:team": "core"]])
            #expect(wrong.status == 422 && wrong["group_keys"] == ["project"])
            let silenced = try await tower.cloud.post(
                "/v1/alerts/\(alert)/silence", as: tower.key, ["until": until, "matchers": ["project": .string(one)]]
            ).expecting(200)
            #expect(silenced["silenced"] == false && silenced["silence_matchers"] == ["project": .string(one)])
            try await tower.use(900, of: one)
            try await tower.use(900, of: two)
            for _ in 0..<2 { try await tower.look() }
            #expect(tower.slack.texts.count == 1 && tower.slack.texts[0].contains("project=\(two)"))
            #expect(try await tower.groups(alert)[one] == "firing")
            tower.cloud.clock.advance(seconds: 3600)
            for _ in 0..<3 { try await tower.look() }
            #expect(tower.slack.texts.count == 2 && tower.slack.texts[1].contains("project=\(one)"))
        }
    }

    @Test func `whose project is archived are resolved and forgotten`() async throws {
        try await WatchTower.run { tower in
            let one = try await tower.project("One")
            let alert = try await tower.alert("quota_percent > 85", on: nil, Self.byProject + [.init("no_data", "alert")])
            try await tower.use(900, of: one)
            try await tower.look()
            #expect(try await tower.groups(alert)[one] == "firing")
            _ = try await tower.cloud.delete("/v1/projects/\(one)", as: tower.key)
            try await tower.look()
            #expect(try await tower.groups(alert)[one] == "resolved")
            tower.cloud.clock.advance(seconds: 900)
            try await tower.look()
            #expect(try await tower.groups(alert)[one] == nil)
        }
    }

    @Test func `can be of what the metrics of the rule are told apart by, and of nothing else`() async throws {
        try await WatchTower.run { tower in
            func refused(_ rule: String, _ keys: JSON, _ more: [JSON.Member] = []) async throws -> JSON? {
                let body: JSON = .object([.init("rule", .string(rule)), .init("group_by", keys)] + more)
                let reply = try await tower.cloud.post("/v1/alerts", as: tower.key, body)
                #expect(reply.status == 422)
                return reply["group_keys"]
            }
            #expect(try await refused("quota_percent > 85", ["label:team"]) == ["project"])
            #expect(try await refused("spend > 1", ["colour"])?.array?.contains("label:NAME") == true)
            #expect(try await refused("spend > 1 and quota_used > 1", ["resource"]) == ["project"])
            #expect(
                try await refused("spend > 1", ["project"], [.init("project_id", .string(tower.project))])
                    == ["resource", "provider", "label:NAME"])
            #expect(try await refused("spend > 1", ["project", "project"]) == nil)
            // Without a group it is nobody's.
            let nobody = try await tower.cloud.post("/v1/alerts", as: tower.key, ["rule": "quota_percent > 85"])
            #expect(nobody.status == 422 && nobody.text("detail").contains("account_id"))
            _ = try await tower.alert("quota_percent > 85", on: [], Self.byProject)
            _ = try await tower.alert("spend > 100", on: [], [.init("group_by", ["provider", "label:team"])])
        }
    }

    @Test func `of an account are shown to nobody who may not see all of its projects`() async throws {
        try await WatchTower.run { tower in
            let alert = try await tower.alert("quota_percent > 85", on: nil, Self.byProject)
            let plain = try await tower.alert("quota_percent > 85")
            let key = try await tower.cloud.post(
                "/v1/keys", as: tower.cloud.home.sessionToken, ["project_id": .string(tower.project), "mode": "live"]
            ).expecting(201).text("key")
            #expect(try await tower.cloud.get("/v1/alerts/\(alert)", as: key).status == 404)
            #expect(try await tower.cloud.get("/v1/alerts/\(plain)", as: key).status == 200)
        }
    }
}
