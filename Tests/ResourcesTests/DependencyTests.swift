import Kernel
import Resources
import Server
import TestKit
import Testing

@Suite struct `What needs what` {
    @Test func `a network in use is not deleted, and says who uses it; a cascade takes the users first`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let network = try await cloud.make("networks", "lan", ["cidr": "10.8.0.0/24"]).text("id")
            let instance = try await cloud.make("instances", "web", ["network_id": "lan"])
            #expect(instance.spec("network_ids") == .array([.string(network)]))
            let refused = try await cloud.delete("/v1/networks/lan")
            #expect(refused.status == 409 && refused.code == "in_use")
            #expect(refused["dependents"]?.array?.first?["name"] == "web")
            _ = try await cloud.delete("/v1/networks/lan?cascade=true").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/networks/\(network)").phase == "deleted")
            #expect(try await cloud.get("/v1/instances/\(instance.text("id"))").phase == "deleted")
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `what is asked of one that waits to be deleted is canceled with it, and never begun`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let base = try await cloud.make("instances", "base").text("id")
            try await cloud.make("instances", "web", .object([]), [.init("depends_on", [.string(base)])])
            let delete = try await cloud.delete("/v1/instances/base?cascade=true").expecting(202)
            #expect(delete.operation["state"] == "queued")
            let asked = [
                try await cloud.post("/v1/instances/base/actions/stop").expecting(202),
                try await cloud.post("/v1/instances/base/actions/resize", ["size": "s-4"]).expecting(202),
            ]
            #expect(asked.allSatisfy { $0.operation["state"] == "queued" })
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/base").phase == "deleted")
            #expect(try await cloud.objects() == 0)
            for reply in asked { try await cloud.expectCanceled(reply) }
            #expect(try await cloud.events("operation.canceled", of: base) == 2)
            #expect(try await cloud.events("instance.stopped", of: base) == 0)
            // It comes back as it was before the delete.
            _ = try await cloud.post("/v1/instances/base/undelete").expecting(202)
            try await installation.settle()
            let back = try await cloud.get("/v1/instances/base").expecting(200)
            #expect(back.power == "running" && back.spec("size") == "s-1")
        }
    }

    @Test func `a delete cancels what waited before it, whoever asks for it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            for isExpiry in [false, true] {
                let ttl = isExpiry ? [JSON.Member("ttl_s", 60)] : []
                let id = try await cloud.make("instances", "web", .object([]), ttl).text("id")
                _ = try await cloud.post("/v1/instances/\(id)/actions/resize", ["size": "s-2"]).expecting(202)
                let waiting = try await cloud.post("/v1/instances/\(id)/actions/restart").expecting(202)
                #expect(waiting.operation["state"] == "queued")
                if isExpiry {
                    installation.clock.advance(seconds: 61)
                    try await installation.parts.engine.expire()
                } else {
                    _ = try await cloud.delete("/v1/instances/\(id)").expecting(202)
                }
                try await cloud.expectCanceled(waiting)
                try await installation.settle()
                #expect(try await cloud.get("/v1/instances/\(id)").phase == "deleted")
                #expect(try await cloud.events("instance.restarted", of: id) == 0)
                _ = try await cloud.delete("/v1/instances/\(id)?purge=true").expecting(200)
            }
        }
    }

    @Test func `a volume that is kept stays as large as it was, whatever was asked while it waited to be deleted`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let volume = try await cloud.make("volumes", "data", ["size_gib": 20]).text("id")
            try await cloud.make("instances", "web", ["volumes": [["volume_id": "data", "path": "/data"]]])
            _ = try await cloud.delete("/v1/volumes/data?cascade=true").expecting(202)
            let growth = try await cloud.post("/v1/volumes/data/actions/resize", ["size_gib": 40]).expecting(202)
            try await installation.settle()
            try await cloud.expectCanceled(growth)
            let kept = try await cloud.get("/v1/volumes/\(volume)").expecting(200)
            #expect(kept.phase == "deleted" && kept.spec("size_gib") == 20 && kept["cost"]?["hourly"] == "0.0022")
            let quotas = try await cloud.get("/v1/quotas?project_id=\(cloud.project)").expecting(200).items
            #expect(quotas.first { $0["metric"] == "volume_gib" }?["used"] == 20)
        }
    }

    @Test func `an instance waits for the network it is to be on`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await cloud.post("/v1/networks", cloud.body("lan")).expecting(201)
            let waiting = try await cloud.post("/v1/instances", cloud.body("web", ["network_id": "lan"])).expecting(201)
            #expect(waiting.phase == "pending" && waiting.operation["state"] == "queued")
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/web").power == "running")
        }
    }

    @Test func `a volume is attached to one instance at a time, and stays when the instance goes`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let volume = try await cloud.make("volumes", "data", ["size_gib": 20]).text("id")
            let first = try await cloud.make("instances", "one").text("id")
            let second = try await cloud.make("instances", "two").text("id")
            let attached = try await cloud.act(first, "attach-volume", ["volume_id": "data", "path": "/data"])
            #expect(attached.spec("volumes") == [["volume_id": .string(volume), "path": "/data"]])
            let taken = try await cloud.post("/v1/instances/\(second)/actions/attach-volume", ["volume_id": "data", "path": "/data"])
            #expect(taken.status == 409 && taken.code == "already_attached")
            #expect(try await cloud.delete("/v1/volumes/data").code == "in_use")
            #expect(try await cloud.post("/v1/volumes/data/actions/detach").expecting(202).operation["type"] == "instance.detach")
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(first)").spec("volumes") == .array([]))
            _ = try await cloud.act(second, "attach-volume", ["volume_id": "data", "path": "/data"])
            _ = try await cloud.delete("/v1/instances/two").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/volumes/data").phase == "ready")
            #expect(try await cloud.delete("/v1/volumes/data").status == 202)
        }
    }

    @Test func `a volume grows and does not shrink`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("volumes", "data", ["size_gib": 20]).text("id")
            #expect(try await cloud.act(id, "resize", ["size_gib": 40]).spec("size_gib") == 40)
            let shrunk = try await cloud.post("/v1/volumes/data/actions/resize", ["size_gib": 10])
            #expect(shrunk.status == 422 && shrunk["minimum"] == 40)
        }
    }

    @Test func `networks of one connection do not overlap`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("networks", "one", ["cidr": "10.8.0.0/20"])
            let overlapping = try await cloud.post("/v1/networks", cloud.body("two", ["cidr": "10.8.4.0/24"]))
            #expect(overlapping.status == 409 && overlapping.code == "cidr_overlap")
            for cidr in ["10.8.0.1/24", "8.8.8.0/24", "10.0.0.0/8", "fd00::/64"] {
                #expect(
                    try await cloud.post("/v1/networks", cloud.body("three", ["cidr": .string(cidr)])).code == "validation_failed",
                    "\(cidr)")
            }
        }
    }
}

extension Cloud {
    /// The operation of that answer was ended by a delete before it began.
    fileprivate func expectCanceled(_ reply: Reply) async throws {
        let operation = try await get("/v1/operations/\(reply.operation["id"]?.string ?? "")").expecting(200)
        #expect(operation["state"] == "canceled" && operation["error"]?["code"] == "canceled", "\(operation.text)")
        #expect(operation["error"]?["detail"]?.string?.contains("is being deleted") == true && operation["started_at"] == .null)
    }
}
