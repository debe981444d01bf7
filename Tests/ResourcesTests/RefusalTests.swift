import Kernel
import Provider
import Resources
import Server
import TestKit
import Testing

@Suite struct `A request that cannot be granted` {
    @Test func `names what is wrong with it`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let size = try await cloud.post("/v1/instances", cloud.body("web", ["size": "huge"]))
            #expect(size.status == 422 && size.text("detail").contains("s-1"), "the sizes there are")
            for spec: JSON in [["privileged": true], ["devices": ["/dev/sda"]], ["network_mode": "host"], ["cap_add": ["SYS_ADMIN"]]] {
                let privileged = try await cloud.post("/v1/instances", cloud.body("web", spec))
                #expect(privileged.status == 400 && privileged.code == "unknown_field")
            }
            for name in ["Web", "1web", "web_1", "-web", ""] {
                #expect(try await cloud.post("/v1/instances", cloud.body(name)).status == 422, "\(name)")
            }
            let network = try await cloud.post("/v1/instances", cloud.body("web", ["network_id": "nowhere"]))
            #expect(network.status == 422 && network.code == "invalid_reference")
            let path = try await cloud.post(
                "/v1/instances", cloud.body("web", ["volumes": [["volume_id": "data", "path": "/../etc"]]]))
            #expect(path.status == 422)
            #expect(try await cloud.get("/v1/instances").items.isEmpty, "nothing was made")
        }
    }

    @Test func `without a provider is told which there are`() async throws {
        try await Installation.run { installation in
            let none = try await installation.post(
                "/v1/instances", as: installation.home.liveKey,
                ["name": "web", "project_id": .string(installation.home.project.rawValue)])
            #expect(none.status == 422 && none.code == "provider_required")
            let cloud = try await Cloud.connect(installation, name: "one")
            _ = try await Cloud.connect(installation, name: "two")
            let several = try await cloud.post("/v1/instances", cloud.body("web"))
            #expect(several.code == "provider_required" && several["allowed"]?.array?.count == 2)
            _ = try await cloud.post("/v1/instances", cloud.body("web", .object([]), [.init("provider", "two")])).expecting(201)
        }
    }

    @Test func `asks for what the provider cannot do and hears its name`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(
                installation, ["latency_ms": 0, "capabilities": ["instances", "volumes", "networks", "instance.metrics", "instance.logs"]])
            let id = try await cloud.make("instances", "web").text("id")
            let resize = try await cloud.post("/v1/instances/\(id)/actions/resize", ["size": "s-2"])
            #expect(resize.status == 422 && resize.code == "unsupported_by_provider" && resize["capability"] == "instance.resize")
            let data = try await cloud.post("/v1/instances", cloud.body("other", ["user_data": "#cloud-config"]))
            #expect(data["capability"] == "instance.user_data")
            for spec: JSON in [["command": ["sh"]], ["env": ["COLOUR": "blue"]]] {
                let commanded = try await cloud.post("/v1/instances", cloud.body("other", spec))
                #expect(commanded.status == 422 && commanded["capability"] == "instance.command")
            }
            let joined = try await cloud.post("/v1/instances", cloud.body("other", ["network_ids": ["one", "two"]]))
            #expect(joined.status == 422 && joined["capability"] == "instance.join_network")
            try await cloud.make("volumes", "data")
            #expect(
                try await cloud.post("/v1/instances/\(id)/actions/attach-volume", ["volume_id": "data", "path": "/data"]).status == 422)
        }
    }

    @Test func `meets a stale ETag, a protection or a full queue`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let web = try await cloud.make("instances", "web")
            let etag = web.header("etag") ?? ""
            let labelled = try await cloud.patch("/v1/instances/web", ["labels": ["a": "b"]], headers: ["if-match": etag]).expecting(200)
            #expect(labelled.header("etag") == "\"g1.m2\"")
            #expect(try await cloud.patch("/v1/instances/web", ["labels": [:]], headers: ["if-match": etag]).status == 412)
            _ = try await cloud.patch("/v1/instances/web", ["deletion_protection": true]).expecting(200)
            let protected = try await cloud.delete("/v1/instances/web")
            #expect(protected.status == 423 && protected.code == "deletion_protected")
            var statuses: [Int] = []
            for round in 0..<12 {
                statuses.append(
                    try await cloud.post("/v1/instances/web/actions/resize", ["size": round.isMultiple(of: 2) ? "s-2" : "s-1"]).status)
            }
            #expect(statuses.contains(423))
            #expect(try await cloud.post("/v1/instances/web/actions/resize", ["size": "s-4"]).json["retryable"] == true)
        }
    }

    @Test func `is told which provider this server was built without, and what to do about it`() async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let absent = AbsentDriver(name: "libvirt", advice: "build it anew")
            try await Installation.open(in: place, home: home, drivers: { _ in [absent] }) { installation in
                let answer = try await installation.post(
                    "/v1/connections", as: installation.home.liveKey, ["name": "host", "provider": "libvirt"])
                #expect(answer.status == 422 && answer.code == "validation_failed")
                #expect(answer.json["errors"]?.array?.first?["pointer"] == "/provider")
                #expect(answer.json["errors"]?.array?.first?["code"] == "not_built")
                #expect(answer.text("detail").contains("built without libvirt; build it anew."))
            }
        }
    }

    @Test func `in test mode it reaches nothing but the simulator`() async throws {
        try await Installation.run { installation in
            let test = installation.home.testKey
            let docker = try await installation.post(
                "/v1/connections", as: test,
                ["name": "real", "provider": "docker", "settings": ["endpoint": "unix:///var/run/docker.sock"]])
            #expect(docker.status == 422)
            let made = try await installation.post(
                "/v1/instances", as: test, ["name": "web", "project_id": .string(installation.home.project.rawValue)]
            ).expecting(201)
            try await installation.settle()
            let path = "/v1/instances/\(made.text("id"))"
            #expect(try await installation.get(path, as: test).expecting(200).power == "running")
            #expect(try await installation.get(path, as: installation.home.liveKey).status == 404)
            #expect(
                try await installation.get("/v1/operations/\(made.operation["id"]?.string ?? "")", as: installation.home.liveKey).status
                    == 404)
        }
    }

    @Test func `a dry run answers what a create would, and makes nothing`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation)
            let dry = try await cloud.post("/v1/instances?dry_run=true", cloud.body("web", ["size": "s-2"])).expecting(200)
            #expect(dry["would_status"] == 201 && dry["estimate"]?["hourly"] == "0.0140")
            #expect(try await cloud.post("/v1/instances?dry_run=true", cloud.body("web", ["size": "huge"])).status == 422)
            #expect(try await cloud.get("/v1/instances").items.isEmpty)
            let made = try await cloud.post("/v1/instances", cloud.body("web", ["size": "s-2"])).expecting(201)
            #expect(made["estimate"]?["period_amount"] == dry["estimate"]?["period_amount"])
        }
    }
}
