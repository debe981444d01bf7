import Outgoing
import Storage
import Synchronization
import Testing

@testable import Metering

/// What a ClickHouse is told, word for word; the answers are made up. `make test-points-cluster` has the shards.
@Suite struct `Points that are deleted in ClickHouse` {
    private static func statements(
        engine: String, altered: OutgoingResponse = OutgoingResponse(status: 200)
    ) async throws -> [String] {
        let told = Mutex<[String]>([])
        let address = try #require(ClickHouseAddress("http://127.0.0.1/cloudapi"))
        let points = ClickHousePoints(address) { request in
            let sql = String(decoding: request.body, as: UTF8.self)
            told.withLock { $0.append(sql) }
            if sql.hasPrefix("ALTER") { return altered }
            return OutgoingResponse(status: 200, body: Array((sql.contains("system.tables") ? engine + "\n" : "7\n").utf8))
        }
        try await points.remove(metric: 7)
        return told.withLock { $0.filter { $0.hasPrefix("ALTER") } }
    }

    @Test func `are deleted where they stand`() async throws {
        let engine = "ReplacingMergeTree(copy) PARTITION BY intDiv(day, 28) ORDER BY (metric, day, series, hour)"
        #expect(
            try await Self.statements(engine: engine) == [
                "ALTER TABLE cloudapi_points DELETE WHERE metric = 7", "ALTER TABLE cloudapi_point_sums DELETE WHERE metric = 7",
            ])
    }

    @Test(arguments: [
        "Distributed(points, cloudapi, points_local, cityHash64(metric, day))",
        "Distributed('points', 'cloudapi', 'points_local', cityHash64(metric, day))", "Distributed('points', 'cloudapi', 'points_local')",
    ])
    func `are deleted on all shards, where a table hands on to these`(engine: String) async throws {
        let statement = "ALTER TABLE `cloudapi`.`points_local` ON CLUSTER `points` DELETE WHERE metric = 7"
        #expect(try await Self.statements(engine: engine) == [statement, statement])
    }

    @Test func `are left to a replica that is down, and nothing else that goes wrong is passed over`() async throws {
        func answering(_ text: String) async throws -> Int {
            try await Self.statements(
                engine: "Distributed(points, cloudapi, points_local)", altered: OutgoingResponse(status: 500, body: Array(text.utf8))
            ).count
        }
        #expect(try await answering("Code: 159, e.displayText() = DB::Exception: There are 1 unfinished hosts") == 2)
        await #expect(throws: StorageError.self) { try await answering("Code: 139, e.displayText() = DB::Exception: No ZooKeeper") }
    }
}
