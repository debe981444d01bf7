import Kernel
import Outgoing
import Server
import Storage
import TestKit
import Testing
import Webhooks

@Suite struct `An event` {
    @Test func `goes to every endpoint that wants it, once, signed, under its own id`() async throws {
        try await PostOffice.run { office in
            let (one, two) = (try await office.endpoint("one"), try await office.endpoint("two", events: ["account.*", "project.created"]))
            _ = try await office.endpoint("three", events: ["project.updated"])
            try await office.happen()
            #expect(try await office.deliver() == 4)
            #expect(try await office.deliver() == 0)
            // `one` was there first and is told of the other two; none is told of its own making.
            #expect(office.receivers.letters("one").map(\.type).sorted() == ["project.created", "webhook.created", "webhook.created"])
            let letter = try #require(office.receivers.letters("two").first)
            let event = try #require(try await office.events("project.created").last)
            #expect(office.receivers.letters("three").isEmpty && letter.isSigned(with: two.secret) && !letter.isSigned(with: one.secret))
            #expect(letter.header("webhook-id") == event.id.rawValue && letter.header("content-type") == "application/json")
            #expect(letter.header("webhook-timestamp") == String(office.cloud.clock.now.seconds))
            #expect(letter.json["id"]?.string == event.id.rawValue && letter.json["data"]?["after"]?["name"]?.string == "Something")
            #expect(letter.json["timestamp"]?.string == event.occurredAt.description && letter.json["mode"]?.string == "live")
            #expect(letter.json["workspace_id"]?.string == office.cloud.home.workspace.rawValue)
        }
    }

    @Test func `carries the trace of the request it came of, and its delivery shows that as it was sent`() async throws {
        try await PostOffice.run { office in
            _ = try await office.endpoint("one", events: ["project.created"])
            let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
            _ = try await office.cloud.post(
                "/v1/projects", as: office.cloud.home.liveKey, ["name": "Traced"],
                headers: ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"]
            ).expecting(201)
            _ = try await office.cloud.post("/v1/projects", as: office.cloud.home.liveKey, ["name": "Plain"]).expecting(201)
            try await office.deliver()
            let sent = office.receivers.letters("one").compactMap { TraceContext(traceparent: $0.header("traceparent")) }
            #expect(sent.count == 2 && sent.filter { $0.traceID == trace }.count == 1)
            #expect(!sent.contains { $0.spanID == "00f067aa0ba902b7" } && Set(sent.map(\.spanID)).count == 2)
        }
    }

    @Test func `that names a person is sent without the name`() async throws {
        try await PostOffice.run { office in
            _ = try await office.endpoint("one", events: ["user.*"])
            _ = try await office.cloud.post(
                "/v1/users", as: office.cloud.home.sessionToken, ["email": "grace@example.com", "name": "Grace"]
            ).expecting(201)
            try await office.deliver()
            let letter = try #require(office.receivers.letters("one").first)
            #expect(!letter.body.contains("grace") && !letter.body.contains("Grace"))
        }
    }

    @Test func `is tried again with the same body, signed anew`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            office.receivers.answer("one", 500, body: "not today")
            try await office.happen()
            #expect(try await office.deliver() == 1)
            #expect(try await office.deliver() == 0)
            office.cloud.clock.advance(milliseconds: 5500)
            office.receivers.answer("one", 200)
            #expect(try await office.deliver() == 1)
            let letters = office.receivers.letters("one")
            #expect(letters[0].body == letters[1].body && letters[0].header("webhook-id") == letters[1].header("webhook-id"))
            #expect(letters[0].header("webhook-timestamp") != letters[1].header("webhook-timestamp"))
            #expect(letters.allSatisfy { $0.isSigned(with: endpoint.secret) })
            let delivery = try await office.delivery(endpoint)
            #expect(delivery.text("state") == "delivered" && delivery["attempt_count"] == 2 && delivery["next_attempt_at"] == .null)
            #expect(delivery.text("body") == String(decoding: letters[0].body, as: UTF8.self))
            let attempts = delivery["attempts"]?.array ?? []
            #expect(attempts.map { $0["response"]?["status"] } == [500, 200])
            #expect(attempts[0]["response"]?["body"]?.string == "not today" && attempts[0]["next_attempt_at"]?.string != nil)
            let signature = letters[0].header("webhook-signature")
            #expect(!delivery.text.contains(signature) && delivery.text.contains(String(signature.prefix(7))))
        }
    }

    @Test func `that nobody takes for five days disables its endpoint`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            office.receivers.set("one") { () throws(OutgoingError) in throw .connectionFailed("refused") }
            try await office.happen()
            var attempts = 0
            for _ in 0..<12 {
                attempts += try await office.deliver()
                office.cloud.clock.advance(seconds: 95_040)  // the longest wait and a tenth
            }
            #expect(attempts == 6)
            #expect(try await office.webhook(endpoint)["disabled_reason"] == "failing")
        }
    }

    @Test func `that one endpoint takes only late is given up after the tenth attempt and goes out on replay`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            office.receivers.answer("one", 500)
            try await office.happen()
            for _ in 0..<10 {
                #expect(try await office.deliver() == 1)
                let next = try await office.delivery(endpoint)["next_attempt_at"]?.string.flatMap { Timestamp($0) }
                office.cloud.clock.advance(
                    milliseconds: (next ?? office.cloud.clock.now).milliseconds - office.cloud.clock.now.milliseconds)
            }
            #expect(try await office.deliver() == 0)
            #expect(try await office.delivery(endpoint).text("state") == "failed")
            office.receivers.answer("one", 200)
            _ = try await office.cloud.post("/v1/webhooks/\(endpoint.id)/replay", as: office.key, ["since": "last_failure"]).expecting(202)
            #expect(try await office.deliver() == 1)
            let delivery = try await office.delivery(endpoint)
            #expect(delivery.text("state") == "delivered" && delivery["attempt_count"] == 11)
        }
    }

    @Test func `is held while its endpoint is disabled, and sent in order when it is enabled`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one", events: ["project.*"])
            let other = try await office.endpoint("two", events: ["webhook.*"])
            office.receivers.answer("one", 410)
            try await office.happen("First")
            try await office.deliver()
            #expect(try await office.webhook(endpoint)["enabled"] == false)
            #expect(try await office.webhook(endpoint)["disabled_reason"] == "gone")
            for name in ["Second", "Third"] { try await office.happen(name) }
            try await office.deliver()
            #expect(office.receivers.letters("one").count == 1)
            #expect(office.receivers.letters("two").map(\.type) == ["webhook.disabled"])
            #expect(try await office.deliveries(endpoint, "&state=held").count == 3)
            office.receivers.answer("one", 200)
            _ = try await office.cloud.patch("/v1/webhooks/\(endpoint.id)", as: office.key, ["enabled": true]).expecting(200)
            try await office.deliver()
            let names = office.receivers.letters("one").dropFirst().compactMap { $0.json["data"]?["after"]?["name"]?.string }
            #expect(names.sorted() == ["First", "Second", "Third"])
            #expect(try await office.deliveries(endpoint).allSatisfy { $0["state"] == "delivered" })
            #expect(try await office.deliveries(other).count == 2)
        }
    }

    @Test func `waits while its endpoint asks not to be called, without an attempt`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            office.receivers.answer("one", 429, headers: [("Retry-After", "120")])
            try await office.happen("First")
            try await office.deliver()
            try await office.happen("Second")
            office.cloud.clock.advance(seconds: 119)
            #expect(try await office.deliver() == 0)
            #expect(try await office.webhook(endpoint)["paused_until"] != .null)
            office.receivers.answer("one", 200)
            office.cloud.clock.advance(seconds: 1)
            #expect(try await office.deliver() == 2)
        }
    }

    @Test func `is not lost when the server dies in the middle of sending it, and keeps its id`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            office.receivers.set("one") { () throws(OutgoingError) in throw .cancelled }
            try await office.happen()
            #expect(try await office.deliver() == 1)
            #expect(try await office.delivery(endpoint)["attempt_count"] == 0)
            office.receivers.answer("one", 200)
            let heir = PostOffice.courier(of: office.cloud, office.receivers)
            #expect(try await heir.sendDue() == 1)
            #expect(Set(office.receivers.letters("one").map { $0.header("webhook-id") }).count == 1)
            #expect(try await heir.sendDue() == 0)
        }
    }

    @Test func `is queued once however often the log is read`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            for number in 0..<30 { try await office.happen("Project \(number)") }
            let heir = PostOffice.courier(of: office.cloud, office.receivers)
            async let one: Void = office.courier.distribute(.anything)
            async let two: Void = heir.distribute(.anything)
            _ = try await (one, two)
            let tenant = Tenant(workspace: office.cloud.home.workspace, mode: .live)
            try await office.cloud.store.write { connection in try EventCursor.set(0, of: "webhooks", in: tenant, connection) }
            try await office.deliver()
            #expect(try await office.deliveries(endpoint).count == 30)
            #expect(office.receivers.letters("one").count == 30)
        }
    }

    @Test func `that is past the log's retention is given up`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            try await office.happen()
            try await office.courier.distribute(.anything)
            try await office.cloud.store.write { connection in
                _ = try connection.execute("DELETE FROM events WHERE type = 'project.created'")
            }
            _ = try await office.courier.sendDue()
            #expect(office.receivers.letters("one").isEmpty)
            #expect(try await office.delivery(endpoint).text("state") == "failed")
        }
    }

    @Test func `is forgotten with its attempts 30 days after it was queued`() async throws {
        try await PostOffice.run { office in
            let endpoint = try await office.endpoint("one")
            try await office.happen()
            try await office.deliver()
            func sweep() async throws -> Int {
                let now = office.cloud.clock.now
                return try await office.cloud.store.write { try Delivery.removeOld(at: now, limit: 500, $0) }
            }
            office.cloud.clock.advance(seconds: 30 * 86_400 - 1)
            #expect(try await sweep() == 0)
            office.cloud.clock.advance(seconds: 1)
            #expect(try await sweep() == 1)
            #expect(try await office.deliveries(endpoint).isEmpty)
            let attempts = try await office.cloud.store.read { try $0.row("SELECT COUNT(*) FROM webhook_attempts") { $0.integer(0) } }
            #expect(attempts == 0)
        }
    }
}
