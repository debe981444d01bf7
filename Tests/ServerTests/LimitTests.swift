import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `The rate limit of a key` {
    @Test func `is told with every answer, and a refusal says when the next request passes`() async throws {
        try await Installation.run(rateLimit: nil) { cloud in
            for (secret, limit) in [(cloud.home.liveKey, 120), (cloud.home.testKey, 60)] {
                for number in 1...limit {
                    let reply = try await cloud.get("/v1/ping", as: secret)
                    #expect(reply.status == 200 && reply.header("X-RateLimit-Limit") == "\(limit)")
                    #expect(reply.header("X-RateLimit-Remaining") == "\(limit - number)")
                    #expect(reply.header("RateLimit-Policy") == "\"default\";q=\(limit);w=60")
                }
                cloud.clock.advance(milliseconds: 20_500)
                let refused = try await cloud.get("/v1/ping", as: secret)
                #expect(refused.status == 429 && refused.code == "rate_limited" && refused["retryable"] == true)
                #expect(refused.header("Retry-After") == "40" && refused.header("RateLimit") == "\"default\";r=0;t=40")
                let reset = Int64(refused.header("X-RateLimit-Reset") ?? "") ?? 0
                #expect(reset * 1000 >= cloud.clock.now.milliseconds + 39_500)
                cloud.clock.advance(milliseconds: 39_499)
                #expect(try await cloud.get("/v1/ping", as: secret).status == 429)
                cloud.clock.advance(milliseconds: 1)
                #expect(try await cloud.get("/v1/ping", as: secret).status == 200)
            }
        }
    }

    @Test func `holds with 64 requests at once, and for repeated writes too`() async throws {
        try await Installation.run(rateLimit: 40) { cloud in
            let statuses = try await withThrowingTaskGroup { group in
                for number in 0..<64 {
                    group.addTask { try await cloud.make("One", as: cloud.home.liveKey, under: "k\(number % 4)").status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 201 } == 40 && statuses.count { $0 == 429 } == 24)
        }
    }

    @Test func `is not touched by others, nor by who is not known`() async throws {
        try await Installation.run(rateLimit: 1) { cloud in
            let near = cloud.home.liveKey + "x"
            for _ in 0..<10 {
                let unknown = try await cloud.get("/v1/ping", as: near)
                #expect(unknown.status == 401)
            }
            for secret in [cloud.home.liveKey, cloud.home.projectKey, cloud.home.testKey, cloud.home.sessionToken] {
                #expect(try await cloud.get("/v1/ping", as: secret).status == 200)
            }
            #expect(try await cloud.get("/v1/ping", as: cloud.home.liveKey).status == 429)
        }
    }
}

@Suite struct `A store that takes no writes` {
    @Test(.enabled(if: TestEngine.isSQLite, "PostgreSQL has no limit of its own to set"))
    func `goes on answering reads, says what is the matter, and recovers by itself`() async throws {
        try await Installation.run { cloud in
            let body: JSON = ["name": "x", "description": .string(String(repeating: "x", count: 1000))]
            try await cloud.limitPages(to: 1)
            var refused: Reply?
            for _ in 0..<100 where refused == nil {
                let reply = try await cloud.post("/v1/projects", as: cloud.home.liveKey, body, headers: ["Idempotency-Key": "k"])
                if reply.status != 201 { refused = reply } else { cloud.clock.advance(seconds: 73 * 3600) }
            }
            let reply = try #require(refused)
            #expect(reply.status == 503 && reply.code == "store_read_only" && reply["retryable"] == true, "\(reply.text)")
            #expect(reply.header("Retry-After") == "5")
            #expect(try await cloud.get("/v1/projects", as: cloud.home.liveKey).status == 200)
            #expect(try await cloud.get("/readyz").status == 200)
            try await cloud.limitPages(to: 1_000_000)
            let again = try await cloud.post("/v1/projects", as: cloud.home.liveKey, body, headers: ["Idempotency-Key": "k"])
            #expect(again.status == 201 && again.header("Idempotent-Replayed") == nil)
        }
    }
}

extension Installation {
    /// SQLite's own way to be full; never below what is there.
    fileprivate func limitPages(to count: Int) async throws {
        try await store.write { connection in _ = try connection.rows("PRAGMA max_page_count = \(count)") { _ in } }
    }
}
