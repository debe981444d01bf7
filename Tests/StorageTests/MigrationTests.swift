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

    @Test(arguments: Engine.available)
    func `an older installation keeps its log and the answers that it may have to give again`(engine: Engine) async throws {
        let older = EventSchema.migrations + EventSchema.consumers + EventSchema.causes + EventSchema.moments + IdempotencyRow.migrations
        try await engine.withStore(older) { store in
            for subject in ["a", "b", "c"] {
                _ = try await store.write { $0.append(.noted(subject, email: "ada@example.com"), by: .ada()) }
            }
            let name = IdempotencyRow.Name(tenant: .live, credential: "key_1", method: "POST", path: "/v1/projects", key: "k1")
            let answer = IdempotencyRow(fingerprint: [1], status: 201, headers: "", body: Array("made".utf8), isSealed: false)
            _ = try await store.write { try answer.insert(name, at: .start, $0) }
            let before = try await store.read { try EventLogCopy($0) }
            let applied = try await Migrator(older + EventSchema.wideRows + IdempotencyRow.wideRows).migrate(store, at: .start)
            #expect(applied == ["0150-event-rows", "0151-event-subjects", "0152-idempotency-rows"])
            #expect(try await store.read { try EventLogCopy($0) } == before)
            #expect(try await store.read { try IdempotencyRow.find(name, at: .start, $0) }?.body == Array("made".utf8))
            _ = try await store.write { $0.append(.noted("d"), by: .ada()) }
            #expect(try await store.scan { connection in try ChainVerifier.verify(.live, connection) } == 4)
        }
    }
}

/// All of the log that a row holds beside its canonical bytes, and they.
private struct EventLogCopy: Equatable {
    let rows: [String]

    init(_ connection: Connection) throws {
        rows = try connection.rows(
            "SELECT sequence, id, type, subject, actor, request, occurred_at, canonical, personal, hash, project FROM events ORDER BY sequence"
        ) { row in
            let texts = [1, 2, 3, 4, 5, 10].map { row.isNull($0) ? "-" : row.text($0) }
            let blobs = try [7, 8, 9].map { try row.get($0, as: [UInt8].self) }
            return "\(try row.get(0, as: Int64.self)) \(texts) \(try row.get(6, as: Int64.self)) \(blobs)"
        }
    }
}
