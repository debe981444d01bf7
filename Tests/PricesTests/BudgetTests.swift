import Kernel
import Prices
import Server
import TestKit
import Testing

@Suite struct `Budgets` {
    @Test func `say what is spent, what is reserved and what remains`() async throws {
        try await Shop.run { shop in
            let key = shop.cloud.home.liveKey
            let budget = try await shop.budget("100")
            #expect(budget.text("period_start") == "2026-03-01T00:00:00Z" && budget.text("period_end") == "2026-04-01T00:00:00Z")
            let estimate = try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            let path = "/v1/budgets/" + budget.text("id")
            let before = try await shop.cloud.get(path, as: key).expecting(200)
            #expect(before.decimal("spent") == .zero && before.decimal("reserved") == estimate.periodAmount)
            shop.cloud.clock.advance(seconds: 1504 + 7200)
            let after = try await shop.cloud.get(path, as: key).expecting(200)
            #expect(after.decimal("spent") == ExactDecimal("0.016924444444444444"))
            #expect(after.decimal("remaining") == 100 - estimate.periodAmount && before.decimal("remaining") == after.decimal("remaining"))
            try await shop.release("inst_a")
            try await shop.meter(.init(lines: [], counts: [:]), for: "inst_a")
            let released = try await shop.cloud.get(path, as: key).expecting(200)
            #expect(released.decimal("reserved") == .zero && released.decimal("spent") == after.decimal("spent"))
            shop.cloud.clock.advance(to: shop.monthEnd)
            let next = try await shop.cloud.get(path, as: key).expecting(200)
            #expect(next.text("period_start") == "2026-04-01T00:00:00Z" && next.decimal("remaining") == 100)
        }
    }

    @Test func `begin every month with what runs, and follow the prices`() async throws {
        try await Shop.run { shop in
            try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            let budget = try await shop.budget("100")
            shop.cloud.clock.advance(to: shop.monthEnd)
            let path = "/v1/budgets/" + budget.text("id")
            #expect(try await shop.cloud.get(path, as: shop.cloud.home.liveKey).decimal("reserved") == ExactDecimal("5.04"))
            try await shop.reserve(Shop.instance(), for: "inst_b")
            #expect(try await shop.cloud.get(path, as: shop.cloud.home.liveKey).decimal("reserved") == ExactDecimal("10.08"))
            _ = try await shop.price("instance.s-1", "0.014")
            #expect(try await shop.cloud.get(path, as: shop.cloud.home.liveKey).decimal("reserved") == ExactDecimal("20.16"))
        }
    }

    @Test func `leave out other currencies, and say so`() async throws {
        try await Shop.run { shop in
            let budget = try await shop.budget("1", currency: "EUR")
            try await shop.reserve(Shop.instance("s-16"), for: "inst_a")
            let seen = try await shop.cloud.get("/v1/budgets/" + budget.text("id"), as: shop.cloud.home.liveKey)
            #expect(seen["other_currency_resources"] == 1 && seen.decimal("remaining") == 1)
        }
    }

    @Test func `are made, changed, listed and deleted`() async throws {
        try await Shop.run { shop in
            let key = shop.cloud.home.liveKey
            let budget = try await shop.budget("10")
            let path = "/v1/budgets/" + budget.text("id")
            let body: JSON = ["name": "Core", "amount": "1", "scope": ["account_id": .string(shop.cloud.home.account.rawValue)]]
            #expect(try await shop.cloud.post("/v1/budgets", as: key, body).code == "name_taken")
            let changed = try await shop.cloud.patch(path, as: key, ["name": "Renamed", "amount": "12.5"]).expecting(200)
            #expect(changed.text("amount") == "12.50" && changed.text("name") == "Renamed" && changed["enforced"] == true)
            let stale = try await shop.cloud.delete(path, as: key, headers: ["If-Match": budget.header("ETag") ?? ""])
            #expect(stale.status == 412)
            #expect(try await shop.cloud.get("/v1/budgets", as: key).ids == [budget.text("id")])
            #expect(try await shop.cloud.get("/v1/budgets?project_id=proj_x", as: key).ids == [])
            _ = try await shop.cloud.delete(path, as: key).expecting(204)
            #expect(try await shop.cloud.get(path, as: key).code == "not_found")
            for scope: JSON in [[:], ["account_id": "acc_x"], ["account_id": "acc_x", "project_id": "proj_x"]] {
                let wrong: JSON = ["name": "x", "amount": "1", "scope": scope]
                #expect(try await shop.cloud.post("/v1/budgets", as: key, wrong).code == "validation_failed")
            }
        }
    }

    @Test func `of others are not there`() async throws {
        try await Shop.run { shop in
            let other = try await shop.cloud.post("/v1/projects", as: shop.cloud.home.liveKey, ["name": "Other"]).expecting(201).text("id")
            let hidden = try await shop.budget("1", scope: ["project_id": .string(other)], name: "Hidden")
            let own = try await shop.budget("1")
            #expect(try await shop.cloud.get("/v1/budgets", as: shop.cloud.home.projectKey).ids == [own.text("id")])
            #expect(try await shop.cloud.get("/v1/budgets/" + hidden.text("id"), as: shop.cloud.home.projectKey).code == "not_found")
            #expect(try await shop.cloud.get("/v1/budgets/" + own.text("id"), as: shop.cloud.home.testKey).code == "not_found")
        }
    }
}
