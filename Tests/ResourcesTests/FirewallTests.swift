import Kernel
import Provider
import Simulator
import TestKit
import Testing

@Suite struct `A firewall` {
    private static let web: JSON = ["direction": "ingress", "protocol": "tcp", "ports": ["443", "8000-8100"], "cidrs": ["0.0.0.0/0"]]

    @Test func `stands before what fits when it is made, and before what fits later when it is applied`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let labels = [JSON.Member("labels", ["tier": "web"])]
            let one = try await cloud.make("instances", "one", .object([]), labels).text("id")
            let other = try await cloud.make("instances", "other").text("id")
            let spec: JSON = ["rules": [Self.web], "apply_to": ["selector": "tier=web", "ids": ["other"]]]
            let wall = try await cloud.make("firewalls", "wall", spec)
            let id = wall.text("id")
            #expect(id.hasPrefix("fw_") && wall["spec"]?["apply_to"]?["ids"] == .array([.string(other)]))
            #expect(Set((wall["status"]?["applied_to"]?.array ?? []).compactMap(\.string)) == [one, other])
            let late = try await cloud.make("instances", "late", .object([]), labels).text("id")
            let applied = try await cloud.act(id, "apply")
            #expect(applied["status"]?["applied_to"]?.array?.count == 3)
            #expect(try await cloud.events("firewall.applied", of: id) == 1)
            _ = try await cloud.delete("/v1/instances/\(late)").expecting(202)
            _ = try await cloud.delete("/v1/instances/\(other)").expecting(202)
            try await installation.settle()
            #expect(try await cloud.act(id, "apply")["status"]?["applied_to"] == .array([.string(one)]), "what is gone is left out")
            _ = try await cloud.delete("/v1/firewalls/wall").expecting(202)
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/one").power == "running")
            #expect(try await cloud.objects() == 1)
        }
    }

    @Test func `waits for an instance that is still being made`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let web = try await cloud.post("/v1/instances", cloud.body("web")).expecting(201).text("id")
            let wall = try await cloud.make("firewalls", "wall", ["apply_to": ["ids": ["web"]]])
            #expect(wall.phase == "ready" && wall["status"]?["applied_to"] == .array([.string(web)]))
        }
    }

    @Test func `has its rules changed as a whole`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let id = try await cloud.make("firewalls", "wall", ["rules": [Self.web]]).text("id")
            let egress: JSON = ["direction": "egress", "protocol": "all", "cidrs": ["10.0.0.0/8", "2001:db8::/32"]]
            _ = try await cloud.patch("/v1/firewalls/wall", ["spec": ["rules": [egress]]]).expecting(202)
            try await installation.settle()
            let (simulator, subject) = try #require(try await cloud.simulator(of: id))
            let seen = try await installation.moving { try await simulator.find(subject)?.state.firewall?.rules }
            #expect(seen?.map(\.cidr) == ["10.0.0.0/8", "2001:db8::/32"] && seen?.allSatisfy { $0.ports == nil } == true)
            #expect(try await cloud.patch("/v1/firewalls/wall", ["spec": ["rules": [egress]]]).status == 200)
        }
    }

    @Test(arguments: [
        ("tcp", ["80-70"], ["0.0.0.0/0"], "backwards"), ("icmp", ["80"], ["0.0.0.0/0"], "combination"),
        ("all", ["80"], ["0.0.0.0/0"], "combination"), ("tcp", ["80"], ["10.0.0.1/8"], "cidr"), ("tcp", ["80"], ["10.0.0.1"], "cidr"),
        ("tcp", ["80"], ["10.0.0.0/33"], "format"), ("tcp", ["0"], ["10.0.0.0/8"], "format"), ("tcp", ["65536"], ["10.0.0.0/8"], "format"),
        ("tcp", ["80-"], ["10.0.0.0/8"], "format"), ("tcp", ["80"], [], "count"), ("tcp", ["80", "70-90"], ["10.0.0.0/8"], "overlap"),
        ("tcp", ["80"], ["10.0.0.0/8", "10.1.0.0/16"], "overlap"), ("sctp", [], ["10.0.0.0/8"], "not_allowed"),
    ])
    func `with a rule that cannot be is refused`(proto: String, ports: [String], cidrs: [String], code: String) async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let rule: JSON = [
                "direction": "ingress", "protocol": .string(proto), "ports": .array(ports.map(JSON.string)),
                "cidrs": .array(cidrs.map(JSON.string)),
            ]
            let refused = try await cloud.post("/v1/firewalls", cloud.body("wall", ["rules": [rule]]))
            #expect(refused.status == 422 && refused.code == "validation_failed")
            #expect(refused["errors"]?.array?.first?["code"]?.string == code, "\(refused.text("detail"))")
        }
    }

    @Test func `has at most sixty rules when each is counted, none that says what another says, and a selector that can be read`()
        async throws
    {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let cidrs = JSON.array((0..<16).map { .string("10.\($0).0.0/16") })
            let many: JSON = ["direction": "ingress", "protocol": "tcp", "ports": ["1", "2", "3", "4"], "cidrs": cidrs]
            let refused = try await cloud.post("/v1/firewalls", cloud.body("wall", ["rules": [many]]))
            #expect(refused["errors"]?.array?.first?["code"] == "too_many")
            let all: JSON = ["direction": "ingress", "protocol": "all", "cidrs": ["0.0.0.0/0"]]
            let twice = try await cloud.post("/v1/firewalls", cloud.body("wall", ["rules": [Self.web, all]]))
            #expect(twice["errors"]?.array?.first?["code"] == "overlap" && twice["errors"]?.array?.first?["pointer"] == "/spec/rules/1")
            let selector = try await cloud.post("/v1/firewalls", cloud.body("wall", ["apply_to": ["selector": "not a label"]]))
            #expect(selector.status == 422 && selector["errors"]?.array?.first?["code"] == "selector")
            let nowhere = try await cloud.post("/v1/firewalls", cloud.body("wall2", ["apply_to": ["ids": ["nowhere"]]]))
            #expect(nowhere.status == 422 && nowhere.code == "invalid_reference")
        }
    }
}
