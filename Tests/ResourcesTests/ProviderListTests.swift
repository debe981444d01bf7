import Kernel
import Server
import TestKit
import Testing

@Suite struct `Providers` {
    @Test func `are listed with what they can have, whatever this server was built with`() async throws {
        try await Installation.run { installation in
            let cloud = Cloud(installation: installation)
            let found = try await cloud.get("/v1/providers").expecting(200).items
            #expect(found.compactMap { $0["name"]?.string } == ["aws", "docker", "libvirt", "s3", "simulator"])
            #expect(found[1]["kinds"] == ["instance", "volume", "network"] && found[1]["available"] == true)
            #expect(found[3]["kinds"] == ["bucket"])
            let sandbox = try await installation.get("/v1/providers", as: installation.home.testKey).expecting(200).items
            #expect(sandbox.compactMap { $0["name"]?.string } == ["simulator"])
        }
    }

    @Test func `say what they can do at most, and a connection what it was found to do`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(
                installation,
                [
                    "latency_ms": 0, "capabilities": ["instances", "volumes"], "largest": ["milli_cpus": 1000, "memory_mib": 1024],
                ])
            _ = try await cloud.post(
                "/v1/prices", ["sku": "instance.s-1", "provider": "simulator", "location": "moon", "amount": "0.003"]
            ).expecting(201)
            func read(_ id: String, as key: String? = nil) async throws -> Reply {
                try await installation.get("/v1/providers/\(id)/capabilities", as: key ?? cloud.key)
            }
            let most = try await read("simulator").expecting(200)
            #expect(most["connection_id"] == .null && most["verified_at"] == .null && most["kinds"]?.array?.count == 7)
            #expect(most["locations"] == ["local", "moon"] && most["sizes"]?.array?.count ?? 0 > 3)
            let own = try await cloud.get("/v1/connections/sim").expecting(200)
            let found = try await read(own.text("id")).expecting(200)
            #expect(found["provider"] == "simulator" && found["connection_id"] == own["id"] && found["verified_at"] == own["verified_at"])
            #expect(found["kinds"] == ["instance", "volume"] && found["features"] == own["capabilities"]?["features"])
            #expect(found["sizes"] == ["n-1", "n-2", "s-1"])
            for name in ["aws", "docker", "s3", "libvirt"] { _ = try await read(name).expecting(200) }

            let unknown = try await read("azure").expecting(404)
            #expect(unknown.code == "not_found" && unknown["detail"]?.string?.contains("aws, docker") == true)
            #expect(try await read("docker", as: installation.home.testKey).status == 404)
            #expect(try await read(own.text("id"), as: installation.home.testKey).status == 404)
            let away = try await installation.makeWorkspace()
            #expect(try await read(own.text("id"), as: away.liveKey).status == 404)
        }
    }

    @Test func `that were never asked count as what they can be at most`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(
                installation, ["latency_ms": 0, "faults": [["step": "probe", "kind": "unreachable", "times": 0]]])
            let id = try await cloud.get("/v1/connections/sim").expecting(200).text("id")
            let found = try await cloud.get("/v1/providers/\(id)/capabilities").expecting(200)
            #expect(found["verified_at"] == .null && found["kinds"]?.array?.count == 7)
        }
    }
}
