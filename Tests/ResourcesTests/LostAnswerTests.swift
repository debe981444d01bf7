import Kernel
import Resources
import Server
import TestKit
import Testing

/// What the provider says and what it has done are two things.
@Suite struct `A provider that lies` {
    static let lies = [
        "error_after_success", "lost_answer", "error_before", "throttled", "wrong_conflict", "wrong_error", "unreachable", "capacity",
    ]
    static let steps = ["create", "start", "find"]

    @Test(arguments: lies, steps)
    func `gets one object out of a create, whatever it answers`(_ lie: String, _ step: String) async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": .string(step), "kind": .string(lie), "times": 2]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "faults": [fault]])
            let made = try await cloud.make("instances", "web")
            #expect(made.phase == "ready" && made.power == "running")
            #expect(try await cloud.objects() == 1)
            #expect(try await cloud.events("instance.ready") == 1)
        }
    }

    @Test(arguments: ["stop", "restart", "resize", "delete"], ["error_after_success", "lost_answer", "error_before", "wrong_conflict"])
    func `does what is asked once, whatever it answers`(_ step: String, _ lie: String) async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": .string(step), "kind": .string(lie), "times": 2]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "faults": [fault]])
            let id = try await cloud.make("instances", "web").text("id")
            if step == "delete" {
                _ = try await cloud.delete("/v1/instances/web").expecting(202)
                try await installation.settle()
                #expect(try await cloud.get("/v1/instances/\(id)").phase == "deleted")
                #expect(try await cloud.objects() == 0)
            } else {
                let after = try await cloud.act(id, step, step == "resize" ? ["size": "s-2"] : nil)
                #expect(after.phase == "ready" && after.power == (step == "stop" ? "stopped" : "running"))
            }
        }
    }

    @Test func `whose list lags behind is asked again for half a minute before anything is made anew`() async throws {
        try await Installation.run { installation in
            let faults: JSON = [
                ["step": "create", "kind": "lost_answer", "times": 1], ["step": "find", "kind": "stale_list", "times": 0, "ms": 20_000],
            ]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "identification": "label", "faults": faults])
            #expect(try await cloud.make("instances", "web").power == "running")
            #expect(try await cloud.objects() == 1)
        }
    }

    @Test func `in which nothing can be found again makes somebody decide`() async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": "create", "kind": "lost_answer", "times": 1]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "identification": "none", "faults": [fault]])
            let made = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201)
            try await installation.settle()
            let path = "/v1/operations/\(made.operation["id"]?.string ?? "")"
            let blocked = try await cloud.get(path).expecting(200)
            #expect(blocked["state"] == "blocked" && blocked["error"]?["code"] == "ambiguous_result")
            #expect(try await cloud.events("operation.blocked") == 1)
            let incomplete = try await cloud.post(path + "/resolve", ["decision": "adopt"])
            #expect(incomplete.status == 422)
            _ = try await cloud.post(path + "/resolve", ["decision": "forget"]).expecting(202)
            #expect(try await cloud.get("/v1/instances/web").phase == "failed")
        }
    }

    @Test func `that is down is waited for, and the resource says so`() async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": "create", "kind": "unreachable", "times": 3]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "faults": [fault]])
            let made = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201)
            _ = try await installation.parts.engine.runDue()
            let waiting = try await cloud.get("/v1/instances/web").expecting(200)
            let condition = waiting.json["status"]?["conditions"]?.array?.first { $0["type"] == "ProviderReachable" }
            #expect(condition?["status"] == "false" && waiting.phase == "creating")
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(made.text("id"))").power == "running")
        }
    }

    @Test func `that refuses for good fails the operation, takes nothing and leaves nothing`() async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": "create", "kind": "rejected", "times": 0]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "faults": [fault]])
            let made = try await cloud.make("instances", "web")
            #expect(made.phase == "failed")
            let operation = try await cloud.get("/v1/operations?resource=\(made.text("id"))").expecting(200).items.first
            #expect(operation?["error"]?["code"] == "provider_rejected")
            #expect(try await cloud.objects() == 0)
            let quota = try await cloud.get("/v1/quotas?project_id=\(cloud.project)").expecting(200).items.first {
                $0["metric"] == "instances"
            }
            #expect(quota?["used"] == 0)
            _ = try await cloud.delete("/v1/instances/web?purge=true").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(made.text("id"))").status == 410)
        }
    }

    @Test func `that has an object of our name which is not ours keeps it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let made = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201)
            try await cloud.plantForeign(for: made.text("id"))
            try await installation.settle()
            let operation = try await cloud.get("/v1/operations/\(made.operation["id"]?.string ?? "")").expecting(200)
            #expect(operation["state"] == "failed" && operation["error"]?["code"] == "ownership_conflict")
            #expect(try await cloud.objects() == 1)
        }
    }
}
