import Kernel
import Prices
import Server
import Storage
import TestKit
import Testing

@Suite struct `Quotas` {
    @Test func `have standards, higher when live than in the sandbox`() async throws {
        try await Shop.run { shop in
            for (key, instances) in [(shop.cloud.home.liveKey, 10_000), (shop.cloud.home.testKey, 100)] {
                let quota = try await shop.cloud.get("/v1/quotas", as: key).expecting(200).items.first { $0["metric"] == "instances" }
                #expect(quota?["limit"] == .integer(Int64(instances)) && quota?["used"] == 0 && quota?["standard"] == true)
            }
            let project = try await shop.cloud.get("/v1/quotas?project_id=\(shop.cloud.home.project)", as: shop.cloud.home.liveKey).items
            #expect(project.count == 10 && project.allSatisfy { $0["limit"] == .null && $0["available"] == .null })
        }
    }

    @Test func `are set, lowered below what is used, and go back to the standard`() async throws {
        try await Shop.run { shop in
            let key = shop.cloud.home.liveKey
            for index in 0..<3 { try await shop.reserve(Shop.volume(10), for: "vol_\(index)") }
            let set = try await shop.cloud.put("/v1/quotas/volumes", as: key, ["limit": 2]).expecting(200)
            #expect(set["limit"] == 2 && set["used"] == 3 && set["available"] == 0 && set["standard"] == false)
            #expect(set.text("account_id") == shop.cloud.home.account.rawValue)
            await #expect(throws: Problem.self) { try await shop.reserve(Shop.volume(1), for: "vol_x") }
            let unlimited = try await shop.cloud.put("/v1/quotas/volumes", as: key, ["limit": nil]).expecting(200)
            #expect(unlimited["limit"] == .null && unlimited["standard"] == false)
            let reset = try await shop.cloud.delete("/v1/quotas/volumes", as: key).expecting(200)
            #expect(reset["limit"] == 10_000 && reset["standard"] == true)
            let events = try await shop.cloud.store.read { connection in
                try connection.rows("SELECT subject FROM events WHERE type = 'quota.changed'") { $0.text(0) }
            }
            #expect(events == Array(repeating: shop.cloud.home.account.rawValue, count: 3))
        }
    }

    @Test func `of others are not there`() async throws {
        try await Shop.run { shop in
            let other = try await shop.cloud.post("/v1/accounts", as: shop.cloud.home.liveKey, ["name": "Other"]).expecting(201).text("id")
            let own = shop.cloud.home.projectKey
            #expect(try await shop.cloud.get("/v1/quotas?account_id=" + other, as: own).code == "not_found")
            #expect(try await shop.cloud.get("/v1/quotas?account_id=\(shop.cloud.home.account)", as: own).status == 200)
            #expect(try await shop.cloud.get("/v1/quotas?project_id=\(shop.cloud.home.project)", as: own).status == 200)
            #expect(try await shop.cloud.put("/v1/quotas/gpus", as: shop.cloud.home.liveKey, ["limit": 1]).code == "not_found")
        }
    }
}
