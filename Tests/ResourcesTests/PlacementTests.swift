import Kernel
import Resources
import Server
import Storage
import TestKit
import Testing

@Suite struct `A search for a place` {
    private static let machine: JSON = ["vcpu": 1, "memory_gib": 1]

    // MARK: What is offered

    @Test func `offers every place, the cheapest first, says why, and makes nothing`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.price("instance.s-1", "moon", "0.003")
            try await cloud.price("instance.s-1", "mars", "0.009")
            let before = try await cloud.events()
            let found = try await cloud.resolve(Self.machine).expecting(200)
            #expect(found.placements == ["sim moon s-1 0.0030", "sim local s-1 0.0070", "sim mars s-1 0.0090"])
            #expect(found["chosen"]?["location"] == "moon" && found["chosen"]?["size"] == "s-1")
            let first = found["placements"]?.array?.first
            #expect(first?["reason"] == "The cheapest in USD." && first?["estimate"]?["hourly"] == "0.0030")
            #expect(found["placements"]?.array?[1]["reason"] == "0.0040 USD an hour more than sim at moon.")
            #expect(found.refusals.isEmpty)
            #expect(try await cloud.events() == before)
            #expect(try await cloud.get("/v1/instances").expecting(200).ids.isEmpty)
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `takes the cheapest size that is large enough, whatever its name`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let usual = try await cloud.resolve(["vcpu": .double(1.5), "memory_gib": 3]).expecting(200)
            #expect(usual["chosen"]?["size"] == "s-4")
            try await cloud.price("instance.s-8", "moon", "0.001")
            #expect(try await cloud.resolve(["vcpu": .double(1.5)]).expecting(200)["chosen"]?["size"] == "s-8")
            #expect(try await cloud.resolve(["memory_gib": .double(0.25)]).expecting(200)["chosen"]?["size"] == "s-8")
            #expect(try await cloud.resolve(["vcpu": .double(0.25), "locations": ["local"]]).expecting(200)["chosen"]?["size"] == "n-1")
            // An instance that is to be stopped is weighed as if it ran.
            let stopped = try await cloud.resolve(.object([]), spec: ["size": "s-1", "power": "stopped"]).expecting(200)
            #expect(stopped["chosen"]?["hourly"] == "0.0070")
            #expect(stopped["placements"]?.array?.first?["estimate"]?["hourly"] == "0.0000")
        }
    }

    @Test func `is for every kind`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let volume = try await cloud.make("volumes", "data", ["size_gib": 20]).text("id")
            let snapshot = try await cloud.make("snapshots", "kept", ["volume_id": .string(volume)], [.init("provider", "sim")]).text("id")
            for (kind, spec) in [
                ("volume", ["size_gib": 5]), ("network", .object([])), ("bucket", .object([])), ("ip", .object([])),
                ("firewall", .object([])), ("snapshot", ["volume_id": .string(volume)]),
                ("volume", ["from_snapshot": .string(snapshot)]),
            ] as [(String, JSON)] {
                let found = try await cloud.resolve(.object([]), kind: kind, spec: spec).expecting(200)
                #expect(found["chosen"]?["location"] == "local" && found["chosen"]?["size"] == .null, "\(found.text)")
            }
        }
    }

    @Test func `goes by what the connection has, and by its name`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Cloud.connect(installation, name: "other")
            let id = try await cloud.get("/v1/connections?sort=name").expecting(200).items[0]["id"]?.string ?? ""
            let labelled = try await installation.moving {
                try await cloud.patch("/v1/connections/other", ["labels": ["region": "eu", "tier": "gold"]])
            }.expecting(200)
            #expect(labelled["labels"] == ["region": "eu", "tier": "gold"])
            #expect(try await cloud.resolve(["labels": ["region": "eu"]]).expecting(200).places == ["other local"])
            #expect(try await cloud.resolve(["providers": ["sim"]]).expecting(200).places == ["sim local"])
            #expect(try await cloud.resolve(["providers": [.string(id)]]).expecting(200).places == ["other local"])
            #expect(try await cloud.resolve(["providers": ["simulator"]]).expecting(200).places == ["other local", "sim local"])
            #expect(try await cloud.resolve(["locations": ["b", "a"]]).expecting(200).places.count == 4)
            let nobody = try await cloud.resolve(["labels": ["region": "us"]]).expecting(422)
            #expect(nobody.pointers == ["/requirements/labels"])
            let unknown = try await cloud.resolve(["providers": ["sim", "docker"]]).expecting(422)
            #expect(unknown.code == "invalid_reference" && unknown.pointers == ["/requirements/providers/1"])
        }
    }

    // MARK: What is refused

    @Test func `says of every place that takes nothing what a create there would be told`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Cloud.connect(installation, ["latency_ms": 0, "capabilities": ["volumes"]], name: "disks")
            _ = try await Cloud.connect(installation, ["latency_ms": 0, "largest": ["milli_cpus": 500, "memory_mib": 512]], name: "small")
            for kind in ["unauthorized", "unreachable"] {
                _ = try await Cloud.connect(
                    installation, ["latency_ms": 0, "faults": [["step": "probe", "kind": .string(kind), "times": 0]]], name: kind)
            }
            let found = try await cloud.resolve(Self.machine).expecting(200)
            #expect(found.places == ["sim local"])
            #expect(found["chosen"]?["reason"] == "The only place that takes it.")
            #expect(
                found.refusals == [
                    "disks unsupported_by_provider", "small validation_failed", "unauthorized provider_auth",
                    "unreachable provider_unreachable",
                ])
        }
    }

    @Test func `goes by quota and budget`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await cloud.put("/v1/quotas/memory_mib", ["project_id": .string(cloud.project), "limit": 1024]).expecting(200)
            #expect(try await cloud.resolve(["memory_gib": 2]).expecting(200).refusals == ["sim quota_exceeded"])
            #expect(try await cloud.resolve(["memory_gib": 1]).expecting(200).places == ["sim local"])
            try await cloud.price("instance.s-1", "moon", "0.000001")
            _ = try await cloud.post(
                "/v1/budgets",
                ["name": "Tight", "amount": "0.01", "enforced": true, "scope": ["project_id": .string(cloud.project)]]
            ).expecting(201)
            let found = try await cloud.resolve(Self.machine).expecting(200)
            #expect(found.places == ["sim moon"] && found.refusals == ["sim budget_exceeded"])
            #expect(found["placements"]?.array?.first?["estimate"]?["budget_remaining_after"]?.string != nil)
        }
    }

    @Test func `goes by policies`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.policy(["type": "allowed_sizes", "sizes": ["s-4"]])
            try await cloud.policy(["type": "required_labels", "labels": ["owner"]], [.init("enforcement", "warn")])
            let found = try await cloud.resolve(Self.machine).expecting(200)
            #expect(found["chosen"]?["size"] == "s-4", "a larger one is allowed")
            #expect(found["placements"]?.array?.first?["policy_results"]?.array?.count == 1)
            let labelled = try await cloud.resolve(Self.machine, [.init("labels", ["owner": "core"])]).expecting(200)
            #expect(labelled["placements"]?.array?.first?["policy_results"]?.array?.isEmpty == true)
            #expect(try await cloud.resolve(["vcpu": 4]).expecting(200).refusals == ["sim policy_denied"])
            #expect(try await cloud.events("policy.denied") == 0, "asking is no attempt")
        }
    }

    @Test func `refuses what has no price, what is too dear, and prices in another currency`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.price("instance.s-1", "moon", "0.003")
            try await cloud.price("instance.s-1", "paris", "0.001", "EUR")
            let spec: JSON = ["size": "s-1"]
            let dear = try await cloud.resolve(["max_hourly": "0.005"], spec: spec).expecting(200)
            #expect(dear.places == ["sim moon"] && dear.refusals == ["sim budget_exceeded", "sim validation_failed"])
            #expect(try await cloud.resolve(["max_hourly": "0.002"], spec: spec).expecting(200)["chosen"] == .null)
            let mixed = try await cloud.resolve(.object([]), spec: spec).expecting(200)
            #expect(mixed.places == ["sim paris", "sim moon", "sim local"] && mixed["chosen"] == .null, "nothing is converted")
            #expect(try await cloud.resolve(["currency": "EUR"], spec: spec).expecting(200)["chosen"]?["location"] == "paris")

            let price = try await cloud.get("/v1/prices?sku=instance.s-1&location=*").expecting(200).ids[0]
            _ = try await cloud.delete("/v1/prices/\(price)").expecting(204)
            let unpriced = try await cloud.resolve(["locations": ["local", "moon"]], spec: spec).expecting(200)
            #expect(unpriced.places == ["sim moon"] && unpriced.refusals == ["sim validation_failed"])
            let stopped = try await cloud.resolve(["locations": ["local"]], spec: ["size": "s-1", "power": "stopped"]).expecting(200)
            #expect(stopped.refusals == ["sim validation_failed"], "its price counts, though a stopped one costs nothing")
        }
    }

    @Test func `puts last what had no room lately, for a quarter of an hour`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(
                installation, ["latency_ms": 0, "faults": [["step": "create", "kind": "capacity", "times": 1]]])
            try await cloud.price("instance.s-1", "moon", "0.003")
            let spec: JSON = ["size": "s-1"]
            _ = try await cloud.post("/v1/instances", cloud.body("web", spec, [.init("location", "moon")])).expecting(201)
            _ = try await installation.moving { try await installation.parts.engine.runDue() }
            let found = try await cloud.resolve(.object([]), spec: spec).expecting(200)
            #expect(found.places == ["sim local", "sim moon"])
            let last = found["placements"]?.array?.last
            #expect(last?["capacity_failed_at"]?.string != nil && last?["reason"]?.string?.contains("had no room") == true)
            // Room for volumes is another thing.
            let volume = try await cloud.resolve(["locations": ["moon"]], kind: "volume").expecting(200)
            #expect(volume["chosen"]?["capacity_failed_at"] == .null)
            try await installation.settle()
            installation.clock.advance(seconds: 900)
            #expect(try await cloud.resolve(.object([]), spec: spec).expecting(200).places == ["sim moon", "sim local"])
        }
    }

    // MARK: Who asks

    @Test func `shows nobody another's connections, and the sandbox its simulator alone`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let away = try await installation.makeWorkspace()
            let theirs = try await installation.post(
                "/v1/placements/resolve", as: away.liveKey, ["kind": "instance", "project_id": .string(away.project.rawValue)])
            #expect(theirs.status == 422 && theirs.code == "provider_required")
            let sandbox = try await installation.post(
                "/v1/placements/resolve", as: installation.home.testKey,
                ["kind": "instance", "project_id": .string(cloud.project), "requirements": Self.machine]
            ).expecting(200)
            #expect(sandbox.places == ["simulator local"])
            let foreign = try await cloud.resolve(Self.machine, [.init("project_id", .string(away.project.rawValue))])
            #expect(foreign.status == 404)
        }
    }

    @Test func `shows a project what it may use, and asks for the scopes of what is to be made`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let other = try await cloud.post("/v1/projects", ["name": "Other"]).expecting(201).text("id")
            _ = try await installation.moving {
                try await cloud.post(
                    "/v1/connections",
                    ["name": "theirs", "provider": "simulator", "settings": ["latency_ms": 0], "project_ids": [.string(other)]])
            }.expecting(201)
            func resolve(as secret: String, _ more: [JSON.Member] = []) async throws -> Reply {
                try await installation.post(
                    "/v1/placements/resolve", as: secret, .object([.init("kind", "instance"), .init("requirements", Self.machine)] + more))
            }
            let key = installation.home.projectKey
            #expect(try await resolve(as: key).expecting(200).places == ["sim local"])
            #expect(try await resolve(as: key, [.init("project_id", .string(other))]).status == 404)
            #expect(try await resolve(as: cloud.key).expecting(422).pointers == ["/project_id"])
            #expect(
                try await resolve(as: cloud.key, [.init("project_id", .string(other))]).expecting(200).places
                    == ["sim local", "theirs local"])
            let token = try await installation.post("/v1/tokens", as: key, ["name": "t", "scopes": ["connections:read"]]).expecting(201)
            let refused = try await resolve(as: token.text("token")).expecting(403)
            #expect(refused.code == "insufficient_scope" && refused["required_scope"] == "instances:write")
        }
    }

    @Test func `names what is wrong with the request`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            for (requirements, kind, spec, pointer) in [
                (["vcpu": -1], "instance", [:], "/requirements/vcpu"), (["vcpu": 1000], "instance", [:], "/requirements/vcpu"),
                (["memory_gib": -1], "instance", [:], "/requirements/memory_gib"),
                (["memory_gib": .double(1e300)], "instance", [:], "/requirements/memory_gib"),
                (["vcpu": "2"], "instance", [:], "/requirements/vcpu"),
                (["vcpu": 1], "volume", [:], "/requirements/vcpu"), (["vcpu": 1], "instance", ["size": "s-1"], "/requirements/vcpu"),
                (["max_hourly": "-1"], "instance", [:], "/requirements/max_hourly"),
                (["labels": ["no such name": "x"]], "instance", [:], "/requirements/labels"),
                (["locations": []], "instance", [:], "/requirements/locations"), ([:], "instance", ["size": "xxl"], "/spec/size"),
                ([:], "cluster", [:], "/kind"), ([:], "snapshot", [:], "/spec/volume_id"),
            ] as [(JSON, String, JSON, String)] {
                let refused = try await cloud.resolve(requirements, kind: kind, spec: spec).expecting(422)
                #expect(refused.pointers == [pointer], "\(refused.text)")
            }
            let unknown = try await cloud.resolve(.object([]), spec: ["colour": "red"]).expecting(400)
            #expect(unknown.code == "unknown_field" && unknown.pointers == ["/spec/colour"])
        }
    }

    // MARK: A create that says what it needs

    @Test func `can be part of a create, which says where it went and why, also in the log`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Cloud.connect(
                installation, ["latency_ms": 0, "faults": [["step": "probe", "kind": "unauthorized", "times": 0]]], name: "closed")
            try await cloud.price("instance.s-2", "moon", "0.003")
            let body = cloud.body("web", .object([]), [.init("placement", ["vcpu": 1, "memory_gib": .double(1.5), "max_hourly": "0.01"])])
            let rehearsed = try await cloud.post("/v1/instances?dry_run=true", body).expecting(200)
            #expect(rehearsed["placement"]?["location"] == "moon" && rehearsed["resource"]?["location"] == "moon")
            let headers = ["Idempotency-Key": "once"]
            let made = try await cloud.post("/v1/instances", body, headers: headers).expecting(201)
            #expect(made["location"] == "moon" && made.spec("size") == "s-2" && made["estimate"]?["hourly"] == "0.0030")
            #expect(made["placement"]?["connection_name"] == "sim")
            let reason = "The cheapest that takes it. Passed over: closed at moon (provider_auth)."
            #expect(made["placement"]?["reason"]?.string == reason)
            let again = try await cloud.post("/v1/instances", body, headers: headers).expecting(201)
            #expect(again.bytes == made.bytes)
            let event = try await cloud.get("/v1/events?type=instance.created").expecting(200).items.first
            #expect(event?["data"]?["placement"]?["reason"]?.string == reason)
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/web").phase == "ready")
            #expect(try await cloud.objects() == 1)
        }
    }

    @Test func `refuses a create that no place takes, with what each says, and keeps nothing`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Cloud.connect(
                installation, ["latency_ms": 0, "faults": [["step": "probe", "kind": "unreachable", "times": 0]]], name: "down")
            func create(_ placement: JSON, _ more: [JSON.Member] = []) async throws -> Reply {
                try await cloud.post("/v1/instances", cloud.body("web", .object([]), [.init("placement", placement)] + more))
            }
            let dear = try await create(["vcpu": 1, "max_hourly": "0.001"]).expecting(402)
            #expect(dear.code == "budget_exceeded" && dear.text("detail").contains("at most 0.0010"))
            #expect(dear.refusals == ["down provider_unreachable", "sim budget_exceeded"])
            #expect(try await create(["providers": ["down"]]).expecting(503).code == "provider_unreachable")
            #expect(try await create(["vcpu": 1], [.init("provider", "sim")]).expecting(422).pointers == ["/provider"])
            #expect(try await create(["vcpu": 1], [.init("location", "moon")]).expecting(422).pointers == ["/location"])
            #expect(try await create(["vcpu": -1]).expecting(422).pointers == ["/placement/vcpu"])
            try await cloud.price("instance.s-1", "paris", "0.001", "EUR")
            #expect(try await create(["vcpu": 1, "memory_gib": 1]).expecting(422).pointers == ["/placement/currency"])
            #expect(try await create(["vcpu": 1, "currency": "EUR"]).expecting(201)["location"] == "paris")
            #expect(try await create(["vcpu": 1, "currency": "EUR"]).expecting(409).code == "name_taken")
            #expect(try await cloud.get("/v1/instances").expecting(200).ids.count == 1)
        }
    }

    @Test func `leads to what it needs`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Cloud.connect(installation, name: "a-other")
            try await cloud.make("networks", "lan", .object([]), [.init("provider", "sim")])
            let made = try await cloud.post(
                "/v1/instances", cloud.body("web", ["network_id": "lan"], [.init("placement", ["vcpu": 1])])
            ).expecting(201)
            #expect(made["placement"]?["connection_name"] == "sim", "the other has no such network")
        }
    }
}

extension Cloud {
    fileprivate func resolve(
        _ requirements: JSON, kind: String = "instance", spec: JSON = .object([]), _ more: [JSON.Member] = []
    ) async throws -> Reply {
        let own = more.contains { $0.name == "project_id" } ? [] : [JSON.Member("project_id", .string(project))]
        return try await post(
            "/v1/placements/resolve",
            .object([.init("kind", .string(kind)), .init("spec", spec), .init("requirements", requirements)] + own + more))
    }

    fileprivate func resolve(_ requirements: JSON, _ more: [JSON.Member]) async throws -> Reply {
        try await resolve(requirements, kind: "instance", spec: .object([]), more)
    }

    /// What something costs an hour at a place of the simulator.
    fileprivate func price(_ sku: String, _ location: String, _ amount: String, _ currency: String = "USD") async throws {
        _ = try await post(
            "/v1/prices",
            [
                "sku": .string(sku), "provider": "simulator", "location": .string(location), "amount": .string(amount),
                "currency": .string(currency),
            ]
        ).expecting(201)
    }

    fileprivate func events() async throws -> Int {
        try await installation.store.read { connection in
            try connection.row("SELECT count(*) FROM events WHERE mode = 'live'") { $0.integer(0) } ?? -1
        }
    }
}

extension Reply {
    /// `connection location`, in order.
    fileprivate var places: [String] {
        (self["placements"]?.array ?? []).map { "\($0["connection_name"]?.string ?? "") \($0["location"]?.string ?? "")" }
    }

    /// The same with size and price.
    fileprivate var placements: [String] {
        zip(places, self["placements"]?.array ?? []).map { "\($0) \($1["size"]?.string ?? "") \($1["hourly"]?.string ?? "")" }
    }

    /// `connection code`, in order.
    fileprivate var refusals: [String] {
        (self["refusals"]?.array ?? []).map { "\($0["connection_name"]?.string ?? "") \($0["code"]?.string ?? "")" }
    }

    fileprivate var pointers: [String] { (self["errors"]?.array ?? []).compactMap { $0["pointer"]?.string } }
}
