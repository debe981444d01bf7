import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `Alerts` {
    @Test func `are made as the documented example has it, and say that Slack is not connected`() async throws {
        try await WatchTower.run { tower in
            let made = try await tower.cloud.post(
                "/v1/alerts", as: tower.key,
                ["account_id": .string(tower.account), "rule": "quota_percent > 85", "channel": "slack"]
            ).expecting(201)
            #expect(made["channels"] == [["type": "slack", "status": "not_connected"]])
            #expect(made.text("state") == "inactive")
        }
    }

    @Test func `a rule that cannot be read says where, and what there is`() async throws {
        try await WatchTower.run { tower in
            let reply = try await tower.cloud.post(
                "/v1/alerts", as: tower.key,
                ["account_id": .string(tower.account), "rule": "quota_percent >> 85", "channel": "slack"])
            #expect(reply.status == 422 && reply["column"] == 16 && reply.text("detail").contains("column 16"))
            #expect(reply["metrics"]?.array?.contains("quota_percent") == true)
            let wrong = try await tower.cloud.post(
                "/v1/alerts", as: tower.key, ["account_id": .string(tower.account), "rule": "cpu_percent > 85"])
            #expect(wrong.status == 422)
        }
    }

    @Test func `exactly at the threshold nothing fires, and one request more does`() async throws {
        try await WatchTower.run { tower in
            let alert = try await tower.alert("quota_percent > 85")
            try await tower.use(850)
            try await tower.look()
            #expect(try await tower.state(alert) == "inactive")
            try await tower.use(851)
            try await tower.look()
            #expect(try await tower.state(alert) == "firing")
            let event = try #require(try await tower.events("alert.firing").first)
            #expect(event["data"]?["values"] == ["quota_percent": "85.1"])
            #expect(event["actor"]?["id"]?.string == alert)
        }
    }

    @Test func `are told on Slack once when they fire and once when they are resolved, and held until it is connected`() async throws {
        try await WatchTower.run { tower in
            let alert = try await tower.alert("quota_percent > 85", on: nil, [.init("name", "Quota <high>")])
            try await tower.use(900)
            for _ in 0..<3 { try await tower.look() }
            #expect(tower.slack.texts.isEmpty)
            #expect(try await tower.cloud.get("/v1/channels/slack", as: tower.key)["held"] == 1)
            try await tower.connectSlack()
            for _ in 0..<3 { try await tower.look() }
            #expect(tower.slack.texts.count == 1 && tower.slack.texts[0].contains("Quota &lt;high&gt; fires"))
            try await tower.use(100)
            for _ in 0..<3 { try await tower.look() }
            #expect(tower.slack.texts.count == 2 && tower.slack.texts[1].contains("is resolved"))
            #expect(try await tower.state(alert) == "resolved")
            let history = try await tower.cloud.get("/v1/alerts/\(alert)/history", as: tower.key).expecting(200).items
            #expect(history.map { $0["after"]?.string } == ["resolved", "firing"])
        }
    }

    @Test func `a Slack that fails is tried again in order, and one that is gone holds the rest`() async throws {
        try await WatchTower.run { tower in
            try await tower.connectSlack()
            _ = try await tower.alert("quota_percent > 85")
            tower.slack.answer(500, "error")
            try await tower.use(900)
            try await tower.look()
            try await tower.use(100)
            try await tower.look()
            #expect(tower.slack.texts.isEmpty)
            tower.slack.answer(200, "ok")
            try await tower.look()
            #expect(tower.slack.texts.isEmpty)
            tower.cloud.clock.advance(seconds: 5)
            try await tower.look()
            #expect(tower.slack.texts.count == 2 && tower.slack.texts[0].contains(" fires") && tower.slack.texts[1].contains("resolved"))
            tower.slack.answer(410, "channel_is_archived")
            try await tower.use(900)
            try await tower.look()
            let channel = try await tower.cloud.get("/v1/channels/slack", as: tower.key).expecting(200)
            #expect(channel.text("status") == "failing" && channel["held"] == 1)
            #expect(!channel.text("url").contains("secret"))
        }
    }

    @Test func `a restart while one is pending keeps its timer`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let alert = try await Installation.open(in: place, home: home) { cloud in
                let tower = WatchTower(cloud)
                let alert = try await tower.alert("quota_percent > 85", on: nil, [.init("for", "5m")])
                try await tower.use(900)
                try await tower.look()
                #expect(try await tower.state(alert) == "pending")
                cloud.clock.advance(seconds: 299)
                try await tower.look()
                return alert
            }
            try await Installation.open(in: place, home: home) { cloud in
                let tower = WatchTower(cloud)
                #expect(try await tower.state(alert) == "pending")
                cloud.clock.advance(seconds: 1)
                try await tower.look()
                #expect(try await tower.state(alert) == "firing")
            }
        }
    }

    @Test func `a silence hides what is told and not what is, and what still fires afterwards is told once`() async throws {
        try await WatchTower.run { tower in
            try await tower.connectSlack()
            let alert = try await tower.alert("quota_percent > 85")
            let until = tower.cloud.clock.now.adding(seconds: 3600)
            _ = try await tower.cloud.post(
                "/v1/alerts/\(alert)/silence", as: tower.key, ["until": .string(until.description), "reason": "Migration"]
            ).expecting(200)
            try await tower.use(900)
            try await tower.look()
            #expect(try await tower.state(alert) == "firing")
            #expect(tower.slack.texts.isEmpty)
            #expect(try await tower.events("alert.firing").first?["data"]?["silenced"] == true)
            tower.cloud.clock.advance(seconds: 3600)
            for _ in 0..<3 { try await tower.look() }
            #expect(tower.slack.texts.count == 1)
        }
    }

    @Test func `a dry run tells what would be and what would have been, and changes nothing`() async throws {
        try await WatchTower.run { tower in
            let alert = try await tower.alert("quota_percent > 85")
            try await tower.use(900)
            let from = tower.cloud.clock.now.adding(seconds: -7200)
            let reply = try await tower.cloud.post(
                "/v1/alerts/\(alert)/dry-run", as: tower.key, ["from": .string(from.description)]
            ).expecting(200)
            #expect(reply["holds"] == true && reply.text("next_state") == "firing" && reply.text("notice") == "firing")
            #expect(reply["history"]?.array?.map { $0["after"]?.string } == ["firing"])
            #expect(try await tower.state(alert) == "inactive")
            #expect(try await tower.events("alert.firing").isEmpty)
        }
    }

    @Test func `what is posted carries the trace of the change, at every attempt`() async throws {
        try await WatchTower.run { tower in
            try await tower.connectSlack()
            let asked = "4bf92f3577b34da6a3ce929d0e0e4736"
            _ = try await tower.cloud.post(
                "/v1/channels/slack/test", as: tower.key, headers: ["traceparent": "00-\(asked)-00f067aa0ba902b7-01"]
            ).expecting(202)
            tower.slack.answer(500, "error")
            try await tower.look()
            tower.slack.answer(200, "ok")
            tower.cloud.clock.advance(seconds: 5)
            try await tower.look()
            #expect(tower.slack.traces.map(\.traceID) == [asked, asked])
            #expect(Set(tower.slack.traces.map(\.spanID) + ["00f067aa0ba902b7"]).count == 3)
            // An alert tells of what moved it: here the network that was made.
            let made = "0af7651916cd43dd8448eb211c80319c"
            _ = try await tower.cloud.moving {
                try await tower.cloud.post(
                    "/v1/connections", as: tower.key, ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]])
            }.expecting(201)
            let network = try await tower.cloud.post(
                "/v1/networks", as: tower.key, ["name": "net", "project_id": .string(tower.project)],
                headers: ["traceparent": "00-\(made)-00f067aa0ba902b7-01"]
            ).expecting(201).text("id")
            _ = try await tower.alert("resource_count >= 1", on: [], [.init("group_by", ["project"])])
            _ = try await tower.alert("spend >= 0", on: [], [.init("group_by", ["resource"])])
            try await tower.look()
            let told = try #require(zip(tower.slack.texts, tower.slack.traces.dropFirst()).first { $0.0.contains("resource=\(network)") })
            #expect(told.1.traceID == made)
            let event = try #require(try await tower.events("alert.firing").first { $0["data"]?["group"]?["resource"] == .string(network) })
            #expect(event["trace_id"]?.string == made)
            // Whose cause nobody knows begins a trace of its own.
            #expect(Set(tower.slack.traces.map(\.traceID)).count == 3)
        }
    }
}
