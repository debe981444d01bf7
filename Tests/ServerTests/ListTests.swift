import Kernel
import Server
import TestKit
import Testing

@Suite struct `A list` {
    private static let names = ["delta", "alpha", "Echo", "bravo", "foxtrot", "charlie"]

    private static func run(_ body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await Installation.run { cloud in
            for (index, name) in names.enumerated() {
                cloud.clock.advance(seconds: 1)
                let env = index.isMultiple(of: 2) ? "dev" : "staging"
                _ = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": .string(name), "env": .string(env)]).expecting(
                    201)
            }
            try await body(cloud)
        }
    }

    @Test func `comes in the envelope that was asked for`() async throws {
        try await Self.run { cloud in
            for (path, secret, isPage) in [
                ("/v1/projects", cloud.home.liveKey, true), ("/v1/projects", cloud.home.sessionToken, false),
                ("/v1/projects", cloud.home.projectKey, false),
                ("/cloudapi/v1/projects", cloud.home.liveKey, false), ("/cloudplatform/v1/projects", cloud.home.sessionToken, true),
                ("/v1/projects?limit=5", cloud.home.liveKey, false), ("/v1/projects?page=1", cloud.home.sessionToken, true),
                ("/cloudapi/v1/projects?per_page=5", cloud.home.liveKey, true),
            ] {
                let reply = try await cloud.get(path, as: secret).expecting(200)
                let names = reply.json.members?.map(\.name)
                #expect(
                    names == (isPage ? ["items", "page", "has_more", "request_id"] : ["data", "next_cursor", "has_more", "request_id"]),
                    "\(path)")
            }
        }
    }

    @Test(arguments: ["created_at", "-created_at", "name", "-name"])
    func `is walked to its end by cursors, each entry once, while others are added`(sort: String) async throws {
        try await Self.run { cloud in
            let whole = try await cloud.get("/v1/projects?limit=100&sort=\(sort)", as: cloud.home.liveKey).ids
            #expect(whole.count == 7)
            var seen: [String] = []
            var path: String? = "/v1/projects?limit=2&sort=\(sort)"
            while let next = path {
                let reply = try await cloud.get(next, as: cloud.home.liveKey).expecting(200)
                seen += reply.ids
                #expect((reply["next_cursor"] == .null) == (reply["has_more"] == false))
                path = reply["next_cursor"]?.string.map { "/v1/projects?limit=2&sort=\(sort)&cursor=\($0)" }
                cloud.clock.advance(seconds: 1)
                if seen.count < 7 { _ = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": "aaa"]).expecting(201) }
            }
            #expect(seen.filter(whole.contains) == whole)
            #expect(Set(seen).count == seen.count)
        }
    }

    @Test func `links to its next part, and not past its end`() async throws {
        try await Self.run { cloud in
            for (start, secret) in [
                ("/v1/projects?per_page=3&sort=name", cloud.home.liveKey), ("/v1/projects?limit=3&sort=name&env=dev", cloud.home.liveKey),
                ("/cloudapi/v1/projects?limit=4", cloud.home.liveKey), ("/v1/projects?page=1&per_page=7", cloud.home.sessionToken),
            ] {
                var seen: [String] = []
                var path: String? = start
                while let next = path {
                    let reply = try await cloud.get(next, as: secret).expecting(200)
                    seen += reply.ids
                    let link = reply.header("Link")
                    #expect((link != nil) == (reply["has_more"] == true))
                    path = link.map { String($0.dropFirst().prefix { $0 != ">" }) }
                    #expect(link.map { $0.hasSuffix("; rel=\"next\"") } ?? true)
                }
                let filter = start.contains("env=dev") ? "&env=dev" : ""
                let order = start.contains("sort=name") ? "&sort=name" : ""
                #expect(try await cloud.get("/v1/projects?limit=100" + order + filter, as: secret).ids == seen, "\(start)")
            }
        }
    }

    @Test func `is sorted by the bytes of its names`() async throws {
        try await Self.run { cloud in
            let sorted = try await cloud.get("/v1/projects?sort=name", as: cloud.home.liveKey).items.compactMap { $0["name"]?.string }
            #expect(sorted == ["Default", "Echo", "alpha", "bravo", "charlie", "delta", "foxtrot"])
        }
    }

    @Test func `is narrowed by its filters`() async throws {
        try await Self.run { cloud in
            func names(_ query: String) async throws -> [String] {
                try await cloud.get("/v1/projects?sort=name&" + query, as: cloud.home.liveKey).expecting(200).items.compactMap {
                    $0["name"]?.string
                }
            }
            #expect(try await names("env=staging") == ["alpha", "bravo", "charlie"])
            #expect(try await names("name=Echo&env=dev") == ["Echo"])
            #expect(try await names("name=echo") == [])
            #expect(try await names("account_id=\(cloud.home.account)").count == 7)
            #expect(try await names("account_id=acc_nobody") == [])
            _ = try await cloud.delete("/v1/projects/\(cloud.home.project)", as: cloud.home.liveKey).expecting(200)
            #expect(try await names("status=archived") == ["Default"])
            #expect(try await names("status=active").count == 6)
        }
    }

    @Test func `takes back its own cursors only`() async throws {
        try await Self.run { cloud in
            let first = try await cloud.get("/v1/projects?limit=2&sort=name", as: cloud.home.liveKey)
            let cursor = first.text("next_cursor")
            let stranger = try await cloud.makeWorkspace().liveKey
            for (path, secret) in [
                ("/v1/projects?limit=2&sort=-name", cloud.home.liveKey), ("/v1/projects?limit=2", cloud.home.liveKey),
                ("/v1/projects?limit=2&sort=name&env=dev", cloud.home.liveKey), ("/v1/accounts?limit=2&sort=name", cloud.home.liveKey),
                ("/v1/projects?limit=2&sort=name", cloud.home.testKey), ("/v1/projects?limit=2&sort=name", stranger),
            ] {
                let reply = try await cloud.get(path + "&cursor=" + cursor, as: secret)
                #expect(reply.status == 400 && reply.code == "invalid_cursor", "\(path)")
            }
            #expect(try await cloud.get("/v1/projects?limit=100&sort=name&cursor=" + cursor, as: cloud.home.sessionToken).ids.count == 5)
        }
    }

    @Test func `past its end is empty`() async throws {
        try await Self.run { cloud in
            let reply = try await cloud.get("/v1/projects?page=1000000&per_page=100", as: cloud.home.liveKey).expecting(200)
            #expect(reply.items == [] && reply["has_more"] == false && reply["page"] == 1_000_000)
        }
    }
}
