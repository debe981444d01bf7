import Kernel
import Prices
import Provider
import Resources
import Server
import Simulator
import Synchronization
import TestKit
import Testing

@Suite struct `A snapshot` {
    @Test func `is of a volume as it is now, and stays when the volume goes`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let volume = try await cloud.make("volumes", "data", ["size_gib": 20], [.init("location", "here")]).text("id")
            let made = try await cloud.post("/v1/snapshots", cloud.body("before", ["volume_id": "data"])).expecting(201)
            #expect(made.text("id").hasPrefix("snap_") && made.text("kind") == "snapshot" && made.operation["type"] == "snapshot.create")
            try await installation.settle()
            let snapshot = try await cloud.get("/v1/snapshots/before").expecting(200)
            #expect(snapshot["spec"] == ["volume_id": .string(volume), "size_gib": 20, "encrypted": true])
            #expect(snapshot["status"]?["size_gib"] == 20 && snapshot["status"]?["volume_id"]?.string == volume)
            #expect(snapshot.phase == "ready" && snapshot.text("location") == "here" && snapshot["cost"]?["hourly"] == "0.0014")
            #expect(try await cloud.events("snapshot.ready", of: made.text("id")) == 1)
            #expect(try await cloud.get("/v1/snapshots?name=before").items.count == 1)
            #expect(try await cloud.get("/v1/resources?kind=snapshot").items.count == 1)
            #expect(try await cloud.get("/v1/resources/\(made.text("id"))/history").items.isEmpty == false)

            _ = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/snapshots/before").phase == "ready")
            #expect(try await cloud.patch("/v1/snapshots/before", ["labels": ["tier": "old"]]).status == 200)
            let again = try await cloud.make("volumes", "again", ["from_snapshot": "before"])
            #expect(again.phase == "ready" && again.spec("size_gib") == 20 && again.spec("from_snapshot")?.string == made.text("id"))
            #expect(again.text("location") == "here")

            _ = try await cloud.patch("/v1/snapshots/before", ["deletion_protection": true]).expecting(200)
            #expect(try await cloud.delete("/v1/snapshots/before").status == 423)
            _ = try await cloud.patch("/v1/snapshots/before", ["deletion_protection": false]).expecting(200)
            _ = try await cloud.delete("/v1/snapshots/before").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/snapshots/before").phase == "deleted")
            #expect(
                try await cloud.put("/v1/snapshots/before", cloud.body("", ["volume_id": "again"]).without("name")).code == "invalid_state")
            #expect(try await cloud.get("/v1/volumes/again").phase == "ready", "what was made from it is a copy")
            #expect(try await cloud.objects() == 1)
        }
    }

    @Test func `is taken by an action of its volume, whose answer names it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let volume = try await cloud.make("volumes", "data", .object([]), [.init("labels", ["team": "core"])]).text("id")
            let path = "/v1/volumes/\(volume)/actions/snapshot"
            let taken = try await cloud.post(path).expecting(202)
            #expect(taken.text("id") == volume && taken.operation["type"] == "snapshot.create")
            let id = taken.operation["resource"]?["id"]?.string ?? ""
            let another = try await cloud.post(path, ["labels": .object([])]).expecting(202).operation["resource"]?["id"]?.string ?? ""
            let named = try await cloud.post(path, ["name": "before-upgrade"]).expecting(202)
            #expect(named["estimate"]?["hourly"] == "0.0007")
            #expect(try await cloud.post(path, ["name": "before-upgrade"]).code == "name_taken")
            #expect(try await cloud.post(path, ["name": "No"]).status == 422)
            try await installation.settle()
            let snapshot = try await cloud.get("/v1/snapshots/\(id)").expecting(200)
            #expect(snapshot.phase == "ready" && snapshot["labels"] == ["team": "core"])
            #expect(snapshot.text("name").wholeMatch(of: /data-[0-9]{8}-[0-9]{6}/) != nil)
            let second = try await cloud.get("/v1/snapshots/\(another)")
            #expect(second.text("name") == snapshot.text("name") + "-2" && second["labels"] == .object([]))
            #expect(try await cloud.get("/v1/snapshots/before-upgrade").phase == "ready")
            #expect(try await cloud.get("/v1/volumes/data")["generation"] == 1, "it is no change of the volume")
        }
    }

    @Test func `gives a volume its own size, or a larger one, and never a smaller one`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("volumes", "data", ["size_gib": 20])
            try await cloud.make("snapshots", "before", ["volume_id": "data"])
            #expect(try await cloud.make("volumes", "same", ["from_snapshot": "before"]).spec("size_gib") == 20)
            let larger = try await cloud.make("volumes", "larger", ["from_snapshot": "before", "size_gib": 30])
            let (simulator, subject) = try #require(try await cloud.simulator(of: larger.text("id")))
            let size = try await installation.moving { try await simulator.find(subject)?.state.sizeGiB }
            #expect(size == 30)
            let smaller = try await cloud.post("/v1/volumes", cloud.body("smaller", ["from_snapshot": "before", "size_gib": 19]))
            #expect(smaller.status == 422 && smaller["errors"]?.array?.first?["pointer"] == "/spec/size_gib" && smaller["minimum"] == 20)
            let open = try await cloud.post("/v1/volumes", cloud.body("open", ["from_snapshot": "before", "encrypted": false]))
            #expect(open.status == 422 && open["errors"]?.array?.first?["pointer"] == "/spec/encrypted")
            _ = try await cloud.patch("/v1/volumes/data", ["spec": ["size_gib": 40]]).expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/snapshots/before").spec("size_gib") == 20, "it stays as it was")
        }
    }

    @Test func `that is not there, or of which there is nothing, is refused with the place`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await Cloud.connect(installation, name: "other")
            let here = [JSON.Member("provider", "sim")]
            let elsewhere = [JSON.Member("provider", "other")]
            try await cloud.make("volumes", "data", .object([]), here)
            let away = try await cloud.make("volumes", "away", .object([]), elsewhere)
            try await cloud.make("snapshots", "of-away", ["volume_id": "away"])
            #expect(try await cloud.get("/v1/snapshots/of-away").text("provider") == away.text("provider"), "where its volume is")
            try await cloud.make("snapshots", "gone", ["volume_id": "data"])
            try await cloud.tamper(try await cloud.get("/v1/snapshots/gone").text("id"), .remove)
            try await cloud.lookTwice()
            #expect(try await cloud.get("/v1/snapshots/gone").phase == "missing")
            let made = try await cloud.post("/v1/projects", ["name": "Other"]).expecting(201).text("id")
            let theirs = try await cloud.post(
                "/v1/volumes", ["name": "theirs", "project_id": .string(made), "provider": "sim"]
            ).expecting(201).text("id")
            let cases: [(String, JSON, [JSON.Member], String)] = [
                ("snapshots", ["volume_id": "nothing"], here, "/spec/volume_id"),
                ("snapshots", ["volume_id": "away"], here, "/spec/volume_id"),
                ("snapshots", ["volume_id": .string(theirs)], here, "/spec/volume_id"),
                ("volumes", ["from_snapshot": "nothing"], here, "/spec/from_snapshot"),
                ("volumes", ["from_snapshot": "of-away"], here, "/spec/from_snapshot"),
                ("volumes", ["from_snapshot": "gone"], here, "/spec/from_snapshot"),
            ]
            for (collection, spec, more, pointer) in cases {
                let refused = try await cloud.post("/v1/\(collection)", cloud.body("new", spec, more))
                #expect(refused.status == 422 && refused.code == "invalid_reference", "\(spec): \(refused.text)")
                #expect(refused["errors"]?.array?.first?["pointer"]?.string == pointer)
            }
            for body in [cloud.body("new", .object([])), cloud.body("new").without("spec")] {
                #expect(try await cloud.post("/v1/snapshots", body).code == "validation_failed")
            }
            let moved = try await cloud.post("/v1/snapshots", cloud.body("new", ["volume_id": "data"], [.init("location", "moon")]))
            #expect(moved.status == 422 && moved["errors"]?.array?.first?["pointer"] == "/location")
        }
    }

    @Test func `waits for what it is made from, which is needed until then and no longer`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await cloud.post("/v1/volumes", cloud.body("data")).expecting(201)
            _ = try await cloud.post("/v1/snapshots", cloud.body("before", ["volume_id": "data"])).expecting(201)
            _ = try await cloud.post("/v1/volumes", cloud.body("copy", ["from_snapshot": "before"])).expecting(201)
            for (path, dependent) in [("volumes/data", "before"), ("snapshots/before", "copy")] {
                let refused = try await cloud.delete("/v1/" + path)
                #expect(refused.status == 409 && refused.code == "in_use")
                #expect(refused["dependents"]?.array?.first?["name"]?.string == dependent)
            }
            try await installation.settle()
            #expect(try await cloud.get("/v1/snapshots/before").phase == "ready")
            #expect(try await cloud.get("/v1/volumes/copy").phase == "ready")
            for path in ["volumes/data?purge=true", "snapshots/before"] { _ = try await cloud.delete("/v1/" + path).expecting(202) }
            try await installation.settle()
            #expect(try await cloud.objects() == 1)
        }
    }

    @Test func `that could not be made keeps nobody from deleting its volume`() async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": "create", "kind": "rejected", "times": 1]
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("volumes", "data")
            _ = try await cloud.patch("/v1/connections/sim", ["settings": ["latency_ms": 0, "faults": [fault]]]).expecting(200)
            #expect(try await cloud.make("snapshots", "before", ["volume_id": "data"]).phase == "failed")
            #expect(try await cloud.post("/v1/volumes", cloud.body("copy", ["from_snapshot": "before"])).code == "invalid_reference")
            _ = try await cloud.delete("/v1/volumes/data?purge=true").expecting(202)
            try await installation.settle()
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `is refused by name where the provider has none`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "capabilities": ["instances", "volumes", "networks"]])
            try await cloud.make("volumes", "data")
            let refusals = [
                try await cloud.post("/v1/snapshots", cloud.body("before", ["volume_id": "data"])),
                try await cloud.post("/v1/volumes/data/actions/snapshot"),
                try await cloud.post("/v1/volumes", cloud.body("copy", ["from_snapshot": "before"])),
            ]
            for refused in refusals {
                #expect(refused.status == 422 && refused.code == "unsupported_by_provider" && refused["capability"] == "snapshots")
            }
        }
    }

    @Test func `is not taken of what a running instance writes to, where the provider cannot`() async throws {
        try await Installation.run { installation in
            let features: JSON = ["instances", "volumes", "instance.attach_volume", "instance.made_stopped", "snapshots"]
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "capabilities": features])
            try await cloud.make("volumes", "data")
            let id = try await cloud.make("instances", "web", ["volumes": [["volume_id": "data", "path": "/data"]]]).text("id")
            let refused = try await cloud.post("/v1/volumes/data/actions/snapshot")
            #expect(refused.status == 409 && refused.code == "invalid_state" && refused["instance_id"]?.string == id)
            #expect(refused.text("detail").contains("stop the instance, or detach the volume"))
            // One that is on its way to rest is waited for.
            _ = try await cloud.post("/v1/instances/web/actions/stop").expecting(202)
            #expect(try await cloud.make("snapshots", "before", ["volume_id": "data"]).phase == "ready")
            #expect(try await cloud.get("/v1/instances/web").power == "stopped")
            // Somebody may start it past us: then the provider says so.
            try await cloud.tamper(id, .start)
            let failed = try await cloud.make("snapshots", "late", ["volume_id": "data"])
            #expect(failed.phase == "failed")
        }
    }

    @Test func `counts against a quota of its own, and costs by the hour what was estimated`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("volumes", "data", ["size_gib": 100])
            _ = try await cloud.put("/v1/quotas/snapshots", ["limit": 1]).expecting(200)
            let draft = cloud.body("before", ["volume_id": "data"])
            let dry = try await cloud.post("/v1/snapshots?dry_run=true", draft).expecting(200)
            #expect(dry["would_status"] == 201 && dry["estimate"]?["hourly"] == "0.0070")
            #expect(dry["resource"]?["spec"]?["size_gib"] == 100)
            #expect(try await cloud.get("/v1/snapshots").items.isEmpty)
            let id = try await cloud.make("snapshots", "before", ["volume_id": "data"]).text("id")
            #expect(try await cloud.get("/v1/quotas").items.first { $0["metric"] == "snapshots" }?["used"] == 1)
            let second = try await cloud.post("/v1/volumes/data/actions/snapshot")
            #expect(second.status == 409 && second.code == "quota_exceeded")
            // To a whole hour, and two more.
            installation.clock.advance(milliseconds: 3_600_000 - installation.clock.now.milliseconds % 3_600_000)
            installation.clock.advance(seconds: 2 * 3600)
            try await MeteredTime.catchUp(installation.store, installation.place.surroundings)
            let charges = try await cloud.get("/v1/charges?resource_id=\(id)").expecting(200).items
            let whole = charges.filter { $0["consumed_quantity"] == "100" }
            #expect(whole.count == 2 && whole.allSatisfy { $0["billed_cost"] == "0.007" && $0["sku_id"] == "snapshot" })
            #expect(whole.first?["service_category"] == "Storage" && whole.first?["service_subcategory"] == "Backup Storage")
            _ = try await cloud.delete("/v1/snapshots/before").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/quotas").items.first { $0["metric"] == "snapshots" }?["used"] == 0)
            #expect(try await cloud.get("/v1/snapshots/\(id)")["cost"]?["hourly"] == "0.0000")
        }
    }

    @Test func `needs its own scope, and is nobody else's`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            try await cloud.make("volumes", "data")
            let id = try await cloud.make("snapshots", "before", ["volume_id": "data"]).text("id")
            let token = try await cloud.post("/v1/tokens", ["name": "disks", "scopes": ["volumes:write", "volumes:read"]]).text("token")
            let refused = try await installation.post("/v1/volumes/data/actions/snapshot", as: token)
            #expect(refused.status == 403 && refused.code == "insufficient_scope" && refused.text("required_scope") == "snapshots:write")
            let elsewhere = try await installation.makeWorkspace().liveKey
            for key in [installation.home.testKey, elsewhere] {
                #expect(try await installation.get("/v1/snapshots/\(id)", as: key).status == 404)
                #expect(try await installation.get("/v1/snapshots", as: key).items.isEmpty)
                #expect(try await installation.delete("/v1/snapshots/\(id)", as: key).status == 404)
            }
            let project = installation.home.project.rawValue
            let test = try await installation.post(
                "/v1/volumes", as: installation.home.testKey,
                ["name": "copy", "project_id": .string(project), "spec": ["from_snapshot": .string(id)]])
            #expect(test.code == "invalid_reference")
        }
    }

    @Test func `put again by name or id of its volume is as it is, and of another volume it would be another`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let volume = try await cloud.make("volumes", "data").text("id")
            try await cloud.make("volumes", "other")
            func put(_ path: String, _ spec: JSON) async throws -> Reply {
                try await cloud.put(path, ["project_id": .string(cloud.project), "spec": spec])
            }
            #expect(try await put("/v1/snapshots/before", ["volume_id": "data"]).status == 201)
            try await installation.settle()
            for name in ["data", volume] {
                #expect(try await put("/v1/snapshots/before", ["volume_id": .string(name)]).status == 200)
                #expect(try await put("/v1/volumes/copy", ["from_snapshot": "before"]).status == (name == "data" ? 201 : 200))
                try await installation.settle()
            }
            #expect(try await put("/v1/snapshots/before", ["volume_id": "other"]).code == "immutable_field")
            #expect(try await put("/v1/volumes/copy", ["from_snapshot": nil]).code == "immutable_field")
            #expect(try await put("/v1/volumes/data", ["from_snapshot": nil]).status == 200)
        }
    }

    @Test func `is a member of a stack, and so is what is made from it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let members: JSON = [
                ["key": "data", "kind": "volume", "spec": ["size_gib": 5]],
                ["key": "before", "kind": "snapshot", "spec": ["volume_id": "${data.id}"]],
                ["key": "copy", "kind": "volume", "spec": ["from_snapshot": "${before.id}", "size_gib": 6]],
            ]
            let body: JSON = ["name": "shop", "project_id": .string(cloud.project), "resources": members]
            let plan = try await cloud.post("/v1/plans", body).expecting(201)
            let costs = (plan["changes"]?.array ?? []).map { $0["hourly_after"]?.string }
            #expect(costs == ["0.00055", "0.00035", "0.00066"], "\(plan.text)")
            _ = try await cloud.post("/v1/plans/\(plan.text("id"))/apply").expecting(202)
            for _ in 1...30 {
                try await installation.parts.engine.advanceStacks()
                try await installation.settle()
                installation.clock.advance(milliseconds: 1)
            }
            #expect(try await cloud.get("/v1/volumes/shop-copy").expecting(200).spec("size_gib") == 6)
            #expect(try await cloud.get("/v1/snapshots/shop-before").expecting(200).phase == "ready")
            let again = try await cloud.post("/v1/plans", body).expecting(201)
            #expect(again["changes"]?.array?.allSatisfy { $0["action"] == "noop" } == true, "\(again.text)")
        }
    }

    @Test(arguments: [ObservedState.Progress.done, .failed])
    func `is ready when the provider has all of it, and is taken away when it fails`(_ end: ObservedState.Progress) async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let looks = Mutex(0)
            let driver = SlowDriver {
                let count = looks.withLock { looks in
                    looks += 1
                    return looks
                }
                return count < 3 ? .going : end
            }
            try await Installation.open(in: place, home: home, drivers: { [driver.with(SimulatorDriver(store: $0))] }) { installation in
                let cloud = try await Cloud.connect(installation)
                try await cloud.make("volumes", "data")
                let made = try await cloud.make("snapshots", "before", ["volume_id": "data"])
                #expect(made.phase == (end == .done ? "ready" : "failed"))
                #expect(looks.withLock { $0 } >= 3)
                #expect(try await cloud.objects() == (end == .done ? 2 : 1))
            }
        }
    }
}

extension JSON {
    fileprivate func without(_ name: String) -> JSON { .object((members ?? []).filter { $0.name != name }) }
}

/// A simulator that says by somebody else's word how far a snapshot is.
private struct SlowDriver: ProviderDriver {
    var inner: SimulatorDriver?
    let progress: @Sendable () -> ObservedState.Progress
    var name: String { "simulator" }

    init(_ progress: @escaping @Sendable () -> ObservedState.Progress) { self.progress = progress }

    func with(_ inner: SimulatorDriver) -> SlowDriver {
        var copy = self
        copy.inner = inner
        return copy
    }

    func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] { [] }
    func open(_ account: ProviderAccount) throws -> any Provider {
        guard let inner else { throw Problem(.internalError, "It has no simulator.") }
        return SlowProvider(inner: try inner.open(account), progress: progress)
    }
}

private struct SlowProvider: Provider {
    let inner: any Provider
    let progress: @Sendable () -> ObservedState.Progress

    private func slow(_ sighting: Sighting?) -> Sighting? {
        guard let sighting, sighting.state.progress != nil else { return sighting }
        var state = sighting.state
        state.progress = progress()
        return Sighting(reference: sighting.reference, owner: sighting.owner, state: state)
    }

    func create(_ order: Order) async throws(ProviderError) -> Sighting { try await inner.create(order) }
    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? { slow(try await inner.find(subject)) }
    func probe() async throws(ProviderError) -> Capabilities { try await inner.probe() }
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) { try await inner.apply(change, to: subject) }
    func delete(_ subject: Subject) async throws(ProviderError) { try await inner.delete(subject) }
    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] { try await inner.list(kind) }
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { try await inner.sample(subject) }
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        try await inner.logs(subject, request)
    }
}
