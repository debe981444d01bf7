import Costs
import Kernel
import Server
import TestKit
import Testing

@Suite struct `Bills show what could be saved` {
    /// Of February, which is over on the tests' day in March.
    private static func february(_ rows: [String: String]...) -> Bill {
        var bill = Bill(
            rows: rows.map {
                [
                    "BillingPeriodStart": "2026-02-01T00:00:00Z", "BillingPeriodEnd": "2026-03-01T00:00:00Z",
                    "ChargePeriodStart": "2026-02-03T00:00:00Z", "ChargePeriodEnd": "2026-02-04T00:00:00Z", "Tags": "{\"env\":\"dev\"}",
                    "ConsumedQuantity": "1",
                ].merging($0) { $1 }
            })
        bill.columns += ["ResourceId", "ResourceName", "ConsumedQuantity", "CommitmentDiscountStatus", "CommitmentDiscountName"]
        return bill
    }

    private static func found(_ cloud: Installation) async throws -> [JSON] {
        try await cloud.parts.savings.run()
        return try await cloud.get("/v1/opportunities", as: cloud.home.liveKey).expecting(200).items
    }

    private static func one(_ found: [JSON], _ type: String) throws -> JSON {
        let all = found.filter { $0["type"]?.string == type }
        #expect(all.count == 1, "\(type)")
        return try #require(all.first)
    }

    /// What a cost view says of the rows that an opportunity names.
    private static func proven(_ opportunity: JSON, in cloud: Installation) async throws -> String {
        let evidence = try #require(opportunity["details"]?["evidence"])
        let view: JSON = ["name": .string("Evidence \(opportunity["id"]?.integer ?? 0)"), "filters": evidence["filters"] ?? .null]
        let id = try await cloud.post("/v1/cost-views", as: cloud.home.liveKey, view).expecting(201).text("id")
        let (from, to) = (evidence["start_date"]?.string ?? "", evidence["end_date"]?.string ?? "")
        return try await cloud.data("start_date=\(from)&end_date=\(to)&cost_type=Amortized", of: id).expecting(200).total
    }

    @Test func `commitments that nobody used, to the last digit, with the rows that prove it`() async throws {
        try await Installation.run { cloud in
            let unused = ["CommitmentDiscountId": "sp-1", "CommitmentDiscountName": "Savings plan", "CommitmentDiscountStatus": "Unused"]
            _ = try await cloud.importBill(
                Self.february(
                    unused.merging(["EffectiveCost": "0.61234567890123456", "ResourceId": "sp-1", "BilledCost": "0"]) { $1 },
                    unused.merging(["EffectiveCost": "0.5", "ResourceId": "sp-1", "BilledCost": "0"]) { $1 },
                    unused.merging(["EffectiveCost": "700", "BillingCurrency": "EUR"]) { $1 },
                    unused.merging(["EffectiveCost": "3.33703703670370368", "CommitmentDiscountStatus": "Used", "ResourceId": "i-1"]) {
                        $1
                    },
                    unused.merging(["EffectiveCost": "0.99", "CommitmentDiscountId": "sp-small"]) { $1 }
                ).bytes)
            let found = try await Self.found(cloud)
            #expect(found.count == 1, "\(found)")
            let one = try Self.one(found, "COMMITMENT_UNUSED")
            #expect(one["record_id"] == "sp-1" && one["monthly_savings"] == "1.11234567890123456" && one["status"] == "Open")
            #expect(one["platform"] == "AWS" && one["account"] == "11" && one["service"] == "Amazon EC2")
            #expect(one["details"]?["used_cost"] == "3.33703703670370368" && one["details"]?["unused_percent"] == "25")
            #expect(one["details"]?["rows"] == 2 && one["details"]?["name"] == "Savings plan")
            #expect(try await Self.proven(one, in: cloud) == "1.11234567890123456")
            let listed = try await cloud.post("/cost-optimization/opportunities/list", as: cloud.home.liveKey, [:]).expecting(200)
            #expect(listed.json.array?.first?["opportunity_details"]?["type"] == "Rate")
        }
    }

    @Test func `spend without tags, by account and service`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.importBill(
                Self.february(
                    ["EffectiveCost": "6.5", "Tags": "NULL", "ResourceId": "i-1"],
                    ["EffectiveCost": "3.5", "Tags": "{}", "ResourceId": "i-2"],
                    ["EffectiveCost": "0.25", "Tags": "{\"env\":null}", "ResourceId": "i-2"], ["EffectiveCost": "90", "ResourceId": "i-3"],
                    ["EffectiveCost": "80", "Tags": "NULL"],
                    ["EffectiveCost": "70", "Tags": "NULL", "ResourceId": "t", "ChargeCategory": "Tax"],
                    ["EffectiveCost": "9.99", "Tags": "NULL", "ResourceId": "b-1", "ServiceName": "Amazon S3"],
                    ["EffectiveCost": "10", "Tags": "NULL", "ResourceId": "i-4", "SubAccountId": "NULL"]
                ).bytes)
            let found = try await Self.found(cloud)
            #expect(found.map { $0["record_id"]?.string } == ["AWS/11/Amazon EC2", "AWS/1/Amazon EC2"])
            #expect(found.map { $0["monthly_savings"]?.string } == ["10.25", "10"])
            #expect(found.allSatisfy { $0["type"] == "UNTAGGED_SPEND" })
            #expect(found.first?["details"]?["resources"] == 2 && found.first?["details"]?["rows"] == 3)
            for one in found { #expect(try await Self.proven(one, in: cloud) == one["monthly_savings"]?.string) }
        }
    }

    @Test func `resources that are charged and consume nothing`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.importBill(
                Self.february(
                    ["EffectiveCost": "3.6", "ResourceId": "eip-1", "ResourceName": "Address", "ConsumedQuantity": "0"],
                    [
                        "EffectiveCost": "0.4", "ResourceId": "eip-1", "ResourceName": "Address", "ConsumedQuantity": "0.0",
                        "ChargeCategory": "Tax",
                    ],
                    ["EffectiveCost": "30", "ResourceId": "lic-1", "ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"],
                    ["EffectiveCost": "5", "ResourceId": "i-1", "ConsumedQuantity": "0"], ["EffectiveCost": "5", "ResourceId": "i-1"],
                    ["EffectiveCost": "8", "ResourceId": "i-unsaid", "ConsumedQuantity": "NULL"],
                    ["EffectiveCost": "8", "ResourceId": "i-once", "ChargeCategory": "Purchase", "ChargeFrequency": "One-Time"],
                    ["EffectiveCost": "9", "ResourceId": "sp", "CommitmentDiscountId": "sp", "ConsumedQuantity": "0"],
                    ["EffectiveCost": "0.99", "ResourceId": "tiny", "ConsumedQuantity": "0"]
                ).bytes)
            let found = try await Self.found(cloud).filter { $0["type"] == "RESOURCE_WITHOUT_USAGE" }
            #expect(found.map { $0["record_id"]?.string } == ["lic-1", "eip-1"])
            #expect(found.map { $0["monthly_savings"]?.string } == ["30", "4"])
            #expect(found.last?["tags"] == ["env": "dev"] && found.last?["details"]?["name"] == "Address")
            for one in found { #expect(try await Self.proven(one, in: cloud) == one["monthly_savings"]?.string) }
        }
    }

    @Test func `once each: refreshed while they are there, done when they are gone, open when they are back`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            func bill(_ cost: String) -> [UInt8] {
                Self.february(["EffectiveCost": cost, "ResourceId": "eip-1", "ConsumedQuantity": "0"], ["ResourceId": "i-1"]).bytes
            }
            _ = try await cloud.importBill(bill("5"))
            let first = try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")
            let events = try await cloud.get("/v1/events?limit=100", as: key).items.count
            cloud.clock.advance(seconds: 3600)
            let again = try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")
            #expect(again["id"] == first["id"] && again["last_detected_at"] == JSON(cloud.clock.now))
            #expect(try await cloud.get("/v1/events?limit=100", as: key).items.count == events, "nothing new, nothing said")
            _ = try await cloud.importBill(bill("7"))
            #expect(try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")["monthly_savings"] == "7")

            // The bill that runs says nothing of a month; the one that is over does.
            _ = try await cloud.importBill(Bill(Bill.day(2, ["EffectiveCost": "1"])).bytes)
            #expect(try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")["status"] == "Open")

            _ = try await cloud.importBill(bill("0.5"))
            let gone = try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")
            #expect(gone["status"] == "Done" && gone["gone_at"] == JSON(cloud.clock.now) && gone["id"] == first["id"])
            cloud.clock.advance(seconds: 60)
            #expect(try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")["gone_at"] == gone["gone_at"])
            _ = try await cloud.importBill(bill("9"))
            let back = try Self.one(try await Self.found(cloud), "RESOURCE_WITHOUT_USAGE")
            #expect(back["status"] == "Open" && back["gone_at"] == .null && back["id"] == first["id"])
        }
    }

    @Test func `what a person decided stays`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            func bill(_ cost: String) -> [UInt8] {
                Self.february(
                    ["EffectiveCost": cost, "ResourceId": "a", "ConsumedQuantity": "0"],
                    ["EffectiveCost": cost, "ResourceId": "b", "ConsumedQuantity": "0"],
                    ["EffectiveCost": cost, "ResourceId": "c", "ConsumedQuantity": "0"], ["ResourceId": "i"]
                ).bytes
            }
            func statuses() async throws -> [String: String] {
                let found = try await Self.found(cloud)
                return Dictionary(uniqueKeysWithValues: found.map { ($0["record_id"]?.string ?? "", $0["status"]?.string ?? "") })
            }
            _ = try await cloud.importBill(bill("5"))
            let found = try await Self.found(cloud)
            func path(_ record: String) -> String {
                "/v1/opportunities/\(found.first { $0["record_id"]?.string == record }?["id"]?.integer ?? 0)"
            }
            _ = try await cloud.post("/v1/opportunity-threads", as: key, ["name": "T"]).expecting(201)
            _ = try await cloud.patch(path("a"), as: key, ["status": "Archived"]).expecting(200)
            _ = try await cloud.patch(path("b"), as: key, ["thread_id": 1]).expecting(200)
            _ = try await cloud.patch(path("c"), as: key, ["status": "Done"]).expecting(200)
            let decided = ["a": "Archived", "b": "Assigned", "c": "Done"]
            _ = try await cloud.importBill(bill("6"))
            #expect(try await statuses() == decided, "found again")
            _ = try await cloud.importBill(bill("0"))
            #expect(try await statuses() == decided, "gone")
            _ = try await cloud.importBill(bill("6"))
            #expect(try await statuses() == decided, "back")
        }
    }

    @Test func `and go when the bill itself is deleted`() async throws {
        try await Installation.run { cloud in
            let done = try await cloud.importBill(Self.february(["EffectiveCost": "5", "ResourceId": "a", "ConsumedQuantity": "0"]).bytes)
            #expect(try await Self.found(cloud).map { $0["status"] } == ["Open"])
            _ = try await cloud.delete("/v1/costs/imports/\(done.text("id"))", as: cloud.home.liveKey).expecting(204)
            #expect(try await Self.found(cloud).map { $0["status"] } == ["Done"])
        }
    }
}
