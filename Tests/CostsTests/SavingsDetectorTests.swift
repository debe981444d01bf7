import Costs
import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `What costs and does nothing` {
    @Test func `is found among one's own resources: volumes nobody uses`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            func settle(_ path: String, _ body: JSON?, _ status: Int) async throws -> Reply {
                let reply = try await cloud.post(path, as: key, body).expecting(status)
                try await cloud.settle()
                return reply
            }
            let connection: JSON = ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]]
            _ = try await cloud.moving { try await cloud.post("/v1/connections", as: key, connection).expecting(201) }
            func made(_ collection: String, _ name: String, _ spec: JSON) async throws -> String {
                let body: JSON = ["name": .string(name), "project_id": .string(cloud.home.project.rawValue), "spec": spec]
                return try await settle("/v1/" + collection, body, 201).text("id")
            }
            let price: JSON = ["sku": "volume.standard", "amount": "0.0001"]
            _ = try await cloud.post("/v1/prices", as: key, price)
            let loose = try await made("volumes", "loose", ["size_gib": 10])
            let used = try await made("volumes", "used", ["size_gib": 20])
            let instance = try await made(
                "instances", "web", ["image": "nginx", "size": "s-1", "volumes": [["volume_id": .string(used), "path": "/data"]]])
            try await cloud.parts.savings.run()
            #expect(try await cloud.get("/v1/opportunities", as: key).items.isEmpty, "not on the first day")
            cloud.clock.advance(seconds: 86_401)
            try await cloud.parts.savings.run()
            let first = try await cloud.get("/v1/opportunities", as: key).items
            #expect(first.map { $0["record_id"]?.string } == [loose])
            #expect(first.first?["type"] == "UNATTACHED_VOLUME" && first.first?["project_id"]?.string == cloud.home.project.rawValue)
            let hourly = try #require(
                (try await cloud.get("/v1/volumes/" + loose, as: key))["cost"]?["hourly"]?.string.flatMap { ExactDecimal($0) })
            let savings = try #require(first.first?["monthly_savings"]?.string.flatMap { ExactDecimal($0) })
            #expect(savings == (hourly * ExactDecimal(24 * 365)).divided(by: 12) && !savings.isZero)
            _ = try await settle("/v1/instances/\(instance)/actions/stop", nil, 202)
            try await cloud.parts.savings.run()
            #expect(try await cloud.get("/v1/opportunities", as: key).items.count == 1)
            cloud.clock.advance(seconds: 86_401)
            try await cloud.parts.savings.run()
            let second = try await cloud.get("/v1/opportunities", as: key).items
            #expect(Set(second.compactMap { $0["record_id"]?.string }) == [loose, used])
            let kept = second.first { $0["record_id"]?.string == loose }
            #expect(kept?["created_at"] == first.first?["created_at"] && kept?["last_detected_at"] == JSON(cloud.clock.now))
            let stopped = second.first { $0["record_id"]?.string == used }
            #expect(stopped?["type"] == "VOLUME_OF_STOPPED_INSTANCE" && stopped?["details"]?["instance_id"]?.string == instance)
            #expect(try await cloud.get("/v1/opportunities", as: cloud.home.projectKey).items.count == 2)
        }
    }

    @Test func `an instance is idle when its processor was below five percent nearly always, for long enough`() {
        let start = Timestamp(year: 2026, month: 3, day: 1)
        func measured(_ count: Int, busy: Int, every seconds: Int64 = 600) -> ExactDecimal? {
            Idleness.percentile(
                (0..<count).map { (start.adding(seconds: Int64($0) * seconds), $0 < busy ? 80 : ExactDecimal("1.5") ?? 0) })
        }
        #expect(measured(100, busy: 5) == ExactDecimal("1.5"))
        #expect(measured(100, busy: 6) == nil)
        #expect(measured(59, busy: 0, every: 1000) == nil, "too few")
        #expect(measured(100, busy: 0, every: 60) == nil, "too short")
        #expect(Idleness.percentile((0..<100).map { (start.adding(seconds: $0 * 600), 5) }) == nil, "five is not below five")
    }
}
