import Kernel
import Resources
import Server
import Storage
import TestKit
import Testing

@Suite struct `A stack` {
    /// A network, a volume, and two instances that need them.
    private static let shop: JSON = [
        [
            "key": "web", "kind": "instance", "depends_on": ["db"], "labels": ["team": "${var.team}"],
            "spec": ["size": "${var.size}", "network_id": "${net.id}"],
        ],
        ["key": "db", "kind": "instance", "spec": ["size": "s-2", "volumes": [["volume_id": "${data.id}", "path": "/data"]]]],
        ["key": "net", "kind": "network", "spec": ["cidr": "10.8.0.0/24"]],
        ["key": "data", "kind": "volume", "spec": ["size_gib": "${var.disk}"]],
    ]
    private static let variables: JSON = ["team": "core", "size": "s-1", "disk": 20]

    @Test func `is planned, applied in the order of what needs what, and then there is nothing to do`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let plan = try await cloud.plan(named: "shop", Self.shop, Self.variables).expecting(201)
            #expect(plan.actions == ["web": "create", "db": "create", "net": "create", "data": "create"])
            // (0.0070 + 0.0140 + 20 × 0.00011) × 730
            #expect(plan["cost_delta_monthly"] == "16.936" && plan["destroys_data"] == false)
            #expect(plan["quota_delta"]?["instances"] == 2 && plan["quota_delta"]?["volume_gib"] == 20)
            #expect(try await cloud.get("/v1/stacks").items.isEmpty, "a plan makes nothing")
            let applied = try await cloud.apply(plan).expecting(202)
            #expect(applied["status"] == "applying" && applied["operation"]?["type"] == "stack.apply")
            #expect(applied.header("operation-location") == "/v1/operations/\(applied["operation"]?["id"]?.string ?? "")")
            try await cloud.carryOut()
            let stack = try await cloud.get("/v1/stacks/\(plan.text("stack_id"))").expecting(200)
            #expect(stack["status"] == "ready" && stack.phases == ["web": "ready", "db": "ready", "net": "ready", "data": "ready"])
            let web = try await cloud.get("/v1/instances/shop-web").expecting(200)
            let net = try await cloud.get("/v1/networks/shop-net").expecting(200)
            #expect(web.spec("network_ids") == .array([.string(net.text("id"))]) && web["labels"] == ["team": "core"])
            #expect(try await cloud.get("/v1/volumes/shop-data").spec("size_gib") == 20)
            let operation = try await cloud.get("/v1/operations/\(stack["operation"]?["id"]?.string ?? "")").expecting(200)
            #expect(operation["state"] == "succeeded" && operation["steps"]?.array?.count == 4)
            func start(_ name: String) throws -> Timestamp {
                let step = try #require(operation["steps"]?.array?.first { $0["name"]?.string == name })
                return try #require(step["started_at"]?.string.flatMap { Timestamp($0) })
            }
            #expect(try start("create web") > start("create db") && start("create db") > start("create data"))
            let again = try await cloud.plan(of: stack).expecting(201)
            #expect(again.actions == ["web": "noop", "db": "noop", "net": "noop", "data": "noop"])
            #expect(again["cost_delta_monthly"] == "0.00")
            #expect(try await cloud.apply(again).expecting(202)["operation"]?["noop"] == true)
            // Made through the ordinary admission, by who applied it.
            #expect(try await cloud.events("instance.created", of: web.text("id")) == 1)
        }
    }

    @Test func `is applied once, and not when what it touches has changed`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let stack = try await cloud.stack("shop", Self.shop, Self.variables)
            let grow: JSON = ["size": "s-4"]
            let plan = try await cloud.plan(of: stack, variables: grow).expecting(201)
            #expect(plan.actions == ["web": "update", "db": "noop", "net": "noop", "data": "noop"])
            #expect(plan.change("web")?["fields"] == [["field": "spec.size", "before": "s-1", "after": "s-4"]])
            #expect(plan["cost_delta_monthly"] == "15.33")
            // What it does not touch may change.
            _ = try await cloud.patch("/v1/instances/shop-db", ["labels": ["x": "y"]]).expecting(200)
            let stale = try await cloud.plan(of: stack, variables: grow).expecting(201)
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/shop-web").spec("size") == "s-4")
            #expect(try await cloud.apply(plan).expecting(409).code == "plan_stale")
            #expect(try await cloud.apply(stale).expecting(409).code == "plan_stale")
            let third = try await cloud.plan(of: stack, variables: ["team": "other"]).expecting(201)
            _ = try await cloud.patch("/v1/instances/shop-web", ["labels": ["by": "hand"]]).expecting(200)
            let refused = try await cloud.apply(third).expecting(409)
            #expect(refused.code == "plan_stale" && refused["errors"]?.array?.first?["pointer"] == "/changes/web")
            let old = try await cloud.plan(of: stack).expecting(201)
            installation.clock.advance(seconds: 3600)
            #expect(try await cloud.apply(old).expecting(409).code == "plan_stale")
        }
    }

    @Test func `replaces what cannot be changed with what needs it, and loses data only when that is confirmed`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let stack = try await cloud.stack("shop", Self.shop, Self.variables)
            let before = try await cloud.get("/v1/volumes/shop-data").text("id")
            let plan = try await cloud.plan(of: stack, variables: ["disk": 10]).expecting(201)
            #expect(plan.actions == ["data": "replace", "db": "replace", "web": "noop", "net": "noop"])
            #expect(plan.change("data")?["destroys_data"] == true && plan.change("db")?["destroys_data"] == false)
            #expect(plan.change("db")?["reason"]?.string?.contains("spec.volumes") == true)
            let refused = try await cloud.apply(plan).expecting(422)
            #expect(refused.code == "data_loss_not_confirmed" && refused["errors"]?.array?.count == 1)
            _ = try await cloud.apply(plan, ["confirm_data_loss": true]).expecting(202)
            try await cloud.carryOut()
            let after = try await cloud.get("/v1/stacks/\(stack.text("id"))").expecting(200)
            #expect(after["status"] == "ready", "\(after["operation"] ?? .null)")
            let data = try await cloud.get("/v1/volumes/shop-data").expecting(200)
            #expect(data.text("id") != before && data.spec("size_gib") == 10)
            #expect(try await cloud.get("/v1/instances/shop-db").spec("volumes")?.array?.first?["volume_id"] == data["id"])
            #expect(try await cloud.objects() == 4)
        }
    }

    @Test func `stops at what fails, and goes on with what is left when the plan is applied again`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await cloud.put("/v1/quotas/instances", ["project_id": .string(cloud.project), "limit": 1]).expecting(200)
            let plan = try await cloud.plan(named: "shop", Self.shop, Self.variables).expecting(201)
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            let stack = try await cloud.get("/v1/stacks/\(plan.text("stack_id"))").expecting(200)
            #expect(stack["status"] == "failed" && stack["operation"]?["state"] == "failed")
            #expect(stack["operation"]?["error"]?["detail"]?.string?.contains("quota_exceeded") == true)
            #expect(stack.phases == ["db": "ready", "net": "ready", "data": "ready"])
            _ = try await cloud.put("/v1/quotas/instances", ["project_id": .string(cloud.project), "limit": 5]).expecting(200)
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/stacks/\(plan.text("stack_id"))")["status"] == "ready")
            #expect(try await cloud.objects() == 4)
            #expect(try await cloud.apply(plan).expecting(409).code == "plan_stale")
        }
    }

    @Test func `takes back what it made and changed, where that was asked for`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let stack = try await cloud.stack("shop", Self.shop, Self.variables)
            _ = try await cloud.put("/v1/quotas/instances", ["project_id": .string(cloud.project), "limit": 3]).expecting(200)
            let more: JSON = .array(
                (Self.shop.array ?? []) + [
                    ["key": "extra", "kind": "instance"], ["key": "late", "kind": "instance", "depends_on": ["extra", "web"]],
                ])
            let plan = try await cloud.plan(of: stack, variables: ["size": "s-4"], resources: more).expecting(201)
            _ = try await cloud.apply(plan, ["on_failure": "rollback"]).expecting(202)
            try await cloud.carryOut()
            let after = try await cloud.get("/v1/stacks/\(stack.text("id"))").expecting(200)
            #expect(after["operation"]?["state"] == "failed")
            #expect(after["operation"]?["steps"]?.array?.contains { $0["name"] == "delete extra (undo)" && $0["state"] == "done" } == true)
            #expect(after.phases == ["web": "ready", "db": "ready", "net": "ready", "data": "ready"])
            #expect(try await cloud.get("/v1/instances/shop-web").spec("size") == "s-1")
            #expect(try await cloud.objects() == 4)
        }
    }

    @Test func `deletes what it does not want any more, and in the end everything, users first`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let stack = try await cloud.stack("shop", Self.shop, Self.variables)
            let less = JSON.array((Self.shop.array ?? []).filter { $0["key"] != "web" })
            let plan = try await cloud.plan(of: stack, resources: less).expecting(201)
            #expect(plan.actions == ["db": "noop", "net": "noop", "data": "noop", "web": "delete"])
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/shop-web").phase == "deleted")
            _ = try await cloud.patch("/v1/volumes/shop-data", ["deletion_protection": true]).expecting(200)
            let refused = try await cloud.delete("/v1/stacks/\(stack.text("id"))").expecting(423)
            #expect(refused.code == "deletion_protected" && refused["errors"]?.array?.first?["pointer"] == "/members/data")
            _ = try await cloud.patch("/v1/volumes/shop-data", ["deletion_protection": false]).expecting(200)
            let going = try await cloud.delete("/v1/stacks/\(stack.text("id"))").expecting(202)
            #expect(going["status"] == "deleting")
            #expect(
                try await cloud.delete("/v1/stacks/\(stack.text("id"))").expecting(202)["operation"]?["id"] == going["operation"]?["id"])
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/stacks/\(stack.text("id"))").status == 404)
            #expect(try await cloud.get("/v1/instances/shop-db").phase == "deleted")
            #expect(try await cloud.get("/v1/volumes/shop-data").phase == "deleted")
            #expect(try await cloud.objects() == 1, "the volume, which is kept")
            #expect(try await cloud.events("stack.deleted", of: stack.text("id")) == 1)
        }
    }

    @Test func `takes over what has the name and is as wanted, and nothing else`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("instances", "old", ["size": "n-1"])
            let wanted: JSON = [["key": "old", "kind": "instance", "name": "old", "spec": ["size": "n-2"]]]
            let plan = try await cloud.plan(named: "a", wanted).expecting(201)
            #expect(plan.actions == ["old": "adopt"])
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/old").spec("size") == "n-2")
            #expect(try await cloud.plan(named: "b", wanted).expecting(409).code == "name_taken")
            try await cloud.make("instances", "other", ["image": "alpine-3"])
            let different: JSON = [["key": "x", "kind": "instance", "name": "other", "spec": ["image": "debian-12"]]]
            #expect(try await cloud.plan(named: "c", different).expecting(409).code == "name_taken")
        }
    }

    @Test func `that says what cannot be is refused, with the place`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let cases: [(JSON, String, String)] = [
                (
                    [
                        ["key": "a", "kind": "instance", "depends_on": ["b"]], ["key": "b", "kind": "instance", "depends_on": ["c"]],
                        ["key": "c", "kind": "instance", "labels": ["x": "${a.id}"]],
                    ], "cycle", "a → b → c → a"
                ),
                ([["key": "a", "kind": "instance"], ["key": "a", "kind": "volume"]], "repeated", "twice"),
                ([["key": "a", "kind": "instance", "spec": ["network_id": "${net.id}"]]], "not_found", "${net.id}"),
                ([["key": "a", "kind": "instance", "spec": ["size": "${var.size}"]]], "not_found", "${var.size}"),
                ([["key": "a", "kind": "instance", "depends_on": ["b"]]], "not_found", "b"),
                ([["key": "a", "kind": "instance", "labels": ["x": "${a.id}"]]], "cycle", "a → a"),
                (
                    [["key": "v", "kind": "volume"], ["key": "a", "kind": "instance", "labels": ["x": "${v.cidr}"]]], "not_found",
                    "${v.cidr}"
                ),
                (
                    [["key": "v", "kind": "volume"], ["key": "a", "kind": "instance", "labels": ["x": "${v.spec.image}"]]], "not_found",
                    "${v.spec.image}"
                ),
                ([["key": "var", "kind": "instance"]], "reserved", "var"),
            ]
            for (resources, code, text) in cases {
                let reply = try await cloud.post(
                    "/v1/stacks", ["name": "s", "project_id": .string(cloud.project), "resources": resources])
                #expect(reply.status == 422 && reply["errors"]?.array?.first?["code"]?.string == code, "\(reply.text)")
                #expect(reply.text("detail").contains(text), "\(reply.text)")
            }
            let size = try await cloud.plan(named: "s", [["key": "a", "kind": "instance", "spec": ["size": "huge"]]]).expecting(422)
            #expect(size["errors"]?.array?.first?["code"] == "spec")
            #expect(try await cloud.post("/v1/plans", ["project_id": .string(cloud.project)]).expecting(422)["errors"] != nil)
        }
    }

    @Test func `that names by id or name what is not there is refused when it is planned, with the place`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let cases: [(String, JSON, String)] = [
                ("instance", ["network_id": "net_01jd0000000000000000000000"], "network_id"),
                ("instance", ["network_ids": ["nowhere"]], "network_ids/0"),
                ("instance", ["volumes": [["volume_id": "vol_01jd0000000000000000000000", "path": "/data"]]], "volumes/0/volume_id"),
                ("instance", ["ip_ids": ["${var.front}"]], "ip_ids/0"),
                ("firewall", ["apply_to": ["ids": ["inst_01jd0000000000000000000000"]]], "apply_to/ids/0"),
            ]
            for (kind, spec, place) in cases {
                let members: JSON = [["key": "a", "kind": .string(kind), "spec": spec]]
                let refused = try await cloud.plan(named: "s", members, ["front": "nothing"]).expecting(422)
                #expect(refused.code == "invalid_reference")
                #expect(refused["errors"]?.array?.first?["pointer"]?.string == "/resources/0/spec/\(place)", "\(refused.text)")
            }
            // What is there is found, and what the stack makes itself may be called by the name it will have.
            let net = try await cloud.make("networks", "net").text("id")
            let members: JSON = [
                ["key": "a", "kind": "instance", "spec": ["network_id": .string(net), "ip_ids": ["s-front"]], "depends_on": ["front"]],
                ["key": "front", "kind": "ip"],
            ]
            let plan = try await cloud.plan(named: "s", members).expecting(201)
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/instances/s-a").expecting(200).phase == "ready")
        }
    }

    @Test func `has no networks whose ranges overlap, among its own and with those that are there`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            func network(_ key: String, _ cidr: String) -> JSON {
                ["key": .string(key), "kind": "network", "spec": ["cidr": .string(cidr)]]
            }
            let own = try await cloud.plan(named: "s", [network("a", "10.8.0.0/16"), network("b", "10.8.4.0/24")]).expecting(409)
            #expect(own.code == "cidr_overlap" && own["errors"]?.array?.first?["pointer"] == "/resources/1", "\(own.text)")
            let stack = try await cloud.stack("s", [network("a", "10.8.0.0/24")])
            #expect(try await cloud.plan(named: "t", [network("a", "10.8.0.128/25")]).expecting(409).code == "cidr_overlap")
            // One that makes room for the other is none that stands in its way.
            let moved = try await cloud.plan(of: stack, resources: [network("b", "10.8.0.0/24")]).expecting(201)
            #expect(moved.actions == ["b": "create", "a": "delete"])
            let wider = try await cloud.plan(of: stack, resources: [network("a", "10.8.0.0/20")]).expecting(201)
            #expect(wider.actions == ["a": "replace"])
            _ = try await cloud.apply(wider).expecting(202)
            try await cloud.carryOut()
            #expect(try await cloud.get("/v1/networks/s-a").spec("cidr") == "10.8.0.0/20")
            let bits = try await cloud.plan(named: "t", [network("a", "10.9.0.1/24")]).expecting(422)
            #expect(bits["errors"]?.array?.first?["code"] == "cidr")
        }
    }

    @Test func `has buckets, addresses and firewalls as well`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            func wall(_ image: String, _ port: String) -> JSON {
                [
                    ["key": "front", "kind": "ip"], ["key": "logs", "kind": "bucket", "spec": ["versioning": true]],
                    ["key": "web", "kind": "instance", "spec": ["image": .string(image), "ip_ids": ["${front.id}"]]],
                    [
                        "key": "wall", "kind": "firewall",
                        "spec": [
                            "rules": [["direction": "ingress", "protocol": "tcp", "ports": [.string(port)], "cidrs": ["0.0.0.0/0"]]],
                            "apply_to": ["ids": ["${web.id}"]],
                        ],
                    ],
                ]
            }
            let stack = try await cloud.stack("site", wall("debian-12", "443"))
            #expect(stack["status"] == "ready", "\(stack["operation"] ?? .null)")
            let web = try await cloud.get("/v1/instances/site-web").expecting(200)
            #expect(try await cloud.get("/v1/firewalls/site-wall")["status"]?["applied_to"] == [.string(web.text("id"))])
            #expect(try await cloud.plan(of: stack).expecting(201).actions.values.allSatisfy { $0 == "noop" })
            let plan = try await cloud.plan(of: stack, resources: wall("alpine-3", "8443")).expecting(201)
            #expect(plan.actions == ["front": "noop", "logs": "noop", "web": "replace", "wall": "update"])
            _ = try await cloud.apply(plan).expecting(202)
            try await cloud.carryOut()
            let after = try await cloud.get("/v1/stacks/\(stack.text("id"))").expecting(200)
            #expect(after["status"] == "ready", "\(after["operation"] ?? .null)")
            let another = try await cloud.get("/v1/instances/site-web").text("id")
            #expect(another != web.text("id"))
            #expect(try await cloud.get("/v1/firewalls/site-wall")["status"]?["applied_to"] == [.string(another)])
            #expect(try await cloud.get("/v1/ips/site-front")["status"]?["attached_to"]?.string == another)
            #expect(try await cloud.plan(of: after).expecting(201).actions.values.allSatisfy { $0 == "noop" })
            // Data that a bucket holds count as data, and so does an address.
            let less = try await cloud.plan(of: after, resources: []).expecting(201)
            #expect(less.change("front")?["destroys_data"] == true && less.change("web")?["destroys_data"] == false)
            #expect(try await cloud.apply(less).expecting(422).code == "data_loss_not_confirmed")
        }
    }

    @Test func `shows no secrets of its members`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let members: JSON = [["key": "a", "kind": "instance", "spec": ["env": ["TOKEN": "hunter2"], "user_data": "hunter2"]]]
            let stack = try await cloud.stack("s", members)
            #expect(!stack.text.contains("hunter2") && stack.text.contains("TOKEN"))
            let plan = try await cloud.plan(of: stack).expecting(201)
            #expect(plan.actions == ["a": "noop"] && !plan.text.contains("hunter2"))
            let other: JSON = [["key": "a", "kind": "instance", "spec": ["env": ["TOKEN": "hunter3"]]]]
            let changed = try await cloud.plan(of: stack, resources: other).expecting(201)
            #expect(changed.actions == ["a": "replace"] && !changed.text.contains("hunter"))
            let leaks = try await installation.store.read { connection in
                try connection.rows("SELECT canonical FROM events") { try $0.get(0, as: [UInt8].self) }
                    .contains { String(decoding: $0, as: UTF8.self).contains("hunter") }
            }
            #expect(!leaks)
        }
    }

    @Test func `needs the rights to its members`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let token = try await cloud.post(
                "/v1/tokens", ["name": "t", "scopes": ["stacks:write", "stacks:read", "networks:read", "volumes:read", "instances:read"]]
            ).expecting(201).text("token")
            let body: JSON = [
                "name": "shop", "project_id": .string(cloud.project), "resources": Self.shop, "variables": Self.variables,
            ]
            let plan = try await installation.post("/v1/plans", as: token, body).expecting(201)
            let refused = try await installation.post("/v1/plans/\(plan.text("id"))/apply", as: token)
            #expect(refused.status == 403 && refused.code == "insufficient_scope")
            #expect(try await cloud.objects() == 0)
        }
    }

    /// After every commit of the runner and of the engine the server dies; another start goes on from what is written.
    @Test func `is carried out to the end though the server dies again and again, and nothing is made twice`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let id = try await Installation.open(in: place, home: home) { installation in
                let cloud = try await Cloud.connect(installation)
                let plan = try await cloud.plan(named: "shop", Self.shop, Self.variables).expecting(201)
                _ = try await cloud.apply(plan).expecting(202)
                return plan.text("stack_id")
            }
            for _ in 0..<40 {
                try await Installation.open(in: place, home: home) { installation in
                    try await installation.parts.engine.advanceStacks()
                    _ = try await installation.moving { try await installation.parts.engine.runDue() }
                    installation.clock.advance(seconds: 1)
                }
            }
            try await Installation.open(in: place, home: home) { installation in
                let cloud = Cloud(installation: installation)
                let stack = try await cloud.get("/v1/stacks/\(id)").expecting(200)
                #expect(stack["status"] == "ready" && stack.phases.count == 4)
                #expect(try await cloud.objects() == 4)
                for kind in ["instance", "volume", "network"] {
                    #expect(try await cloud.events("\(kind).created") == (kind == "instance" ? 2 : 1))
                }
            }
        }
    }
}

extension Cloud {
    func plan(named name: String, _ resources: JSON, _ variables: JSON = .object([])) async throws -> Reply {
        try await post(
            "/v1/plans", ["name": .string(name), "project_id": .string(project), "resources": resources, "variables": variables])
    }

    func plan(of stack: Reply, variables: JSON? = nil, resources: JSON? = nil) async throws -> Reply {
        let changes = [variables.map { JSON.Member("variables", $0) }, resources.map { JSON.Member("resources", $0) }].compactMap { $0 }
        return try await post("/v1/plans", .object([.init("stack_id", .string(stack.text("id")))] + changes))
    }

    func apply(_ plan: Reply, _ body: JSON = .object([])) async throws -> Reply {
        try await post("/v1/plans/\(plan.text("id"))/apply", body)
    }

    /// Lets runs and engine work until there is nothing to do.
    func carryOut() async throws {
        for _ in 0..<30 {
            try await installation.parts.engine.advanceStacks()
            try await installation.settle()
            installation.clock.advance(milliseconds: 1)
        }
    }

    /// A stack that is as it should be.
    fileprivate func stack(_ name: String, _ resources: JSON, _ variables: JSON = .object([])) async throws -> Reply {
        let plan = try await plan(named: name, resources, variables).expecting(201)
        _ = try await apply(plan).expecting(202)
        try await carryOut()
        return try await get("/v1/stacks/\(plan.text("stack_id"))").expecting(200)
    }
}

extension Reply {
    /// Of a plan: what is done to which.
    var actions: [String: String] {
        Dictionary((json["changes"]?.array ?? []).map { ($0["key"]?.string ?? "", $0["action"]?.string ?? "") }) { one, _ in one }
    }

    fileprivate func change(_ key: String) -> JSON? { json["changes"]?.array?.first { $0["key"]?.string == key } }

    /// Of a stack: how its members are.
    fileprivate var phases: [String: String] {
        Dictionary((json["members"]?.array ?? []).map { ($0["key"]?.string ?? "", $0["phase"]?.string ?? "") }) { one, _ in one }
    }
}
