import Kernel
import Prices
import Server
import Storage
import TestKit
import Testing

@Suite struct `Budgets on cost views` {
    /// On the tenth of March; charges of the first nine days and of the last of February.
    private static func cloud(_ body: @escaping @Sendable (Installation, String) async throws -> Void) async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let february = [
                "BillingPeriodStart": "2026-02-01T00:00:00Z", "BillingPeriodEnd": "2026-03-01T00:00:00Z",
                "ChargePeriodStart": "2026-02-28T00:00:00Z", "ChargePeriodEnd": "2026-03-01T00:00:00Z", "BilledCost": "1000",
            ]
            let days = (1...9).map { Bill.day($0, ["BilledCost": "\($0)"]) }
            let other = [
                Bill.day(4, ["ServiceName": "Amazon S3", "BilledCost": "100"]),
                Bill.day(4, ["BillingCurrency": "EUR", "BilledCost": "100"]),
            ]
            _ = try await cloud.importBill(Bill(rows: [february] + days + other).bytes)
            let filters: JSON = [[["dimension": "service", "in": ["Amazon EC2"]]]]
            let view = try await cloud.post("/v1/cost-views", as: cloud.home.liveKey, ["name": "EC2", "filters": filters]).expecting(201)
            try await body(cloud, view.text("id"))
        }
    }

    private static func budget(_ view: String, _ amount: String, _ more: [JSON.Member] = []) -> JSON {
        .object(
            [.init("name", .string("On \(amount)")), .init("scope", ["cost_view_id": .string(view)]), .init("amount", .string(amount))]
                + more)
    }

    private static func told(_ cloud: Installation) async throws -> [String] {
        let events = try await cloud.get("/v1/events?type=budget.threshold_reached&limit=100", as: cloud.home.liveKey).expecting(200).items
        return events.map { "\($0["data"]?["kind"]?.string ?? "")\($0["data"]?["percent"]?.integer ?? 0)" }.sorted()
    }

    @Test func `say what the month has cost and what it will have cost by its end`() async throws {
        try await Self.cloud { cloud, view in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/budgets", as: key, Self.budget(view, "200")).expecting(201)
            #expect(made["scope"] == ["cost_view_id": .string(view)] && made["enforced"] == false)
            #expect(made["thresholds"] == [80, 100] && made["forecast_thresholds"] == [100])
            // 1 + … + 9 on nine whole days; 3 to 9 make the mean of 6 for the 22 days that are left.
            #expect(made.text("spent") == "45.00" && made.text("forecast") == "177.00" && made.text("reserved") == "132.00")
            #expect(made.text("remaining") == "23.00" && made["other_currency_resources"] == 1)
            let path = "/v1/budgets/" + made.text("id")
            #expect(try await cloud.get(path, as: key).expecting(200).text("forecast") == "177.00")
            // Later in the month the data have not come further, and neither does the forecast.
            cloud.clock.advance(seconds: 5 * 86_400)
            #expect(try await cloud.get(path, as: key).text("forecast") == "177.00")
            // A new month has cost nothing yet, and is expected to be as the last days were.
            cloud.clock.advance(seconds: 20 * 86_400)
            let april = try await cloud.get(path, as: key)
            #expect(
                april.text("spent") == "0.00" && april.text("forecast") == "180.00" && april.text("period_start") == "2026-04-01T00:00:00Z")
        }
    }

    @Test func `tell each threshold once a month, and again when they are changed`() async throws {
        try await Self.cloud { cloud, view in
            let key = cloud.home.liveKey
            let thresholds: [JSON.Member] = [.init("thresholds", [50, 20, 90]), .init("forecast_thresholds", [100, 200])]
            let made = try await cloud.post("/v1/budgets", as: key, Self.budget(view, "90", thresholds)).expecting(201)
            #expect(made["thresholds"] == [20, 50, 90])
            try await cloud.parts.budgets.run()
            #expect(try await Self.told(cloud) == ["actual20", "actual50", "forecast100"])
            cloud.clock.advance(seconds: 86_400)
            try await cloud.parts.budgets.run()
            #expect(try await Self.told(cloud).count == 3, "once")
            let event = try #require(
                try await cloud.get("/v1/events?type=budget.threshold_reached", as: key).items.first { $0["data"]?["percent"] == 50 })
            #expect(event["data"]?["spent"] == "45" && event["data"]?["forecast"] == "177" && event["data"]?["amount"] == "90")
            #expect(event["data"]?["scope"]?["cost_view_id"]?.string == view && event["actor"]?["type"] == "system")
            let path = "/v1/budgets/" + made.text("id")
            _ = try await cloud.patch(path, as: key, ["amount": "50"]).expecting(200)
            try await cloud.parts.budgets.run()
            #expect(try await Self.told(cloud).filter { $0 == "actual90" }.count == 1)
            #expect(try await Self.told(cloud).count == 3 + 5)
            cloud.clock.advance(seconds: 30 * 86_400)
            try await cloud.parts.budgets.run()
            #expect(try await Self.told(cloud).count == 3 + 5 + 2, "April is expected to cost 180: three times the budget, nothing spent")
        }
    }

    @Test func `are listed, changed and deleted like the others`() async throws {
        try await Self.cloud { cloud, view in
            let key = cloud.home.liveKey
            var ids: [String] = []
            for amount in ["1", "2", "3"] {
                ids.append(try await cloud.post("/v1/budgets", as: key, Self.budget(view, amount)).expecting(201).text("id"))
            }
            let project: JSON = ["name": "P", "amount": "5", "scope": ["project_id": .string(cloud.home.project.rawValue)]]
            _ = try await cloud.post("/v1/budgets", as: key, project).expecting(201)
            let first = try await cloud.get("/v1/budgets?cost_view_id=\(view)&limit=2&sort=name", as: key).expecting(200)
            let rest = try await cloud.get(
                "/v1/budgets?cost_view_id=\(view)&limit=2&sort=name&cursor=\(first.text("next_cursor"))", as: key
            ).expecting(200)
            #expect((first.items + rest.items).compactMap { $0["id"]?.string } == ids && rest["has_more"] == false)
            #expect(try await cloud.get("/v1/budgets?cost_view_id=\(view)&project_id=x", as: key).status == 400)
            let changed = try await cloud.patch("/v1/budgets/" + ids[0], as: key, ["thresholds": [], "name": "None"]).expecting(200)
            #expect(changed["thresholds"] == [] && changed["forecast_thresholds"] == [100] && changed.text("name") == "None")
            #expect(try await cloud.patch("/v1/budgets/" + ids[0], as: key, ["enforced": true]).status == 422)
            #expect(try await cloud.delete("/v1/cost-views/" + view, as: key).code == "invalid_state", "there are budgets on it")
            for id in ids { _ = try await cloud.delete("/v1/budgets/" + id, as: key).expecting(204) }
            _ = try await cloud.delete("/v1/cost-views/" + view, as: key).expecting(204)
            for wrong: JSON in [
                Self.budget("cv_none", "1"), Self.budget(view, "1"),
                ["name": "x", "amount": "1", "scope": ["project_id": .string(cloud.home.project.rawValue)], "thresholds": [50]],
                ["name": "x", "amount": "1", "scope": ["project_id": "proj_x", "cost_view_id": .string(view)]],
                ["name": "x", "amount": "1", "scope": ["cost_view_id": .string(view)], "thresholds": [0]],
            ] { #expect(try await cloud.post("/v1/budgets", as: key, wrong).status == 422, "\(wrong)") }
        }
    }

    @Test func `whose view can be read no more say so, and keep no other from being watched`() async throws {
        try await Self.cloud { cloud, view in
            let key = cloud.home.liveKey
            let other = try await cloud.post("/v1/cost-views", as: key, ["name": "All"]).expecting(201).text("id")
            let broken = try await cloud.post("/v1/budgets", as: key, Self.budget(view, "10")).expecting(201).text("id")
            _ = try await cloud.post("/v1/budgets", as: key, Self.budget(other, "20")).expecting(201)
            // As an older release might have kept it.
            _ = try await cloud.store.write { connection in
                try connection.execute(
                    "UPDATE cost_views SET settings = ? WHERE workspace = ? AND id = ?",
                    #"{"filters":[[{"dimension":"service","regex":"("}]]}"#, cloud.home.workspace, view)
            }
            try await cloud.parts.budgets.run()
            let told = try await cloud.get("/v1/events?type=budget.threshold_reached", as: key).items
            #expect(!told.isEmpty && told.allSatisfy { $0["data"]?["scope"]?["cost_view_id"]?.string == other })
            let read = try await cloud.get("/v1/budgets/\(broken)", as: key)
            #expect(read.status == 409 && read.code == "invalid_state" && read.text.contains(view), "\(read.text)")
            #expect(try await cloud.get("/v1/budgets", as: key).status == 409)
            _ = try await cloud.delete("/v1/budgets/\(broken)", as: key).expecting(204)
            #expect(try await cloud.get("/v1/budgets", as: key).items.count == 1)
        }
    }

    @Test func `are read by the rules of alerts`() async throws {
        try await Self.cloud { cloud, view in
            let key = cloud.home.liveKey
            let budget = try await cloud.post("/v1/budgets", as: key, Self.budget(view, "90")).expecting(201).text("id")
            func alert(_ rule: String, as secret: String) async throws -> Reply {
                let body: JSON = [
                    "account_id": .string(cloud.home.account.rawValue), "rule": .string(rule), "channels": ["webhook"],
                ]
                return try await cloud.post("/v1/alerts", as: secret, body)
            }
            let rule = #"budget_percent{budget="\#(budget)"} >= 50 and budget_committed_percent{budget="\#(budget)"} > 190"#
            let made = try await alert(rule, as: key).expecting(201)
            let read = try await cloud.get("/v1/alerts/" + made.text("id"), as: key).expecting(200).text
            #expect(read.contains("\"50\"") && read.contains("196.66666666666666666"), "\(read)")
            #expect(try await alert(#"budget_percent{budget="bud_none"} > 1"#, as: key).status == 422)
            #expect(try await alert(#"spend{budget="x"} > 1"#, as: key).status == 422)
        }
    }

    @Test func `never keep anything out`() async throws {
        try await Self.cloud { cloud, view in
            let key = cloud.home.liveKey
            let all = try await cloud.defaultView()
            for view in [view, all] {
                _ = try await cloud.post("/v1/budgets", as: key, Self.budget(view, view == all ? "0.01" : "0.02")).expecting(201)
            }
            let connection: JSON = ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]]
            _ = try await cloud.moving { try await cloud.post("/v1/connections", as: key, connection).expecting(201) }
            _ = try await cloud.post("/v1/prices", as: key, ["sku": "volume.standard", "amount": "1"])
            let volume: JSON = ["name": "v", "project_id": .string(cloud.home.project.rawValue), "spec": ["size_gib": 10]]
            _ = try await cloud.post("/v1/volumes", as: key, volume).expecting(201)
            try await cloud.settle()
            cloud.clock.advance(seconds: 86_400)
            try await cloud.parts.budgets.run()
            _ = try await cloud.post(
                "/v1/volumes", as: key, ["name": "w", "project_id": .string(cloud.home.project.rawValue), "spec": ["size_gib": 10]]
            )
            .expecting(201)
        }
    }

    @Test func `count for a member of a team what the team sees, and are hidden from projects`() async throws {
        try await Self.cloud { cloud, _ in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/budgets", as: key, Self.budget(try await cloud.defaultView(), "500")).expecting(201)
            let path = "/v1/budgets/" + made.text("id")
            #expect(made.text("spent") == "145.00")
            let bob = try await cloud.makeMember("bob@home.example", of: cloud.home, role: "viewer")
            #expect(try await cloud.get(path, as: bob.session).status == 404, "in no team")
            _ = try await cloud.post("/teams", as: key, ["id": "7", "name": "x", "aws_services": ["Amazon S3"]]).expecting(200)
            _ = try await cloud.post("/teams/7/members/assign", as: key, ["users_ids": [.string(bob.id)]]).expecting(200)
            let seen = try await cloud.get(path, as: bob.session).expecting(200)
            #expect(seen.text("spent") == "100.00")
            #expect(try await cloud.get("/v1/budgets", as: bob.session).items.map { $0["spent"]?.string } == ["100.00"])
            #expect(try await cloud.get(path, as: cloud.home.projectKey).status == 404)
            #expect(try await cloud.get("/v1/budgets", as: cloud.home.projectKey).expecting(200).items.isEmpty)
        }
    }
}
