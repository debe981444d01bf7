import Foundation
import Kernel
import Storage
import Testing

@Suite struct `SQLite's planner` {
    @Test func `takes the index with one column more, although nothing was counted yet`() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("planner-\(UUID().uuidString).db").path
        defer { try? FileManager.default.removeItem(atPath: path) }  // a temporary file
        let store = try Store(sqlite: .init(path: path, synchronous: .off))
        let migration = Migration(
            "1",
            """
            CREATE TABLE things (workspace TEXT NOT NULL, mode TEXT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, size INTEGER NOT NULL,
            PRIMARY KEY (workspace, mode, id)) STRICT, WITHOUT ROWID
            """, "CREATE INDEX things_by_owner ON things (workspace, mode, owner, id)")
        _ = try await Migrator([migration]).migrate(store, at: Timestamp(seconds: 0))
        let plan = try await store.read { connection in
            try connection.rows(
                "EXPLAIN QUERY PLAN SELECT size FROM things WHERE workspace = ? AND mode = ? AND owner = ? ORDER BY id", "a", "b", "c"
            ) { $0.text(3) }
        }
        #expect(plan == ["SEARCH things USING INDEX things_by_owner (workspace=? AND mode=? AND owner=?)"])
        try store.close()
    }
}
