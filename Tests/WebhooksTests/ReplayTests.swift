import Kernel
import Outgoing
import Server
import Storage
import TestKit
import Testing
import Webhooks

@Suite struct `Sending again` {
    @Test func `a test goes to one endpoint alone, whatever its filters, under the delivery that was named`() async throws {
        try await PostOffice.run { office in
            let one = try await office.endpoint("one", events: ["account.created"])
            _ = try await office.endpoint("two")
            let asked = try await office.cloud.post("/v1/webhooks/\(one.id)/test", as: office.key).expecting(202)
            let delivery = try await office.cloud.get("/v1/deliveries/\(asked.text("delivery_id"))", as: office.key).expecting(200)
            #expect(delivery.text("event_type") == "webhook.test" && delivery.text("state") == "queued")
            try await office.deliver()
            #expect(office.receivers.letters("one").map(\.type) == ["webhook.test"] && office.receivers.letters("two").isEmpty)
        }
    }

    @Test func `one event goes out again under its id`() async throws {
        try await PostOffice.run { office in
            let one = try await office.endpoint("one")
            for name in ["First", "Second"] { try await office.happen(name) }
            try await office.deliver()
            let first = office.receivers.letters("one")[0]
            _ = try await office.cloud.post(
                "/v1/webhooks/\(one.id)/replay", as: office.key, ["event_id": .string(first.header("webhook-id"))]
            ).expecting(202)
            try await office.deliver()
            let letters = office.receivers.letters("one").filter { $0.header("webhook-id") == first.header("webhook-id") }
            #expect(letters.count == 2 && letters[1].body == first.body)
            #expect(try await office.deliveries(one).count(where: { $0["event_type"] == "project.created" }) == 2)
        }
    }

    @Test func `a new endpoint gets what was before it, by number or by time, through its filters`() async throws {
        try await PostOffice.run { office in
            try await office.happen("First")
            office.cloud.clock.advance(seconds: 100)
            let between = office.cloud.clock.now.description
            for name in ["Second", "Third"] { try await office.happen(name) }
            let one = try await office.endpoint("one", events: ["project.created"])
            try await office.deliver()
            #expect(office.receivers.letters("one").isEmpty)
            _ = try await office.cloud.post("/v1/webhooks/\(one.id)/replay", as: office.key, ["from": .string(between)]).expecting(202)
            try await office.deliver()
            func names() -> [String] {
                office.receivers.letters("one").compactMap { $0.json["data"]?["after"]?["name"]?.string }.sorted()
            }
            #expect(names() == ["Second", "Third"])
            _ = try await office.cloud.post("/v1/webhooks/\(one.id)/replay", as: office.key, ["after": 0]).expecting(202)
            try await office.deliver()
            #expect(names() == ["Default", "First", "Second", "Second", "Third", "Third"])
        }
    }

    @Test func `a long replay goes on where it was when the server died`() async throws {
        try await PostOffice.run { office in
            for number in 0..<450 { try await office.happen("Project \(number)") }
            let one = try await office.endpoint("one", events: ["project.created"])
            _ = try await office.cloud.post("/v1/webhooks/\(one.id)/replay", as: office.key, ["after": 0]).expecting(202)
            let heir = PostOffice.courier(of: office.cloud, office.receivers)
            try await heir.distribute(.anything)
            #expect(try await heir.sendDue() == 451)
            #expect(Set(office.receivers.letters("one").map { $0.header("webhook-id") }).count == 451)
        }
    }

    @Test(
        arguments: [
            ["event_id": "evt_x", "after": 3], ["since": "last_failure", "from": "2026-01-01T00:00:00Z"],
            ["from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"], ["event_id": "evt_01kb0c4q9re5c8v8m3f4t2x7yz"],
        ] as [JSON]) func `says no to what contradicts itself or names nothing`(body: JSON) async throws
    {
        try await PostOffice.run { office in
            let one = try await office.endpoint("one")
            let reply = try await office.cloud.post("/v1/webhooks/\(one.id)/replay", as: office.key, body)
            #expect(reply.status == 422, "\(reply.text)")
        }
    }

    @Test func `a delivery can be sent now, but not to an endpoint that is off`() async throws {
        try await PostOffice.run { office in
            let one = try await office.endpoint("one", events: ["project.*"])
            office.receivers.answer("one", 500)
            try await office.happen()
            try await office.deliver()
            office.receivers.answer("one", 200)
            let id = try await office.delivery(one).text("id")
            let retried = try await office.cloud.post("/v1/deliveries/\(id)/retry", as: office.key).expecting(202)
            #expect(retried.text("state") == "queued")
            #expect(try await office.deliver() == 1)
            _ = try await office.cloud.patch("/v1/webhooks/\(one.id)", as: office.key, ["enabled": false]).expecting(200)
            for path in ["/v1/deliveries/\(id)/retry", "/v1/webhooks/\(one.id)/test", "/v1/webhooks/\(one.id)/replay"] {
                #expect(try await office.cloud.post(path, as: office.key).code == "conflict")
            }
        }
    }
}
