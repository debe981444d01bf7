import Kernel
import Metering
import Server
import Storage
import TestKit
import Testing

@Suite struct `Data streams` {
    @Test func `are made, listed with their whole token, renamed and deleted`() async throws {
        try await Installation.run { cloud in
            let key = cloud.home.liveKey
            let stream = try await TestStream.make(cloud)
            #expect(stream.id.hasPrefix("stm_") && Secret.prefix(of: stream.token) == .stream)
            let listed = try await cloud.get("/v1/streams", as: key)
            #expect(listed.items.map { $0["data_stream_token"]?.string } == [stream.token])
            let read = try await cloud.get("/v1/streams/\(stream.id)", as: key)
            #expect(read.text("data_stream_token") == stream.token && read.text("type") == "custom")
            #expect(try !cloud.place.fileBytes().contains(stream.token))
            let renamed = try await cloud.patch(
                "/v1/streams/\(stream.id)", as: key, ["name": "sales"], headers: ["If-Match": read.header("ETag") ?? ""])
            #expect(renamed.status == 200 && renamed.text("name") == "sales")
            #expect(
                try await cloud.patch("/v1/streams/\(stream.id)", as: key, ["name": "x"], headers: ["If-Match": "\"v1\""]).status == 412)
            _ = try await TestStream.make(cloud, "k8s", type: "kubernetes")
            #expect(try await cloud.get("/v1/streams?type=kubernetes", as: key).items.count == 1)
            #expect(try await cloud.get("/v1/streams?sort=-name&limit=1", as: key).items.first?["name"] == "sales")
            #expect(try await cloud.delete("/v1/streams/\(stream.id)", as: key).status == 204)
            #expect(try await cloud.get("/v1/streams/\(stream.id)", as: key).status == 404)
        }
    }

    @Test func `leave nothing behind when they are deleted`() async throws {
        try await Installation.run { cloud in
            let stream = try await TestStream.make(cloud)
            for day in 1...60 {
                _ = try await stream.send([
                    TestStream.point(at: .integer(1_664_582_400 + Int64(day) * 86_400)), TestStream.point("b", 2, ["x": "y"]),
                ]).expecting(201)
            }
            let fold = FoldPoints(store: cloud.store, surroundings: cloud.place.surroundings)
            try await fold.run(everything: true)
            _ = try await stream.send([TestStream.point()])
            #expect(try await cloud.delete("/v1/streams/\(stream.id)", as: cloud.home.liveKey).status == 204)
            #expect(try await stream.send([TestStream.point()]).status == 404)
            try await fold.run()
            for table in ["point_metrics", "point_series", "point_hours", "point_runs", "point_days", "point_spans"] {
                #expect(try await cloud.store.read { try $0.row("SELECT COUNT(*) FROM \(table)") { $0.integer(0) } } == 0, "\(table)")
            }
        }
    }
}
