import Kernel
import Prices
import Provider
import Resources
import Server
import Simulator
import Storage
import TestKit
import Testing

/// What is removed past the server, and what only seems to be.
@Suite struct `What is not there` {
    @Test(arguments: ["instances", "volumes", "networks", "buckets", "ips", "firewalls"], ["report", "revert", "accept"])
    func `is missing after two lists and a direct look, and the policy says what follows`(_ collection: String, _ policy: String)
        async throws
    {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let made = try await cloud.make(collection, "thing", .object([]), [.init("drift_policy", .string(policy))])
            let id = made.text("id")
            try await installation.sync()
            try await cloud.tamper(id, .remove)
            try await installation.sync()
            #expect(try await cloud.drifts().isEmpty, "one list is not enough")
            #expect(try await cloud.get("/v1/\(collection)/\(id)").phase == "ready")
            // The second list is seconds later, by itself.
            try await installation.watch(seconds: 6)
            try await installation.settle()

            let drift = try #require(try await cloud.drifts("resource=\(id)").first)
            #expect(drift["class"] == "missing" && drift["fields"]?.array?.first?["observed"] == "absent")
            let now = try await cloud.get("/v1/\(collection)/\(id)").expecting(200)
            switch policy {
            case "report": try await expectMissing(cloud, now, collection)
            case "revert" where ["volumes", "buckets", "ips"].contains(collection):
                #expect(drift["status"] == "open" && drift["message"]?.string?.contains("cannot be made again") == true)
                try await expectMissing(cloud, now, collection)
            case "revert":
                #expect(now.phase == "ready" && drift["resolution"] == "reverted" && now.condition("Synced")?["status"] == "true")
                #expect(try await cloud.objects() == 1)
                #expect(try await cloud.events("\(collection.dropLast()).ready", of: id) == 2)
            default:
                #expect(now.phase == "deleted" && drift["resolution"] == "accepted")
                #expect(try await cloud.events("\(collection.dropLast()).deleted", of: id) == 1)
                #expect(try await cloud.objects() == 0)
            }
        }
    }

    private func expectMissing(_ cloud: Cloud, _ now: Reply, _ collection: String) async throws {
        #expect(now.phase == "missing" && now.condition("Synced")?["reason"] == "Missing" && now.condition("Ready")?["status"] == "false")
        // Nothing more is charged.
        let before = try await cloud.openIntervals(of: now.text("id"))
        #expect(before == 0)
        #expect(try await cloud.get("/v1/\(collection)?drifted=true").expecting(200).ids == [now.text("id")])
        let action = try await cloud.patch("/v1/\(collection)/\(now.text("id"))", ["labels": ["a": "b"]])
        #expect(action.status == 409 && action.code == "invalid_state")
        // It can be deleted, which ends the drift.
        _ = try await cloud.delete("/v1/\(collection)/\(now.text("id"))").expecting(202)
        try await cloud.installation.settle()
        #expect(try await cloud.get("/v1/\(collection)/\(now.text("id"))").phase == "deleted")
        #expect(try await cloud.drifts().first?["resolution"] == "deleted")
    }

    @Test func `is there again when it is seen again, and is charged again`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "report")]).text("id")
            let installationID = installation.parts.engine.identity.installation
            try await cloud.tamper(id, .mark(installation: nil))
            try await cloud.lookTwice()
            // Its mark is gone, so it is somebody else's now, and not gone.
            let conflict = try #require(try await cloud.drifts().first)
            #expect(conflict["class"] == "ownership_conflict")
            #expect(try await cloud.get("/v1/instances/web").phase == "ready")
            let refused = try await cloud.post("/v1/drift/\(conflict["id"]?.string ?? "")/revert")
            #expect(refused.status == 409 && refused.code == "invalid_state")
            try await cloud.tamper(id, .mark(installation: installationID))
            try await cloud.look()
            #expect(try await cloud.drifts().first?["resolution"] == "by_itself")
            #expect(try await cloud.get("/v1/instances/web").condition("Synced")?["status"] == "true")
        }
    }

    @Test(arguments: ["find", "list"])
    func `is not concluded from a list that lags behind`(_ step: String) async throws {
        try await Installation.run { installation in
            let fault: JSON = ["step": .string(step), "kind": "stale_list", "times": 0, "ms": 3_600_000]
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web").text("id")
            let connection = try await cloud.get("/v1/connections").expecting(200).ids.first ?? ""
            _ = try await cloud.patch("/v1/connections/\(connection)", ["settings": ["latency_ms": 0, "faults": [fault]]]).expecting(200)
            try await cloud.lookTwice()
            #expect(try await cloud.drifts().isEmpty)
            #expect(try await cloud.get("/v1/instances/\(id)").phase == "ready")
        }
    }
}

/// A connection that fails says nothing about what is there.
@Suite struct `A connection that does not answer` {
    private static func connect(_ installation: Installation, _ kind: String, times: Int64 = 0, ms: Int64? = nil) async throws -> (
        Cloud, String
    ) {
        let cloud = try await Cloud.connect(installation)
        try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "revert")])
        try await installation.sync()
        let connection = try await cloud.get("/v1/connections").expecting(200).ids.first ?? ""
        let faults: [JSON] = ["list", "find", "probe"].map { step in
            var members: [JSON.Member] = [.init("step", .string(step)), .init("kind", .string(kind)), .init("times", .integer(times))]
            if let ms { members.append(.init("ms", .integer(ms))) }
            return .object(members)
        }
        try await cloud.sabotage(connection, ["latency_ms": 0, "faults": .array(faults)])
        return (cloud, connection)
    }

    @Test func `five times in a row is asked once a minute whether it is back, and nothing is gone`() async throws {
        try await Installation.run { installation in
            let (cloud, connection) = try await Self.connect(installation, "unreachable")
            try await installation.watch(seconds: 900)
            let web = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(web.phase == "ready" && web.power == "running")
            #expect(web.condition("ProviderReachable")?["status"] == "false")
            #expect(try await cloud.drifts().isEmpty)
            #expect(try await cloud.events("connection.unreachable") == 1, "said once, and then quiet")
            #expect(try await cloud.get("/v1/connections/\(connection)")["state"] == "unreachable")
            // It is changed meanwhile; that shows when it is back, within a minute and the next look.
            try await cloud.sabotage(connection, ["latency_ms": 0])
            try await cloud.tamper(web.text("id"), .stop)
            try await installation.watch(seconds: 130)
            try await installation.settle()
            #expect(try await cloud.events("connection.connected") == 1)
            let back = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(back.condition("ProviderReachable")?["status"] == "true" && back.power == "running")
            #expect(try await cloud.drifts().map { $0["resolution"]?.string } == ["reverted"])
        }
    }

    @Test func `and a server that starts meanwhile ask only whether it is back`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            try await Installation.open(in: place, home: home) { installation in
                _ = try await Self.connect(installation, "unreachable")
                try await installation.watch(seconds: 900)
            }
            let calls = CallCount()
            try await Installation.open(in: place, home: home, drivers: { [CountingDriver(SimulatorDriver(store: $0), calls)] }) {
                installation in
                try await installation.watch(seconds: 200)
                #expect(calls["list"] == 0 && calls["find"] == 0 && calls["probe"] >= 2)
                #expect(try await Cloud(installation: installation).get("/v1/instances/web").phase == "ready")
            }
        }
    }

    @Test func `because of its credentials is left alone until it is changed`() async throws {
        try await Installation.run { installation in
            let (cloud, connection) = try await Self.connect(installation, "unauthorized")
            try await installation.watch(seconds: 1200)
            let web = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(web.condition("CredentialsValid")?["status"] == "false" && web.phase == "ready")
            #expect(try await cloud.events("connection.unauthorized") == 1)
            #expect(try await cloud.get("/v1/connections/\(connection)")["state"] == "unauthorized")
            _ = try await installation.moving {
                try await cloud.patch("/v1/connections/\(connection)", ["settings": ["latency_ms": 0]]).expecting(200)
            }
            try await installation.watch(seconds: 700)
            #expect(try await cloud.get("/v1/instances/web").condition("CredentialsValid")?["status"] == "true")
        }
    }

    @Test func `of a connection that is changed to credentials nobody accepts is said, as a verification would say it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let connection = try await cloud.get("/v1/connections").expecting(200).ids.first ?? ""
            let refused: JSON = ["latency_ms": 0, "faults": [["step": "probe", "kind": "unauthorized", "times": 0]]]
            for (settings, state) in [(refused, "unauthorized"), (refused, "unauthorized"), (["latency_ms": 0], "connected")] {
                let changed = try await installation.moving {
                    try await cloud.patch("/v1/connections/\(connection)", ["settings": settings]).expecting(200)
                }
                #expect(changed["state"]?.string == state)
            }
            #expect(try await cloud.events("connection.unauthorized") == 1)
            #expect(try await cloud.events("connection.connected") == 1)
            #expect(try await cloud.events("connection.updated") == 3)
        }
    }
}

extension Cloud {
    /// Changes a connection's settings past the API, which would ask it who it is.
    func sabotage(_ connection: String, _ settings: JSON) async throws {
        let text = String(decoding: settings.canonicalBytes, as: UTF8.self)
        _ = try await installation.store.write { store in
            try store.execute("UPDATE connections SET settings = ?, version = version + 1 WHERE id = ?", text, connection)
        }
    }

    func openIntervals(of id: String) async throws -> Int {
        try await installation.store.read { connection in
            try connection.row("SELECT count(*) FROM metered_intervals WHERE resource = ? AND ended_at IS NULL", id) { $0.integer(0) } ?? -1
        }
    }
}
