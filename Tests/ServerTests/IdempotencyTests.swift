import Dispatch
import HTTPTypes
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `A repeated write` {
    private static let path = "/v1/projects"

    @Test func `gets the first answer again, byte for byte, and makes nothing`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let first = try await cloud.make("One", as: key, under: "k1").expecting(201)
            cloud.clock.advance(seconds: 100)
            let second = try await cloud.make("One", as: key, under: "k1").expecting(201)
            #expect(second.bytes == first.bytes)
            #expect(first.header("Idempotent-Replayed") == nil && second.header("Idempotent-Replayed") == "true")
            for name in ["Location", "ETag", "Content-Type"] { #expect(second.header(name) == first.header(name)) }
            #expect(second.header("X-Request-Id") != first.header("X-Request-Id"))
            #expect(try await cloud.projectNames() == ["Default", "One"])
        }
    }

    @Test func `with another body or query is refused`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.make("One", as: cloud.home.liveKey, under: "k1").expecting(201)
            let other = try await cloud.make("Two", as: cloud.home.liveKey, under: "k1")
            #expect(other.status == 422 && other.code == "idempotency_key_reused")
            let spaced = try await cloud.send(
                .post, Self.path, as: cloud.home.liveKey, Array(#"{"name": "One"}"#.utf8), headers: ["Idempotency-Key": "k1"])
            #expect(spaced.status == 422, "the body is compared as it was sent")
            #expect(try await cloud.projectNames() == ["Default", "One"])
        }
    }

    @Test func `is the same through another base path, and with the key in quotes`() async throws {
        try await Installation.run { cloud in
            let first = try await cloud.make("One", as: cloud.home.liveKey, under: "k1").expecting(201)
            for (mount, key) in [("/cloudapi", "k1"), ("/cloudplatform", "\"k1\""), ("", "\"k1\"")] {
                let again = try await cloud.post(
                    mount + Self.path, as: cloud.home.liveKey, ["name": "One"], headers: ["Idempotency-Key": key])
                #expect(again.bytes == first.bytes && again.header("Idempotent-Replayed") == "true")
            }
        }
    }

    @Test func `on another route, with another method or by another credential is another request`() async throws {
        try await Installation.run { cloud in
            let (key, session) = (cloud.home.liveKey, cloud.home.sessionToken)
            let made = try await cloud.make("One", as: key, under: "k1").expecting(201)
            let headers = ["Idempotency-Key": "k1"]
            #expect(try await cloud.post("/v1/accounts", as: key, ["name": "One"], headers: headers).status == 201)
            let project = "/v1/projects/" + made.text("id")
            #expect(try await cloud.patch(project, as: key, ["name": "One"], headers: headers).status == 200)
            #expect(try await cloud.delete(project, as: key, headers: headers).status == 200)
            for other in [session, cloud.home.testKey] {
                let reply = try await cloud.make("One", as: other, under: "k1").expecting(201)
                #expect(reply.text("id") != made.text("id"))
            }
        }
    }

    @Test func `of a person is known in each of their sessions, of a key after its rotation`() async throws {
        try await Installation.run { cloud in
            let first = try await cloud.make("One", as: cloud.home.sessionToken, under: "k1").expecting(201)
            let again = try await cloud.post(
                "/v1/sessions", ["email": .string(cloud.home.email), "password": .string(cloud.home.password)]
            ).expecting(201)
            #expect(try await cloud.make("One", as: again.text("token"), under: "k1").bytes == first.bytes)

            let byKey = try await cloud.make("Two", as: cloud.home.liveKey, under: "k2").expecting(201)
            let id = try await cloud.get("/v1/ping", as: cloud.home.liveKey)["credential"]?["id"]?.string ?? ""
            let rotated = try await cloud.post("/v1/api-keys/\(id)/rotation", as: cloud.home.sessionToken).expecting(201)
            #expect(try await cloud.make("Two", as: rotated.text("key"), under: "k2").bytes == byKey.bytes)
        }
    }

    @Test func `sees the handler's refusal again, even after its reason has gone`() async throws {
        try await Installation.run { cloud in
            let headers = ["Idempotency-Key": "k1"]
            let account = "/v1/accounts/acc_later"
            let first = try await cloud.patch(account, as: cloud.home.liveKey, ["name": "x"], headers: headers)
            #expect(first.status == 404)
            let second = try await cloud.patch(account, as: cloud.home.liveKey, ["name": "x"], headers: headers)
            #expect(second.bytes == first.bytes && second.header("Idempotent-Replayed") == "true")

            let invalid = try await cloud.make("", as: cloud.home.liveKey, under: "k2")
            #expect(invalid.status == 422)
            #expect(try await cloud.make("", as: cloud.home.liveKey, under: "k2").header("Idempotent-Replayed") == "true")
        }
    }

    @Test func `is asked anew when the refusal was about who asks, or how often`() async throws {
        try await Installation.run(rateLimit: 2) { cloud in
            let narrow = try await cloud.post(
                "/v1/api-keys", as: cloud.home.sessionToken, ["name": "x", "role": "viewer"]
            ).text("key")
            for _ in 0..<2 {
                let forbidden = try await cloud.make("One", as: narrow, under: "k1")
                #expect(forbidden.status == 403 && forbidden.header("Idempotent-Replayed") == nil)
            }
            for name in ["One", "Two"] { _ = try await cloud.make(name, as: cloud.home.liveKey, under: name).expecting(201) }
            #expect(try await cloud.make("Three", as: cloud.home.liveKey, under: "Three").status == 429)
            cloud.clock.advance(seconds: 60)
            let later = try await cloud.make("Three", as: cloud.home.liveKey, under: "Three")
            #expect(later.status == 201 && later.header("Idempotent-Replayed") == nil)
        }
    }

    @Test func `is new again after 72 hours`() async throws {
        try await Installation.run { cloud in
            let first = try await cloud.make("One", as: cloud.home.liveKey, under: "k1").expecting(201)
            cloud.clock.advance(seconds: 72 * 3600 - 1)
            #expect(try await cloud.make("One", as: cloud.home.liveKey, under: "k1").bytes == first.bytes)
            cloud.clock.advance(seconds: 1)
            #expect(try await cloud.make("One", as: cloud.home.liveKey, under: "k1").expecting(201).text("id") != first.text("id"))
        }
    }

    @Test func `is known to a server that was started anew`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let first = try await Installation.open(in: place, home: home) { cloud in
                try await cloud.make("One", as: home.liveKey, under: "k1").expecting(201)
            }
            try await Installation.open(in: place, home: home) { cloud in
                let second = try await cloud.make("One", as: home.liveKey, under: "k1")
                #expect(second.bytes == first.bytes && second.header("Idempotent-Replayed") == "true")
                #expect(try await cloud.projectNames() == ["Default", "One"])
            }
        }
    }

    @Test func `is told to come again when the first one takes longer than five seconds`() async throws {
        try await Installation.run { cloud in
            let isFree = DispatchSemaphore(value: 0)
            let (isHeld, held) = AsyncStream<Void>.makeStream()
            async let holdUp: Void = cloud.store.write(in: cloud.home.workspace) { _ in
                held.finish()
                isFree.wait()
            }
            for await _ in isHeld {}
            let statuses = try await withThrowingTaskGroup { group in
                for _ in 0..<2 { group.addTask { try await cloud.make("One", as: cloud.home.liveKey, under: "k1") } }
                while cloud.clock.sleepers == 0 { await Task.yield() }
                cloud.clock.advance(seconds: 5)
                let second = try await group.next()
                #expect(second?.code == "idempotency_in_progress" && second?.header("Retry-After") == "1")
                isFree.signal()
                return try await group.reduce(into: [second?.status]) { $0.append($1.status) }
            }
            try await holdUp
            #expect(statuses == [409, 201])
            #expect(try await cloud.make("One", as: cloud.home.liveKey, under: "k1").header("Idempotent-Replayed") == "true")
        }
    }

    @Test func `sixteen times at once makes one, and all get the same answer`() async throws {
        try await Installation.run { cloud in
            let replies = try await withThrowingTaskGroup { group in
                for _ in 0..<16 { group.addTask { try await cloud.make("One", as: cloud.home.liveKey, under: "k1") } }
                return try await group.reduce(into: [Reply]()) { $0.append($1) }
            }
            #expect(Set(replies.map(\.bytes)).count == 1)
            #expect(replies.allSatisfy { $0.status == 201 })
            #expect(replies.count { $0.header("Idempotent-Replayed") == nil } == 1)
            #expect(try await cloud.projectNames() == ["Default", "One"])
        }
    }
}

extension Installation {
    func make(_ name: String, as secret: String, under key: String) async throws -> Reply {
        try await post("/v1/projects", as: secret, ["name": .string(name)], headers: ["Idempotency-Key": key])
    }

    func projectNames() async throws -> [String] {
        try await get("/v1/projects?limit=100", as: home.sessionToken).items.compactMap { $0["name"]?.string }.sorted()
    }
}
