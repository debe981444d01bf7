import Kernel
import Prices
import Server
import Storage
import TestKit
import Testing

@Suite struct `The price book` {
    @Test func `are there from the start, on both sides`() async throws {
        try await Shop.run { shop in
            for key in [shop.cloud.home.liveKey, shop.cloud.home.testKey] {
                let prices = try await shop.cloud.get("/v1/prices?limit=100", as: key).expecting(200).items
                #expect(prices.count == InstanceSize.all.count + 8)
                let sizes = try await shop.cloud.get("/v1/sizes", as: key).expecting(200).items
                #expect(sizes.map { $0["hourly"]?.string } == ["0.0018", "0.0035", "0.0070", "0.0140", "0.0280", "0.0560", "0.1120"])
                #expect(sizes.first?["monthly"] == "1.314" && sizes.first?["memory_mib"] == 256)
            }
        }
    }

    @Test func `take over from each other when they begin`() async throws {
        try await Shop.run { shop in
            let now = shop.cloud.clock.now
            let key = shop.cloud.home.liveKey
            let next = try await shop.price("instance.s-1", "0.01", from: now.adding(seconds: 3600))
            let list = try await shop.cloud.get("/v1/prices?sku=instance.s-1&sort=effective_from", as: key).items
            #expect(list.map { $0["amount"] } == ["0.007", "0.01"])
            #expect(list[0]["effective_to"] == JSON(now.adding(seconds: 3600)) && list[1]["effective_to"] == .null)
            for (moment, amount) in [(now, "0.007"), (now.adding(seconds: 3599), "0.007"), (now.adding(seconds: 3600), "0.01")] {
                let at = try await shop.cloud.get("/v1/prices?sku=instance.s-1&at=\(moment)", as: key).items
                #expect(at.map { $0["amount"]?.string } == [amount], "\(moment)")
            }
            let twin: JSON = ["sku": "instance.s-1", "amount": "1", "effective_from": .string(next.text("effective_from"))]
            #expect(try await shop.cloud.post("/v1/prices", as: key, twin).code == "conflict")
            _ = try await shop.cloud.delete("/v1/prices/" + next.text("id"), as: key).expecting(204)
            #expect(try await shop.cloud.get("/v1/prices?sku=instance.s-1", as: key).items.map { $0["effective_to"] } == [.null])
        }
    }

    @Test func `that have begun keep what may have been billed`() async throws {
        try await Shop.run { shop in
            let key = shop.cloud.home.liveKey
            let begun = try await shop.price("gpu.h100", "2.5")
            let path = "/v1/prices/" + begun.text("id")
            shop.cloud.clock.advance(seconds: 1)
            let later: JSON = ["effective_from": JSON(shop.cloud.clock.now.adding(seconds: 60))]
            for change: JSON in [["amount": "3"], later, ["currency": "EUR"]] {
                let refused = try await shop.cloud.patch(path, as: key, change)
                #expect(refused.code == "conflict" && refused.text("detail").contains("later effective_from"))
            }
            let described = try await shop.cloud.patch(path, as: key, ["description": "H100", "amount": "2.50"]).expecting(200)
            #expect(described.text("description") == "H100" && described.header("ETag") != begun.header("ETag"))
            let stale = try await shop.cloud.patch(path, as: key, ["description": "x"], headers: ["If-Match": begun.header("ETag") ?? ""])
            #expect(stale.status == 412)
            for _ in 0..<2 { _ = try await shop.cloud.delete(path, as: key).expecting(204) }
            #expect(try await shop.cloud.get(path, as: key).text("effective_to") == shop.cloud.clock.now.description)
            let again = try await shop.cloud.patch(path, as: key, ["effective_to": nil])
            #expect(again.code == "conflict")
            let types = try await shop.cloud.store.read { connection in
                try connection.rows("SELECT type FROM events WHERE type LIKE 'price.%' ORDER BY sequence") { $0.text(0) }
            }
            #expect(types == ["price.created", "price.updated", "price.ended"])
        }
    }

    @Test func `of a place win over a provider's, and those over anybody's`() async throws {
        try await Shop.run { shop in
            let provider = JSON.Member("provider", "docker")
            _ = try await shop.price("network", "0.2", more: [provider])
            _ = try await shop.price("network", "0.3", more: [provider, .init("location", "local")])
            let demand = Demand(lines: [.init(sku: "network", units: 1)], counts: [.networks: 1])
            for (place, hourly) in [(("docker", "local"), "0.3"), (("docker", "rack"), "0.2"), (("aws", "local"), "0")] {
                let consumer = shop.consumer("net_a", provider: place.0, location: place.1)
                let by = shop.by
                let estimate = try await shop.cloud.store.read {
                    try Admission.quote(demand, for: consumer, alternatives: [], by: by, $0)
                }
                #expect(estimate.hourly.description == hourly)
            }
            let nowhere: JSON = ["sku": "network", "amount": "1", "location": "local"]
            #expect(try await shop.cloud.post("/v1/prices", as: shop.cloud.home.liveKey, nowhere).code == "validation_failed")
        }
    }

    @Test(arguments: [
        ("amount", JSON.string("-1")), ("amount", "1e-19"), ("amount", "NaN"), ("amount", "1000000000000"), ("currency", "usd"),
        ("sku", "A b"),
        ("effective_from", "2026-03-10T12:34:55Z"), ("effective_to", "2026-03-10T12:00:00Z"),
    ])
    func `refuse what is no price`(field: String, value: JSON) async throws {
        try await Shop.run { shop in
            let members = ["sku": "gpu.h100", "amount": "1"].merging([field: value]) { $1 }
            let body = JSON.object(members.map { JSON.Member($0.key, $0.value) })
            let reply = try await shop.cloud.post("/v1/prices", as: shop.cloud.home.liveKey, body)
            #expect(reply.code == "validation_failed" && reply["errors"]?.array?.first?["pointer"] == .string("/" + field), "\(reply.text)")
        }
    }

    @Test func `come back with the sandbox, and everything held there goes`() async throws {
        try await Shop.run { shop in
            var sandbox = shop
            sandbox.mode = .test
            try await sandbox.reserve(Shop.instance(), for: "inst_a")
            try await sandbox.meter(Shop.instance(), for: "inst_a")
            _ = try await shop.cloud.post("/v1/prices", as: shop.cloud.home.testKey, ["sku": "gpu.h100", "amount": "1"]).expecting(201)
            _ = try await shop.cloud.post("/v1/sandbox/reset", as: shop.cloud.home.testKey).expecting(200)
            #expect(try await shop.cloud.get("/v1/prices?limit=100", as: shop.cloud.home.testKey).items.count == InstanceSize.all.count + 8)
            #expect(try await shop.count("SELECT COUNT(*) FROM metered_intervals WHERE resource = 'inst_a'") == 0)
            let quotas = try await shop.cloud.get("/v1/quotas", as: shop.cloud.home.testKey).expecting(200).items
            #expect(quotas.first { $0["metric"] == "instances" }?["used"] == 12, "those of the seed")
        }
    }

    @Test func `are written by admins of the workspace alone`() async throws {
        try await Shop.run { shop in
            let credentials = try await shop.cloud.credentials(of: shop.cloud.home)
            for (name, secret) in credentials.all where name != "test workspace key" && name != "test token" {
                let isAdmin = ["admin's session", "workspace key", "token"].contains(name)
                let status = isAdmin ? 201 : 403
                #expect(
                    try await shop.cloud.post("/v1/prices", as: secret, ["sku": .string("x.\(name.count)"), "amount": "1"]).status
                        == status,
                    "\(name)")
                #expect(try await shop.cloud.get("/v1/prices", as: secret).status == 200, "\(name)")
                #expect(
                    try await shop.cloud.put("/v1/quotas/networks", as: secret, ["limit": 5]).status == (isAdmin ? 200 : 403), "\(name)")
                let budget: JSON = [
                    "name": .string(name), "amount": "1", "scope": ["project_id": .string(shop.cloud.home.project.rawValue)],
                ]
                #expect(try await shop.cloud.post("/v1/budgets", as: secret, budget).status == status, "\(name)")
            }
        }
    }
}
