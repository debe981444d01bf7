import Foundation
import Kernel
import Metering
import Outgoing
import Server
import Storage
import TestKit
import Testing

/// Against a real ClickHouse, whose address stands in CLOUDAPI_TEST_CLICKHOUSE; `make test-points` starts one.
@Suite(
    .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["CLOUDAPI_TEST_CLICKHOUSE"] != nil
            || ProcessInfo.processInfo.environment["CLOUDAPI_TEST_PEERS_REQUIRED"] == "1", "`make test-points` starts a ClickHouse"))
struct `Points in ClickHouse` {
    /// Lends an address with a database of its own.
    private static func database(_ body: (String) async throws -> Void) async throws {
        let peer = try #require(ProcessInfo.processInfo.environment["CLOUDAPI_TEST_CLICKHOUSE"], "it names no ClickHouse")
        let name = "test_" + UUID().uuidString.replacing("-", with: "")
        try await run("CREATE DATABASE \(name)", at: peer)
        try await body(peer.replacing(/\/default$/, with: "/\(name)"))
        try await run("DROP DATABASE \(name)", at: peer)
    }

    private static func installation(at address: String, _ body: @escaping @Sendable (Installation) async throws -> Void) async throws {
        let configure: (inout ServerConfiguration) -> Void = { $0.pointsURL = address }
        try await Installation.run(configure: configure, body)
    }

    @discardableResult
    private static func run(_ sql: String, at address: String) async throws -> String {
        let parts = try #require(URLComponents(string: address))
        let loopback = try #require(AddressRange("127.0.0.0/8"))
        let answer = try await Outgoing(allowing: [loopback]).send(
            OutgoingRequest(
                .post, "http://127.0.0.1:\(parts.port ?? 0)/?database=\(parts.path.dropFirst())",
                headers: [("X-ClickHouse-User", parts.user ?? ""), ("X-ClickHouse-Key", parts.password ?? "")], body: Array(sql.utf8)))
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == 200, "\(text)")
        return text
    }

    @Test(arguments: ["Sum", "Average", "Minimum", "Maximum"])
    func `are answered as without it, byte for byte, whatever is asked`(function: String) async throws {
        try await Self.database { address in
            try await Place.fresh { place in
                let home = try await Installation.prepare(place)
                let configure: (inout ServerConfiguration) -> Void = { $0.pointsURL = address }
                try await Installation.open(in: place, home: home, configure: configure) { cloud in
                    let stream = try await TestStream.make(cloud)
                    let copied = CopiedStream(stream, try #require(cloud.parts.pointStore))
                    var generator = SeededGenerator(seed: 11)
                    try await copied.send(2000, function, &generator)
                    try await copied.fold()
                    try await copied.copy()
                    try await Installation.open(in: place, home: home) { alone in
                        try await Self.compare(stream, TestStream(cloud: alone, id: stream.id, token: stream.token))
                        let known = try #require(MetricFunction(reading: function))
                        #expect(try await copied.expectSame(known, .day) == 5, "ClickHouse was asked, and believed")
                        #expect(try await copied.expectSame(known, .hour) == 5)
                        // A second batch: some days are copied, some wait.
                        var more = SeededGenerator(seed: 16)
                        try await copied.send(15, function, &more)
                        try await Self.compare(stream, TestStream(cloud: alone, id: stream.id, token: stream.token))
                        cloud.clock.advance(seconds: 3600)
                        try await copied.fold()
                        try await copied.copy()
                        try await Self.compare(stream, TestStream(cloud: alone, id: stream.id, token: stream.token))
                        #expect(try await copied.expectSame(known, .day) == 5)
                    }
                }
            }
        }
    }

    /// The definitions of docs/operations.md, on a cluster whose shards are two databases of one server.
    @Test func `are answered the same from shards`() async throws {
        try await Self.database { address in
            let shards = ["shard_1", "shard_2"]
            for shard in shards {
                try await Self.run("DROP DATABASE IF EXISTS \(shard)", at: address)
                try await Self.run("CREATE DATABASE \(shard)", at: address)
            }
            for table in ClickHousePoints.tables {
                let words = table.split(separator: " ")
                let (name, columns) = (String(words[5]), table.prefix { $0 != ")" } + ")")
                for shard in shards {
                    try await Self.run(table.replacing(name, with: "\(shard).\(name)_local"), at: address)
                }
                let hands = "\(columns) ENGINE = Distributed(points, '', \(name)_local, cityHash64(metric, day))"
                try await Self.run(hands, at: address)
            }
            try await Self.installation(at: address) { cloud in
                let copied = CopiedStream(try await TestStream.make(cloud), try #require(cloud.parts.pointStore))
                var generator = SeededGenerator(seed: 15)
                try await copied.send(1000, "Sum", &generator)
                try await copied.fold()
                try await copied.copy()
                for granularity in [Granularity.hour, .day, .month] { #expect(try await copied.expectSame(.sum, granularity) == 5) }
            }
            for shard in shards {
                #expect(try await Self.run("SELECT count() > 0 FROM \(shard).cloudapi_points_local", at: address) == "1\n")
                try await Self.run("DROP DATABASE \(shard)", at: address)
            }
        }
    }

    private static func compare(_ one: TestStream, _ other: TestStream) async throws {
        for query in CopiedStream.queries {
            let (mine, yours) = (try await one.data(query).expecting(200), try await other.data(query).expecting(200))
            #expect(mine.unmarked.canonicalBytes == yours.unmarked.canonicalBytes, "\(query)")
        }
    }

    @Test func `that it has lost, or has twice, are read from the database and copied again`() async throws {
        try await Self.database { address in
            try await Self.installation(at: address) { cloud in
                let copied = CopiedStream(try await TestStream.make(cloud), try #require(cloud.parts.pointStore))
                var generator = SeededGenerator(seed: 12)
                try await copied.send(500, "Sum", &generator)
                try await copied.fold()
                try await copied.copy()
                cloud.clock.advance(seconds: 61)
                // Else it may have put the two in one before it is asked.
                try await Self.run("SYSTEM STOP MERGES", at: address)
                try await Self.run("INSERT INTO cloudapi_point_sums SELECT * FROM cloudapi_point_sums WHERE day = 19293", at: address)
                #expect(try await copied.expectSame() == 4)
                try await Self.run("SYSTEM START MERGES", at: address)
                try await Self.run("DROP TABLE cloudapi_point_sums", at: address)
                #expect(try await copied.expectSame() == 0, "an error is no answer")
                cloud.clock.advance(seconds: 10)
                try await copied.copy()
                #expect(try await copied.expectSame() == 1, "the day that was doubled is copied again, into a table that is made again")
                cloud.clock.advance(seconds: 61)
                try await copied.expectSame()
                try await copied.copy()
                #expect(try await copied.expectSame() == 5)
            }
        }
    }

    @Test func `fill one that came empty in the place of another`() async throws {
        try await Self.database { address in
            try await Self.installation(at: address) { cloud in
                let copied = CopiedStream(try await TestStream.make(cloud), try #require(cloud.parts.pointStore))
                var generator = SeededGenerator(seed: 17)
                try await copied.send(500, "Sum", &generator)
                try await copied.fold()
                try await copied.copy()
                cloud.clock.advance(seconds: 61)
                for table in ["cloudapi_points", "cloudapi_point_sums"] { try await Self.run("DROP TABLE \(table)", at: address) }
                try await copied.copy()
                #expect(try await copied.expectSame() == 0)
                try await copied.copy()
                #expect(try await copied.expectSame() == 5)
            }
        }
    }

    @Test func `go with their stream`() async throws {
        try await Self.database { address in
            try await Self.installation(at: address) { cloud in
                let copied = CopiedStream(try await TestStream.make(cloud), try #require(cloud.parts.pointStore))
                var generator = SeededGenerator(seed: 13)
                try await copied.send(100, "Sum", &generator)
                try await copied.fold()
                try await copied.copy()
                #expect(try await Self.run("SELECT count() > 0 FROM cloudapi_points", at: address) == "1\n")
                _ = try await cloud.delete("/v1/streams/\(copied.stream.id)", as: cloud.home.liveKey)
                try await copied.fold()
                try await copied.copy()
                // ClickHouse removes rows when it comes to it.
                var left = ""
                for _ in 0..<200 where left != "0\n" {
                    left = try await Self.run("SELECT count() FROM cloudapi_points", at: address)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(left == "0\n")
            }
        }
    }

    @Test func `are taken in and answered while it is down`() async throws {
        try await Self.installation(at: "http://cloudapi:x@127.0.0.1:1/none") { cloud in
            let copied = CopiedStream(try await TestStream.make(cloud), try #require(cloud.parts.pointStore))
            var generator = SeededGenerator(seed: 14)
            try await copied.send(100, "Sum", &generator)
            try await copied.fold()
            await #expect(throws: (any Error).self) { try await copied.copy() }
            #expect(try await copied.expectSame() == 0)
            #expect(try await copied.stream.data("group_by=id&from=2022-10-27T00:00:00Z").status == 200)
        }
    }
}
