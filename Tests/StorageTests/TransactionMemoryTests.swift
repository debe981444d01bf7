import Testing

@testable import Storage

struct TransactionMemoryTests {
    private let notes = [
        Migration(
            "0001-notes", "CREATE TABLE notes (id TEXT PRIMARY KEY, size INTEGER) STRICT",
            "CREATE TABLE notes_beside (id TEXT PRIMARY KEY) STRICT", "INSERT INTO notes (id, size) VALUES ('a', 1)")
    ]

    /// How large the note is, and how often the database was asked for it.
    private struct Note {
        var asked = 0

        mutating func size(_ connection: Connection, id: String = "a") throws -> Int? {
            try connection.remembered([id], of: "notes") {
                asked += 1
                return try connection.row("SELECT size FROM notes WHERE id = ?", id) { try $0.get(0, as: Int.self) }
            }
        }
    }

    @Test(arguments: Engine.available)
    func `what is remembered is forgotten when its table is changed, in whichever way`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            try await store.write { connection in
                var note = Note()
                #expect(try note.size(connection) == 1)
                try connection.execute("UPDATE notes SET size = 2")
                #expect(try note.size(connection) == 2)
                try connection.execute("INSERT INTO notes (id, size) VALUES ('a', 0) ON CONFLICT (id) DO UPDATE SET size = 3")
                #expect(try note.size(connection) == 3)
                try connection.execute("WITH three AS (SELECT 3 AS size) UPDATE notes SET size = 4 WHERE size IN (SELECT size FROM three)")
                #expect(try note.size(connection) == 4)
                try connection.execute("DELETE FROM notes\nWHERE size = 4")
                #expect(try note.size(connection) == nil)
                try connection.execute("INSERT INTO notes (id, size) VALUES ('a', 5)")
                #expect(try note.size(connection) == 5)
            }
        }
    }

    @Test(arguments: Engine.available)
    func `what is taken back is not remembered`(engine: Engine) async throws {
        try await engine.withStore(notes) { store in
            try await store.write { connection in
                var note = Note()
                do {
                    try connection.savepoint {
                        try connection.execute("UPDATE notes SET size = 2")
                        #expect(try note.size(connection) == 2)
                        throw CancellationError()
                    }
                } catch is CancellationError {}
                #expect(try note.size(connection) == 1)
            }
        }
    }

    @Test func `each transaction asks anew, and once for each question`() async throws {
        try await Engine.sqlite.withDatabase { open in
            let (one, other) = (try open(), try open())
            _ = try await Migrator(notes).migrate(one, at: .start)
            for size in 2..<10 {
                _ = try await other.write { connection in try connection.execute("UPDATE notes SET size = ?", size) }
                try await one.write { connection in
                    var note = Note()
                    for _ in 0..<3 { #expect(try note.size(connection) == size) }
                    try connection.execute("INSERT INTO notes_beside (id) VALUES (?)", "\(size)")
                    #expect(try note.size(connection) == size)
                    for _ in 0..<3 { #expect(try note.size(connection, id: "nobody") == nil) }
                    #expect(note.asked == 2)
                }
            }
            try one.close()
            try other.close()
        }
    }
}
