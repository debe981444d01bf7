import Foundation
import Testing

@testable import Storage

/// Reads go on with the snapshot of the read before, as long as nothing was committed.
struct KeptSnapshotTests {
    private let notes = [Migration("0001-notes", "CREATE TABLE notes (id TEXT PRIMARY KEY, size INTEGER) STRICT")]

    /// More reads than a store has connections, so that each keeps a snapshot.
    private let reads = 20

    @Test func `a read sees what another program has just committed`() async throws {
        try await Engine.sqlite.withDatabase { open in
            let (one, other) = (try open(), try open())
            _ = try await Migrator(notes).migrate(one, at: .start)
            for number in 0..<reads {
                for _ in 0..<reads { #expect(try await count(one) == number) }
                try await add(number, to: other)
                #expect(try await count(one) == number + 1)
            }
            try one.close()
            try other.close()
        }
    }

    @Test func `a read that fails leaves nothing behind for the next`() async throws {
        try await Engine.sqlite.withDatabase { open in
            let store = try open()
            _ = try await Migrator(notes).migrate(store, at: .start)
            for number in 0..<reads {
                await #expect(throws: StorageError.self) { try await store.read { try $0.execute("SELECT nonsense FROM notes") } }
                await #expect(throws: Refusal.self) {
                    try await store.read { connection in
                        _ = try connection.row("SELECT COUNT(*) FROM notes") { try $0.get(0, as: Int.self) }
                        throw Refusal()
                    }
                }
                try await add(number, to: store)
                #expect(try await count(store) == number + 1)
            }
            try store.close()
        }
    }

    @Test func `all that one read says belongs together, whatever is committed meanwhile`() async throws {
        try await Engine.sqlite.withDatabase { open in
            let (one, other) = (try open(), try open())
            _ = try await Migrator(notes).migrate(one, at: .start)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for number in 0..<200 { try await add(number, to: other) } }
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<200 {
                            let counts = try await one.read { connection in try [Self.count(connection), Self.count(connection)] }
                            #expect(counts[0] == counts[1])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await count(one) == 200)
            try one.close()
            try other.close()
        }
    }

    @Test func `the write-ahead log begins anew while reads in between keep their snapshots`() async throws {
        try await Engine.withDirectory { directory in
            let path = directory.appendingPathComponent("store.sqlite").path
            let store = try Store(sqlite: SQLiteEngine.Options(path: path, longLog: 20))
            _ = try await Migrator(notes).migrate(store, at: .start)
            let writes = 2000
            for number in 0..<writes {
                try await add(number, to: store)
                for _ in 0..<3 { #expect(try await count(store) == number + 1) }
            }
            let log = try #require(try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int)
            #expect(log < writes * 4096 / 2)
            try store.close()
        }
    }

    private struct Refusal: Error {}

    private func count(_ store: Store) async throws -> Int { try await store.read { try Self.count($0) } }

    private static func count(_ connection: Connection) throws -> Int {
        try connection.row("SELECT COUNT(*) FROM notes") { try $0.get(0, as: Int.self) } ?? -1
    }

    private func add(_ number: Int, to store: Store) async throws {
        _ = try await store.write { connection in
            try connection.execute("INSERT INTO notes (id, size) VALUES (?, ?)", "note_\(number)", number)
        }
    }
}
