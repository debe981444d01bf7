import Kernel
import Resources
import Server
import TestKit
import Testing

@Suite struct `A schedule` {
    /// Moves the clock to that time, hour by hour, as the background task would see it.
    private func go(to time: String, _ cloud: Cloud) async throws {
        let end = try #require(Timestamp(time))
        let clock = cloud.installation.clock
        while clock.now < end {
            clock.advance(milliseconds: min(end.milliseconds - clock.now.milliseconds, 3_600_000))
            try await cloud.installation.parts.engine.runSchedules()
            try await cloud.installation.settle(within: 60)
        }
    }

    @Test func `stops instances at night, starts them in the morning, and says what that saved`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await go(to: "2026-03-16T00:00:00Z", cloud)  // a Monday
            try await cloud.make("instances", "dev", ["size": "s-1"], [.init("labels", ["env": "dev"])])
            try await cloud.make("instances", "prod", ["size": "s-1"], [.init("labels", ["env": "prod"])])
            let made = try await cloud.post(
                "/v1/schedules",
                [
                    "name": "Nights", "project_id": .string(cloud.project), "days": ["mon", "tue", "wed", "thu", "fri"],
                    "time_zone": "Europe/Berlin", "start_time": "08:00", "stop_time": "20:00", "selector": "env=dev",
                ]
            ).expecting(201)
            #expect(made["next_action"] == "start" && made["next_at"] == "2026-03-16T07:00:00Z")
            #expect(made["saved"]?["amount"] == "0.00")
            try await go(to: "2026-03-16T19:00:00Z", cloud)
            #expect(try await cloud.get("/v1/instances/dev").power == "stopped")
            #expect(try await cloud.get("/v1/instances/prod").power == "running")
            try await go(to: "2026-03-17T03:00:00Z", cloud)
            let night = try await cloud.get("/v1/schedules/\(made.text("id"))").expecting(200)
            let hours = try #require(night["saved"]?["hours"]?.string.flatMap { ExactDecimal($0) })
            #expect(hours > 7 && hours < 9, "\(night["saved"] ?? .null)")
            try await go(to: "2026-03-17T12:00:00Z", cloud)
            #expect(try await cloud.get("/v1/instances/dev").power == "running")
            let day = try await cloud.get("/v1/schedules/\(made.text("id"))").expecting(200)
            let saved = try #require(day["saved"]?["amount"]?.string.flatMap { ExactDecimal($0) })
            // Twelve hours, less what stopping took.
            #expect(saved > ExactDecimal("0.0835")! && saved < ExactDecimal("0.0841")!, "\(day["saved"] ?? .null)")
            let events = try await cloud.get("/v1/events?type=schedule.stopped").expecting(200).items
            #expect(events.first?["actor"]?["type"] == "schedule" && events.first?["actor"]?["id"] == made["id"])
            // Settled: the same to the last digit after the next stop.
            try await go(to: "2026-03-17T19:00:00Z", cloud)
            let later = try await cloud.get("/v1/schedules/\(made.text("id"))").expecting(200)
            #expect((later["saved"]?["amount"]?.string.flatMap { ExactDecimal($0) } ?? .zero) >= saved)
            // Saturday and Sunday: nothing is started.
            try await go(to: "2026-03-21T12:00:00Z", cloud)
            #expect(try await cloud.get("/v1/instances/dev").power == "stopped")
        }
    }

    @Test func `leaves alone who starts by hand, and what is stopped already saves nothing`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await go(to: "2026-03-16T00:00:00Z", cloud)
            let id = try await cloud.make("instances", "dev").text("id")
            let idle = try await cloud.make("instances", "idle", ["power": "stopped"]).text("id")
            let made = try await cloud.post(
                "/v1/schedules",
                [
                    "name": "Nights", "project_id": .string(cloud.project), "days": ["mon"], "stop_time": "20:00",
                    "instance_ids": [.string(id), .string(idle)],
                ]
            ).expecting(201)
            try await go(to: "2026-03-16T20:30:00Z", cloud)
            #expect(try await cloud.get("/v1/instances/dev").power == "stopped")
            _ = try await cloud.act(id, "start")
            try await go(to: "2026-03-17T06:00:00Z", cloud)
            #expect(try await cloud.get("/v1/instances/dev").power == "running")
            let hours = try await cloud.get("/v1/schedules/\(made.text("id"))")["saved"]?["hours"]?.string.flatMap { ExactDecimal($0) }
            #expect((hours ?? .zero) <= 1)
            _ = try await cloud.patch("/v1/schedules/\(made.text("id"))", ["enabled": false]).expecting(200)
            #expect(try await cloud.get("/v1/schedules/\(made.text("id"))")["next_at"] == .null)
            #expect(try await cloud.delete("/v1/schedules/\(made.text("id"))").status == 204)
        }
    }

    @Test(
        arguments: [
            (["days": ["mon"], "stop_time": "25:00", "selector": "a=b"], "time"),
            (["days": ["mon"], "selector": "a=b"], "combination"),
            (["days": ["mon"], "stop_time": "20:00"], "combination"),
            (["days": ["mon"], "stop_time": "20:00", "selector": "a=b", "time_zone": "Nowhere/Land"], "time_zone"),
            (["days": ["mon"], "stop_time": "20:00", "selector": "=="], "selector"),
            (["days": ["mon"], "stop_time": "20:00", "instance_ids": ["inst_x"]], "not_found"),
        ] as [(JSON, String)])
    func `is refused with the place where it cannot be`(body: JSON, code: String) async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let whole = JSON.object((body.members ?? []) + [.init("name", "x"), .init("project_id", .string(cloud.project))])
            let reply = try await cloud.post("/v1/schedules", whole)
            #expect(reply.status == 422 && reply["errors"]?.array?.first?["code"]?.string == code, "\(reply.text)")
        }
    }

    /// The night in which the clock leaves out an hour, and the one in which it shows an hour twice.
    @Test func `keeps to the clock of its place through summer time`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            for (from, next) in [("2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"), ("2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")] {
                let now = try #require(Timestamp(from))
                if cloud.installation.clock.now < now {
                    cloud.installation.clock.advance(milliseconds: now.milliseconds - cloud.installation.clock.now.milliseconds)
                }
                let made = try await cloud.post(
                    "/v1/schedules",
                    [
                        "name": "x", "project_id": .string(cloud.project), "days": ["sun"], "stop_time": "02:30",
                        "time_zone": "Europe/Berlin",
                        "selector": "a=b",
                    ]
                ).expecting(201)
                #expect(made["next_at"]?.string == next)
            }
        }
    }
}
