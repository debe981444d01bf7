import Kernel
import Storage
import Testing

private let first = Migration("0001-birds", "CREATE TABLE birds (id TEXT PRIMARY KEY, weight INTEGER NOT NULL) STRICT")
private let second = Migration(
    "0002-nests", "CREATE TABLE nests (id TEXT PRIMARY KEY, eggs BLOB) STRICT, WITHOUT ROWID", "DROP TABLE birds")

@Suite struct `Migrations` {
    @Test(arguments: Engine.available)
    func `only what is new is applied, once`(engine: Engine) async throws {
        try await engine.withDatabase { open in
            let store = try open()
            #expect(try await Migrator([first]).pending(in: store) == ["0001-birds"])
            #expect(try await Migrator([first]).migrate(store, at: .start) == ["0001-birds"])
            _ = try await store.write { connection in try connection.execute("INSERT INTO birds (id, weight) VALUES ('wren', 9)") }
            try store.close()

            let reopened = try open()
            #expect(try await Migrator([first]).migrate(reopened, at: .start) == [])
            #expect(
                try await reopened.read { connection in try connection.rows("SELECT weight FROM birds") { try $0.get(0, as: Int.self) } }
                    == [9])
            #expect(try await Migrator([first, second]).migrate(reopened, at: .start) == ["0002-nests"])
            #expect(try await Migrator([first, second]).pending(in: reopened) == [])
            try reopened.close()
        }
    }

    @Test(arguments: Engine.available)
    func `a released migration is not run again when it was edited`(engine: Engine) async throws {
        try await engine.withStore([first]) { store in
            let applied = try await Migrator([Migration("0001-birds", "DROP TABLE birds")]).migrate(store, at: .start)
            #expect(applied == [])
            #expect(try await store.read { connection in try connection.rows("SELECT id FROM birds") { _ in } }.isEmpty)
        }
    }

    @Test(arguments: Engine.available)
    func `a database of a newer program is refused by the name of its migration`(engine: Engine) async throws {
        try await engine.withStore([first, second]) { store in
            await #expect(throws: Migrator.Failure.newerDatabase(migration: "0002-nests")) {
                try await Migrator([first]).migrate(store, at: .start)
            }
        }
    }

    @Test(arguments: Engine.available)
    func `a migration that fails halfway leaves nothing of itself`(engine: Engine) async throws {
        try await engine.withStore([first]) { store in
            let broken = Migration("0002-broken", "CREATE TABLE halves (id TEXT) STRICT", "DROP TABLE wholes")
            await #expect(throws: StorageError.self) { try await Migrator([first, broken]).migrate(store, at: .start) }
            let pending = try await Migrator([first, broken]).pending(in: store)
            #expect(pending == ["0002-broken"])
            await #expect(throws: StorageError.self) {
                try await store.read { connection in try connection.rows("SELECT id FROM halves") { _ in } }
            }
        }
    }
}
