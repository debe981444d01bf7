import Kernel
import Server
import Storage
import TestKit
import Testing

@Suite struct `A trace` {
    @Test func `leads from a request to its resource, its operation, what that did later, and where the rest is found`() async throws {
        try await Installation.run { cloud in
            let body: JSON = ["name": "net-1", "project_id": .string(cloud.home.project.rawValue)]
            let made = try await cloud.moving { try await cloud.post("/v1/networks", as: cloud.home.testKey, body) }.expecting(201)
            try await cloud.settle()
            _ = try await cloud.patch(
                "/v1/networks/\(made.text("id"))", as: cloud.home.testKey, ["labels": ["team": "core"]]
            ).expecting(200)
            let request = try #require(made.header("X-Request-Id"))
            let trace = try await cloud.get("/v1/trace/\(request)", as: cloud.home.testKey).expecting(200)
            let types = trace["events"]?.array?.compactMap { $0["type"]?.string }
            #expect(types?.first == "network.created" && types?.last == "network.ready" && types?.contains("network.updated") == false)
            #expect(trace["resource_ids"]?.array?.compactMap(\.string) == [made.text("id")])
            #expect(trace["operation_ids"]?.array?.count == 1)
            let links = trace["links"]?.array ?? []
            #expect(links.contains { $0["href"]?.string == "/v1/networks/\(made.text("id"))" })
            for link in links where ["resource", "operation"].contains(link["kind"]?.string) {
                #expect(try await cloud.get(link["href"]?.string ?? "", as: cloud.home.testKey).status == 200)
            }
        }
    }

    @Test func `of another tenant, mode or project is not there`() async throws {
        try await Installation.run { cloud in
            let request = try #require(try await cloud.makeProject("A").header("X-Request-Id"))
            _ = try await cloud.get("/v1/trace/\(request)", as: cloud.home.liveKey).expecting(200)
            let elsewhere = try await cloud.makeWorkspace()
            for secret in [elsewhere.liveKey, cloud.home.testKey, cloud.home.projectKey] {
                #expect(try await cloud.get("/v1/trace/\(request)", as: secret).status == 404)
            }
        }
    }
}
