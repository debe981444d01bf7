import Kernel
import Metering
import Server
import Storage
import TestKit
import Testing

@Suite struct `Requests are metered` {
    @Test func `once each, and charged to the account of the project they are about`() async throws {
        try await Installation.run { cloud in
            let (key, session) = (cloud.home.liveKey, cloud.home.sessionToken)
            let account = try await cloud.post("/v1/accounts", as: session, ["name": "Second"]).expecting(201).text("id")
            let body: JSON = ["name": "x", "account_id": .string(account)]
            let project = try await cloud.post("/v1/projects", as: session, body).expecting(201).text("id")
            let own = try await cloud.post("/v1/keys", as: session, ["project_id": .string(project)]).expecting(201).text("key")
            let token = try await cloud.makeToken(["*"], as: own).expecting(201).text("token")
            let path = "/v1/projects/" + project
            for secret in [key, session, own, token] { _ = try await cloud.get(path, as: secret).expecting(200) }
            _ = try await cloud.get(path + "/members", as: key).expecting(200)
            _ = try await cloud.get("/v1/ping", as: own).expecting(200)
            _ = try await cloud.get("/v1/projects/" + cloud.home.project.rawValue, as: own).expecting(404)
            try await cloud.parts.counter.flush()
            try await cloud.parts.counter.flush()
            #expect(try await cloud.usage(of: account) == 9)  // 7 above, the key and the token
            #expect(try await cloud.usage() == 2)  // the account and the project, when they were made
        }
    }

    @Test func `also when they are refused, but not when nobody asked or too often`() async throws {
        try await Installation.run { cloud in
            let limited = try await cloud.makeKey(["rate_limit_per_minute": 3, "scopes": ["users:read"]]).expecting(201).text("key")
            try await cloud.parts.counter.flush()
            let before = try await cloud.usage()
            for status in [403, 403, 403, 429, 429] { #expect(try await cloud.get("/v1/projects", as: limited).status == status) }
            #expect(try await cloud.get("/v1/projects").status == 401)
            #expect(try await cloud.get("/v1/projects", as: "nonsense").status == 401)
            try await cloud.parts.counter.flush()
            #expect(try await cloud.usage() == before + 3 + 1)
        }
    }

    @Test func `in windows, of which the last is not complete`() async throws {
        try await Installation.run { cloud in  // it is 12:34:56
            let path = "/v1/accounts/\(cloud.home.account)/usage"
            _ = try await cloud.get("/v1/ping", as: cloud.home.liveKey)
            cloud.clock.advance(seconds: 4)  // 12:35:00
            for _ in 0..<2 { _ = try await cloud.get("/v1/ping", as: cloud.home.liveKey) }
            try await cloud.parts.counter.flush()
            cloud.clock.advance(seconds: 299)  // 12:39:59
            let open = try await cloud.get(path + "?window=5m", as: cloud.home.liveKey).expecting(200)
            #expect(open["data"]?.array?.count == 12 && open["quota_used"] == 3 && open["quota_limit"] == 1_000_000)
            #expect(open["quota_percent"] == .double(0.0003))
            let last = open["data"]?.array?.suffix(2).map { $0 } ?? []
            #expect(last.map { $0["requests"] } == [1, 2] && last.map { $0["complete"] } == [true, false])
            #expect(last.last?["start"] == "2026-03-10T12:35:00Z" && last.last?["end"] == "2026-03-10T12:40:00Z")
            cloud.clock.advance(seconds: 1)
            let span = "?window=5m&from=2026-03-10T12:30:00Z&to=2026-03-10T12:40:00Z"
            let closed = try await cloud.get(path + span, as: cloud.home.liveKey).expecting(200)["data"]?.array ?? []
            #expect(closed.map { $0["requests"] } == [1, 2] && closed.allSatisfy { $0["complete"] == true })
            for window in ["10m", "15m", "1h", "1d"] {
                try await cloud.parts.counter.flush()
                let reply = try await cloud.get(path + "?window=" + window, as: cloud.home.testKey).expecting(200)
                #expect(reply.text("window") == window && reply["data"]?.array?.count == 12)
            }
        }
    }

    @Test func `for the last 24 hours of a project, in the mode of who asks`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/projects/\(cloud.home.project)"
            for _ in 0..<5 { _ = try await cloud.get("/v1/ping", as: cloud.home.projectKey) }
            try await cloud.parts.counter.flush()
            #expect(try await cloud.get(path, as: cloud.home.sessionToken)["requests_24h"] == 5)
            let inSandbox = try await cloud.get(path, as: cloud.home.testKey)["requests_24h"]?.integer ?? 0
            #expect(inSandbox > 100, "the sandbox has usage of its own")
            cloud.clock.advance(seconds: 24 * 3600 - 60)
            #expect(try await cloud.get(path, as: cloud.home.liveKey)["requests_24h"] == 5)
            cloud.clock.advance(seconds: 120)
            #expect(try await cloud.get(path, as: cloud.home.liveKey)["requests_24h"] == 0)
        }
    }

    @Test func `by the calendar month, with what is above the included as overage`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/accounts/\(cloud.home.account)"
            _ = try await cloud.patch(path, as: cloud.home.sessionToken, ["included_requests": 2, "quota_requests": nil]).expecting(200)
            for _ in 0..<4 { _ = try await cloud.get("/v1/ping", as: cloud.home.liveKey) }
            try await cloud.parts.counter.flush()
            let usage = try await cloud.get("/v1/usage", as: cloud.home.liveKey).expecting(200)
            #expect(usage["requests"] == 5 && usage["overage"] == 3 && usage["included"] == 2)
            #expect(usage["quota_limit"] == .null && usage["quota_percent"] == .null)
            #expect(usage.text("period_start") == "2026-03-01" && usage.text("period_end") == "2026-03-31")
            cloud.clock.advance(seconds: 31 * 86_400)
            let next = try await cloud.get("/v1/usage", as: cloud.home.liveKey).expecting(200)
            #expect(next["requests"] == 0 && next.text("period_start") == "2026-04-01")
        }
    }

    @Test func `without loss when the store could not take them at first`() async throws {
        try await Installation.run { cloud in
            for _ in 0..<3 { _ = try await cloud.get("/v1/ping", as: cloud.home.liveKey) }
            try await cloud.store.write { _ = try $0.execute("ALTER TABLE request_meters RENAME TO gone") }
            await #expect(throws: (any Error).self) { try await cloud.parts.counter.flush() }
            _ = try await cloud.get("/v1/ping", as: cloud.home.liveKey)
            try await cloud.store.write { _ = try $0.execute("ALTER TABLE gone RENAME TO request_meters") }
            try await cloud.parts.counter.flush()
            #expect(try await cloud.usage() == 4)
        }
    }

    @Test func `and a server that was not stopped leaves a note of the gap, one that was leaves none`() async throws {
        try await Installation.run { cloud in
            let counter = cloud.parts.counter
            try await counter.open()
            #expect(try await cloud.gaps().isEmpty)
            cloud.clock.advance(seconds: 30)
            try await counter.open()
            let gap = try #require(try await cloud.gaps().first)
            #expect(gap["data"]?["from"] == "2026-03-10T12:34:56Z" && gap["data"]?["to"] == "2026-03-10T12:35:26Z")
            try await counter.close()
            try await counter.open()
            #expect(try await cloud.gaps().count == 1)
        }
    }
}

extension Installation {
    /// Requests this month, of the default account without a name.
    func usage(of account: String? = nil) async throws -> Int64 {
        try await get("/v1/usage" + (account.map { "?account_id=" + $0 } ?? ""), as: home.sessionToken).expecting(200)["requests"]?.integer
            ?? -1
    }

    func events(_ mode: Mode = .live) async throws -> [JSON] {
        let tenant = Tenant(workspace: home.workspace, mode: mode)
        return try await store.read { connection in
            try EventLog.events(in: tenant, after: 0, limit: 10_000, connection).map { try JSONParser.parse($0.canonical) }
        }
    }

    fileprivate func gaps() async throws -> [JSON] { try await events().filter { $0["type"] == "metering.gap" } }
}
