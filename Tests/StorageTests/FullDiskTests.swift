import Foundation
import Kernel
import Synchronization
import Testing

@testable import Storage

/// SQLite undoes the whole transaction when a page cannot be written, savepoints and all; the writes that share it must not be
/// told otherwise.
@Suite struct `A full disk` {
    @Test func `leaves nothing of a refused write, everything of an answered one, and recovers`() async throws {
        try await Engine.sqlite.withStore([Migration("0001", "CREATE TABLE blobs (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")]) {
            store in
            try await store.write { connection in _ = try connection.rows("PRAGMA max_page_count = 60") { _ in } }
            let answered = await withTaskGroup { group in
                for number in 0..<200 {
                    group.addTask {
                        let size = number.isMultiple(of: 3) ? 9000 : 10
                        return try? await store.write { connection in
                            try connection.execute(
                                "INSERT INTO blobs (id, bytes) VALUES (?, ?)", number, [UInt8](repeating: 1, count: size))
                            return number
                        }
                    }
                }
                return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
            }
            let kept = try await store.read { connection in try connection.rows("SELECT id FROM blobs") { try $0.get(0, as: Int.self) } }
            #expect(Set(kept) == answered)
            #expect(answered.count < 200)

            try await store.write { connection in _ = try connection.rows("PRAGMA max_page_count = 100000") { _ in } }
            try await store.write { connection in
                _ = try connection.execute("INSERT INTO blobs (id, bytes) VALUES (?, ?)", 1000, [UInt8](repeating: 1, count: 9000))
            }
        }
    }

    @Test func `is told to the one who writes`() async throws {
        try await Engine.sqlite.withStore([Migration("0001", "CREATE TABLE blobs (bytes BLOB NOT NULL) STRICT")]) { store in
            try await store.write { connection in _ = try connection.rows("PRAGMA max_page_count = 20") { _ in } }
            let error = await #expect(throws: StorageError.self) {
                try await store.write { connection in
                    _ = try connection.execute("INSERT INTO blobs (bytes) VALUES (?)", [UInt8](repeating: 1, count: 200_000))
                }
            }
            if case .readOnly = error {} else { Issue.record("\(String(describing: error))") }
        }
    }

    @Test func `leaves nobody with a refusal because of a write that never was`() async throws {
        try await Engine.withDirectory { directory in
            let path = directory.appendingPathComponent("store.sqlite").path
            try await Store(sqlite: SQLiteEngine.Options(path: path)).write { connection in
                _ = try connection.execute("CREATE TABLE blobs (bytes BLOB NOT NULL) STRICT")
            }
            let gathered = Gathered()
            let bodies: [@Sendable (Connection) throws -> Void] = [
                { _ = try $0.execute("INSERT INTO blobs (bytes) VALUES (?)", [UInt8](repeating: 1, count: 10)) },
                {
                    #expect(try $0.rows("SELECT 1 FROM blobs", as: { _ in }).count == 1)
                    throw NameTaken()
                },
                { _ = try $0.execute("INSERT INTO blobs (bytes) VALUES (?)", [UInt8](repeating: 1, count: 200_000)) },
            ]
            try await withThrowingTaskGroup { group in
                for (number, body) in bodies.enumerated() {
                    group.addTask {
                        let error = await #expect(throws: (any Error).self) {
                            try await withCheckedThrowingContinuation { continuation in
                                gathered.writes.withLock { $0.append(SQLiteWrite(continuation, body)) }
                            }
                        }
                        if case .readOnly = error as? StorageError {} else { Issue.record("\(number): \(String(describing: error))") }
                    }
                    while gathered.writes.withLock({ $0.count }) <= number { await Task.yield() }
                }
                try Self.run(gathered.writes.withLock { $0 }, at: path)
                try await group.waitForAll()
            }
        }
    }

    private struct NameTaken: Error {}

    private final class Gathered: Sendable {
        let writes = Mutex<[SQLiteWrite]>([])
    }

    private static func run(_ writes: [SQLiteWrite], at path: String) throws {
        let driver = SQLiteDriver(try KeptStatements(readingFrom: path))
        _ = try driver.execute("PRAGMA query_only = OFF", [])
        _ = try driver.execute("PRAGMA max_page_count = 20", [])
        var batch = SQLiteBatch(driver)
        batch.begin()
        for write in writes { batch.run(write) }
        batch.commit()
        batch.tell()
    }
}
