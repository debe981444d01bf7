import Kernel
import Server
import TestKit
import Testing

/// Cloudthread's events, which are markers here.
@Suite struct `Markers` {
    private static func body(_ timestamp: JSON, _ payload: JSON = ["type": "deploy"], team: JSON? = nil) -> JSON {
        ["data": [entry(timestamp, payload, team: team)]]
    }

    private static func entry(_ timestamp: JSON, _ payload: JSON = ["type": "deploy"], team: JSON? = nil) -> JSON {
        .object(
            [.init("timestamp", timestamp), .init("payload", payload)] + (team.map { [JSON.Member("team_id", $0)] } ?? []))
    }

    @Test func `are added as documented, and once`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            _ = try await cloud.post("/teams", as: key, ["id": "7", "name": "Payments"]).expecting(200)
            let payload: JSON = ["type": "deploy", "description": "checkout v42", "event_url": "https://ci.example/42"]
            let body = Self.body("20221001130000", payload, team: 7)
            #expect(try await cloud.post("/events", as: key, body).expecting(201).json == ["created": 1])
            #expect(try await cloud.post("/api/events/", as: key, body).expecting(201).json == ["created": 0])
            #expect(try await cloud.post("/events", as: key, Self.body("2022-10-01T13:00Z", payload, team: "7")).json == ["created": 0])
            let marker = try #require(try await cloud.get("/v1/markers", as: key).items.first)
            #expect(marker["timestamp"] == "2022-10-01T13:00:00Z" && marker["team_id"] == "7" && marker["type"] == "deploy")
            #expect(marker["description"] == "checkout v42" && marker["event_url"] == "https://ci.example/42")
            let path = "/v1/markers/" + (marker["id"]?.string ?? "")
            #expect(try await cloud.get(path, as: key).json["id"] == marker["id"])
            _ = try await cloud.delete(path, as: key).expecting(204)
            #expect(try await cloud.get(path, as: key).status == 404)
            let types = try await cloud.get("/v1/events?type=marker.*", as: key).items.compactMap { $0["type"]?.string }
            #expect(types == ["marker.deleted", "marker.created"])
        }
    }

    @Test func `take any spelling of description, and a thousand characters of it`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let long = String(repeating: "é", count: 1000)
            let payloads: [JSON] = [
                ["type": " Deploy ", "decscription": "one"], ["type": "b", "decscription": "no", "description": "two"],
                ["type": "c", "description": .string(long)], ["type": "d", "unheard": 1],
            ]
            let body: JSON = ["data": .array(payloads.map { Self.entry("2022-10-01", $0) }), "data_stream_token": "x"]
            #expect(try await cloud.post("/events", as: key, body).expecting(201).json == ["created": 4])
            let seen = try await cloud.get("/v1/markers", as: key).items.sorted {
                ($0["type"]?.string ?? "") < ($1["type"]?.string ?? "")
            }
            #expect(seen.map { $0["type"]?.string } == ["Deploy", "b", "c", "d"])
            #expect(seen.map { $0["description"] ?? nil } == ["one", "two", .string(long), nil])
            #expect(try await cloud.get("/v1/markers?type=Deploy", as: key).items.count == 1)
            #expect(try await cloud.get("/v1/markers?from=2022-10-01T01:00:00Z", as: key).items.isEmpty)
            #expect(try await cloud.get("/v1/markers?from=2022-10-01T00:00:00Z&to=2022-10-01T01:00:00Z", as: key).items.count == 4)
        }
    }

    @Test func `are refused whole when one of them is wrong`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            _ = try await cloud.post("/teams", as: key, ["id": "7", "name": "Payments"]).expecting(200)
            let good = Self.entry("2022-10-01", team: "7")
            let unknown = try await cloud.post("/events", as: key, ["data": [good, Self.entry("2022-10-01", team: 8), good]])
            #expect(unknown.status == 404)
            let bad: [JSON] = [
                Self.entry("2022-10-01 00:30:00"), Self.entry(1_234_567_890), Self.entry("2022100113"), Self.entry("202210011300"),
                Self.entry(""), Self.entry(nil), Self.entry("2022-10-01", [:]), Self.entry("2022-10-01", ["type": "  "]),
                Self.entry("2022-10-01", ["type": "x", "description": .string(String(repeating: "a", count: 1001))]),
                Self.entry("2022-10-01", team: true), Self.entry("2022-10-01", team: .double(1.5)), "x", ["timestamp": "2022-10-01"],
            ]
            for entry in bad {
                let reply = try await cloud.post("/events", as: key, ["data": [good, entry]])
                #expect(reply.status == 400 && reply.code == "invalid_request", "\(entry): \(reply.text)")
            }
            for body: JSON in [[:], ["data": "x"], ["data": nil]] {
                #expect(try await cloud.post("/events", as: key, body).status == 400)
            }
            #expect(try await cloud.get("/v1/markers", as: key).items.isEmpty)
            #expect(try await cloud.post("/events", as: key, ["data": []]).expecting(201).json == ["created": 0])
        }
    }

    @Test func `of a team are for its members and for admins, also after it is gone`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: "editor")
            for id: JSON in ["7", "8"] { _ = try await cloud.post("/teams", as: key, ["id": id, "name": "Team"]).expecting(200) }
            let join: JSON = ["users_ids": [.string(bob.id)]]
            _ = try await cloud.post("/teams/7/members/assign", as: key, join).expecting(200)
            let entries = [nil, "7", "8"].map { (team: JSON?) in Self.entry("2022-10-01", team: team) }
            _ = try await cloud.post("/events", as: key, ["data": .array(entries)]).expecting(201)
            func seen(_ secret: String) async throws -> [JSON?] {
                try await cloud.get("/v1/markers", as: secret).items.map { $0["team_id"] }
            }
            #expect(try await seen(key).count == 3)
            #expect(try await seen(cloud.home.sessionToken).count == 3)
            #expect(try await seen(bob.session).sorted { "\($0 ?? nil)" < "\($1 ?? nil)" } == [.null, "7"])
            #expect(try await seen(cloud.home.projectKey) == [.null])
            #expect(try await seen(cloud.home.testKey).isEmpty)
            #expect(try await cloud.post("/events", as: bob.session, Self.body("2022-10-02", team: "8")).status == 404)
            #expect(try await cloud.post("/events", as: bob.session, Self.body("2022-10-02", team: "7")).status == 201)
            _ = try await cloud.delete("/teams/7", as: key).expecting(204)
            #expect(try await seen(bob.session) == [.null])
            #expect(try await seen(key).count == 4)
            cloud.clock.advance(seconds: 1)
            _ = try await cloud.post("/teams", as: key, ["id": "7", "name": "Another"]).expecting(200)
            _ = try await cloud.post("/teams/7/members/assign", as: key, join).expecting(200)
            #expect(try await seen(bob.session) == [.null], "a team of the same id is another team")
        }
    }
}
