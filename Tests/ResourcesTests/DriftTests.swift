import Kernel
import Provider
import Resources
import Server
import Simulator
import Storage
import TestKit
import Testing

/// Somebody changes objects past the server. Every class of drift, under every policy.
@Suite struct `What is changed past the server` {
    /// Something made, and what is then done to it.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let collection: String
        let spec: JSON
        let deed: @Sendable (Cloud, String) async throws -> Simulator.Tampering
        let sort: String
        let path: String
        let wanted: JSON
        let observed: JSON
        var isRevertible = true
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "an instance is stopped", collection: "instances", spec: .object([]), deed: { _, _ in .stop }, sort: "state_drift",
            path: "power", wanted: "running", observed: "stopped"),
        Case(
            name: "an instance crashes", collection: "instances", spec: .object([]), deed: { _, _ in .crash }, sort: "state_drift",
            path: "power", wanted: "running", observed: "crashed"),
        Case(
            name: "a stopped instance is started", collection: "instances", spec: ["power": "stopped"], deed: { _, _ in .start },
            sort: "state_drift", path: "power", wanted: "stopped", observed: "running"),
        Case(
            name: "an instance gets another size", collection: "instances", spec: ["size": "s-1"],
            deed: { _, _ in .resize(Capacity(milliCPUs: 1000, memoryMiB: 2048)) }, sort: "field_drift", path: "size", wanted: "s-1",
            observed: "s-2"),
        Case(
            name: "a volume grows", collection: "volumes", spec: ["size_gib": 10], deed: { _, _ in .grow(toGiB: 20) }, sort: "field_drift",
            path: "size_gib", wanted: 10, observed: 20, isRevertible: false),
        Case(
            name: "a network is closed", collection: "networks", spec: .object([]), deed: { _, _ in .turnInsideOut }, sort: "field_drift",
            path: "nat", wanted: true, observed: false, isRevertible: false),
        Case(
            name: "a bucket is opened", collection: "buckets", spec: ["encryption": true],
            deed: { _, _ in .configure(.bucket(BucketBlueprint(isPublic: true, isEncrypted: true))) }, sort: "field_drift", path: "public",
            wanted: false, observed: true),
        Case(
            name: "an address gets a name", collection: "ips", spec: ["reverse_dns": "mail.example.com"],
            deed: { _, _ in .configure(.address(AddressBlueprint(family: .v4, reverseDNS: "spam.example.com"))) }, sort: "field_drift",
            path: "reverse_dns", wanted: "mail.example.com", observed: "spam.example.com"),
        Case(
            name: "a firewall is opened", collection: "firewalls", spec: ["rules": [rule("443")]],
            deed: { _, _ in
                .configure(
                    .firewall(
                        FirewallBlueprint(
                            rules: [443, 22].map { .init(direction: .ingress, networkProtocol: .tcp, ports: $0...$0, cidr: "0.0.0.0/0") })))
            }, sort: "field_drift", path: "rules", wanted: [rule("443")], observed: [rule("22"), rule("443")]),
    ]

    private static func rule(_ port: String) -> JSON {
        ["direction": "ingress", "protocol": "tcp", "ports": [.string(port)], "cidrs": ["0.0.0.0/0"]]
    }

    @Test(arguments: cases, ["report", "revert", "accept"])
    func `is found, and what the policy says is done`(_ given: Case, _ policy: String) async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let made = try await cloud.make(given.collection, "thing", given.spec, [.init("drift_policy", .string(policy))])
            let id = made.text("id")
            try await installation.sync()
            #expect(try await cloud.drifts().isEmpty)
            let synced = try await cloud.get("/v1/\(given.collection)/\(id)").expecting(200)
            #expect(synced.condition("Synced")?["status"] == "true" && synced.json["status"]?["last_synced_at"] != .null)

            installation.clock.advance(seconds: 5)
            try await cloud.tamper(id, given.deed(cloud, id))
            try await cloud.look()

            let drift = try #require(try await cloud.drifts("resource=\(id)").first)
            #expect(drift["class"]?.string == given.sort && drift["kind"]?.string.map { given.collection.hasPrefix($0) } == true)
            #expect(drift["fields"] == [["path": .string(given.path), "wanted": given.wanted, "observed": given.observed]])
            #expect(try await cloud.events("drift.detected", of: id) == 1)
            #expect(try await cloud.get("/v1/drift/\(drift["id"]?.string ?? "")").expecting(200).json["fields"] == drift["fields"])
            let now = try await cloud.get("/v1/\(given.collection)/\(id)").expecting(200)
            let spec = given.path == "power" ? JSON.string(given.observed == "running" ? "running" : "stopped") : given.observed
            switch policy {
            case "report":
                try await expectReported(cloud, given, drift, now, made)
            case "revert" where given.isRevertible:
                #expect(drift["status"] == "resolved" && drift["resolution"] == "reverted" && drift["reverts"] == 1)
                #expect(now.condition("Synced")?["status"] == "true")
                #expect(now.spec(given.path) == given.wanted && now.json["generation"] == made.json["generation"])
                #expect(try await cloud.events("drift.resolved", of: id) == 1)
                let operation = try await cloud.get("/v1/operations/\(drift["operation_id"]?.string ?? "")").expecting(200)
                #expect(operation["state"] == "succeeded" && operation["actor"] == "sync")
            case "revert":
                #expect(drift["status"] == "open" && drift["message"]?.string?.contains("cannot be changed back") == true)
                #expect(now.condition("Synced")?["status"] == "false")
                #expect(try await cloud.get("/v1/operations?resource=\(id)").expecting(200).items.count == 1)
            default:
                #expect(drift["status"] == "resolved" && drift["resolution"] == "accepted")
                #expect(now.spec(given.path) == spec && now.json["generation"] == 2 && now.json["status"]?["observed_generation"] == 2)
                #expect(now.condition("Synced")?["status"] == "true")
                #expect(try await cloud.actor(of: "\(given.collection.dropLast()).updated", id) == "sync")
            }
            // However often it is looked at, nothing more is said.
            let said = try await cloud.events("drift.detected")
            try await cloud.look()
            #expect(try await cloud.events("drift.detected") == said)
        }
    }

    private func expectReported(_ cloud: Cloud, _ given: Case, _ drift: JSON, _ now: Reply, _ made: Reply) async throws {
        let id = made.text("id")
        #expect(drift["status"] == "open" && drift["operation_id"] == .null)
        let condition = now.condition("Synced")
        #expect(condition?["status"] == "false" && condition?["reason"] == (given.sort == "state_drift" ? "StateDrift" : "FieldDrift"))
        #expect(condition?["message"]?.string?.contains(given.path) == true)
        #expect(now.json["spec"] == made.json["spec"])
        #expect(try await cloud.get("/v1/\(given.collection)?drifted=true").expecting(200).ids == [id])
        #expect(try await cloud.get("/v1/\(given.collection)?drifted=false").expecting(200).ids.isEmpty)
        #expect(try await cloud.get("/v1/operations?resource=\(id)").expecting(200).items.count == 1)
    }

    @Test func `takes an address or a firewall off an instance, and it is put back`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let labels = [JSON.Member("labels", ["tier": "web"])]
            let web = try await cloud.make("instances", "web", .object([]), labels).text("id")
            let address = try await cloud.make("ips", "front").text("id")
            _ = try await cloud.act(web, "attach-ip", ["ip_id": .string(address)])
            let wall = try await cloud.make("firewalls", "wall", ["rules": [Self.rule("443")], "apply_to": ["selector": "tier=web"]])
            let id = wall.text("id")
            for each in [web, id] { try await cloud.policy(each, "revert") }
            try await installation.sync()
            #expect(try await cloud.drifts().isEmpty)

            installation.clock.advance(seconds: 5)
            try await cloud.tamper(web, .unassign(Subject(kind: .address, id: address)))
            let open = FirewallRule(direction: .ingress, networkProtocol: .tcp, ports: 443...443, cidr: "0.0.0.0/0")
            try await cloud.tamper(id, .configure(.firewall(FirewallBlueprint(rules: [open]))))
            try await cloud.look()
            let drifts = try await cloud.drifts()
            #expect(drifts.count == 2 && drifts.allSatisfy { $0["resolution"] == "reverted" })
            let found = drifts.first { $0["resource_id"]?.string == id }
            let targets: JSON = ["selector": .null, "ids": [.string(web)]]
            #expect(found?["fields"] == [["path": "apply_to", "wanted": targets, "observed": ["selector": .null, "ids": []]]])
            #expect(try await cloud.get("/v1/firewalls/wall")["status"]?["applied_to"] == [.string(web)])
            #expect(try await cloud.console(of: web).find(cloud.resource(web).subject)?.state.publicAddressIDs == [address])

            // What goes with an instance is nobody's doing, and one that came later has to be asked for.
            try await cloud.make("instances", "late", .object([]), labels)
            _ = try await cloud.act(web, "detach-ip", ["ip_id": .string(address)])
            _ = try await cloud.delete("/v1/instances/\(web)").expecting(202)
            try await installation.settle()
            try await cloud.lookTwice()
            #expect(try await cloud.drifts().count == 2)
        }
    }

    @Test func `is changed back by somebody else too, and then it is over`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "report")]).text("id")
            try await cloud.tamper(id, .stop)
            try await cloud.look()
            #expect(try await cloud.get("/v1/instances/web").condition("Ready")?["reason"] == "Ended")
            #expect(try await cloud.events("instance.ended", of: id) == 1)
            try await cloud.tamper(id, .start)
            try await cloud.look()
            let drift = try #require(try await cloud.drifts().first)
            #expect(drift["status"] == "resolved" && drift["resolution"] == "by_itself")
            let web = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(web.power == "running" && web.condition("Ready")?["status"] == "true" && web.condition("Synced")?["status"] == "true")
        }
    }

    @Test func `can be reverted, accepted and ignored by a person, once`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", ["size": "s-1"], [.init("drift_policy", "report")]).text("id")
            func drift(_ deed: Simulator.Tampering) async throws -> String {
                try await cloud.tamper(id, deed)
                try await cloud.look()
                return try #require(try await cloud.drifts("status=open").first)["id"]?.string ?? ""
            }
            let first = try await drift(.stop)
            let reverting = try await cloud.post("/v1/drift/\(first)/revert").expecting(202)
            #expect(reverting["status"] == "reverting")
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/web").power == "running")
            #expect(try await cloud.get("/v1/drift/\(first)")["resolution"] == "reverted")
            let again = try await cloud.post("/v1/drift/\(first)/revert")
            #expect(again.status == 409 && again.code == "invalid_state")

            let second = try await drift(.resize(Capacity(milliCPUs: 2000, memoryMiB: 4096)))
            #expect(try await cloud.post("/v1/drift/\(second)/accept").expecting(200)["resolution"] == "accepted")
            let accepted = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(accepted.spec("size") == "s-4" && accepted.json["cost"]?["hourly"] == "0.0280")
            #expect(accepted.condition("Synced")?["status"] == "true")

            let third = try await drift(.resize(Capacity(milliCPUs: 1000, memoryMiB: 1024)))
            #expect(try await cloud.post("/v1/drift/\(third)/ignore").expecting(200)["resolution"] == "ignored")
            try await cloud.look()
            #expect(try await cloud.drifts("status=open").isEmpty)
            #expect(try await cloud.get("/v1/instances/web").json["drift_ignore"] == ["size"])
        }
    }

    @Test func `stands in the compliance report and in the past of the resource`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "report")]).text("id")
            try await installation.sync()
            let before = installation.clock.now
            installation.clock.advance(seconds: 60)
            try await cloud.tamper(id, .stop)
            try await cloud.look()
            installation.clock.advance(seconds: 60)
            let report = try await cloud.post(
                "/v1/compliance/reports", ["from": "2026-03-01T00:00:00Z", "to": .string(installation.clock.now.description)]
            ).expecting(201)
            let section = report["manifest"]?["sections"]?.array?.first { $0["name"] == "drift" }
            #expect(section?["rows"] == 1)
            let then = try await cloud.get("/v1/instances/\(id)?as_of=\(before)").expecting(200)
            #expect(then.power == "running" && then.condition("Synced")?["status"] == "true")
            let now = try await cloud.get("/v1/instances/\(id)?as_of=\(installation.clock.now)").expecting(200)
            #expect(now.power == "stopped" && now.condition("Synced")?["status"] == "false")
            #expect(now.json["drift_policy"] == "report")
        }
    }

    @Test func `that no spec can say cannot be accepted`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", ["size": "s-1"], [.init("drift_policy", "report")]).text("id")
            try await cloud.tamper(id, .resize(Capacity(milliCPUs: 1234, memoryMiB: 999)))
            try await cloud.look()
            let drift = try #require(try await cloud.drifts().first)
            #expect(drift["fields"]?.array?.first?["observed"] == ["milli_cpus": 1234, "memory_mib": 999])
            let refused = try await cloud.post("/v1/drift/\(drift["id"]?.string ?? "")/accept")
            #expect(refused.status == 409 && refused.code == "invalid_state")
            #expect(try await cloud.get("/v1/instances/web").spec("size") == "s-1")
        }
    }

    @Test func `a network that was left is joined again`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let net = try await cloud.make("networks", "net").text("id")
            let id = try await cloud.make(
                "instances", "web", ["network_ids": [.string(net)]], [.init("drift_policy", "revert")]
            ).text("id")
            try await cloud.tamper(id, .leave(cloud.resource(net).subject))
            try await cloud.look()
            let drift = try #require(try await cloud.drifts("resource=\(id)").first)
            #expect(drift["fields"] == [["path": "network_ids", "wanted": [.string(net)], "observed": []]])
            #expect(drift["resolution"] == "reverted")
            #expect(try await cloud.console(of: id).find(cloud.resource(id).subject)?.state.networks == [net])
        }
    }

    @Test func `what comes back three times within an hour is left to its other controller`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "revert")]).text("id")
            for _ in 1...3 {
                try await cloud.tamper(id, .stop)
                try await cloud.look()
                #expect(try await cloud.get("/v1/instances/web").power == "running")
                installation.clock.advance(seconds: 300)
            }
            try await cloud.tamper(id, .stop)
            try await cloud.look()
            let web = try await cloud.get("/v1/instances/web").expecting(200)
            #expect(web.power == "stopped" && web.condition("Synced")?["reason"] == "Contested")
            #expect(web.condition("Synced")?["message"]?.string?.contains("Another controller owns this field") == true)
            let drift = try #require(try await cloud.drifts("status=contested").first)
            #expect(try await cloud.events("drift.contested", of: id) == 1)
            #expect(try await cloud.events("drift.reverting", of: id) == 3)
            // A person's word counts.
            _ = try await cloud.post("/v1/drift/\(drift["id"]?.string ?? "")/revert").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/web").power == "running")
            // An hour later it is reverted by itself again.
            installation.clock.advance(seconds: 3700)
            try await cloud.tamper(id, .stop)
            try await cloud.look()
            #expect(try await cloud.get("/v1/instances/web").power == "running")
        }
    }

    @Test func `in prod is only reported when nobody says otherwise, and elsewhere reverted`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            for (env, policy) in [("prod", "report"), ("staging", "revert"), ("dev", "revert")] {
                let project = try await cloud.post("/v1/projects", ["name": .string(env), "env": .string(env)]).expecting(201).text("id")
                let made = try await cloud.post("/v1/instances", ["name": "web", "project_id": .string(project)]).expecting(201)
                #expect(made.json["drift_policy"]?.string == policy)
            }
        }
    }

    @Test func `that the budget has no room for is not reverted, and says why`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("instances", "web", .object([]), [.init("drift_policy", "revert")]).text("id")
            try await cloud.tamper(id, .remove)
            try await installation.sync()
            installation.clock.advance(seconds: 61)
            _ = try await cloud.post("/v1/budgets", ["name": "None", "amount": "0.01", "scope": ["project_id": .string(cloud.project)]])
                .expecting(201)
            try await cloud.lookTwice()
            let drift = try #require(try await cloud.drifts().first)
            #expect(drift["class"] == "missing" && drift["status"] == "open")
            #expect(drift["message"]?.string?.lowercased().contains("budget") == true)
            #expect(try await cloud.get("/v1/instances/web").phase == "missing")
            #expect(try await cloud.objects() == 0)
        }
    }

    @Test func `of what is only observed changes nothing, and of what is paused is not looked for`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let seen = try await cloud.make("instances", "seen", .object([]), [.init("management", "observe")]).text("id")
            let paused = try await cloud.make("instances", "paused", .object([]), [.init("management", "paused")]).text("id")
            try await cloud.tamper(seen, .stop)
            try await cloud.tamper(paused, .stop)
            try await cloud.look()
            #expect(try await cloud.drifts().map { $0["resource_id"]?.string } == [seen])
            #expect(try await cloud.get("/v1/instances/seen").power == "stopped")
            #expect(try await cloud.post("/v1/instances/seen/actions/start").code == "invalid_state")
            #expect(try await cloud.delete("/v1/instances/paused").code == "invalid_state")
            let refused = try await cloud.patch("/v1/instances/seen", ["management": "managed"])
            #expect(refused.status == 409 && refused.code == "invalid_state")
            _ = try await cloud.post("/v1/drift/\(cloud.drifts()[0]["id"]?.string ?? "")/accept").expecting(200)
            _ = try await cloud.patch("/v1/instances/seen", ["management": "no_delete"]).expecting(200)
            #expect(try await cloud.delete("/v1/instances/seen").code == "deletion_protected")
            #expect(try await cloud.act(seen, "start").power == "running")
        }
    }
}

extension Cloud {
    /// Who did that last.
    func actor(of type: String, _ id: String) async throws -> String? {
        try await installation.store.read { connection in
            try connection.row("SELECT actor FROM events WHERE type = ? AND subject = ? ORDER BY sequence DESC LIMIT 1", type, id) {
                $0.text(0)
            }
        }
    }
}
