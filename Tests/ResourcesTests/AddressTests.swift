import Kernel
import TestKit
import Testing

@Suite struct `A public address` {
    @Test func `is given by the provider, is priced, and is one instance's at a time`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let address = try await cloud.make("ips", "front")
            let ip = try #require(address["status"]?["addresses"]?.array?.first?["ip"]?.string)
            #expect(IPAddress(ip)?.isV4 == true && address["status"]?["addresses"]?.array?.first?["type"] == "public")
            #expect(address["cost"]?["hourly"] == "0.0050")
            let (one, two) = (try await cloud.make("instances", "one").text("id"), try await cloud.make("instances", "two").text("id"))
            let attached = try await cloud.act(one, "attach-ip", ["ip_id": "front"])
            #expect(attached.spec("ip_ids") == .array([.string(address.text("id"))]))
            let all = attached["status"]?["addresses"]?.array ?? []
            #expect(all.contains { $0["type"] == "public" && $0["ip"]?.string == ip } && all.contains { $0["type"] == "private" })
            #expect(try await cloud.get("/v1/ips/front")["status"]?["attached_to"]?.string == one)
            #expect(try await cloud.get("/v1/ips").items.first?["status"]?["attached_to"]?.string == one)
            let taken = try await cloud.post("/v1/ips/front/actions/attach", ["instance_id": .string(two)])
            #expect(taken.status == 409 && taken.code == "already_attached" && taken["instance_id"]?.string == one)
            let again = try await cloud.post("/v1/ips/front/actions/attach", ["instance_id": .string(one)]).expecting(202)
            #expect(again.operation["noop"] == true)
            #expect(try await cloud.delete("/v1/ips/front").code == "in_use")
            let detached = try await cloud.act(address.text("id"), "detach")
            #expect(detached["status"]?["attached_to"] == .null)
            #expect(try await cloud.get("/v1/instances/one").spec("ip_ids") == [])
            _ = try await cloud.delete("/v1/ips/front").expecting(202)
            try await installation.settle()
            #expect(try await cloud.objects() == 2)
        }
    }

    @Test func `is there from the start, when an instance is made with it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await cloud.post("/v1/ips", cloud.body("front", ["family": "ipv6"])).expecting(201)
            let instance = try await cloud.make("instances", "web", ["ip_ids": ["front"]])
            #expect(instance.power == "running")
            let address = (instance["status"]?["addresses"]?.array ?? []).first { $0["type"] == "public" }?["ip"]?.string
            #expect(address?.hasPrefix("2001:db8:") == true)
            #expect(try await cloud.get("/v1/ips/front")["cost"]?["hourly"] == "0.0000")
            let twice = try await cloud.post("/v1/instances", cloud.body("other", ["ip_ids": ["front"]]))
            #expect(twice.status == 409 && twice.code == "already_attached")
            _ = try await cloud.delete("/v1/instances/web").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/ips/front")["status"]?["attached_to"] == .null, "it stays when the instance goes")
        }
    }

    @Test func `has a name that can be set and taken away, and a family that stays`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("ips", "front", ["reverse_dns": "www.example.com"])
            _ = try await cloud.patch("/v1/ips/front", ["spec": ["reverse_dns": nil]]).expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/ips/front").spec("reverse_dns") == .null)
            for name in ["-bad.example", "example", "a..b", "bad_name.example"] {
                let refused = try await cloud.post("/v1/ips", cloud.body("other", ["reverse_dns": .string(name)]))
                #expect(refused.status == 422, "\(name)")
            }
            let other = try await cloud.put(
                "/v1/ips/front", ["project_id": .string(cloud.project), "spec": ["family": "ipv6"]])
            #expect(other.status == 422 && other.code == "immutable_field")
        }
    }
}
