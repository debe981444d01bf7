import Kernel
import Resources
import Server
import Simulator
import Storage
import TestKit
import Testing

@Suite struct `A deleted volume` {
    /// The volume `data` at a simulated cloud, deleted; and its object there.
    private static func deleted(
        _ installation: Installation, _ settings: JSON = ["latency_ms": 0]
    ) async throws -> (cloud: Cloud, id: String, reference: JSON) {
        let cloud = try await Cloud.connect(installation, settings)
        let made = try await cloud.make("volumes", "data", ["size_gib": 20])
        _ = try await cloud.delete("/v1/volumes/data").expecting(202)
        try await installation.settle()
        return (cloud, made.text("id"), made["status"]?["provider_ref"] ?? .null)
    }

    private static func purged(_ cloud: Cloud, _ id: String) async throws {
        #expect(try await cloud.get("/v1/volumes/\(id)").expecting(410).code == "purged")
        #expect(try await cloud.objects() == 0)
        #expect(try await cloud.openIntervals(of: id) == 0)
        #expect(try await cloud.used("volume_gib") == 0)
        #expect(try await cloud.events("volume.purged", of: id) == 1)
    }

    @Test func `keeps its object and its name, is charged and counted as before, and comes back as it was`() async throws {
        try await Installation.run { installation in
            let (cloud, id, reference) = try await Self.deleted(installation)
            let kept = try await cloud.get("/v1/volumes/data").expecting(200)
            #expect(kept.phase == "deleted" && kept["status"]?["provider_ref"] == reference && kept["purge_time"] != .null)
            #expect(kept["cost"]?["hourly"] == "0.0022", "20 GiB at 0.00011 an hour, as before")
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.openIntervals(of: id) == 1)
            #expect(try await cloud.used("volume_gib") == 20)
            #expect(try await cloud.get("/v1/volumes").expecting(200).ids.isEmpty)
            #expect(try await cloud.post("/v1/volumes", cloud.body("data")).code == "name_taken")
            installation.clock.advance(seconds: 3600)

            let back = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            #expect(back.operation["type"] == "volume.undelete")
            try await installation.settle()
            let now = try await cloud.get("/v1/volumes/data").expecting(200)
            #expect(now.text("id") == id && now.phase == "ready" && now["status"]?["provider_ref"] == reference)
            #expect(now["delete_time"] == .null && now["purge_time"] == .null && now.spec("size_gib") == 20)
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.openIntervals(of: id) == 1)
            let intervals = try await installation.store.read { connection in
                try connection.row("SELECT count(*) FROM metered_intervals WHERE resource = ?", id) { $0.integer(0) }
            }
            #expect(intervals == 1, "it was charged all the time")
            #expect(try await cloud.post("/v1/volumes/data/undelete").expecting(409).code == "not_deleted")
            #expect(try await cloud.events("volume.deleted", of: id) == 1)
            #expect(try await cloud.events("volume.undeleted", of: id) == 1)
            // A put of its name brings it back too.
            _ = try await cloud.delete("/v1/volumes/data").expecting(202)
            try await installation.settle()
            _ = try await cloud.put("/v1/volumes/data", ["project_id": .string(cloud.project)]).expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/volumes/data")["status"]?["provider_ref"] == reference)
        }
    }

    @Test func `goes when its time has come, and is charged until then exactly`() async throws {
        try await Installation.run { installation in
            let (cloud, id, _) = try await Self.deleted(installation)
            installation.clock.advance(seconds: 7 * 86_400 - 60)
            try await installation.parts.engine.expire()
            try await installation.settle()
            #expect(try await cloud.objects() == 1, "not yet")
            installation.clock.advance(seconds: 60)
            try await installation.parts.engine.expire()
            // What is being purged is not to be had any more, nor asked for twice.
            #expect(try await cloud.post("/v1/volumes/data/undelete").expecting(409).code == "invalid_state")
            try await installation.parts.engine.expire()
            try await installation.settle()
            try await Self.purged(cloud, id)
            let operations = try await cloud.get("/v1/operations?resource=\(id)&sort=-created_at").expecting(200).items
            #expect(operations.count { $0["type"] == "volume.delete" } == 2)
            let end = try await installation.store.read { connection in
                try connection.row("SELECT ended_at FROM metered_intervals WHERE resource = ?", id) { $0.time(0) }
            }
            #expect(end?.description == operations.first?["finished_at"]?.string)
            _ = try await cloud.post("/v1/volumes", cloud.body("data")).expecting(201)
        }
    }

    @Test func `is purged at once where that is asked for, then or later`() async throws {
        try await Installation.run { installation in
            let (cloud, id, _) = try await Self.deleted(installation)
            #expect(try await cloud.delete("/v1/volumes/data").expecting(200).phase == "deleted")
            let purge = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            #expect(purge.phase == "deleted" && purge.operation["type"] == "volume.delete")
            let again = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            #expect(again.operation["id"] == purge.operation["id"])
            try await installation.settle()
            try await Self.purged(cloud, id)
            // At once, and before the deletion that keeps has ended.
            for paths in [["?purge=true"], ["", "?purge=true"]] {
                let other = try await cloud.make("volumes", "data").text("id")
                for path in paths { _ = try await cloud.delete("/v1/volumes/data" + path).expecting(202) }
                try await installation.settle()
                #expect(try await cloud.get("/v1/volumes/\(other)").status == 410)
                #expect(try await cloud.objects() == 0)
            }
        }
    }

    @Test func `holds its quota and its budget until it is purged`() async throws {
        try await Installation.run { installation in
            let (cloud, _, _) = try await Self.deleted(installation)
            _ = try await cloud.put("/v1/quotas/volumes", ["project_id": .string(cloud.project), "limit": 1]).expecting(200)
            #expect(try await cloud.post("/v1/volumes", cloud.body("more")).expecting(409).code == "quota_exceeded")
            // Coming back takes nothing more.
            _ = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            try await installation.settle()
            _ = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            try await installation.settle()
            _ = try await cloud.post("/v1/volumes", cloud.body("more")).expecting(201)
        }
    }

    @Test func `that the provider has lost is charged no longer and cannot come back, and no empty one is made`() async throws {
        try await Installation.run { installation in
            let (cloud, id, _) = try await Self.deleted(installation)
            installation.clock.advance(seconds: 120)
            try await cloud.tamper(id, .remove)
            // Before a look has shown it, the undelete finds nothing.
            let early = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            try await installation.settle()
            let failed = try await cloud.get("/v1/operations/\(early.operation["id"]?.string ?? "")").expecting(200)
            #expect(failed["state"] == "failed" && failed["error"]?["detail"]?.string?.contains("does not have") == true)
            #expect(try await cloud.get("/v1/volumes/data").phase == "deleted")
            try await cloud.lookTwice()
            let lost = try await cloud.get("/v1/volumes/data").expecting(200)
            #expect(lost.phase == "deleted" && lost["status"]?["provider_ref"] == .null && lost.condition("Ready")?["reason"] == "Missing")
            #expect(try await cloud.openIntervals(of: id) == 0)
            #expect(try await cloud.used("volume_gib") == 0)
            let refused = try await cloud.post("/v1/volumes/data/undelete").expecting(409)
            #expect(refused.code == "invalid_state" && refused["detail"]?.string?.contains("data are gone") == true)
            #expect(try await cloud.objects() == 0)
            _ = try await cloud.delete("/v1/volumes/data?purge=true").expecting(200)
        }
    }

    @Test func `is no orphan and no drift, however long it is looked at`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("volumes", "data", .object([]), [.init("drift_policy", "revert")]).text("id")
            _ = try await cloud.delete("/v1/volumes/data").expecting(202)
            try await installation.settle()
            for _ in 0..<4 {
                installation.clock.advance(seconds: 100_000)
                try await cloud.lookTwice()
            }
            #expect(try await cloud.drifts().isEmpty)
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.openIntervals(of: id) == 1)
            // Whoever takes the connection away would lose sight of it.
            let refused = try await cloud.delete("/v1/connections/sim").expecting(409)
            #expect(refused.code == "in_use" && refused["dependents"]?.array?.first?["id"] == .string(id))
        }
    }

    @Test func `is kept when its time to live is over; one that was never ready is not`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("volumes", "short", .object([]), [.init("ttl_s", 60)]).text("id")
            installation.clock.advance(seconds: 61)
            try await installation.parts.engine.expire()
            try await installation.settle()
            #expect(try await cloud.get("/v1/volumes/\(id)").phase == "deleted")
            #expect(try await cloud.objects() == 1)
            _ = try await cloud.post("/v1/volumes", cloud.body("early")).expecting(201)
            _ = try await cloud.delete("/v1/volumes/early").expecting(202)
            try await installation.settle()
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.post("/v1/volumes/early/undelete").expecting(409).code == "invalid_state")
        }
    }

    @Test func `stays kept when its way back is canceled, or it is deleted on the way`() async throws {
        try await Installation.run { installation in
            let (cloud, id, reference) = try await Self.deleted(installation)
            let back = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            _ = try await cloud.post("/v1/operations/\(back.operation["id"]?.string ?? "")/cancel").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/volumes/data").phase == "deleted")
            _ = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            _ = try await cloud.delete("/v1/volumes/data").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/volumes/data").phase == "deleted")
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.openIntervals(of: id) == 1)
            _ = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/volumes/data")["status"]?["provider_ref"] == reference)
        }
    }

    @Test func `that cannot be removed stays kept for another day, and is tried again then`() async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": "delete", "kind": "rejected", "times": 0]
            let (cloud, id, reference) = try await Self.deleted(installation, ["latency_ms": 0, "faults": [fault]])
            installation.clock.advance(seconds: 7 * 86_400)
            try await installation.parts.engine.expire()
            try await installation.settle(within: 86_400)
            let kept = try await cloud.get("/v1/volumes/data").expecting(200)
            #expect(kept.phase == "deleted" && kept["status"]?["provider_ref"] == reference)
            #expect(kept.condition("Ready")?["reason"] == "DeleteFailed")
            #expect(kept["purge_time"] == .string(installation.clock.now.adding(days: 1).description))
            _ = try await cloud.patch("/v1/connections/sim", ["settings": ["latency_ms": 0]]).expecting(200)
            installation.clock.advance(seconds: 86_400)
            try await installation.parts.engine.expire()
            try await installation.settle()
            try await Self.purged(cloud, id)
        }
    }

    @Test func `is told by the past as it was, with what it cost`() async throws {
        try await Installation.run { installation in
            let (cloud, id, reference) = try await Self.deleted(installation)
            installation.clock.advance(seconds: 3600)
            let kept = installation.clock.now
            installation.clock.advance(seconds: 3600)
            _ = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            try await installation.settle()
            let then = try await cloud.get("/v1/volumes/\(id)?as_of=\(kept)").expecting(200)
            #expect(then.phase == "deleted" && then["status"]?["provider_ref"] == reference && then["cost"]?["hourly"] == "0.0022")
            let history = try await cloud.get("/v1/resources/\(id)/history?limit=100").expecting(200).items
            func cost(_ type: String, _ side: String) -> JSON? { history.first { $0["type"]?.string == type }?["cost"]?["hourly_" + side] }
            #expect(cost("volume.deleted", "before") == cost("volume.deleted", "after"))
            #expect(cost("volume.purged", "before") != cost("volume.purged", "after"))
        }
    }

    @Test func `gives its name to a stack only when the loss of its data is confirmed`() async throws {
        try await Installation.run { installation in
            let (cloud, id, _) = try await Self.deleted(installation)
            let members: JSON = [["key": "data", "kind": "volume", "name": "data"]]
            let stale = try await cloud.plan(named: "shop", members).expecting(201)
            #expect(stale.actions == ["data": "replace"] && stale["destroys_data"] == true)
            _ = try await cloud.post("/v1/volumes/data/undelete").expecting(202)
            try await installation.settle()
            #expect(try await cloud.apply(stale, ["confirm_data_loss": true]).expecting(409).code == "plan_stale")
            _ = try await cloud.delete("/v1/volumes/data").expecting(202)
            try await installation.settle()
            let plan = try await cloud.plan(named: "shop", members).expecting(201)
            #expect(try await cloud.apply(plan).expecting(422).code == "data_loss_not_confirmed")
            _ = try await cloud.apply(plan, ["confirm_data_loss": true]).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/volumes/data").expecting(200).text("id") != id)
            try await Self.purgedInFavour(cloud, id)
        }
    }

    private static func purgedInFavour(_ cloud: Cloud, _ id: String) async throws {
        #expect(try await cloud.get("/v1/volumes/\(id)").status == 410)
        #expect(try await cloud.objects() == 1)
    }
}

extension Cloud {
    /// How much of a quota the first project uses.
    fileprivate func used(_ metric: String) async throws -> JSON? {
        try await get("/v1/quotas?project_id=\(project)").expecting(200).items.first { $0["metric"]?.string == metric }?["used"]
    }
}
