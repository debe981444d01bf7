import HTTPTypes
import Kernel
import Server
import TestKit

/// A data stream of a test, and how to send to it and read from it.
struct TestStream: Sendable {
    let cloud: Installation
    let id: String
    let token: String

    static func make(_ cloud: Installation, _ name: String = "orders", type: String = "custom") async throws -> TestStream {
        let made = try await cloud.post("/v1/streams", as: cloud.home.liveKey, ["name": .string(name), "type": .string(type)])
            .expecting(201)
        return TestStream(cloud: cloud, id: made.text("id"), token: made.text("data_stream_token"))
    }

    func send(_ points: [JSON], _ function: String = "Sum") async throws -> Reply {
        try await cloud.post(
            "/streams/ingest", as: cloud.home.liveKey,
            ["data_stream_token": .string(token), "metric_agg_func": .string(function), "data": .array(points)])
    }

    /// What a batch of one point with this text as timestamp comes to.
    func sendText(_ data: String, function: String = "\"Sum\"") async throws -> Reply {
        try await cloud.send(
            .post, "/streams/ingest", as: cloud.home.liveKey,
            Array("{\"data_stream_token\":\"\(token)\",\"metric_agg_func\":\(function),\"data\":\(data)}".utf8))
    }

    func data(_ query: String) async throws -> Reply {
        try await cloud.get("/v1/streams/\(id)/data?\(query)", as: cloud.home.liveKey)
    }

    /// Values of the only line's buckets.
    func values(_ query: String) async throws -> [JSON] {
        try await data(query).expecting(200)["data"]?.array?.first?["buckets"]?.array?.compactMap { $0["value"] } ?? []
    }

    static func point(
        _ name: String = "orders", _ value: JSON = 1, at timestamp: JSON = "2022-10-01 00:00:00", _ dimensions: JSON? = nil
    ) -> JSON {
        var members: [JSON.Member] = [.init("timestamp", timestamp), .init("metric_name", .string(name)), .init("metric_value", value)]
        if let dimensions { members.append(.init("custom_dimensions", dimensions)) }
        return .object(members)
    }
}

extension Reply {
    func expecting(_ status: Int) throws -> Reply {
        guard self.status == status else { throw Unexpected(text: "\(self.status): \(text)") }
        return self
    }

    private struct Unexpected: Error {
        let text: String
    }

    var counts: [Int64] { [self["created"]?.integer ?? -1, self["updated"]?.integer ?? -1] }
}
