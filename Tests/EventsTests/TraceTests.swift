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

@Suite struct `Somebody's own trace` {
    @Test func `stands in the rows of what a request changed, and in no others`() async throws {
        try await Installation.run { cloud in
            let id = "4bf92f3577b34da6a3ce929d0e0e4736"
            for header in ["00-\(id)-00f067aa0ba902b7-01", "nonsense"] {
                let name = header == "nonsense" ? "Plain" : "Traced"
                _ = try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": .string(name)], headers: ["traceparent": header])
                    .expecting(201)
            }
            let tenant = Tenant(workspace: cloud.home.workspace, mode: .live)
            let rows = try await cloud.store.read { try EventLog.events(in: tenant, after: 0, limit: 100, $0).map { try $0.row } }
            let made = rows.filter { $0["type"] == "project.created" }.suffix(2)
            #expect(made.first?["trace_id"]?.string == id && made.last?["trace_id"] == nil)
            #expect(try await cloud.store.scan { try ChainVerifier.verify(tenant, $0) } == rows.count)
        }
    }

    @Test func `has its queues beside it in the metrics`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.makeProject("A")
            let text = try await cloud.get("/metrics", as: nil).expecting(200).text
            for line in [
                "http_request_duration_seconds_bucket{route=\"POST /v1/projects\",le=\"+Inf\"} 1",
                "store_commit_batch_writes_bucket{le=\"1\"}",
                "webhook_deliveries_waiting{state=\"due\"} 0", "operations_unfinished{state=\"running\"} 0", "alert_messages_waiting 0",
                "alert_evaluations_total", "store_writes_waiting 0", "http_streams_open 0",
            ] { #expect(text.contains(line), "\(line)") }
        }
    }
}
