import Foundation
import Kernel
import Testing

@testable import Storage

private let notes = [
    Migration(
        "0001-notes",
        "CREATE TABLE notes (id TEXT PRIMARY KEY, size INTEGER, body BLOB, text TEXT, CHECK (size > -100)) STRICT")
]

private struct Refusal: Error, Equatable {
    let number: Int
}

@Suite struct `Transactions` {
    @Test(arguments: Engine.available)
    func `what is written is read back, whatever it is`(engine: Engine) async throws {
        try await engine.withStore([
            Migration("0001", "CREATE TABLE kept (id INTEGER PRIMARY KEY, number INTEGER, text TEXT, bytes BLOB) STRICT")
        ]) {
            store in
            let texts = ["", "it's \"so\"?", "\\x00", "žluťoučký 🐎 \n\t"]
            let blobs: [[UInt8]] = [[], [0], Array(0...255), Array("\\x41".utf8)]
            let numbers: [Int64] = [.min, -1, 0, .max]
            try await store.write { connection in
                for index in 0..<4 {
                    try connection.execute(
                        "INSERT INTO kept (id, number, text, bytes) VALUES (?, ?, ?, ?)", index, numbers[index], texts[index], blobs[index])
                }
                try connection.execute(
                    "INSERT INTO kept (id, number, text, bytes) VALUES (?, ?, ?, ?)", 4, Int64?.none, String?.none, [UInt8]?.none)
            }
            let rows = try await store.read { connection in
                try connection.rows("SELECT number, text, bytes FROM kept ORDER BY id") {
                    (try $0.get(0, as: Int64?.self), try $0.get(1, as: String?.self), try $0.get(2, as: [UInt8]?.self))
                }
            }
            #expect(rows.map(\.0) == numbers + [nil])
            #expect(rows.map(\.1) == texts + [nil])
            #expect(rows.map(\.2) == blobs + [nil])
        }
    }

    @Test(arguments: Engine.available)
    func `nothing is read as nothing, whatever was to be there`(engine: Engine) async throws {
        try await engine.withStore([]) { store in
            try await store.read { connection in
                _ = try connection.row("SELECT NULL") { row in
                    let number: Int? = try row.get(0)
                    let long: Int64? = try row.get(0)
                    let text: String? = try row.get(0)
                    let bytes: [UInt8]? = try row.get(0)
                    let truth: Bool? = try row.get(0)
                    let moment: Timestamp? = try row.get(0)
                    let id: WorkspaceID? = try row.get(0)
                    let mode: Mode? = try row.get(0)
                    #expect(number == nil && long == nil && text == nil && bytes == nil)
                    #expect(truth == nil && moment == nil && id == nil && mode == nil)
                }
            }
        }
    }

    @Test(arguments: Engine.available)
    func `sums, counts and comparisons are numbers`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            try await store.write { connection in
                for size in 1...3 { try connection.execute("INSERT INTO notes (id, size) VALUES (?, ?)", "note_\(size)", size) }
            }
            let row = try await store.read { connection in
                try connection.row("SELECT SUM(size), COUNT(*), MAX(size) > 2, MAX(size) > 3, SUM(size) / 4 FROM notes") { row in
                    try (0..<5).map { try row.get($0, as: Int64.self) }
                }
            }
            #expect(row == [6, 3, 1, 0, 1])
        }
    }

    @Test(arguments: Engine.available)
    func `a write that throws leaves nothing, and the next one is not held up`(engine: Engine) async throws {
        try await engine.withStore { store in
            await #expect(throws: Refusal(number: 1)) {
                try await store.write { connection in
                    connection.append(.noted("lost"), by: .ada())
                    throw Refusal(number: 1)
                }
            }
            try await store.note("kept")
            #expect(try await store.events().map(\.subject) == ["kept"])
        }
    }

    @Test(arguments: Engine.available)
    func `a write says how many rows it changed`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            let counts = try await store.write { connection in
                [
                    try connection.execute("INSERT INTO notes (id, size) VALUES (?, ?), (?, ?)", "a", 1, "b", 2),
                    try connection.execute("INSERT INTO notes (id) VALUES (?) ON CONFLICT DO NOTHING", "a"),
                    try connection.execute("UPDATE notes SET size = size + ? WHERE size > ?", 1, 1),
                    try connection.execute("DELETE FROM notes WHERE id = ?", "c"),
                ]
            }
            #expect(counts == [2, 0, 1, 0])
        }
    }

    @Test(arguments: Engine.available)
    func `a read cannot write`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            let error = await #expect(throws: StorageError.self) {
                try await store.read { connection in _ = try connection.execute("INSERT INTO notes (id) VALUES (?)", "a") }
            }
            guard case .readOnly = error else { return #expect(error == .readOnly("")) }
            try await store.write { connection in _ = try connection.execute("INSERT INTO notes (id) VALUES (?)", "a") }
        }
    }

    @Test(arguments: Engine.available)
    func `a taken name is a unique violation, and a broken rule is not`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            func failure(_ sql: String) async -> StorageError? {
                await #expect(throws: StorageError.self) { try await store.write { connection in _ = try connection.execute(sql) } }
            }
            _ = try await store.write { connection in try connection.execute("INSERT INTO notes (id) VALUES ('a')") }
            let taken = await failure("INSERT INTO notes (id) VALUES ('a')")
            let broken = await failure("INSERT INTO notes (id, size) VALUES ('b', -100)")
            if case .unique = taken {} else { Issue.record("\(String(describing: taken))") }
            if case .constraint = broken {} else { Issue.record("\(String(describing: broken))") }
        }
    }

    @Test(arguments: Engine.available)
    func `a savepoint is undone with its events, and what is around it stays`(engine: Engine) async throws {
        try await engine.withStore(EventSchema.all + [Migration("0003", "CREATE TABLE names (id TEXT PRIMARY KEY) STRICT")]) {
            store in
            try await store.write { connection in
                try connection.execute("INSERT INTO names (id) VALUES (?)", "ada")
                connection.append(.noted("before"), by: .ada())
                #expect(throws: StorageError.self) {
                    try connection.savepoint {
                        connection.append(.noted("inside"), by: .ada())
                        try connection.execute("INSERT INTO names (id) VALUES (?)", "bob")
                        try connection.savepoint { connection.append(.noted("deeper"), by: .ada()) }
                        try connection.execute("INSERT INTO names (id) VALUES (?)", "ada")
                    }
                }
                try connection.savepoint { connection.append(.noted("after"), by: .ada()) }
            }
            let names = try await store.read { connection in try connection.rows("SELECT id FROM names") { try $0.get(0, as: String.self) }
            }
            #expect(names == ["ada"])
            #expect(try await store.events().map(\.subject) == ["before", "after"])
            #expect(try await store.finding() == nil)
        }
    }

    @Test(arguments: Engine.available)
    func `64 writers at once are each told how their own write went`(engine: Engine) async throws {
        try await engine.withStore(EventSchema.all + notes.map { Migration("0003-notes", $0.statements[0]) }) { store in
            _ = try await store.write { connection in try connection.execute("INSERT INTO notes (id) VALUES ('taken')") }
            let outcomes = await withTaskGroup(of: (Int, Result<Int, any Error>).self) { group in
                for number in 0..<64 {
                    group.addTask {
                        do {
                            let answer = try await store.write { connection in
                                connection.append(.noted("\(number)"), by: .ada())
                                try connection.execute("INSERT INTO notes (id) VALUES (?)", number % 4 == 1 ? "taken" : "note_\(number)")
                                if number % 4 == 0 { throw Refusal(number: number) }
                                return number * 10
                            }
                            return (number, .success(answer))
                        } catch {
                            return (number, .failure(error))
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for (number, outcome) in outcomes {
                switch (number % 4, outcome) {
                case (0, .failure(let refusal as Refusal)): #expect(refusal == Refusal(number: number))
                case (1, .failure(StorageError.unique)): break
                case (2..., .success(let answer)): #expect(answer == number * 10)
                default: Issue.record("\(number): \(outcome)")
                }
            }
            let count = try await store.read { connection in
                try connection.row("SELECT COUNT(*) FROM notes") { try $0.get(0, as: Int.self) }
            }
            #expect(count == 33)
            #expect(try await store.events().map(\.sequence) == Array(1...32))
            #expect(try await store.finding() == nil)
        }
    }

    @Test(arguments: Engine.available)
    func `a long answer is visited row by row, and other statements run meanwhile`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            try await store.write { connection in
                for number in 0..<600 { try connection.execute("INSERT INTO notes (id, size) VALUES (?, ?)", "note_\(number)", number) }
            }
            let visited = try await store.scan { connection in
                var visited: [Int] = []
                try connection.forEachRow("SELECT id FROM notes WHERE size >= ? ORDER BY size", 1) { row in
                    let id: String = try row.get(0)
                    let size = try connection.row("SELECT size FROM notes WHERE id = ?", id) { try $0.get(0, as: Int.self) }
                    visited.append(size ?? -1)
                }
                return visited
            }
            #expect(visited == Array(1..<600))
        }
    }

    @Test func `what stands in the write-ahead log is brought into the database by another connection`() async throws {
        try await Engine.withDirectory { directory in
            let options = SQLiteEngine.Options(path: directory.appendingPathComponent("store.sqlite").path, longLog: .max)
            let store = try Store(sqlite: options)
            _ = try await Migrator(notes).migrate(store, at: .start)
            let checkpoints = try SQLiteCheckpoints(options)
            let first = checkpoints.runBeside()
            #expect(first.isComplete)
            #expect(first.pages > 0)
            _ = try await store.write { connection in try connection.execute("INSERT INTO notes (id) VALUES ('a')") }
            let second = checkpoints.runBeside()
            #expect(second.isComplete)
            #expect(second.pages > 0)
            try store.close()
        }
    }

    @Test func `the write-ahead log begins anew while there are writes`() async throws {
        try await Engine.withDirectory { directory in
            let path = directory.appendingPathComponent("store.sqlite").path
            let store = try Store(sqlite: SQLiteEngine.Options(path: path, longLog: 20))
            _ = try await Migrator(notes).migrate(store, at: .start)
            let writes = 2000
            for number in 0..<writes {
                _ = try await store.write { connection in
                    try connection.execute("INSERT INTO notes (id, size) VALUES (?, ?)", "note_\(number)", number)
                }
            }
            let log = try #require(try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int)
            #expect(log < writes * 4096 / 2)
            let count = try await store.read { try $0.row("SELECT COUNT(*) FROM notes") { try $0.get(0, as: Int.self) } }
            #expect(count == writes)
            try store.close()
        }
    }
}
