import Kernel
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
