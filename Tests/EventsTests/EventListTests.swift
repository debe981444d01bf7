import Events
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `The event log, asked for in parts,` {
    @Test func `is newest first, or oldest first from a number on, and its parts meet`() async throws {
        try await Installation.run { cloud in
            for name in ["A", "B", "C"] { _ = try await cloud.makeProject(name) }
            let all = try await cloud.events("limit=100")
            #expect(all.map(\.seq) == Array((1...Int64(all.count)).reversed()))
            #expect(try await cloud.events("after=0&limit=100").map(\.seq) == all.map(\.seq).reversed())
            #expect(try await cloud.events("sort=seq&limit=2").map(\.seq) == [1, 2])

            for order in ["", "&sort=seq", "&after=2"] {
                var seen: [Int64] = []
                var cursor = ""
                repeat {
                    let part = try await cloud.get("/v1/events?limit=3\(order)\(cursor)", as: cloud.home.liveKey)
                    #expect(part.status == 200, "\(part.text)")
                    seen += part.items.map(\.seq)
                    cursor = part["next_cursor"]?.string.map { "&cursor=" + $0 } ?? ""
                } while !cursor.isEmpty
                let whole = order.isEmpty ? all.map(\.seq) : all.map(\.seq).reversed().filter { order == "&sort=seq" || $0 > 2 }
                #expect(seen == whole)
            }
            #expect(try await cloud.events("page=2&per_page=3").map(\.seq) == all.map(\.seq)[3..<6].map { $0 })
        }
    }

    @Test func `is filtered by what happened, to what, by whom, for which request and when`() async throws {
        try await Installation.run { cloud in
            cloud.clock.advance(seconds: 60)
            let made = try await cloud.makeProject("A")
            let (id, request) = (made.text("id"), made.header("X-Request-Id") ?? "")
            cloud.clock.advance(seconds: 60)
            _ = try await cloud.patch("/v1/projects/\(id)", as: cloud.home.sessionToken, ["description": "x"]).expecting(200)
            func types(_ query: String) async throws -> [String] { try await cloud.events(query).compactMap { $0["type"]?.string } }
            let both = ["project.updated", "project.created"]
            #expect(try await types("subject=\(id)") == both)
            #expect(try await types("project_id=\(id)") == both)
            #expect(try await types("request_id=\(request)") == ["project.created"])
            #expect(try await types("subject=\(id)&type=project.*") == both)
            #expect(try await types("subject=\(id)&type=project.updated,account.*") == ["project.updated"])
            #expect(try await types("subject=\(id)&type=proj.*") == [])
            #expect(try await types("subject=\(id)&actor=\(cloud.home.user)") == ["project.updated"])
            #expect(try await types("project_id=\(id)&from=2026-03-10T12:36:00Z") == ["project.updated"])
            #expect(try await types("project_id=\(id)&to=2026-03-10T12:36:00Z") == ["project.created"])
            #expect(try await cloud.get("/v1/events?type=Project", as: cloud.home.liveKey).code == "invalid_parameter")
        }
    }

    @Test func `shows who did it with which credential, and persons to admins of the workspace alone`() async throws {
        try await Installation.run { cloud in
            let person = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "viewer")
            let viewer = try await cloud.post(
                "/v1/api-keys", as: cloud.home.sessionToken, ["name": "Reader", "role": "viewer"]
            ).expecting(201).text("key")
            let path = "/v1/events?type=user.invited&subject=\(person.id)"
            let seen = try #require(try await cloud.get(path, as: cloud.home.liveKey).items.first)
            #expect(seen["personal"]?["email"]?.string == "mel@home.example")
            #expect(seen["actor"]?["id"]?.string == cloud.home.user.rawValue)
            #expect(seen["actor"]?["credential"]?.string?.hasPrefix("sn_") == true)
            let plain = try #require(try await cloud.get(path, as: viewer).items.first)
            #expect(plain["personal"] == nil && plain["actor"]?["ip"] == nil)
            #expect(plain["hash"] == seen["hash"])

            _ = try await cloud.delete("/v1/users/\(person.id)", as: cloud.home.sessionToken).expecting(204)
            #expect(try await cloud.get("/v1/events?limit=100", as: cloud.home.liveKey).text.contains("mel@home.example") == false)
        }
    }

    @Test func `shows a credential of one project what names that project, and nothing in doubt`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.makeProject("Other").text("id")
            let seen = try await cloud.events("limit=100", as: cloud.home.projectKey)
            #expect(!seen.isEmpty)
            #expect(seen.allSatisfy { $0["project_id"]?.string == cloud.home.project.rawValue })
            #expect(try await cloud.events("project_id=\(other)", as: cloud.home.projectKey).isEmpty)
            #expect(try await cloud.events("subject=\(cloud.home.user)", as: cloud.home.projectKey).isEmpty)
            let elsewhere = try await cloud.makeWorkspace()
            #expect(try await cloud.events("subject=\(other)", as: elsewhere.liveKey).isEmpty)
            #expect(try await cloud.events("subject=\(other)", as: cloud.home.testKey).isEmpty)
        }
    }

    @Test func `says so when what is asked for is not kept any more`() async throws {
        try await Installation.run { cloud in
            let head = try #require(try await cloud.events("limit=1", as: cloud.home.testKey).first).seq
            _ = try await cloud.post("/v1/sandbox/reset", as: cloud.home.testKey).expecting(200)
            for headers in [[:], ["Accept": "text/event-stream"]] {
                let reply = try await cloud.get("/v1/events?after=1", as: cloud.home.testKey, headers: headers)
                #expect(reply.status == 410 && reply.code == "cursor_expired")
                #expect(reply["oldest_seq"]?.integer == head + 1)
            }
            #expect(try await cloud.events("after=0", as: cloud.home.testKey).first?.seq == head + 1)
            #expect(try await cloud.events("after=\(head)", as: cloud.home.testKey).first?.seq == head + 1)
        }
    }

    @Test func `waits for the next one, when asked to`() async throws {
        try await Installation.run { cloud in
            try await cloud.following {
                let head = try #require(try await cloud.events("limit=1").first).seq
                async let next = cloud.events("after=\(head)&wait=60s")
                while cloud.parts.hub.listeners == 0 { await Task.yield() }
                _ = try await cloud.makeProject("A")
                #expect(try await next.map(\.seq) == [head + 1])
            }
        }
    }
}

@Suite struct `Types of events` {
    @Test func `are listed with their schemas, by group, and alone`() async throws {
        try await Installation.run { cloud in
            let all = try await cloud.get("/v1/event-types", as: cloud.home.liveKey).expecting(200).items
            #expect(all.count == EventTypes.catalogue.types.count)
            #expect(all.allSatisfy { $0["schema"]?["type"]?.string == "object" })
            let some = try await cloud.get("/v1/event-types?type=webhook.*", as: cloud.home.liveKey).items
            #expect(!some.isEmpty && some.allSatisfy { $0["name"]?.string?.hasPrefix("webhook.") == true })
            let one = try await cloud.get("/v1/event-types/project.created", as: cloud.home.liveKey)
            #expect(one["schema"]?["properties"]?["after"]?["properties"]?["env"]?["enum"] != nil)
            #expect(try await cloud.get("/v1/event-types/project.exploded", as: cloud.home.liveKey).status == 404)
        }
    }
}

extension JSON {
    var seq: Int64 { self["seq"]?.integer ?? 0 }
}

extension Installation {
    func makeProject(_ name: String) async throws -> Reply {
        try await post("/v1/projects", as: home.liveKey, ["name": .string(name)]).expecting(201)
    }

    func events(_ query: String, as secret: String? = nil) async throws -> [JSON] {
        try await get("/v1/events?" + query, as: secret ?? home.liveKey).expecting(200).items
    }

    /// Runs `body` beside the reader of the live stream.
    func following<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await parts.hub.run() }
            defer { group.cancelAll() }
            return try await body()
        }
    }
}
