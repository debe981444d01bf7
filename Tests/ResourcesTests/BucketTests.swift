import Kernel
import Provider
import Simulator
import TestKit
import Testing

@Suite struct `A bucket` {
    @Test func `is private and encrypted unless somebody says otherwise`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let made = try await cloud.make("buckets", "logs")
            #expect(made.phase == "ready" && made.text("id").hasPrefix("bkt_") && made.text("kind") == "bucket")
            #expect(
                made["spec"] == [
                    "public": false, "versioning": false, "encryption": true, "expire_days": nil, "quota_bytes": nil,
                ])
            #expect(made["status"]?["empty"] == true)
            #expect(try await cloud.events("bucket.created") == 1)
            #expect(try await cloud.events("bucket.ready") == 1)
            #expect(try await cloud.get("/v1/quotas").items.first { $0["metric"] == "buckets" }?["used"] == 1)
            #expect(try await cloud.get("/v1/buckets?name=logs").items.count == 1)
            #expect(try await cloud.get("/v1/resources?kind=bucket").items.count == 1)
        }
    }

    @Test func `is set as the last word says, and each word is an operation of its own`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("buckets", "logs", ["expire_days": 30]).text("id")
            for patch: JSON in [["versioning": true], ["public": true], ["expire_days": nil, "quota_bytes": 1_000_000]] {
                _ = try await cloud.patch("/v1/buckets/logs", ["spec": patch]).expecting(202)
            }
            #expect(try await cloud.patch("/v1/buckets/logs", ["spec": ["public": true]]).status == 200, "it is so already")
            try await installation.settle()
            let (simulator, subject) = try #require(try await cloud.simulator(of: id))
            let seen = try await installation.moving { try await simulator.find(subject)?.state.bucket }
            #expect(seen?.isVersioned == true && seen?.isPublic == true && seen?.expireDays == nil && seen?.quotaBytes == 1_000_000)
            #expect(try await cloud.get("/v1/buckets/\(id)")["generation"] == 4)
            #expect(try await cloud.put("/v1/buckets/logs", cloud.body("logs", ["public": false]).without("name")).status == 202)
        }
    }

    @Test func `with something in it is not deleted, and is after it was emptied`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("buckets", "logs").text("id")
            let (simulator, subject) = try #require(try await cloud.simulator(of: id))
            try await simulator.fill(subject, objects: 2500)
            let refused = try await cloud.delete("/v1/buckets/logs").expecting(202)
            try await installation.settle()
            let operation = try await cloud.get("/v1/operations/\(refused.operation["id"]?.string ?? "")")
            #expect(operation["state"] == "failed" && operation["error"]?["code"] == "not_empty")
            #expect(try await cloud.get("/v1/buckets/logs").phase == "ready")
            let emptied = try await cloud.post("/v1/buckets/logs/actions/empty").expecting(202)
            try await installation.settle()
            let done = try await cloud.get("/v1/operations/\(emptied.operation["id"]?.string ?? "")")
            #expect(done["state"] == "succeeded")
            #expect(done["steps"]?.array?.first?["attempt"] == 3, "a thousand at a time")
            #expect(try await cloud.get("/v1/buckets/logs")["status"]?["empty"] == true)
            #expect(try await cloud.events("bucket.emptied", of: id) == 1)
            _ = try await cloud.delete("/v1/buckets/logs").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/buckets/\(id)").phase == "deleted")
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `asks for what the provider cannot do and hears its name`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "capabilities": ["buckets", "bucket.versioning"]])
            #expect(try await cloud.make("buckets", "logs").spec("encryption") == false)
            for (spec, capability): (JSON, JSON) in [
                (["public": true], "bucket.public"), (["encryption": true], "bucket.encryption"),
                (["expire_days": 1], "bucket.expire_days"), (["quota_bytes": 1], "bucket.quota_bytes"),
            ] {
                let refused = try await cloud.post("/v1/buckets", cloud.body("more", spec))
                #expect(refused.status == 422 && refused.code == "unsupported_by_provider" && refused["capability"] == capability)
                let change = try await cloud.patch("/v1/buckets/logs", ["spec": spec])
                #expect(change.status == 422 && change["capability"] == capability)
            }
            let address = try await cloud.post("/v1/ips", cloud.body("front"))
            #expect(address.status == 422 && address["capability"] == "ips")
            #expect(try await cloud.post("/v1/firewalls", cloud.body("wall"))["capability"] == "firewalls")
        }
    }
}

extension JSON {
    fileprivate func without(_ name: String) -> JSON { .object((members ?? []).filter { $0.name != name }) }
}
