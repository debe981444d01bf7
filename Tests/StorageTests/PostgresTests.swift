import Kernel
import Testing

@testable import Storage

private let names = [Migration("0001-names", "CREATE TABLE names (id TEXT PRIMARY KEY) STRICT")]

extension Store {
    fileprivate func names() async throws -> [String] {
        try await read { connection in try connection.rows("SELECT id FROM names ORDER BY id") { try $0.get(0, as: String.self) } }
    }

    fileprivate func add(_ name: String) async throws {
        _ = try await write { connection in try connection.execute("INSERT INTO names (id) VALUES (?)", name) }
    }
}

@Suite(.enabled(if: Engine.hasPostgres)) struct `PostgreSQL` {
    @Test(arguments: ["40001", "40P01"])
    func `runs a write again that met another, and keeps its effects once`(state: String) async throws {
        try await Engine.postgres.withStore(names + EventSchema.migrations.map { Migration("0002", $0.statements[0]) }) { store in
            let attempts = Counter()
            let attempt = try await store.write { connection in
                let attempt = attempts.next()
                try connection.execute("INSERT INTO names (id) VALUES (?)", "attempt \(attempt)")
                if attempt < 3 { try connection.execute("DO 'BEGIN RAISE EXCEPTION ''met'' USING ERRCODE = ''\(state)''; END'") }
                return attempt
            }
            #expect(attempt == 3)
            #expect(try await store.names() == ["attempt 3"])
        }
    }

    @Test func `gives up on a write that meets another every time`() async throws {
        try await Engine.postgres.withStore(names) { store in
            let attempts = Counter()
            await #expect(throws: StorageError.conflict("met")) {
                try await store.write { connection in
                    _ = attempts.next()
                    try connection.execute("DO 'BEGIN RAISE EXCEPTION ''met'' USING ERRCODE = ''40001''; END'")
                }
            }
            #expect(attempts.count == 6)
        }
    }

    @Test func `breaks a deadlock, and both writes come to pass`() async throws {
        try await Engine.postgres.withStore([Migration("0001", "CREATE TABLE pairs (id INTEGER PRIMARY KEY, count INTEGER NOT NULL)")]) {
            store in
            _ = try await store.write { connection in try connection.execute("INSERT INTO pairs (id, count) VALUES (1, 0), (2, 0)") }
            try await withThrowingTaskGroup { group in
                // Few enough that none loses six times in a row, which is when a write gives up.
                for number in 0..<4 {
                    group.addTask {
                        try await store.write { connection in
                            try connection.execute("SET LOCAL deadlock_timeout = '20ms'")
                            for id in number.isMultiple(of: 2) ? [1, 2] : [2, 1] {
                                try connection.execute("UPDATE pairs SET count = count + 1 WHERE id = ?", id)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let counts = try await store.read { connection in try connection.rows("SELECT count FROM pairs") { try $0.get(0, as: Int.self) }
            }
            #expect(counts == [4, 4])
        }
    }

    @Test func `does not call committed what the server undid`() async throws {
        try await Engine.postgres.withStore(names) { store in
            try await store.add("ada")
            await #expect(throws: StorageError.self) {
                try await store.write { connection in
                    try connection.execute("INSERT INTO names (id) VALUES (?)", "bob")
                    _ = try? connection.execute("INSERT INTO names (id) VALUES (?)", "ada")
                }
            }
            #expect(try await store.names() == ["ada"])
        }
    }

    @Test func `connects again when the server has hung up`() async throws {
        try await Engine.postgres.withDatabase { open in
            let store = try open()
            let other = try open()
            _ = try await Migrator(names).migrate(store, at: .start)
            let terminate =
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            try await store.add("before")
            _ = try await other.read { connection in try connection.rows(terminate) { _ in } }
            try await store.add("after")

            let error = await #expect(throws: StorageError.self) {
                try await store.write { connection in
                    try connection.execute("INSERT INTO names (id) VALUES (?)", "lost")
                    _ = try connection.rows("SELECT pg_terminate_backend(pg_backend_pid())") { _ in }
                    try connection.execute("INSERT INTO names (id) VALUES (?)", "also lost")
                }
            }
            if case .unavailable = error {} else { Issue.record("\(String(describing: error))") }
            #expect(try await store.names() == ["after", "before"])
            try store.close()
            try other.close()
        }
    }

    @Test(arguments: ["off", "local", "remote_write", "on"])
    func `answers what is on disk here and on a standby, whatever the role's commits are`(chosen: String) async throws {
        try await Engine.postgres.withAddress { address in
            let store = try Store(postgres: .init(url: address + "%20-c%20synchronous_commit%3D\(chosen)"))
            #expect(try await store.write { try $0.row("SHOW synchronous_commit") { $0.text(0) } } == "on")
            try store.close()
        }
    }

    @Test func `keeps a commit that waits for the standby's readers`() async throws {
        try await Engine.postgres.withAddress { address in
            let store = try Store(postgres: .init(url: address + "%20-c%20synchronous_commit%3Dremote_apply"))
            #expect(try await store.write { try $0.row("SHOW synchronous_commit") { $0.text(0) } } == "remote_apply")
            try store.close()
        }
    }

    @Test func `lets a writer that has gone silent hold up the others for less long than they wait for a lock`() async throws {
        let patience: @Sendable (Connection) throws -> String? = { connection in
            try connection.row("SHOW idle_in_transaction_session_timeout") { $0.text(0) }
        }
        try await Engine.postgres.withAddress { address in
            let store = try Store(postgres: .init(url: address))
            #expect(try await store.write(in: WorkspaceID("wsp_one"), patience) == "5s")
            #expect(try await store.write(patience) == "5s")
            #expect(try await store.read(patience) == "1min")
            try store.close()
            let own = try Store(postgres: .init(url: address + "%20-c%20idle_in_transaction_session_timeout%3D7s"))
            #expect(try await own.write(in: WorkspaceID("wsp_one"), patience) == "7s")
            #expect(try await own.read(patience) == "7s")
            try own.close()
        }
    }

    @Test func `refuses once it is closed`() async throws {
        try await Engine.postgres.withDatabase { open in
            let store = try open()
            try store.close()
            await #expect(throws: StorageError.unavailable("The database is closed.")) { try await store.read { _ in } }
        }
    }

    @Test func `prepares again when the schema has changed under it`() async throws {
        try await Engine.postgres.withStore(names) { store in
            try await store.add("ada")
            let select: @Sendable (Connection) throws -> Int? = { connection in
                try connection.row("SELECT * FROM names WHERE id = ?", "ada") { _ in 1 }
            }
            #expect(try await store.read(select) == 1)
            _ = try await store.write { connection in try connection.execute("ALTER TABLE names ADD COLUMN age BIGINT") }
            #expect(try await store.read(select) == 1)
        }
    }

    @Test func `takes more statements than a connection keeps prepared`() async throws {
        try await Engine.postgres.withStore(names) { store in
            try await store.write { connection in
                for number in 0..<1100 { try connection.execute("INSERT INTO names (id) VALUES (? || '\(number)')", "n") }
            }
            #expect(try await store.names().count == 1100)
        }
    }

    @Test func `refuses a text with a NUL rather than cut it off`() async throws {
        try await Engine.postgres.withStore(names) { store in
            let error = await #expect(throws: StorageError.self) { try await store.add("a\0b") }
            if case .constraint = error {} else { Issue.record("\(String(describing: error))") }
            let names = try await store.names()
            #expect(names == [])
        }
    }
}

@Suite struct `The seam to libpq` {
    @Test(arguments: [
        "postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2%zz@127.0.0.1:1/x", "postgres://u:a@hunter2@127.0.0.1:1/x",
        "postgres://u:a/hunter2@127.0.0.1:1/x", "host=127.0.0.1 port=1 password=hunter2", "password='hunter2", "postgres://u@h/x?hunter2",
        "postgres://u:hunter2@[::1/x", "postgres://u:hunter2@hunter2:1/x",
    ])
    func `never tells the password when it cannot connect`(url: String) async {
        let error = #expect(throws: StorageError.self) { try Store(postgres: PostgresEngine.Options(url: url)) }
        if case .unavailable(let sentence) = error {
            #expect(!sentence.contains("hunter2") && !sentence.isEmpty)
        } else {
            Issue.record("\(String(describing: error))")
        }
    }

    @Test(arguments: [
        ("SELECT 1", "SELECT 1"), ("a = ? AND b = ?", "a = $1 AND b = $2"), ("'?' || ?", "'?' || $1"), ("'it''s ?' = ?", "'it''s ?' = $1"),
        ("\"?\" = ? OR '\"?' = ?", "\"?\" = $1 OR '\"?' = $2"), ("ž?", "ž$1"),
    ])
    func `numbers the values of a statement`(sql: String, numbered: String) {
        #expect(PostgresParameters.numbered(sql) == numbered)
    }

    @Test(arguments: [
        ("23505", StorageError.unique("m")), ("23503", .constraint("m")), ("23514", .constraint("m")), ("40001", .conflict("m")),
        ("40P01", .conflict("m")), ("55P03", .conflict("m")), ("53100", .readOnly("m")), ("25006", .readOnly("m")),
        ("58030", .readOnly("m")),
        ("08006", .unavailable("m")), ("57P01", .unavailable("m")), ("57P03", .unavailable("m")), ("53300", .unavailable("m")),
        ("28P01", .unavailable("m")), ("08P01", .failed("m")), ("42601", .failed("m")), ("25P02", .failed("m")), ("XX001", .corrupt("m")),
    ])
    func `says in shared words what an SQLSTATE means`(state: String, error: StorageError) {
        #expect(StorageError.postgres(state: state, message: "m") == error)
    }
}
