import Kernel
import Server
import TestKit
import Testing

@Suite struct `Cost views` {
    private static let week = "start_date=2026-03-08&end_date=2026-03-09"

    private static func cloud(_ rows: [String: String]..., body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let done = try await cloud.importBill(Bill(rows: rows).bytes)
            #expect(done.text("status") == "succeeded")
            try await body(cloud)
        }
    }

    @Test func `compare each bucket with the one as many days before`() async throws {
        try await Self.cloud(
            Bill.day(6, ["BilledCost": "100"]), Bill.day(8, ["BilledCost": "125"]), Bill.day(7, ["BilledCost": "-10"]),
            Bill.day(9, ["BilledCost": "-5"])
        ) { (cloud: Installation) async throws -> Void in
            let data = try await cloud.data(Self.week).expecting(200)
            #expect(data.costs == ["125", "-5"] && data.text("previous_start_date") == "2026-03-06")
            let points = data["data"]?.array ?? []
            #expect(points.map { $0["pop_diff"]?.string } == ["25", "5"] && points.map { $0["pop_change"]?.string } == ["0.25", "-0.5"])
            #expect(points.map { $0["date"]?.string } == ["20260308", "20260309"])
            let id = try await cloud.defaultView()
            let metric = try await cloud.get("/cost/metric/\(id)?\(Self.week)", as: cloud.home.liveKey).expecting(200)
            #expect(
                metric.text
                    == #"{"data":[{"current_timeframe_cost":125,"previous_timeframe_cost":100,"pop_diff":25,"pop_change":0.25,"date":"20260308"},"#
                    + #"{"current_timeframe_cost":-5,"previous_timeframe_cost":-10,"pop_diff":5,"pop_change":0.5,"date":"20260309"}]}"#)
        }
    }

    @Test func `clip their buckets to the dates`() async throws {
        try await Self.cloud(Bill.day(1)) { (cloud: Installation) async throws -> Void in
            let id = try await cloud.defaultView()
            func metric(_ query: String) async throws -> Reply {
                try await cloud.get("/api/cost/metric/\(id)?\(query)", as: cloud.home.liveKey)
            }
            func dates(_ query: String) async throws -> [String] {
                try await metric(query).expecting(200)["data"]?.array?.compactMap { $0["date"]?.string } ?? []
            }
            #expect(try await dates("start_date=2022-03-01&end_date=2022-03-31&granularity=MONTH") == ["20220301"])
            #expect(try await dates("start_date=2022-06-15&end_date=20220621&granularity=weekly") == ["20220615", "20220620"])
            #expect(try await dates("start_date=2022-06-18&end_date=2022-06-18&granularity=hour").first == "20220618000000")
            for wrong in [
                "start_date=2022-06-18&end_date=2022-06-17", "start_date=2022-06-18",
                "start_date=2022-06-18&end_date=2022-06-18&exclude=tips",
                "start_date=2022-06-18&end_date=2022-06-18&cost_type=free", "start_date=2022-06-18&end_date=2022-06-18&granularity=eon",
                "start_date=2022-06-18&end_date=2022-06-18&amortization=maybe", "start_date=2022-06-18&end_date=2022-06-18&cost_type=7",
            ] { #expect(try await metric(wrong).status == 400, "\(wrong)") }
            let unknown = try await cloud.get("/cost/metric/42?start_date=2022-06-18&end_date=2022-06-18", as: cloud.home.liveKey)
            #expect(unknown.status == 404)
        }
    }

    @Test func `begin their days in their zone`() async throws {
        // The clock of New York goes forward on 2026-03-08: that day has 23 hours.
        try await Self.cloud(
            ["ChargePeriodStart": "2026-03-08T04:59:59Z", "ChargePeriodEnd": "2026-03-08T06:00:00Z", "BilledCost": "1"],
            ["ChargePeriodStart": "2026-03-08T05:00:00Z", "ChargePeriodEnd": "2026-03-08T06:00:00Z", "BilledCost": "2"],
            ["ChargePeriodStart": "2026-03-09T03:59:59Z", "ChargePeriodEnd": "2026-03-09T04:00:00Z", "BilledCost": "4"],
            ["ChargePeriodStart": "2026-03-09T04:00:00Z", "ChargePeriodEnd": "2026-03-09T05:00:00Z", "BilledCost": "8"]
        ) { (cloud: Installation) async throws -> Void in
            let there = try await cloud.data("start_date=2026-03-07&end_date=2026-03-09&zone=America/New_York").expecting(200)
            #expect(there.costs == ["1", "6", "8"])
            let hours = try await cloud.data(
                "start_date=2026-03-08&end_date=2026-03-08&zone=America/New_York&granularity=hour&compare=none")
            #expect(hours.costs.count == 23)
            #expect(try await cloud.data("zone=Mars/Olympus").status == 400)
        }
    }

    @Test func `count what the type says, and leave out what is excluded`() async throws {
        try await Self.cloud(
            Bill.day(8, ["BilledCost": "0", "EffectiveCost": "6", "ListCost": "10", "CommitmentDiscountId": "c"]),
            Bill.day(
                8, ["ChargeCategory": "Purchase", "BilledCost": "5", "EffectiveCost": "0", "ListCost": "7", "CommitmentDiscountId": "c"]),
            Bill.day(8, ["ChargeCategory": "Purchase", "BilledCost": "3", "EffectiveCost": "3", "ListCost": "3"]),
            Bill.day(8, ["ChargeCategory": "Tax", "BilledCost": "0.5", "EffectiveCost": "0.7", "ListCost": "0"]),
            Bill.day(8, ["BilledCost": "-2", "EffectiveCost": "-2", "ListCost": "-2"]),
            Bill.day(8, ["BilledCost": "1000", "BillingCurrency": "EUR"])
        ) { (cloud: Installation) async throws -> Void in
            for (query, expected) in [
                ("", "6.5"), ("&amortization=true", "7.7"), ("&cost_type=Amortized", "7.7"), ("&cost_type=Public", "8"),
                ("&cost_type=public_cost&amortization=true", "11"), ("&exclude=tax", "6"), ("&exclude=fees", "-1.5"),
                ("&exclude=Fees&amortization=true", "4.7"), ("&exclude=refunds,taxes", "8"), ("&cost_type=Blended", "6.5"),
                ("&currency=EUR", "1000"),
            ] { #expect(try await cloud.data(Self.week + query).expecting(200).total == expected, "\(query)") }
            #expect(try await cloud.data(Self.week)["other_currency_rows"] == 1)
            #expect(try await cloud.data(Self.week + "&cost_type=Free").status == 400)
        }
    }

    @Test func `keep a filter, and group by anything`() async throws {
        try await Self.cloud(
            Bill.day(8, ["Tags": "{\"env\":\"dev\"}", "BilledCost": "1"]), Bill.day(8, ["Tags": "{\"env\":\"prod\"}", "BilledCost": "2"]),
            Bill.day(8, ["ServiceName": "Amazon S3", "BilledCost": "4"]), Bill.day(8, ["RegionId": "us-east-1", "BilledCost": "8"])
        ) { (cloud: Installation) async throws -> Void in
            func view(_ name: String, _ filters: JSON) async throws -> String {
                try await cloud.post("/v1/cost-views", as: cloud.home.liveKey, ["name": .string(name), "filters": filters]).expecting(201)
                    .text("id")
            }
            let dev = try await view("dev", [[["dimension": "tag:env", "in": ["dev"]]], [["dimension": "service", "like": "%S_"]]])
            #expect(try await cloud.data(Self.week, of: dev).total == "5")
            let not = try await view(
                "not dev", [[["dimension": "tag:env", "is_not": true, "in": ["dev"]], ["dimension": "region", "regex": "^eu"]]])
            #expect(try await cloud.data(Self.week, of: not).total == "6")
            let grouped = try await cloud.data(Self.week + "&group_by=service,tag:env&region=eu-west-1").expecting(200)
            let groups = grouped["groups"]?.array ?? []
            #expect(
                groups.map { $0["total"]?["cost"]?.string } == ["4", "2", "1"] && groups[1]["key"]?["tag:env"] == "prod", "\(grouped.text)")
            #expect(groups[0]["key"]?["tag:env"] == .null && grouped.text("next_dimension") == "usage_type")
            let cut = try await cloud.data(Self.week + "&group_by=service,tag:env&limit=1").expecting(200)
            #expect(cut["other"]?["total"]?["cost"]?.string == "7" && cut["group_count"] == 4)
            for wrong: JSON in [[[["dimension": "service"]]], [[["dimension": "service", "regex": "("]]]] {
                let refused = try await cloud.post("/v1/cost-views", as: cloud.home.liveKey, ["name": "x", "filters": wrong])
                #expect(refused.code == "validation_failed")
            }
        }
    }

    @Test func `count by a column of their own`() async throws {
        try await Self.cloud(
            Bill.day(8, ["BilledCost": "2", "ListCost": "3"]), Bill.day(8, ["BilledCost": "0", "ListCost": "1", "EffectiveCost": "0"])
        ) { (cloud: Installation) async throws -> Void in
            let column = try await cloud.post(
                "/v1/cost-columns", as: cloud.home.liveKey, ["name": "Back", "formula": "(Public Cost - Unblended) / Unblended * 0.5"]
            ).expecting(201)
            #expect(column["id"] == 1)
            #expect(try await cloud.data(Self.week + "&cost_type=1").expecting(200).total == "0.25")
            for formula in ["Public +", "Free * 2", "(Public", "1..2", "Public Public"] {
                let refused = try await cloud.post("/v1/cost-columns", as: cloud.home.liveKey, ["name": "x", "formula": .string(formula)])
                #expect(refused.code == "validation_failed", "\(formula)")
            }
        }
    }

    @Test func `keep the column that they count by`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            let key = cloud.home.liveKey
            let made = try await cloud.post("/v1/cost-columns", as: key, ["name": "Half", "formula": "Public / 2"]).expecting(201)
            let column = String(made["id"]?.integer ?? 0)
            let view = try await cloud.post("/v1/cost-views", as: key, ["name": "Halves", "cost_type": .string(column)]).expecting(201)
            let refused = try await cloud.delete("/v1/cost-columns/\(column)", as: key)
            #expect(refused.status == 409 && refused.text("code") == "invalid_state" && refused.text.contains("Halves"))
            _ = try await cloud.delete("/v1/cost-views/\(view.text("id"))", as: key).expecting(204)
            _ = try await cloud.delete("/v1/cost-columns/\(column)", as: key).expecting(204)
        }
    }

    @Test func `are there from the start, and the one of all cost stays`() async throws {
        try await Installation.run { (cloud: Installation) async throws -> Void in
            for key in [cloud.home.liveKey, cloud.home.testKey] {
                let views = try await cloud.get("/v1/cost-views", as: key).expecting(200).items
                #expect(views.count == 1 && views[0]["is_default"] == true && views[0]["name"] == "Default")
                let path = "/v1/cost-views/" + (views[0]["id"]?.string ?? "")
                #expect(try await cloud.delete(path, as: key).code == "invalid_state")
            }
        }
    }

    @Test func `show a project what it is charged and nothing of the bills`() async throws {
        try await Self.cloud(Bill.day(8)) { (cloud: Installation) async throws -> Void in
            #expect(try await cloud.data(Self.week).total == "1")
            #expect(try await cloud.data(Self.week, as: cloud.home.projectKey).expecting(200).total == "0")
            #expect(try await cloud.get("/v1/costs/imports", as: cloud.home.projectKey).status == 403)
        }
    }
}
