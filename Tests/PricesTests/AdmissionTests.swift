import Kernel
import Prices
import Server
import Storage
import TestKit
import Testing

@Suite struct `A resource is admitted` {
    @Test func `lets exactly one of sixty-four have the last quota unit`() async throws {
        try await Shop.run { shop in
            let account = JSON.string(shop.cloud.home.account.rawValue)
            _ = try await shop.cloud.put("/v1/quotas/instances", as: shop.cloud.home.liveKey, ["limit": 3, "account_id": account])
                .expecting(200)
            for index in 0..<2 { try await shop.reserve(Shop.instance("n-1"), for: "inst_\(index)") }
            let outcomes = await race(64) { try await shop.reserve(Shop.instance("n-1"), for: "inst_race\($0)") }
            #expect(outcomes.count { $0 == nil } == 1)
            #expect(outcomes.compactMap(\.self).allSatisfy { $0.code == .quotaExceeded && $0.members["used"] == 3 })
            #expect(try await shop.count("SELECT instances FROM quota_use WHERE scope LIKE 'acc_%' AND mode = 'live'") == 3)
            #expect(try await shop.count("SELECT COUNT(*) FROM commitments") == 3)
        }
    }

    @Test func `lets exactly one of sixty-four have the last dollar`() async throws {
        try await Shop.run { shop in
            let one = try await shop.quote(Shop.instance()).periodAmount
            _ = try await shop.budget((one + one * 2 - (ExactDecimal("0.000000000000000001") ?? .zero)).description)
            try await shop.reserve(Shop.instance(), for: "inst_first")
            let outcomes = await race(64) { try await shop.reserve(Shop.instance(), for: "inst_race\($0)") }
            #expect(outcomes.count { $0 == nil } == 1)
            #expect(outcomes.compactMap(\.self).allSatisfy { $0.code == .budgetExceeded })
            #expect(try await shop.count("SELECT instances FROM quota_use WHERE scope LIKE 'acc_%' AND mode = 'live'") == 2)
        }
    }

    @Test func `says what is left and the largest size that still fits`() async throws {
        try await Shop.run { shop in
            let small = try await shop.quote(Shop.instance("s-2")).periodAmount
            let budget = try await shop.budget(small.description)
            let problem = await problem { try await shop.reserve(Shop.instance("s-8"), for: "inst_a", alternatives: Shop.sizes) }
            #expect(problem?.code == .budgetExceeded && problem?.members["fits"] == "s-2")
            #expect(problem?.members["budget_id"] == .string(budget.text("id")) && problem?.members["currency"] == "USD")
            #expect(problem?.members["remaining"] == .string(small.formatted(minimumPlaces: 2)))
            let estimate = try await shop.reserve(Shop.instance("s-2"), for: "inst_a")
            #expect(estimate.budgetRemainingAfter == .zero)
            #expect(
                await self.problem { try await shop.reserve(Shop.instance("n-1"), for: "inst_b", alternatives: Shop.sizes) }?.members[
                    "fits"] == .null)
        }
    }

    @Test func `needs every enforced budget to agree, and only reports the others`() async throws {
        try await Shop.run { shop in
            let one = try await shop.quote(Shop.instance()).periodAmount
            let project: JSON = ["project_id": .string(shop.cloud.home.project.rawValue)]
            _ = try await shop.budget("1000")
            let tight = try await shop.budget("0", enforced: false, scope: project, name: "Project")
            _ = try await shop.budget("0", currency: "EUR", scope: project, name: "Euro")
            try await shop.reserve(Shop.instance(), for: "inst_a")
            let path = "/v1/budgets/" + tight.text("id")
            #expect(try await shop.cloud.get(path, as: shop.cloud.home.liveKey).decimal("remaining") == -one)
            _ = try await shop.cloud.patch(path, as: shop.cloud.home.liveKey, ["enforced": true]).expecting(200)
            #expect(
                await problem { try await shop.reserve(Shop.instance(), for: "inst_b") }?.members["budget_id"] == .string(tight.text("id")))
        }
    }

    @Test func `never refuses going down, even past a limit that was lowered`() async throws {
        try await Shop.run { shop in
            try await shop.reserve(Shop.instance("s-8"), for: "inst_a")
            _ = try await shop.budget("0")
            _ = try await shop.cloud.put("/v1/quotas/milli_cpus", as: shop.cloud.home.liveKey, ["limit": 1]).expecting(200)
            try await shop.reserve(Shop.instance("s-2"), for: "inst_a")
            #expect(await problem { try await shop.reserve(Shop.instance("s-4"), for: "inst_a") }?.code == .quotaExceeded)
            try await shop.release("inst_a")
            try await shop.release("inst_a")
            #expect(
                try await shop.count("SELECT milli_cpus + instances + memory_mib FROM quota_use WHERE scope LIKE 'acc_%' AND mode = 'live'")
                    == 0)
        }
    }

    @Test func `holds nothing for a dry run, and refuses alike`() async throws {
        try await Shop.run { shop in
            _ = try await shop.quote(Shop.instance())
            #expect(try await shop.count("SELECT COUNT(*) FROM commitments") == 0)
            _ = try await shop.budget("0")
            #expect(await problem { _ = try await shop.quote(Shop.instance()) }?.code == .budgetExceeded)
            #expect(
                await problem { _ = try await shop.quote(.init(lines: [.init(sku: "gpu.h100", units: 1)], counts: [:])) }?.members["sku"]
                    == "gpu.h100")
        }
    }

    @Test func `asks the project's own quota too`() async throws {
        try await Shop.run { shop in
            let project = JSON.string(shop.cloud.home.project.rawValue)
            _ = try await shop.cloud.put("/v1/quotas/volume_gib", as: shop.cloud.home.liveKey, ["limit": 10, "project_id": project])
                .expecting(200)
            let problem = await problem { try await shop.reserve(Shop.volume(11), for: "vol_a") }
            #expect(problem?.members["metric"] == "volume_gib" && problem?.members["scope"] == ["project_id": project])
            #expect(problem?.members["limit"] == 10 && problem?.members["used"] == 0 && problem?.members["requested"] == 11)
            try await shop.reserve(Shop.volume(10), for: "vol_a")
        }
    }

    @Test func `keeps the budgets' sums equal to the sum over resources, whatever happens`() async throws {
        try await Shop.run { shop in
            let project: JSON = ["project_id": .string(shop.cloud.home.project.rawValue)]
            let budgets = [try await shop.budget("100000"), try await shop.budget("100000", scope: project, name: "Project")]
            var random = Steps(state: 42)
            for step in 0..<160 {
                let resource = "inst_\(random.next(6))"
                let size = InstanceSize.all[random.next(InstanceSize.all.count)].name
                switch random.next(8) {
                case 0, 1: try await shop.reserve(Shop.instance(size), for: resource)
                case 2: try await shop.meter(Shop.instance(size), for: resource)
                case 3: try await shop.meter(.init(lines: [], counts: [:]), for: resource)
                case 4: try await shop.release(resource)
                case 5: shop.cloud.clock.advance(milliseconds: Int64(random.next(90_000_000)))
                case 6: try await shop.closeHours(limit: 50)
                default:
                    let from = shop.cloud.clock.now.adding(milliseconds: Int64(random.next(500_000_000) + step))
                    _ = try await shop.price("instance." + size, "0.0\(random.next(90) + 1)", from: from)
                }
                let seen = try await shop.sums(of: budgets)
                try await shop.expectSpendingAnew(of: budgets, "step \(step)")
                // Shown, and as the next admission will find it: the same, and each is the sum over all resources computed anew.
                try await shop.refresh()
                #expect(try await shop.sums(of: budgets) == seen, "step \(step)")
                #expect(try await shop.storedSums() == seen, "step \(step)")
            }
            shop.cloud.clock.advance(to: shop.monthEnd)
            while try await shop.closeHours() > 0 {}
        }
    }

    private func problem(_ body: () async throws -> some Any) async -> Problem? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? Problem
        }
    }

    /// Nil for each that got through.
    private func race(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> some Any) async -> [Problem?] {
        await withTaskGroup(of: Problem?.self) { group in
            for index in 0..<count {
                group.addTask {
                    do {
                        _ = try await body(index)
                        return nil
                    } catch {
                        return error as? Problem ?? Problem(.internalError, "\(error)")
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}

/// The same steps in every run.
private struct Steps {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}

extension Shop {
    fileprivate func quote(_ demand: Demand) async throws -> Estimate {
        let consumer = consumer("inst_quoted")
        let by = by
        return try await cloud.store.read { try Admission.quote(demand, for: consumer, alternatives: [], by: by, $0) }
    }

    /// What the budgets are committed to, as they tell it.
    fileprivate func sums(of budgets: [Reply]) async throws -> [ExactDecimal] {
        var sums: [ExactDecimal] = []
        for budget in budgets {
            let reply = try await cloud.get("/v1/budgets/" + budget.text("id"), as: cloud.home.liveKey).expecting(200)
            let committed = (reply.decimal("spent") ?? .zero) + (reply.decimal("reserved") ?? .zero)
            #expect(committed + (reply.decimal("remaining") ?? .zero) == reply.decimal("amount"))
            #expect((reply.decimal("spent") ?? .zero) >= .zero)
            sums.append(committed)
        }
        return sums
    }

    /// What is spent is the same when it is counted by line and when every resource is looked at.
    fileprivate func expectSpendingAnew(of budgets: [Reply], _ note: Comment) async throws {
        func spent() async throws -> [String] {
            var told: [String] = []
            for budget in budgets {
                let reply = try await cloud.get("/v1/budgets/" + budget.text("id"), as: cloud.home.liveKey).expecting(200)
                told.append("\(reply.text("spent")) \(reply.text("reserved")) \(reply["other_currency_resources"] ?? .null)")
            }
            return told
        }
        let counted = try await spent()
        let stale = try await cloud.store.read { try $0.rows("SELECT id, is_stale FROM budgets") { ($0.text(0), $0.integer(1)) } }
        _ = try await cloud.store.write { try $0.execute("UPDATE budgets SET is_stale = 1") }
        #expect(try await spent() == counted, note)
        for (id, wasStale) in stale {
            _ = try await cloud.store.write { try $0.execute("UPDATE budgets SET is_stale = ? WHERE id = ?", wasStale, id) }
        }
    }

    /// Computes every sum anew from the resources.
    fileprivate func refresh() async throws {
        _ = try await cloud.store.write { try $0.execute("UPDATE budgets SET is_stale = 1") }
        try await MeteredTime.catchUp(cloud.store, cloud.place.surroundings)
    }

    /// The sum over what is kept for each resource; both budgets reach all of them.
    fileprivate func storedSums() async throws -> [ExactDecimal] {
        try await cloud.store.read { connection in
            let sum = try connection.rows("SELECT amounts FROM commitments WHERE amounts <> ''") { row in
                ExactDecimal(row.text(0).dropFirst(4)) ?? .zero
            }.reduce(ExactDecimal.zero, +)
            return [sum, sum]
        }
    }
}
