import Kernel
import Resources
import Server
import TestKit
import Testing

@Suite struct `The life of an instance` {
    @Test func `tells the same cost when it is made as when it is read`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let drafts: [(String, JSON)] = [
                ("instances", ["size": "s-4"]), ("instances", ["power": "stopped"]), ("volumes", ["size_gib": 7]),
                ("networks", .object([])),
            ]
            for (collection, spec) in drafts {
                let made = try await cloud.post("/v1/\(collection)", cloud.body("x-\(spec.canonicalBytes.count)", spec)).expecting(201)
                let read = try await cloud.get("/v1/\(collection)/\(made.text("id"))").expecting(200)
                #expect(made["cost"] == read["cost"] && made["cost"]?["hourly"] != nil)
                #expect(made["seq"] == read["seq"], "nothing has happened since")
                #expect(read["management"] == "managed")
            }
        }
    }

    @Test func `runs from create to purge, and the provider has one object while it lives`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let made = try await cloud.post("/v1/instances", cloud.body("web-1", ["size": "s-1"])).expecting(201)
            #expect(made.phase == "creating" && made.power == nil && made.operation["state"] == "running")
            #expect(made.header("location") == "/v1/instances/\(made.text("id"))" && made.header("operation-location") != nil)
            try await installation.settle()
            let running = try await cloud.get("/v1/instances/web-1").expecting(200)
            #expect(running.text("id") == made.text("id") && running.phase == "ready" && running.power == "running")
            #expect(try await cloud.objects() == 1)
            let id = made.text("id")
            #expect(try await cloud.act(id, "stop").power == "stopped")
            #expect(try await cloud.act(id, "start").power == "running")
            #expect(try await cloud.act(id, "restart").power == "running")
            #expect(try await cloud.act(id, "resize", ["size": "s-2"]).spec("size") == "s-2")
            let deleted = try await cloud.delete("/v1/instances/\(id)").expecting(202)
            #expect(deleted.phase == "deleting")
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(id)").expecting(200).phase == "deleted")
            #expect(try await cloud.objects() == 0)
            #expect(try await cloud.delete("/v1/instances/\(id)").expecting(200).phase == "deleted")
            _ = try await cloud.delete("/v1/instances/\(id)?purge=true").expecting(200)
            #expect(try await cloud.get("/v1/instances/\(id)").expecting(410).code == "purged")
            for type in ["created", "ready", "stopped", "started", "restarted", "resized", "deleted", "purged"] {
                #expect(try await cloud.events("instance." + type, of: id) == 1, "\(type)")
            }
        }
    }

    @Test func `a put makes it, changes it and leaves it alone`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let body: JSON = ["project_id": .string(cloud.project), "labels": ["tier": "web"], "spec": ["size": "n-1"]]
            let made = try await cloud.put("/v1/instances/api", body).expecting(201)
            try await installation.settle()
            #expect(try await cloud.put("/v1/instances/api", body).expecting(200).text("id") == made.text("id"))
            let changed = try await cloud.put(
                "/v1/instances/api", ["project_id": .string(cloud.project), "labels": ["tier": "web"], "spec": ["size": "n-2"]]
            ).expecting(202)
            #expect(changed.operation["type"] == "instance.update" && changed.text("etag") == "\"g2.m1\"")
            try await installation.settle()
            let image = try await cloud.put("/v1/instances/api", ["project_id": .string(cloud.project), "spec": ["image": "other"]])
            #expect(image.status == 422 && image.code == "immutable_field")
        }
    }

    @Test func `a deleted one keeps its name, can be undeleted, and is purged after a week`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web").text("id")
            _ = try await cloud.delete("/v1/instances/web").expecting(202)
            try await installation.settle()
            let taken = try await cloud.post("/v1/instances", cloud.body("web"))
            #expect(taken.status == 409 && taken.code == "name_taken" && taken["existing_id"] == .string(id))
            _ = try await cloud.post("/v1/instances/web/undelete").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(id)").power == "running")
            #expect(try await cloud.post("/v1/instances/web/undelete").code == "not_deleted")
            _ = try await cloud.delete("/v1/instances/web").expecting(202)
            try await installation.settle()
            installation.clock.advance(seconds: 7 * 86_400 + 1)
            try await installation.parts.engine.expire()
            #expect(try await cloud.get("/v1/instances/\(id)").status == 410)
            _ = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201)
        }
    }

    @Test func `is kept after its deletion for as long as was asked, and is seen among the deleted ones until then`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web").text("id")
            #expect(try await cloud.delete("/v1/instances/web?retain_days=91").status == 400)
            _ = try await cloud.delete("/v1/instances/web?retain_days=30").expecting(202)
            try await installation.settle()
            let deleted = try await cloud.get("/v1/instances/\(id)").expecting(200)
            let time = try #require(deleted["delete_time"]?.string.flatMap { Timestamp($0) })
            #expect(deleted["purge_time"] == .string(time.adding(days: 30).description))
            #expect(try await cloud.get("/v1/instances").expecting(200).ids.isEmpty)
            #expect(try await cloud.get("/v1/instances?show_deleted=true").expecting(200).ids == [id])
            installation.clock.advance(seconds: 8 * 86_400)
            try await installation.parts.engine.expire()
            _ = try await cloud.post("/v1/instances/web/undelete").expecting(202)
            try await installation.settle()
            let back = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(back.text("id") == id && back.power == "running" && back["delete_time"] == .null && back["purge_time"] == .null)
            _ = try await cloud.delete("/v1/instances/web?purge=true").expecting(202)
            try await installation.settle()
            #expect(try await cloud.post("/v1/instances/\(id)/undelete").expecting(410).code == "purged")
        }
    }

    @Test func `an action on what is as asked for already is an operation that did nothing`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web").text("id")
            let again = try await cloud.post("/v1/instances/\(id)/actions/start").expecting(202)
            #expect(again.operation["noop"] == true && again.operation["state"] == "succeeded")
        }
    }

    @Test func `with wait, the answer is held back until it runs and keeps its status`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            async let answer = cloud.post("/v1/instances?wait=30s", cloud.body("web"))
            while try await cloud.events("instance.ready") == 0 {
                _ = try await installation.parts.engine.runDue()
                await Task.yield()
            }
            let reply = try await answer
            #expect(reply.status == 201 && reply.power == "running" && reply.operation["state"] == "succeeded")
            #expect(reply.json["estimate"]?["hourly"] == "0.0070")
            let steps = try #require(reply.operation["steps"]?.array)
            #expect(steps.allSatisfy { ($0["attempt"]?.integer ?? 0) > 0 }, "each was asked for at least once")
        }
    }

    @Test func `whoever waits for what a delete cancels hears of it at once`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201).text("id")
            async let answer = cloud.post("/v1/instances/\(id)/actions/stop?wait=30s")
            while try await cloud.get("/v1/operations?resource=\(id)").items.count < 2 { await Task.yield() }
            _ = try await cloud.delete("/v1/instances/\(id)").expecting(202)
            let reply = try await answer
            #expect(reply.status == 202 && reply.operation["state"] == "canceled")
        }
    }

    @Test func `what ends as soon as it is started has failed, with its exit code`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "faults": [["step": "start", "kind": "crash"]]])
            let ended = try await cloud.make("instances", "web")
            #expect(ended.phase == "failed" && ended.power == "crashed")
            #expect(ended.json["status"]?["exit_code"] == 137)
            #expect(try await cloud.objects() == 1)
            _ = try await cloud.delete("/v1/instances/web").expecting(202)
            try await installation.settle()
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `created with a time to live, it is gone when that is over, unless it is protected`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let short = try await cloud.make("instances", "short", .object([]), [.init("ttl_s", 60)]).text("id")
            let kept = try await cloud.make("instances", "kept", .object([]), [.init("ttl_s", 60), .init("deletion_protection", true)])
            installation.clock.advance(seconds: 61)
            try await installation.parts.engine.expire()
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(short)").phase == "deleted")
            let protected = try await cloud.get("/v1/instances/\(kept.text("id"))")
            #expect(protected.phase == "ready")
            #expect(protected.json["status"]?["conditions"]?.array?.contains { $0["type"] == "Expiring" } == true)
        }
    }

    @Test func `one that ends by itself is seen to have ended, and is charged no longer`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "job").text("id")
            let crash: JSON = ["step": "sample", "kind": "crash", "times": 1]
            _ = try await cloud.patch("/v1/connections/sim", ["settings": ["latency_ms": 0, "faults": [crash]]]).expecting(200)
            try await installation.moving { try await installation.parts.engine.sample() }
            try await installation.moving { try await installation.parts.engine.sample() }
            let ended = try await cloud.get("/v1/instances/job").expecting(200)
            #expect(ended.power == "crashed" && ended.json["status"]?["exit_code"] == 137)
            #expect(try await cloud.events("instance.ended", of: id) == 1)
            let spent = ended.json["cost"]?["month_to_date"]
            installation.clock.advance(seconds: 7200)
            #expect(try await cloud.get("/v1/instances/job").json["cost"]?["month_to_date"] == spent)
            #expect(try await cloud.act(id, "start").power == "running")
        }
    }
}
