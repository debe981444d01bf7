import Identity
import Kernel
import Metering
import Sandbox
import Server
import Storage
import TestKit
import Testing

@Suite struct `The sandbox` {
    @Test func `has 90 days of usage from the start, and the live side none`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/accounts/\(cloud.home.account)/usage?window=1d&from=2025-12-11T00:00:00Z&to=2026-03-10T00:00:00Z"
            let days = try await cloud.get(path, as: cloud.home.testKey).expecting(200)["data"]?.array ?? []
            #expect(days.count == 89 && days.allSatisfy { $0["requests"]?.integer ?? 0 > 100 })
            let live = try await cloud.get(path, as: cloud.home.liveKey).expecting(200)["data"]?.array ?? []
            #expect(live.allSatisfy { $0["requests"] == 0 })
        }
    }

    @Test func `goes back to its first data when it is reset, and the live side stays as it is`() async throws {
        try await Installation.run { cloud in
            let seed = try await cloud.hours(.test)
            for secret in [cloud.home.testKey, cloud.home.testKey, cloud.home.liveKey] { _ = try await cloud.get("/v1/ping", as: secret) }
            try await cloud.parts.counter.flush()
            let live = try await cloud.hours(.live)
            let liveEvents = try await cloud.events(.live)
            #expect(try await cloud.hours(.test) != seed)
            let made = try await cloud.make("One", as: cloud.home.testKey, under: "k1").expecting(201)
            let reset = try await cloud.post("/v1/sandbox/reset", as: cloud.home.testKey).expecting(200)
            #expect(reset["reset"] == true && reset.text("reset_at") == cloud.clock.now.description)
            #expect(try await cloud.hours(.test) == seed)
            #expect(try await cloud.hours(.live) == live)
            #expect(try await cloud.events(.live) == liveEvents)
            let again = try await cloud.make("One", as: cloud.home.testKey, under: "k1").expecting(201)
            #expect(again.text("id") != made.text("id"), "what was kept for repetition is gone as well")
        }
    }

    @Test func `begins a new chain that states where the old one ended, and both sides verify`() async throws {
        try await Installation.run { cloud in
            let test = Tenant(workspace: cloud.home.workspace, mode: .test)
            _ = try await cloud.make("One", as: cloud.home.testKey, under: "k1").expecting(201)
            let head = try #require(try await cloud.store.read { try EventLog.head(of: test, $0) })
            for _ in 0..<2 { _ = try await cloud.post("/v1/sandbox/reset", as: cloud.home.sessionToken).expecting(200) }
            let events = try await cloud.events(.test)
            #expect(events.last?["type"] == "sandbox.seeded" && events.first?["type"] == "chain.anchored")
            let connected = events.first { $0["type"] == "connection.created" }
            #expect(connected?["data"]?["after"]?["provider"] == "simulator")
            #expect(events.first?["data"]?["reason"] == "sandbox_reset")
            #expect(events.first?["seq"]?.integer == head.sequence + Int64(events.count) + 1, "those of the first reset, and this one")
            for mode in Mode.allCases {
                let tenant = Tenant(workspace: cloud.home.workspace, mode: mode)
                _ = try await cloud.store.scan { try ChainVerifier.verify(tenant, $0) }
            }
        }
    }

    @Test func `has the simulator again after a reset, and nothing of what was made with it`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.testKey
            let estate = try await Estate.make(of: cloud.home, domain: "home.example", in: cloud)
            _ = try await cloud.post("/v1/sandbox/reset", as: key).expecting(200)
            let connections = try await cloud.get("/v1/connections", as: key).expecting(200).items
            #expect(connections.map { $0["name"] } == ["simulator"] && connections.first?["id"]?.string != estate.sandbox[.connection])
            let made = Set(
                [estate.sandbox[.instance], estate.sandbox[.volume], estate.sandbox[.network], estate.sandbox[.operation]].compactMap { $0 }
            )
            #expect(!made.isEmpty)
            for path in ["/v1/resources?show_deleted=true&limit=100", "/v1/operations"] {
                let left = try await cloud.get(path, as: key).expecting(200).items
                #expect(made.isDisjoint(with: left.map { $0["id"]?.string ?? "" }), "\(path)")
                #expect(!(try await cloud.get(path, as: cloud.home.liveKey).expecting(200).items.isEmpty), "\(path)")
            }
            let body = Estate.draft("anew", in: cloud.home.project.rawValue)
            let again = try await cloud.post("/v1/instances", as: key, body).expecting(201)
            try await cloud.settle()
            let anew = try await cloud.get("/v1/instances/" + again.text("id"), as: key).expecting(200)
            #expect(anew["status"]?["phase"] == "ready")
        }
    }

    @Test func `is reset by a test key or a session of who may edit, and nobody else`() async throws {
        try await Installation.run { cloud in
            let credentials = try await cloud.credentials(of: cloud.home)
            for (secret, status) in [
                (credentials.workspaceTest, 200), (credentials.tokenTest, 200), (credentials.admin, 200), (credentials.workspaceLive, 403),
                (credentials.tokenLive, 403), (credentials.projectLive, 403), (credentials.projectTest, 403), (credentials.member, 403),
            ] {
                #expect(try await cloud.post("/v1/sandbox/reset", as: secret).status == status)
            }
        }
    }

    @Test func `is reset by itself once a day`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.makeWorkspace()
            func resets(_ outcome: Setup.Outcome) async throws -> Timestamp? {
                try await cloud.store.read { connection in
                    try connection.row("SELECT reset_at FROM sandboxes WHERE workspace = ?", outcome.workspace) { try $0.get(0) }
                }
            }
            func runTask() async throws {
                try await cloud.parts.sandbox.resetDue(
                    every: .seconds(86_400), store: cloud.store, surroundings: cloud.parts.surroundings)
            }
            cloud.clock.advance(seconds: 86_399)
            _ = try await cloud.post("/v1/sandbox/reset", as: other.testKey).expecting(200)
            try await runTask()
            #expect(try await resets(cloud.home) == StoppedClock.start)
            cloud.clock.advance(seconds: 1)
            try await runTask()
            #expect(try await resets(cloud.home) == StoppedClock.start.adding(seconds: 86_400))
            #expect(try await resets(other) == StoppedClock.start.adding(seconds: 86_399))
        }
    }
}

extension Installation {
    /// Every hour's count of a side of the workspace.
    fileprivate func hours(_ mode: Mode) async throws -> [Int] {
        try await store.read { [home] connection in
            try connection.rows(
                "SELECT requests FROM request_hours WHERE workspace = ? AND mode = ? ORDER BY account, project, hour", home.workspace, mode
            ) { try $0.get(0) }
        }
    }
}
