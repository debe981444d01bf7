import Kernel
import Provider
import Resources
import Server
import Simulator
import Storage
import TestKit
import Testing

/// What a provider account has that nobody manages from here.
@Suite struct `A discovery` {
    private static func found(_ installation: Installation, _ cloud: Cloud, kinds: JSON? = nil) async throws -> Reply {
        let body = JSON.object([.init("connection", "sim")] + (kinds.map { [.init("kinds", $0)] } ?? []))
        let begun = try await cloud.post("/v1/discoveries", body).expecting(202)
        #expect(begun["state"] == "running" && begun.header("location") == "/v1/discoveries/\(begun.text("id"))")
        try await installation.discover()
        return try await cloud.get("/v1/discoveries/\(begun.text("id"))").expecting(200)
    }

    private static func item(_ cloud: Cloud, _ reference: String, _ name: String, _ more: [JSON.Member] = []) -> JSON {
        .object(
            [.init("provider_ref", .string(reference)), .init("name", .string(name)), .init("project_id", .string(cloud.project))] + more)
    }

    private static func adopt(_ cloud: Cloud, _ discovery: Reply, _ items: [JSON]) async throws -> Reply {
        let path = "/v1/discoveries/\(discovery.text("id"))/adopt"
        return try await cloud.installation.moving { try await cloud.post(path, ["items": .array(items)]) }
    }

    @Test func `finds what bears no mark of ours, with what it would cost, and adopts it in bulk, all or none`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let own = try await cloud.make("volumes", "own").text("id")
            let simulator = try await cloud.simulator(named: "sim")
            let web = try await simulator.plantForeign(named: "legacy-web")
            let disk = try await simulator.plantForeign(named: "legacy-disk", kind: .volume)
            let other = try await simulator.plantForeign(named: "theirs", kind: .volume, installation: "ins_other")
            let discovery = try await Self.found(installation, cloud, kinds: ["instance", "volume", "network"])
            let objects = discovery["objects"]?.array ?? []
            #expect(discovery["state"] == "succeeded" && objects.count == 3)
            #expect(!objects.contains { $0["name"]?.string == Subject(kind: .volume, id: own).name })
            let seen = try #require(objects.first { $0["provider_ref"]?.string == disk })
            #expect(
                seen["name"] == "legacy-disk" && seen["fields"] == ["size_gib": 10] && seen["hourly"]?.string?.hasPrefix("0.00") == true)
            #expect(objects.first { $0["provider_ref"]?.string == web }?["known"] == ["image": "debian-12"])
            #expect(try await cloud.events("discovery.finished") == 1)

            let refused = try await Self.adopt(cloud, discovery, [Self.item(cloud, web, "web"), Self.item(cloud, other, "theirs")])
            #expect(refused.status == 409 && refused.code == "conflict")
            #expect(try await cloud.get("/v1/instances").expecting(200).items.isEmpty, "all or none")
            #expect(try await Self.adopt(cloud, discovery, [Self.item(cloud, "none", "none")]).status == 422)

            let labeled = Self.item(cloud, web, "web", [.init("labels", ["team": "core"])])
            let adopted = try await Self.adopt(cloud, discovery, [labeled, Self.item(cloud, disk, "disk")]).expecting(200)
            let made = adopted["adopted"]?.array ?? []
            #expect(made.map { $0["management"] } == ["observe", "observe"] && made.first?["labels"] == ["team": "core"])
            #expect(made.last?["status"]?["provider_ref"]?.string == disk)
            #expect(try await cloud.get("/v1/volumes/disk")["cost"]?["hourly"] == seen["hourly"])
            #expect(made.first?["spec"]?["image"] == "debian-12" && made.first?["spec"]?["power"] == "stopped")
            #expect(try await cloud.events("volume.adopted") == 1)
            let again = try await Self.adopt(cloud, discovery, [Self.item(cloud, web, "again")])
            #expect(again.status == 409 && again.code == "conflict")
        }
    }

    @Test func `never touches an object before it is adopted, and marks it then, so that it can be managed`() async throws {
        try await Cloud.counted { installation, cloud, calls in
            let simulator = try await cloud.simulator(named: "sim")
            let disk = try await simulator.plantForeign(named: "legacy-disk", kind: .volume)
            let discovery = try await Self.found(installation, cloud)
            try await cloud.lookTwice()
            #expect(try await cloud.drifts().isEmpty, "it is nobody's")
            let subject = Subject(kind: .volume, id: "vol_none", reference: disk)
            #expect(try await simulator.find(subject)?.owner == .foreign)
            #expect(calls["mark"] == 0 && calls["apply"] == 0 && calls["delete"] == 0)

            let adopted = try await Self.adopt(cloud, discovery, [Self.item(cloud, disk, "disk")]).expecting(200)
            let id = try #require(adopted["adopted"]?.array?.first?["id"]?.string)
            let early = try await cloud.patch("/v1/volumes/disk", ["management": "managed"])
            #expect(early.status == 409 && early.code == "invalid_state", "it bears no mark yet")
            #expect(try await cloud.patch("/v1/volumes/disk", ["spec": ["size_gib": 20]]).code == "invalid_state")
            #expect(try await cloud.delete("/v1/volumes/disk").code == "invalid_state")
            try await cloud.look()
            #expect(calls["mark"] == 1)
            #expect(try await simulator.find(subject)?.owner == .ours(id))
            #expect(try await cloud.drifts().isEmpty)
            let resource = try await cloud.get("/v1/volumes/disk").expecting(200)
            #expect(resource.phase == "ready" && resource.condition("Synced")?["status"] == "true")

            // Only what is as its spec says can be managed.
            try await simulator.tamper(subject, .grow(toGiB: 12))
            try await cloud.look()
            #expect(try await cloud.drifts().map { $0["class"] } == ["field_drift"])
            #expect(try await cloud.patch("/v1/volumes/disk", ["management": "managed"]).code == "invalid_state")
            let drift = try await cloud.drifts().first?["id"]?.string ?? ""
            _ = try await cloud.post("/v1/drift/\(drift)/accept").expecting(200)
            _ = try await cloud.patch("/v1/volumes/disk", ["management": "managed"]).expecting(200)
            _ = try await cloud.patch("/v1/volumes/disk", ["spec": ["size_gib": 20]]).expecting(202)
            try await installation.settle()
            #expect(try await simulator.find(subject)?.state.sizeGiB == 20)
        }
    }

    @Test func `leaves an instance that is gone as it is: nobody knows how it was made`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let simulator = try await cloud.simulator(named: "sim")
            let web = try await simulator.plantForeign(named: "legacy-web")
            let discovery = try await Self.found(installation, cloud)
            _ = try await Self.adopt(cloud, discovery, [Self.item(cloud, web, "web")]).expecting(200)
            try await cloud.look()
            let settings: JSON = ["management": "managed", "drift_policy": "revert"]
            _ = try await cloud.patch("/v1/instances/web", settings).expecting(200)
            try await simulator.tamper(Subject(kind: .instance, id: "inst_none", reference: web), .remove)
            try await cloud.lookTwice()
            let missing = try #require(try await cloud.drifts("class=missing").first)
            #expect(missing["status"] == "open" && missing["message"]?.string?.contains("how it was made") == true)
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `refuses what a spec cannot say, with the field`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let simulator = try await cloud.simulator(named: "sim")
            let web = try await simulator.plantForeign(named: "legacy-web")
            let disk = try await simulator.plantForeign(named: "legacy-disk", kind: .volume)
            let discovery = try await Self.found(installation, cloud)
            // It is the object as it is now that counts, not as it was found.
            try await simulator.tamper(
                Subject(kind: .instance, id: "inst_none", reference: web), .resize(Capacity(milliCPUs: 1100, memoryMiB: 1024)))
            let refused = try await Self.adopt(cloud, discovery, [Self.item(cloud, disk, "disk"), Self.item(cloud, web, "web")])
            #expect(refused.status == 422 && refused.code == "validation_failed")
            let errors = refused["errors"]?.array ?? []
            #expect(errors.map { $0["pointer"] } == ["/items/1/spec/size"] && errors.first?["code"] == "differs")
            #expect(try await cloud.get("/v1/volumes").expecting(200).items.isEmpty)
            let wrong = try await Self.adopt(cloud, discovery, [Self.item(cloud, disk, "disk", [.init("size_gib", 11)])])
            #expect(wrong["errors"]?.array?.first?["pointer"] == "/items/0/spec/size_gib")
            try await simulator.tamper(Subject(kind: .volume, id: "vol_none", reference: disk), .remove)
            let gone = try await Self.adopt(cloud, discovery, [Self.item(cloud, disk, "disk")])
            #expect(gone["errors"]?.array?.first?["code"] == "not_found")
        }
    }

    @Test(arguments: [true, false])
    func `is undone by a release, which leaves the object as it is and takes our mark off`(_ marks: Bool) async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let simulator = try await cloud.simulator(named: "sim")
            let disk = try await simulator.plantForeign(named: "legacy-disk", kind: .volume)
            let subject = Subject(kind: .volume, id: "vol_none", reference: disk)
            let discovery = try await Self.found(installation, cloud)
            _ = try await Self.adopt(cloud, discovery, [Self.item(cloud, disk, "disk", [.init("mark", .bool(marks))])]).expecting(200)
            try await cloud.look()
            let id = try await cloud.get("/v1/volumes/disk").expecting(200).text("id")
            #expect(try await simulator.find(subject)?.owner == (marks ? .ours(id) : .foreign))
            if !marks {
                #expect(try await cloud.patch("/v1/volumes/disk", ["management": "managed"]).code == "invalid_state")
                let body = cloud.body("web", ["volumes": [["volume_id": "disk", "path": "/data"]]])
                #expect(try await cloud.post("/v1/instances", body).code == "invalid_reference", "it is only looked at")
                try await simulator.tamper(subject, .grow(toGiB: 30))
                try await cloud.look()
                #expect(try await cloud.drifts().map { $0["class"] } == ["field_drift"])
            }
            let own = try await cloud.make("volumes", "own").text("id")
            #expect(try await cloud.post("/v1/volumes/\(own)/actions/release").code == "invalid_state")

            let before = try await simulator.find(subject)?.state
            let released = try await cloud.post("/v1/volumes/disk/actions/release").expecting(200)
            #expect(released.phase == "purged")
            #expect(try await cloud.events("volume.released", of: id) == 1)
            #expect(try await cloud.openIntervals(of: id) == 0)
            try await cloud.lookTwice()
            #expect(try await simulator.find(subject)?.owner == .foreign)
            #expect(try await simulator.find(subject)?.state == before)
            #expect(try await cloud.drifts("status=open").isEmpty)
            let later = try await Self.found(installation, cloud, kinds: ["volume"])
            #expect(later["objects"]?.array?.contains { $0["provider_ref"]?.string == disk && $0["resource_id"] == .null } == true)
        }
    }

    @Test func `of a provider that is down fails and says why`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let connection = try await cloud.get("/v1/connections").expecting(200).ids.first ?? ""
            let settings: JSON = ["latency_ms": 0, "faults": [["step": "list", "kind": "unreachable", "times": 0]]]
            _ = try await cloud.patch("/v1/connections/\(connection)", ["settings": settings]).expecting(200)
            let discovery = try await Self.found(installation, cloud)
            #expect(discovery["state"] == "failed" && discovery["error"]?.string?.isEmpty == false)
            let refused = try await Self.adopt(cloud, discovery, [Self.item(cloud, "x", "x")])
            #expect(refused.status == 409 && refused.code == "invalid_state")
        }
    }

    @Test func `stands in a list with how much it found, by page, connection and state`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            _ = try await cloud.simulator(named: "sim").plantForeign(named: "legacy-disk", kind: .volume)
            let first = try await Self.found(installation, cloud, kinds: ["volume"])
            installation.clock.advance(seconds: 1)
            let second = try await cloud.post("/v1/discoveries", ["connection": "sim", "kinds": ["network"]]).expecting(202)
            let listed = try await cloud.get("/v1/discoveries").expecting(200)
            #expect(listed.items.map { $0["id"]?.string } == [second.text("id"), first.text("id")])
            #expect(listed.items.map { $0["found"] } == [.null, 1] && listed.items.map { $0["state"] } == ["running", "succeeded"])
            #expect(listed.items.allSatisfy { $0["objects"] == nil })
            #expect(try await cloud.get("/v1/discoveries?state=succeeded").expecting(200).ids == [first.text("id")])
            #expect(try await cloud.get("/v1/discoveries?connection=con_none").expecting(200).items.isEmpty)
            let page = try await cloud.get("/v1/discoveries?limit=1").expecting(200)
            let next = try await cloud.get("/v1/discoveries?limit=1&cursor=\(page["next_cursor"]?.string ?? "")").expecting(200)
            #expect(page.ids == [second.text("id")] && next.ids == [first.text("id")] && next["next_cursor"] == .null)
        }
    }
}
