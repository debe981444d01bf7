import Kernel
import Resources
import Server
import Storage
import TestKit
import Testing

@Suite struct `The past of a resource` {
    /// Instances and volumes are made, changed, deleted, brought back and purged at random, and looked at in between, also while the engine is
    /// in the middle of something; later each look is taken again with `as_of`.
    @Test(arguments: [UInt64(1), 2, 3])
    func `is answered exactly as it was answered then`(seed: UInt64) async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 20])
            var life = Life(cloud: cloud, generator: SeededGenerator(seed: seed))
            for _ in 0..<90 { try await life.step() }
            try await installation.settle()
            installation.clock.advance(seconds: 3600)
            #expect(life.looks.count > 150)
            for look in life.looks.shuffled(using: &life.generator) {
                let past = try await cloud.get("/v1/resources/\(look.id)?as_of=\(look.at)").expecting(200)
                #expect(past.json.lasting == look.json.lasting, "\(look.at)")
            }
        }
    }

    @Test func `begins when it was made, and goes on after it was purged`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let before = installation.clock.now
            installation.clock.advance(seconds: 5)
            let id = try await cloud.make("instances", "web", ["size": "s-2"], [.init("labels", ["team": "core"])]).text("id")
            let alive = installation.clock.now
            installation.clock.advance(seconds: 5)
            _ = try await cloud.delete("/v1/instances/web?purge=true").expecting(202)
            try await installation.settle()
            installation.clock.advance(seconds: 5)
            #expect(try await cloud.get("/v1/instances/\(id)").status == 410)
            #expect(try await cloud.get("/v1/instances/\(id)?as_of=\(before)").expecting(404).code == "not_found")
            let then = try await cloud.get("/v1/instances/\(id)?as_of=\(alive)").expecting(200)
            #expect(then.power == "running" && then.spec("size") == "s-2" && then["labels"] == ["team": "core"])
            #expect(then["cost"]?["hourly"] == "0.0140")
            let gone = try await cloud.get("/v1/instances/\(id)?as_of=2999-01-01T00:00:00Z").expecting(200)
            #expect(gone.phase == "purged" && gone["cost"]?["hourly"] == "0.0000")
            // Its name is somebody else's now; the name means the one that has it.
            let heir = try await cloud.make("instances", "web").text("id")
            #expect(try await cloud.get("/v1/instances/web?as_of=\(installation.clock.now)").text("id") == heir)
            #expect(try await cloud.get("/v1/instances/web?as_of=\(alive)").status == 404)
        }
    }

    @Test func `is told change by change, with who did it, what became different and what it cost`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", ["size": "s-1"]).text("id")
            installation.clock.advance(seconds: 60)
            let resized = try await cloud.post("/v1/instances/web/actions/resize", ["size": "s-2"]).expecting(202)
            try await installation.settle()
            _ = try await cloud.patch("/v1/instances/web", ["labels": ["team": "core"]]).expecting(200)
            let history = try await cloud.get("/v1/resources/\(id)/history?sort=seq&limit=100").expecting(200).items
            #expect(history.first?["type"] == "instance.created" && history.last?["type"] == "instance.updated")
            let change = try #require(history.first { $0["type"] == "instance.resize_requested" })
            #expect(change["changes"]?.array?.contains(["field": "spec.size", "before": "s-1", "after": "s-2"]) == true)
            #expect(change["cost"] == ["currency": "USD", "hourly_before": "0.0070", "hourly_after": "0.0140"])
            #expect(change["request_id"]?.string == resized.header("X-Request-Id"))
            #expect(change["operation_id"] == resized.operation["id"])
            let key = try await cloud.get("/v1/ping")["credential"]?["id"]
            #expect(change["actor"]?["credential"] == key && change["actor"]?["type"] == "key")
            #expect(history.last?["changes"] == [["field": "labels.team", "before": nil, "after": "core"]])
            // Page by page, both ways, and within a time.
            #expect(try await pages("/v1/resources/\(id)/history?limit=2", cloud) == history.reversed())
            #expect(try await pages("/v1/resources/\(id)/history?limit=3&sort=seq", cloud) == history)
            let at = try #require(change["at"]?.string)
            let later = try await cloud.get("/v1/resources/\(id)/history?limit=100&from=\(at)").expecting(200).items
            #expect(later == history.filter { ($0["at"]?.string ?? "") >= at }.reversed())
            #expect(try await cloud.get("/v1/resources/\(id)/history?to=2020-01-01T00:00:00Z").expecting(200).items.isEmpty)
        }
    }

    @Test func `is compared between two moments`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let start = installation.clock.now
            installation.clock.advance(seconds: 5)
            let id = try await cloud.make("instances", "web", ["size": "s-1"]).text("id")
            let made = installation.clock.now
            installation.clock.advance(seconds: 5)
            _ = try await cloud.act(id, "resize", ["size": "s-4"])
            _ = try await cloud.act(id, "stop")
            let difference = try await cloud.get("/v1/resources/\(id)/diff?from=\(made)").expecting(200)
            let changes = difference["changes"]?.array ?? []
            #expect(changes.contains(["field": "spec.size", "before": "s-1", "after": "s-4"]))
            #expect(changes.contains(["field": "status.power", "before": "running", "after": "stopped"]))
            #expect(difference["cost"] == ["currency": "USD", "hourly_before": "0.0070", "hourly_after": "0.0000"])
            #expect(try await cloud.get("/v1/resources/\(id)/diff?from=\(made)&to=\(made)")["changes"] == [])
            let whole = try await cloud.get("/v1/resources/\(id)/diff?from=\(start)").expecting(200)
            #expect(whole["existed_before"] == false && whole["cost"]?["hourly_before"] == "0.0000")
            #expect(try await cloud.get("/v1/resources/\(id)/diff?from=\(made)&to=\(start)").code == "invalid_parameter")
            #expect(try await cloud.get("/v1/resources/\(id)/diff?from=\(start)&to=\(start)").status == 404)
            #expect(try await cloud.get("/v1/resources/\(id)/diff").code == "invalid_parameter")
        }
    }

    @Test func `says what was wanted again when a change could not be made`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "faults": [["step": "resize", "kind": "rejected"]]])
            let id = try await cloud.make("instances", "web", ["size": "s-1"]).text("id")
            #expect(try await cloud.act(id, "resize", ["size": "s-2"]).spec("size") == "s-1")
            let failed = try await cloud.get("/v1/resources/\(id)/history").expecting(200).items.first {
                $0["type"] == "instance.resize_failed"
            }
            #expect(failed?["changes"]?.array?.contains(["field": "spec.size", "before": "s-2", "after": "s-1"]) == true)
            let now = try await cloud.get("/v1/instances/web?as_of=\(installation.clock.now)").expecting(200)
            #expect(try await cloud.get("/v1/instances/web").json.lasting == now.json.lasting)
        }
    }

    @Test func `cannot be told from before the log begins`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web").text("id")
            let made = installation.clock.now
            installation.clock.advance(seconds: 86_400)
            _ = try await cloud.patch("/v1/instances/web", ["labels": ["team": "core"]]).expecting(200)
            let tenant = Tenant(workspace: installation.home.workspace, mode: .live)
            let by = Attribution(
                tenant: tenant, actor: .system("test"), address: nil, request: nil, surroundings: installation.place.surroundings)
            _ = try await installation.store.write { connection in
                try EventLog.removeOldest(before: by.at, limit: 10_000, by: by, connection)
            }
            #expect(try await cloud.get("/v1/instances/\(id)?as_of=\(made)").expecting(410).code == "cursor_expired")
            #expect(try await cloud.get("/v1/instances/\(id)?as_of=\(by.at)").status == 200)
        }
    }

    private func pages(_ path: String, _ cloud: Cloud) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let page = try await cloud.get(path + (cursor.map { "&cursor=\($0)" } ?? "")).expecting(200)
            items += page.items
            cursor = page["next_cursor"]?.string
        } while cursor != nil
        return items
    }
}

/// A few resources to which this and that happens.
private struct Life {
    let cloud: Cloud
    var generator: SeededGenerator
    var looks: [(id: String, at: Timestamp, json: JSON)] = []
    private var ids: [String] = []

    init(cloud: Cloud, generator: SeededGenerator) {
        self.cloud = cloud
        self.generator = generator
    }

    mutating func step() async throws {
        try await change()
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let engine = cloud.installation.parts.engine
            try await cloud.installation.moving { _ = try await engine.runDue() }
            try await look()
            if let next = try await cloud.installation.store.read({ try Operation.nextDue($0) }), Bool.random(using: &generator) {
                cloud.installation.clock.advance(milliseconds: max(1, next.milliseconds - cloud.installation.clock.now.milliseconds))
            }
        }
        if Int.random(in: 0..<4, using: &generator) == 0 { try await cloud.installation.settle() }
        try await look()
    }

    /// Whatever is refused changes nothing.
    private mutating func change() async throws {
        let name = "\(ids.count)"
        let kind = Int.random(in: 0..<3, using: &generator) == 0 ? "volumes" : "instances"
        if ids.count < 4 || Int.random(in: 0..<10, using: &generator) == 0 {
            ids.append(try await cloud.post("/v1/\(kind)", cloud.body("r-" + name)).expecting(201).text("id"))
            return
        }
        let id = ids.randomElement(using: &generator) ?? ""
        let path = "/v1/\(id.hasPrefix("vol") ? "volumes" : "instances")/\(id)"
        let size = ["n-1", "s-1", "s-2"].randomElement(using: &generator) ?? "n-1"
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: _ = try await cloud.patch(path, ["labels": ["n": .string(name), "size": .string(size)]])
        case 1: _ = try await cloud.patch(path, ["deletion_protection": .bool(Bool.random(using: &generator))])
        case 2 where id.hasPrefix("vol"):
            _ = try await cloud.post(path + "/actions/resize", ["size_gib": .integer(Int64.random(in: 10...40, using: &generator))])
        case 2: _ = try await cloud.post(path + "/actions/resize", ["size": .string(size)])
        case 3 where id.hasPrefix("inst"): _ = try await cloud.post(path + "/actions/stop")
        case 4 where id.hasPrefix("inst"): _ = try await cloud.post(path + "/actions/start")
        case 5: _ = try await cloud.delete(path)
        case 6 where Int.random(in: 0..<3, using: &generator) == 0: _ = try await cloud.delete(path + "?purge=true")
        case 7: _ = try await cloud.post(path + "/undelete")
        case 8: _ = try await cloud.patch(path, ["expires_at": "2999-01-01T00:00:00Z"])
        default: break
        }
    }

    private mutating func look() async throws {
        cloud.installation.clock.advance(milliseconds: 3)
        let id = ids.randomElement(using: &generator) ?? ""
        let seen = try await cloud.get("/v1/resources/\(id)")
        if seen.status == 200 { looks.append((id, cloud.installation.clock.now, seen.json)) }
        cloud.installation.clock.advance(milliseconds: 3)
    }
}

extension JSON {
    /// A resource without what the log does not keep: where it stood, when it was last looked at, who has a volume.
    fileprivate var lasting: String {
        let members = (members ?? []).filter { $0.name != "seq" }.map { member in
            member.name != "status"
                ? member
                : JSON.Member(
                    "status",
                    .object((member.value.members ?? []).filter { $0.name != "last_synced_at" && $0.name != "attached_to" }))
        }
        return String(decoding: JSON.object(members).canonicalBytes, as: UTF8.self)
    }
}
