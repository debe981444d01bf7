import HTTPTypes
import Kernel
import Provider
import Resources
import Server
import Simulator
import TestKit
import Testing

@Suite struct `A lease` {
    /// An instance `web`, leased.
    private static func leased(_ installation: Installation, for seconds: Int = 60) async throws -> (
        cloud: Cloud, id: String, nonce: String
    ) {
        let cloud = try await Cloud.connect(installation)
        let id = try await cloud.make("instances", "web").text("id")
        return (cloud, id, try await cloud.lease("instances/web", for: seconds).text("nonce"))
    }

    @Test func `keeps every change to who shows its nonce, until it ends by itself`() async throws {
        try await Installation.run { installation in
            let (cloud, id, nonce) = try await Self.leased(installation, for: 90)
            let headers = ["lease-nonce": nonce]
            let body: JSON = ["project_id": .string(cloud.project), "labels": ["a": "b"]]
            let changes: [@Sendable ([String: String]) async throws -> Reply] = [
                { try await cloud.patch("/v1/instances/web", ["labels": ["a": "b"]], headers: $0) },
                { try await installation.call(.put, "/v1/instances/web", as: cloud.key, body, headers: $0) },
                { try await cloud.post("/v1/instances/\(id)/actions/stop", headers: $0) },
                { try await installation.delete("/v1/instances/\(id)", as: cloud.key, headers: $0) },
            ]
            installation.clock.advance(milliseconds: 500)
            for change in changes {
                let refused = try await change([:])
                #expect(refused.status == 423 && refused.code == "lease_held" && refused["retryable"] == true, "\(refused.text)")
                #expect(refused.header("Retry-After") == "90" && refused["lease_expires_at"] != nil && refused["lease_holder"] != nil)
                #expect(try await change(["lease-nonce": String(nonce.dropLast()) + (nonce.hasSuffix("0") ? "1" : "0")]).status == 423)
            }
            #expect(try await cloud.get("/v1/instances/web").expecting(200)["labels"] == .object([]))
            for change in changes { #expect([200, 202].contains(try await change(headers).status)) }
            try await installation.settle(within: 60)
            #expect(try await cloud.post("/v1/instances/web/undelete").code == "lease_held")
            installation.clock.advance(seconds: 90)
            _ = try await cloud.post("/v1/instances/web/undelete").expecting(202)
        }
    }

    @Test func `is held longer by its holder, and never shorter`() async throws {
        try await Installation.run { installation in
            let (cloud, id, nonce) = try await Self.leased(installation)
            let headers = ["lease-nonce": nonce]
            let start = installation.clock.now
            installation.clock.advance(seconds: 30)
            #expect(try await cloud.post("/v1/instances/web/lease").expecting(423).code == "lease_held")
            let shorter = try await cloud.post("/v1/instances/web/lease", ["ttl_s": 10], headers: headers).expecting(200)
            #expect(shorter.json["nonce"] == nil && shorter.text("expires_at") == start.adding(seconds: 60).description)
            let longer = try await cloud.post("/v1/instances/web/lease", ["ttl_s": 300], headers: headers).expecting(200)
            #expect(longer.text("expires_at") == start.adding(seconds: 330).description)
            installation.clock.advance(seconds: 299)
            #expect(try await cloud.patch("/v1/instances/web", ["labels": [:]]).status == 423)
            installation.clock.advance(seconds: 1)
            let other = try await cloud.lease("instances/web")
            #expect(other.text("nonce") != nonce)
            #expect(try await cloud.patch("/v1/instances/web", ["labels": [:]], headers: headers).status == 423)
            for (type, count) in [("lease.taken", 2), ("lease.renewed", 2)] { #expect(try await cloud.events(type, of: id) == count) }
            for seconds: JSON in [0, 301] { #expect(try await cloud.post("/v1/instances/web/lease", ["ttl_s": seconds]).status == 422) }
        }
    }

    @Test func `is ended by its holder, and by an admin of the project, which the log tells`() async throws {
        try await Installation.run { installation in
            let (cloud, id, nonce) = try await Self.leased(installation)
            let editor = try await installation.makeMember("mel@home.example", of: installation.home, role: "editor").session
            let path = "/v1/instances/\(id)/lease"
            #expect(try await cloud.delete(path).code == "lease_held")
            #expect(try await installation.delete(path + "?force=true", as: editor).code == "forbidden")
            _ = try await installation.delete(path, as: editor, headers: ["lease-nonce": nonce]).expecting(204)
            _ = try await cloud.delete(path).expecting(204)
            #expect(try await cloud.events("lease.released", of: id) == 1)
            _ = try await cloud.lease("instances/web")
            _ = try await cloud.delete(path + "?force=true").expecting(204)
            _ = try await cloud.patch("/v1/instances/web", ["labels": ["a": "b"]]).expecting(200)
            let told = try await cloud.get("/v1/events?type=lease.released").expecting(200).items
            #expect(
                told.compactMap { $0["data"]?["forced"] } == [true, false] || told.compactMap { $0["data"]?["forced"] } == [false, true])
            let viewer = try await installation.makeMember("vi@home.example", of: installation.home, role: "viewer").session
            #expect(try await installation.post(path, as: viewer).status == 403)
        }
    }

    @Test func `is to be had on every kind`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("volumes", "source")
            for collection in ["instances", "volumes", "networks", "buckets", "ips", "firewalls", "snapshots"] {
                let id = try await cloud.make(collection, "one", collection == "snapshots" ? ["volume_id": "source"] : .object([])).text(
                    "id")
                let nonce = try await cloud.lease("\(collection)/\(id)").text("nonce")
                #expect(try await cloud.delete("/v1/\(collection)/one").code == "lease_held", "\(collection)")
                _ = try await installation.delete("/v1/\(collection)/one?purge=true", as: cloud.key, headers: ["lease-nonce": nonce])
                    .expecting(202)
                try await installation.settle()
                #expect(try await cloud.post("/v1/\(collection)/\(id)/lease").expecting(410).code == "purged")
            }
        }
    }

    @Test func `holds for what an instance is to have, and several nonces open several`() async throws {
        try await Installation.run { installation in
            let (cloud, id, nonce) = try await Self.leased(installation)
            try await cloud.make("volumes", "data")
            try await cloud.make("ips", "front")
            let volume = try await cloud.lease("volumes/data").text("nonce")
            _ = try await cloud.lease("ips/front")
            let attach: JSON = ["volume_id": "data", "path": "/data"]
            let path = "/v1/instances/\(id)/actions/attach-volume"
            for one in [nonce, volume] {
                #expect(try await cloud.post(path, attach, headers: ["lease-nonce": one]).code == "lease_held")
            }
            let created = try await cloud.post("/v1/instances", cloud.body("other", ["volumes": [attach]]))
            #expect(created.code == "lease_held" && created.text("detail").contains("data"))
            #expect(
                try await cloud.post("/v1/instances/\(id)/actions/attach-ip", ["ip_id": "front"], headers: ["lease-nonce": nonce]).status
                    == 423)
            // What is made of a volume leaves it as it is.
            _ = try await cloud.post("/v1/snapshots", cloud.body("copy", ["volume_id": "data"])).expecting(201)
            _ = try await cloud.post(path, attach, headers: ["lease-nonce": nonce + ", " + volume]).expecting(202)
        }
    }

    @Test func `keeps others from deciding about its operations, and what was admitted before goes on`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let made = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201)
            let nonce = try await cloud.lease("instances/web").text("nonce")
            let cancel = "/v1/operations/\(made.operation["id"]?.string ?? "")/cancel"
            #expect(try await cloud.post(cancel).code == "lease_held")
            try await installation.settle(within: 30)
            #expect(try await cloud.get("/v1/instances/web").power == "running")
            #expect(try await cloud.post(cancel, headers: ["lease-nonce": nonce]).code == "invalid_state")
        }
    }

    @Test func `lets the server's own work wait until it is over`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("ttl_s", 120), .init("drift_policy", "revert")]).text(
                "id")
            _ = try await cloud.lease("instances/web", for: 300)
            try await cloud.tamper(id, .stop)
            try await cloud.look()
            #expect(try await cloud.get("/v1/instances/web").power == "stopped")
            #expect(try await cloud.drifts("resource=\(id)").first?["status"] == "open")
            installation.clock.advance(seconds: 121)
            try await installation.parts.engine.expire()
            #expect(try await cloud.get("/v1/instances/web").phase == "ready")
            installation.clock.advance(seconds: 180)
            try await installation.parts.engine.expire()
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/\(id)").phase == "deleted")
        }
    }

    @Test func `makes a schedule say which instance it had to leave as it was`() async throws {
        try await Installation.run { installation in
            let (cloud, id, _) = try await Self.leased(installation)
            let morning = try #require(Timestamp("2026-03-16T07:59:30Z"))
            let schedule: JSON = [
                "name": "Nights", "project_id": .string(cloud.project), "days": ["mon"], "stop_time": "08:00",
                "instance_ids": [.string(id)],
            ]
            _ = try await cloud.post("/v1/schedules", schedule).expecting(201)
            installation.clock.advance(milliseconds: morning.milliseconds - installation.clock.now.milliseconds)
            _ = try await cloud.lease("instances/web", for: 300)
            installation.clock.advance(seconds: 31)
            try await installation.parts.engine.runSchedules()
            let told = try await cloud.get("/v1/events?type=schedule.stopped").expecting(200).items
            #expect(told.first?["data"]?["failed"]?.array?.first?["code"] == "lease_held")
            #expect(try await cloud.get("/v1/instances/web").power == "running")
        }
    }

    @Test func `keeps a stack's member as it is, unless its holder applies the plan; a run that meets one waits`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let members: JSON = [["key": "web", "kind": "instance", "spec": ["size": "${var.size}"]]]
            let first = try await cloud.plan(named: "shop", members, ["size": "s-1"]).expecting(201)
            _ = try await cloud.apply(first).expecting(202)
            try await cloud.carryOut()
            let nonce = try await cloud.lease("instances/shop-web", for: 300).text("nonce")
            let plan = try await cloud.plan(named: "shop", members, ["size": "s-2"]).expecting(201)
            #expect(try await cloud.apply(plan).code == "lease_held")
            #expect(try await cloud.delete("/v1/stacks/\(plan.text("stack_id"))").code == "lease_held")
            _ = try await cloud.post("/v1/plans/\(plan.text("id"))/apply", headers: ["lease-nonce": nonce]).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/shop-web").spec("size") == "s-2")
            // Taken when the run has begun already.
            installation.clock.advance(seconds: 300)
            let last = try await cloud.plan(named: "shop", members, ["size": "s-4"]).expecting(201)
            let applied = try await cloud.apply(last).expecting(202)
            _ = try await cloud.lease("instances/shop-web", for: 300)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/shop-web").spec("size") == "s-2")
            installation.clock.advance(seconds: 300)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/shop-web").spec("size") == "s-4")
            let run = try await cloud.get("/v1/operations/\(applied["operation"]?["id"]?.string ?? "")").expecting(200)
            #expect(run["state"] == "succeeded")
        }
    }

    @Test func `that was in the way is asked anew under the same Idempotency-Key; a header that is none is refused`() async throws {
        try await Installation.run { installation in
            let (cloud, _, _) = try await Self.leased(installation)
            let headers = ["idempotency-key": "k"]
            #expect(try await cloud.patch("/v1/instances/web", ["labels": ["a": "b"]], headers: headers).status == 423)
            installation.clock.advance(seconds: 60)
            _ = try await cloud.patch("/v1/instances/web", ["labels": ["a": "b"]], headers: headers).expecting(200)
            for nonce in ["lse_short", "x", ",", "lse_" + String(repeating: "-", count: 49)] {
                let refused = try await cloud.patch("/v1/instances/web", ["labels": [:]], headers: ["lease-nonce": nonce])
                #expect(refused.status == 400 && refused.code == "invalid_header", "\(nonce)")
            }
        }
    }
}

extension Cloud {
    fileprivate func lease(_ path: String, for seconds: Int = 60) async throws -> Reply {
        try await post("/v1/\(path)/lease", ["ttl_s": JSON(seconds)]).expecting(201)
    }
}
