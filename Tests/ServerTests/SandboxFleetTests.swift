import Kernel
import Prices
import Server
import Storage
import TestKit
import Testing

@Suite struct `The sandbox's resources` {
    @Test func `are twelve instances of three kinds of use, with their networks and volumes, as they would be if somebody had made them`()
        async throws
    {
        try await Installation.run { cloud in
            let instances = try await cloud.sandbox("/v1/instances?limit=100").items
            #expect(instances.count == 12)
            #expect(Set(instances.compactMap { $0["labels"]?["tier"]?.string }) == ["web", "worker", "database"])
            #expect(instances.count { $0["status"]?["power"] == "running" } == 11)
            #expect(try await cloud.sandbox("/v1/instances?selector=tier%3Dweb").items.count == 6)
            #expect(try await cloud.sandbox("/v1/instances?selector=tier%3Dworker").items.count == 4)
            #expect(try await cloud.sandbox("/v1/volumes?selector=tier%3Ddatabase").items.count == 3)
            let database = try await cloud.sandbox("/v1/instances/db-1")
            let volume = try await cloud.sandbox("/v1/volumes/db-1-data")
            #expect(database["spec"]?["volumes"]?.array?.first?["volume_id"]?.string == volume.text("id"))
            #expect(volume["status"]?["attached_to"]?.string == database.text("id"))
            #expect(database["status"]?["addresses"]?.array?.first?["ip"]?.string?.hasPrefix("10.20.2.") == true)
            let used = try await cloud.sandbox("/v1/quotas").items.first { $0["metric"] == "instances" }
            #expect(used?["used"] == 12)
            #expect(try await cloud.get("/v1/instances", as: cloud.home.liveKey).expecting(200).items.isEmpty)
        }
    }

    @Test func `have cost something in each hour of ninety days: the sum of usage times price, to the last digit`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.post("/v1/sandbox/reset", as: cloud.home.testKey).expecting(200)
            let rows = try await cloud.charges()
            let now = cloud.clock.now.floored(toSeconds: 3600)
            let days = Set(rows.map { $0.hour.floored(toSeconds: 86_400) })
            #expect(days.count == 91)
            #expect(rows.map(\.hour).min() == now.adding(days: -90))
            #expect(rows.map(\.hour).max() == now.adding(seconds: -3600))
            #expect(rows.allSatisfy { $0.cost == $0.quantity * $0.unitPrice })
            let listed = try await cloud.sandbox("/v1/charges?limit=100").items
            #expect(listed.count == 100 && listed.allSatisfy { $0["charge_category"] == "Usage" })
            // web-1: 49 days as s-1, 41 as s-2.
            let web = try await cloud.sandbox("/v1/instances/web-1")
            let billed = rows.filter { $0.resource == web.text("id") }
            #expect(billed.count == 90 * 24)
            #expect(Self.sum(billed) == ExactDecimal("22.008"))
            let total = Self.sum(rows.filter { $0.hour >= now.startOfMonth })
            let budget = try #require(try await cloud.sandbox("/v1/budgets").items.first)
            let spent = try #require(ExactDecimal(budget["spent"]?.string ?? ""))
            #expect(try await spent == total + cloud.costs(of: cloud.clock.now.milliseconds - now.milliseconds))
        }
    }

    @Test func `cost what the estimate of such a create says, and answer how busy they are`() async throws {
        try await Installation.run { cloud in
            let draft: JSON = [
                "name": "dry", "project_id": .string(cloud.home.project.rawValue), "spec": ["size": "s-2"],
            ]
            let dry = try await cloud.post("/v1/instances?dry_run=true", as: cloud.home.testKey, draft).expecting(200)
            let web = try await cloud.sandbox("/v1/instances/web-2")
            #expect(web["cost"]?["hourly"] == dry["estimate"]?["hourly"] && web["cost"]?["hourly"] == "0.0140")
            let metrics = try await cloud.moving { try await cloud.sandbox("/v1/instances/web-2/metrics") }
            let sample = try #require(metrics["data"]?.array?.last)
            #expect(sample["memory_limit_bytes"] == JSON(2048 << 20) && sample["memory_bytes"]?.integer ?? 0 > 0)
        }
    }

    @Test func `have a history in the log, in the order of time`() async throws {
        try await Installation.run { cloud in
            let events = try await cloud.events(.test).filter { ($0["type"]?.string ?? "").hasPrefix("instance.") }
            let times = events.compactMap { $0["occurred_at"]?.string }
            let first = cloud.clock.now.floored(toSeconds: 3600).adding(days: -90).description
            #expect(times == times.sorted() && times.first == first)
            let types = Set(events.compactMap { $0["type"]?.string })
            let expected: Set<String> = [
                "instance.created", "instance.ready", "instance.resize_requested", "instance.resized", "instance.stop_requested",
                "instance.stopped", "instance.observed",
            ]
            #expect(types == expected)
            #expect(events.count { $0["type"] == "instance.ready" } == 12)
            for event in events where event["type"] != "instance.observed" {
                let operation = try await cloud.sandbox("/v1/operations/" + (event["data"]?["operation_id"]?.string ?? ""))
                #expect(operation["state"] == "succeeded" && operation["resource"]?["id"] == event["subject"])
            }
        }
    }

    private static func sum(_ rows: [Billed]) -> ExactDecimal { rows.reduce(.zero) { $0 + $1.cost } }

    /// What must be the same after a reset.
    private static func told(_ items: [JSON]) -> [String] { items.map { "\($0["id"]?.string ?? "") \($0["spec"] ?? .null)" } }

    @Test func `can be changed and deleted like others, and are back after a reset under the same ids`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.testKey
            let seed = try await cloud.sandbox("/v1/resources?limit=100").items
            _ = try await cloud.post("/v1/instances/web-1/actions/stop", as: key).expecting(202)
            _ = try await cloud.post("/v1/instances/worker-4/actions/start", as: key).expecting(202)
            _ = try await cloud.post("/v1/instances/web-2/actions/resize", as: key, ["size": "s-4"]).expecting(202)
            try await cloud.settle()
            _ = try await cloud.delete("/v1/instances/db-1?purge=true", as: key).expecting(202)
            try await cloud.settle()
            _ = try await cloud.delete("/v1/volumes/db-1-data?purge=true", as: key).expecting(202)
            _ = try await cloud.delete("/v1/networks/jobs?cascade=true", as: key).expecting(202)
            try await cloud.settle()
            #expect(try await cloud.sandbox("/v1/instances/web-1")["status"]?["power"] == "stopped")
            #expect(try await cloud.sandbox("/v1/instances/web-2")["cost"]?["hourly"] == "0.0280")
            let left = try await cloud.sandbox("/v1/resources?limit=100").items
            #expect(left.count == seed.count - 7, "db-1 with its volume, and a network with four workers")
            _ = try await cloud.post("/v1/sandbox/reset", as: key).expecting(200)
            let again = try await cloud.sandbox("/v1/resources?limit=100").items
            let now = try await cloud.sandbox("/v1/instances/web-1")
            #expect(Self.told(again) == Self.told(seed))
            #expect(now["status"]?["power"] == "running")
            #expect(try await cloud.planted() == seed.count, "at the simulator as well")
        }
    }
}

private struct Billed: Sendable {
    let hour: Timestamp
    let resource: String
    let quantity, unitPrice, cost: ExactDecimal
}

extension Installation {
    fileprivate func sandbox(_ path: String) async throws -> Reply { try await get(path, as: home.testKey).expecting(200) }

    fileprivate func charges() async throws -> [Billed] {
        try await store.read { [home] connection in
            try connection.rows(
                "SELECT hour, resource, quantity, unit_price, cost FROM charges WHERE workspace = ? AND mode = 'test'", home.workspace
            ) { row in
                try Billed(hour: row.get(0), resource: row.text(1), quantity: row.get(2), unitPrice: row.get(3), cost: row.get(4))
            }
        }
    }

    /// What everything costs in the part of an hour that is open, each rounded as it will be billed.
    fileprivate func costs(of milliseconds: Int64) async throws -> ExactDecimal {
        var sum = ExactDecimal.zero
        for collection in ["instances", "volumes", "networks"] {
            for item in try await sandbox("/v1/\(collection)?limit=100").items {
                let hourly = ExactDecimal(item["cost"]?["hourly"]?.string ?? "") ?? .zero
                sum += (hourly * ExactDecimal(milliseconds)).divided(by: 3_600_000, scale: 18)
            }
        }
        return sum
    }

    fileprivate func planted() async throws -> Int {
        try await store.read { [home] connection in
            try connection.row("SELECT COUNT(*) FROM simulator_objects WHERE workspace = ? AND mode = 'test'", home.workspace) {
                try $0.get(0)
            }
                ?? 0
        }
    }
}
