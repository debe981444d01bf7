import Kernel
import Testing

@testable import Storage

private let migrations =
    [
        Migration(
            "0001-things",
            "CREATE TABLE kinds (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
            """
            CREATE TABLE things (
                id TEXT NOT NULL, part INTEGER NOT NULL, kind TEXT NOT NULL REFERENCES kinds (name), data BLOB, note TEXT,
                PRIMARY KEY (id, part)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE TABLE revision (revision INTEGER NOT NULL) STRICT", "INSERT INTO revision (revision) VALUES (1)")
    ] + EventSchema.all

@Suite(.enabled(if: Engine.hasPostgres)) struct `Moving to PostgreSQL` {
    private static func withBoth(_ body: (Store, Store, Store) async throws -> Void) async throws {
        try await Engine.sqlite.withStore(migrations) { source in
            try await source.write { connection in
                try connection.execute("INSERT INTO kinds (name) VALUES ('plain'), ('Öl')")
                try connection.execute("UPDATE revision SET revision = 7")
                for number in 0..<1000 {
                    try connection.execute(
                        "INSERT INTO things (id, part, kind, data, note) VALUES (?, ?, ?, ?, ?)", "thing \(number % 7)", number - 500,
                        number.isMultiple(of: 2) ? "plain" : "Öl", number.isMultiple(of: 3) ? nil : [0, 255, UInt8(number % 256)],
                        number.isMultiple(of: 5) ? nil : "\"\(number)\" ÄÖ\n")
                }
            }
            for number in 0..<20 { try await source.note("subject \(number)") }
            try await Engine.postgres.withDatabase { open in
                let target = try open()
                let second = try open()
                try await body(source, target, second)
                try second.close()
                try target.close()
            }
        }
    }

    @Test func `takes every row along, and the chains verify there`() async throws {
        try await Self.withBoth { source, target, _ in
            let moved = try await StoreMove(from: source, to: target, migrations, at: .start).run()
            #expect(moved.contains(.init(table: "things", rows: 1000)) && moved.contains(.init(table: "revision", rows: 1)))
            #expect(try await target.finding() == nil)
            #expect(try await target.events().map(\.hash) == source.events().map(\.hash))
            #expect(try await target.read { try $0.row("SELECT revision FROM revision") { $0.integer(0) } } == 7)
            #expect(try await Migrator(migrations).pending(in: target) == [])
            try await target.note("goes on")
            #expect(try await target.finding() == nil)
        }
    }

    @Test func `refuses a target that holds anything`() async throws {
        try await Self.withBoth { source, target, _ in
            _ = try await target.write { try $0.execute("CREATE TABLE customers (id BIGINT)") }
            await #expect(throws: StoreMove.Failure.targetIsNotEmpty(table: "customers")) {
                try await StoreMove(from: source, to: target, migrations, at: .start).run()
            }
        }
        try await Self.withBoth { source, target, _ in
            _ = try await StoreMove(from: source, to: target, migrations, at: .start).run()
            await #expect(throws: StoreMove.Failure.self) { try await StoreMove(from: source, to: target, migrations, at: .start).run() }
            #expect(try await target.read { try $0.row("SELECT COUNT(*) FROM things") { $0.integer(0) } } == 1000)
        }
    }

    @Test func `that was cut off cannot be served, and begins anew`() async throws {
        try await Self.withBoth { source, target, server in
            let cutting = Task {
                try await StoreMove(from: source, to: target, migrations, at: .start).run { moved in
                    if moved.table == "kinds" { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
            await #expect(throws: (any Error).self) { try await cutting.value }
            await #expect(throws: Migrator.Failure.newerDatabase(migration: StoreMove.mark)) {
                try await Migrator(migrations).migrate(server, at: .start)
            }
            let moved = try await StoreMove(from: source, to: target, migrations, at: .start).run()
            #expect(moved.contains(.init(table: "things", rows: 1000)))
            #expect(try await Migrator(migrations).pending(in: target) == [])
        }
    }

    /// The comparison is of rows and not of their number alone.
    @Test func `notices a row that has changed on its way`() async throws {
        try await Self.withBoth { source, target, meddler in
            _ = try await meddler.write { connection in
                // Whatever is inserted as the thing with this number arrives with another note.
                try connection.execute("CREATE SCHEMA meddling")
                try connection.execute(
                    """
                    CREATE FUNCTION meddling.change() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN IF NEW.part = 77 THEN NEW.note = ''other''; END IF; RETURN NEW; END'
                    """)
                try connection.execute(
                    """
                    CREATE FUNCTION meddling.attach() RETURNS event_trigger LANGUAGE plpgsql AS
                    'BEGIN IF to_regclass(''public.things'') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = ''meddle'')
                    THEN CREATE TRIGGER meddle BEFORE INSERT ON public.things FOR EACH ROW EXECUTE FUNCTION meddling.change(); END IF; END'
                    """)
                try connection.execute(
                    "CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION meddling.attach()")
            }
            await #expect(throws: StoreMove.Failure.different(table: "things", detail: "the rows' SHA-256 differ")) {
                try await StoreMove(from: source, to: target, migrations, at: .start).run()
            }
        }
    }
}
