import Kernel
import TestKit
import Testing

@Suite struct `Sixty-four creates at once` {
    static let rounds = 25
    static let racers = 64

    @Test func `for the last place of a quota: one gets it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            for round in 1...Self.rounds {
                _ = try await cloud.put("/v1/quotas/instances", ["project_id": .string(cloud.project), "limit": JSON(round)]).expecting(200)
                let replies = try await Self.race(cloud, round, ["size": "n-1"])
                #expect(replies.count { $0.status == 201 } == 1)
                #expect(replies.count { $0.code == "quota_exceeded" && $0.status == 409 } == Self.racers - 1)
                #expect(replies.allSatisfy { $0.status == 201 || ($0["limit"] == JSON(round) && $0["used"] == JSON(round)) })
            }
        }
    }

    @Test func `for the last dollar of a budget: one gets it, the others hear what is left and what fits`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let price = try await cloud.post("/v1/instances?dry_run=true", cloud.body("dry", ["size": "s-4"])).expecting(200)
            let amount = price["estimate"]?["period_amount"]?.string ?? ""
            let made = try await cloud.post(
                "/v1/budgets",
                ["name": "month", "scope": ["project_id": .string(cloud.project)], "amount": .string(amount), "currency": "USD"]
            ).expecting(201)
            for round in 1...Self.rounds {
                let replies = try await Self.race(cloud, round, ["size": "s-4"])
                #expect(replies.count { $0.status == 201 } == 1)
                let refused = replies.filter { $0.status == 402 }
                #expect(
                    refused.count == Self.racers - 1 && refused.allSatisfy { $0.code == "budget_exceeded" && $0["remaining"] == "0.00" })
                _ = try await cloud.delete("/v1/instances/\(replies.first { $0.status == 201 }?.text("id") ?? "")?purge=true").expecting(
                    202)
                try await installation.settle(within: 0)
            }
            #expect(try await cloud.get("/v1/budgets/\(made.text("id"))").expecting(200)["remaining"] == .string(amount))
        }
    }

    private static func race(_ cloud: Cloud, _ round: Int, _ spec: JSON) async throws -> [Reply] {
        try await withThrowingTaskGroup(of: Reply.self) { group in
            for racer in 0..<racers {
                group.addTask { try await cloud.post("/v1/instances", cloud.body("web-\(round)-\(racer)", spec)) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
