import Kernel
import Prices
import Server
import TestKit
import Testing

@Suite struct `Charges` {
    @Test func `are rows of FOCUS, as JSON and as CSV`() async throws {
        try await Self.run(hours: 3) { shop in
            let list = try await shop.cloud.get("/v1/charges", as: shop.cloud.home.liveKey).expecting(200)
            let first = try #require(list.items.first)
            #expect(list.items.count == 3 && first["charge_period_start"] == "2026-03-10T12:00:00Z")
            #expect(first["charge_period_end"] == "2026-03-10T13:00:00Z" && first["billing_period_end"] == "2026-04-01T00:00:00Z")
            #expect(first["billed_cost"] == "0.002924444444444444" && first["effective_cost"] == first["billed_cost"])
            #expect(first["consumed_quantity"] == "0.417777777777777778" && first["consumed_unit"] == "Hours")
            #expect(first["list_unit_price"] == "0.007" && first["sku_id"] == "instance.s-1" && first["charge_class"] == .null)
            #expect(first["service_category"] == "Compute" && first["tags"] == ["team": "core"])
            #expect(first["sub_account_id"] == .string(shop.cloud.home.project.rawValue) && first["sub_account_name"] == "Default")
            let csv = try await shop.cloud.get("/v1/charges", as: shop.cloud.home.liveKey, headers: ["Accept": "text/csv"]).expecting(200)
            #expect(csv.header("Content-Type")?.hasPrefix("text/csv") == true)
            let lines = csv.text.split(separator: "\r\n").map(String.init)
            #expect(lines.count == 4 && lines[0].hasPrefix("BilledCost,BillingAccountId,BillingCurrency,"))
            #expect(lines[0].split(separator: ",").count == (first.members?.count ?? 0) - 1)
            #expect(
                lines[1].hasPrefix("0.002924444444444444,\(shop.cloud.home.account),USD,") && lines[1].hasSuffix(#""{""team"":""core""}""#))
        }
    }

    @Test func `are filtered and paged`() async throws {
        try await Self.run(hours: 5) { shop in
            let key = shop.cloud.home.liveKey
            let first = try await shop.cloud.get("/v1/charges?limit=2", as: key)
            let second = try await shop.cloud.get("/v1/charges?limit=100&cursor=" + first.text("next_cursor"), as: key)
            #expect(first.items.count == 2 && second.items.count == 3 && Set(first.ids + second.ids).count == 5)
            for (query, count) in [
                ("from=2026-03-10T14:00:00Z", 3), ("from=2026-03-10T13:00:01Z", 3), ("to=2026-03-10T14:00:00Z", 2),
                ("resource_id=inst_x", 0),
                ("resource_id=inst_a", 5), ("project_id=\(shop.cloud.home.project)", 5), ("account_id=acc_x", 0),
            ] {
                #expect(try await shop.cloud.get("/v1/charges?" + query, as: key).items.count == count, "\(query)")
            }
        }
    }

    @Test func `of other projects and of the other side are not shown`() async throws {
        try await Self.run(hours: 1) { shop in
            let other = try await shop.cloud.post("/v1/projects", as: shop.cloud.home.liveKey, ["name": "Other"]).expecting(201).text("id")
            let key = try await shop.cloud.post("/v1/keys", as: shop.cloud.home.sessionToken, ["project_id": .string(other)]).text("key")
            #expect(try await shop.cloud.get("/v1/charges", as: shop.cloud.home.projectKey).items.count == 1)
            for secret in [key, shop.cloud.home.testKey, try await shop.cloud.makeWorkspace().liveKey] {
                #expect(try await shop.cloud.get("/v1/charges", as: secret).expecting(200).items.isEmpty)
            }
        }
    }

    @Test func `that are open grow until their hour is closed, and are then billed under the same id`() async throws {
        try await Self.run(hours: 2) { shop in
            let key = shop.cloud.home.liveKey
            let before = try await shop.cloud.get("/v1/charges/open", as: key).expecting(200)
            #expect(before.items.count == 1 && before.items.first?["charge_period_start"] == "2026-03-10T14:00:00Z")
            shop.cloud.clock.advance(seconds: 600)
            let open = try await shop.cloud.get("/v1/charges/open?resource_id=inst_a", as: key).expecting(200)
            #expect(open.ids == before.ids)
            let grown = try #require(ExactDecimal(open.items.first?["billed_cost"]?.string ?? ""))
            #expect(try #require(ExactDecimal(before.items.first?["billed_cost"]?.string ?? "")) < grown)
            shop.cloud.clock.advance(seconds: 3600)
            #expect(try await shop.cloud.get("/v1/charges/open", as: key).items.count == 2)
            while try await shop.closeHours(limit: 2) > 0 {}
            let billed = try await shop.cloud.get("/v1/charges", as: key)
            #expect(billed.ids.last == open.ids.first && billed.items.last?["billed_cost"] == "0.007")
            #expect(try await shop.cloud.get("/v1/charges/open", as: key).items.count == 1)
            for query in ["resource_id=inst_b", "project_id=proj_x", "account_id=acc_x"] {
                #expect(try await shop.cloud.get("/v1/charges/open?\(query)", as: key).expecting(200).items.isEmpty)
            }
            #expect(try await shop.cloud.get("/v1/charges/open", as: shop.cloud.home.testKey).expecting(200).items.isEmpty)
        }
    }

    /// An instance that has run so many full hours and a part of one.
    private static func run(hours: Int64, _ body: @escaping @Sendable (Shop) async throws -> Void) async throws {
        try await Shop.run { shop in
            try await shop.reserve(Shop.instance(), for: "inst_a")
            try await shop.meter(Shop.instance(), for: "inst_a")
            shop.cloud.clock.advance(seconds: hours * 3600)
            while try await shop.closeHours(limit: 2) > 0 {}
            try await body(shop)
        }
    }
}
