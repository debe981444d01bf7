import Kernel
import Provider
import Resources
import Server
import Simulator
import Storage
import TestKit
import Testing

/// Objects that bear our mark and belong to no resource.
@Suite struct `An orphan` {
    /// An object with the mark of this installation, for an id that never was.
    private static func plant(_ cloud: Cloud, _ kind: ResourceKind, _ id: String) async throws -> String {
        try await cloud.simulator(named: "sim").plantForeign(
            named: Subject(kind: kind, id: id).name, kind: kind, installation: cloud.installation.parts.engine.identity.installation)
    }

    @Test func `that nothing here has ever known is said once, with what it costs a day, and left alone`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let reference = try await Self.plant(cloud, .volume, "vol_never")
            try await cloud.look()
            let drift = try #require(try await cloud.drifts().first)
            #expect(drift["class"] == "orphan" && drift["provider_ref"]?.string == reference && drift["resource_id"] == .null)
            #expect(drift["cost_per_day"] == "0.0264" && drift["currency"] == "USD", "10 GiB at 0.00011 an hour")
            installation.clock.advance(seconds: 100_000)
            try await cloud.look()
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.events("drift.detected") == 1)
            // A volume may hold data: not even a person's word deletes it from here.
            let refused = try await cloud.post("/v1/drift/\(drift["id"]?.string ?? "")/revert")
            #expect(refused.status == 409 && refused.code == "invalid_state")
        }
    }

    @Test func `is deleted when a person says so`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Self.plant(cloud, .instance, "inst_never")
            try await cloud.look()
            let drift = try #require(try await cloud.drifts().first)
            _ = try await cloud.post("/v1/drift/\(drift["id"]?.string ?? "")/revert").expecting(202)
            try await cloud.look()
            #expect(try await cloud.objects() == 0)
            #expect(try await cloud.drifts().first?["resolution"] == "reverted")
        }
    }

    @Test(arguments: ["report", "revert"])
    func `of a resource that was deleted is deleted after a day, where its policy reverts`(_ policy: String) async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", .string(policy))]).text("id")
            _ = try await cloud.delete("/v1/instances/\(id)").expecting(202)
            try await installation.settle()
            installation.clock.advance(seconds: 120)
            _ = try await Self.plant(cloud, .instance, id)
            try await cloud.look()
            #expect(try await cloud.drifts().map { $0["class"]?.string } == ["orphan"])
            installation.clock.advance(seconds: 80_000)
            try await cloud.look()
            #expect(try await cloud.objects() == 1, "a day has not passed")
            installation.clock.advance(seconds: 7_000)
            try await cloud.look()
            #expect(try await cloud.objects() == (policy == "revert" ? 0 : 1))
        }
    }

    @Test func `that is a second object of one resource is said, and neither is touched`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "identification": "label"])
            let id = try await cloud.make("instances", "web").text("id")
            installation.clock.advance(seconds: 120)
            let reference = try await Self.plant(cloud, .instance, id)
            try await cloud.look()
            let drift = try #require(try await cloud.drifts().first)
            #expect(drift["class"] == "orphan" && drift["provider_ref"]?.string == reference)
            let refused = try await cloud.post("/v1/drift/\(drift["id"]?.string ?? "")/revert")
            #expect(refused.status == 409)
            installation.clock.advance(seconds: 100_000)
            try await cloud.look()
            #expect(try await cloud.objects() == 2)
        }
    }

    @Test func `of a resource that was deleted is accepted: the resource is back, under its name, with what is there`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("volumes", "data", ["size_gib": 3], [.init("labels", ["team": "core"])]).text("id")
            _ = try await cloud.delete("/v1/volumes/\(id)").expecting(202)
            try await installation.settle()
            installation.clock.advance(seconds: 120)
            // What was kept of it is lost first.
            try await cloud.tamper(id, .remove)
            try await cloud.lookTwice()
            installation.clock.advance(seconds: 120)
            let reference = try await Self.plant(cloud, .volume, id)
            try await cloud.look()
            let drift = try #require(try await cloud.drifts().first)
            let accepted = try await installation.moving {
                try await cloud.post("/v1/drift/\(drift["id"]?.string ?? "")/accept").expecting(200)
            }
            #expect(accepted["resolution"] == "accepted" && accepted["status"] == "resolved")
            let back = try await cloud.get("/v1/volumes/data").expecting(200)
            #expect(back.text("id") == id && back.phase == "ready" && back["management"] == "observe" && back["labels"] == ["team": "core"])
            #expect(back.spec("size_gib") == 10 && back["status"]?["provider_ref"]?.string == reference, "as it is there, not as it was")
            #expect(try await cloud.openIntervals(of: id) == 1)
            #expect(try await cloud.events("volume.adopted", of: id) == 1)
            _ = try await cloud.patch("/v1/volumes/data", ["management": "managed"]).expecting(200)
            try await cloud.lookTwice()
            #expect(try await cloud.drifts("status=open").isEmpty)
            _ = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            try await installation.settle()
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `that nothing here has known is accepted under a name that is given, and not without one`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = ResourceID("vol_01jd0000000000000000000000")
            _ = try await Self.plant(cloud, .volume, id.rawValue)
            try await cloud.look()
            let drift = try await cloud.drifts().first?["id"]?.string ?? ""
            let nameless = try await installation.moving { try await cloud.post("/v1/drift/\(drift)/accept") }
            #expect(nameless.status == 422 && nameless["errors"]?.array?.first?["pointer"] == "/name")
            let body: JSON = ["name": "found", "project_id": .string(cloud.project)]
            try await cloud.make("volumes", "other")
            let taken = try await installation.moving {
                try await cloud.post("/v1/drift/\(drift)/accept", ["name": "other", "project_id": .string(cloud.project)])
            }
            #expect(taken.status == 409 && taken.code == "name_taken")
            _ = try await installation.moving { try await cloud.post("/v1/drift/\(drift)/accept", body).expecting(200) }
            #expect(try await cloud.get("/v1/volumes/found").expecting(200).text("id") == id.rawValue)
            try await cloud.lookTwice()
            #expect(try await cloud.drifts("status=open").isEmpty)
            let again = try await installation.moving { try await cloud.post("/v1/drift/\(drift)/accept", body) }
            #expect(again.status == 409 && again.code == "invalid_state")
        }
    }

    @Test func `that is a second object of one resource cannot be accepted`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "identification": "label"])
            let id = try await cloud.make("volumes", "data").text("id")
            installation.clock.advance(seconds: 120)
            _ = try await Self.plant(cloud, .volume, id)
            try await cloud.look()
            let drift = try await cloud.drifts().first?["id"]?.string ?? ""
            let refused = try await installation.moving { try await cloud.post("/v1/drift/\(drift)/accept") }
            #expect(refused.status == 409 && refused.code == "invalid_state")
        }
    }
}
