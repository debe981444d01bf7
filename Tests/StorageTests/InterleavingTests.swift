import Kernel
import Storage
import Testing

/// A consumer that keeps the last number it handled, as every consumer does.
private struct Consumer {
    let store: Store
    private(set) var seen: [Event] = []

    init(of store: Store) { self.store = store }

    mutating func poll() async throws { seen += try await store.events(after: seen.last?.sequence ?? 0) }
    var subjects: [String?] { seen.map(\.subject) }
}

/// A number taken before the commit would let a consumer read 2, then never see 1. These stop a transaction at the two places where
/// that could happen. PostgreSQL only: SQLite has one writer. A gate left shut by a failure is opened at the end, so that nothing hangs.
@Suite(.enabled(if: Engine.hasPostgres), .timeLimit(.minutes(10))) struct `Two transactions at once` {
    @Test func `skip nothing when the one that appended first commits last`() async throws {
        try await Engine.postgres.withStore { store in
            var consumer = Consumer(of: store)
            try await store.note("zero")
            let gate = Gate()
            async let slow: Void = store.write { connection in
                connection.append(.noted("slow"), by: .ada())
                gate.stop()
            }
            defer { gate.open() }
            await gate.waitForArrival()
            try await consumer.poll()
            #expect(consumer.subjects == ["zero"])

            try await store.note("quick")
            try await consumer.poll()
            #expect(consumer.subjects == ["zero", "quick"])

            gate.open()
            try await slow
            try await consumer.poll()
            #expect(consumer.subjects == ["zero", "quick", "slow"])
            #expect(consumer.seen.map(\.sequence) == [1, 2, 3])
            #expect(try await store.finding() == nil)
        }
    }

    /// The first transaction has its number and is inside COMMIT, held there by a deferred trigger that waits for a lock of the test's.
    @Test func `skip nothing when the one with the smaller number is still committing`() async throws {
        try await Engine.postgres.withStore(EventSchema.all + [Self.slowCommits]) { store in
            var consumer = Consumer(of: store)
            try await store.note("zero")
            let gate = Gate()
            async let hold: Void = store.write { connection in
                _ = try connection.row("SELECT pg_advisory_xact_lock(1)") { _ in }
                gate.stop()
            }
            defer { gate.open() }
            await gate.waitForArrival()
            async let first: Void = store.write { connection in
                try connection.execute("INSERT INTO slow_commits (id) VALUES (1)")
                connection.append(.noted("first"), by: .ada())
            }
            try await Self.wait(for: 1, in: store)
            async let second: Void = store.note("second")
            try await Self.wait(for: 2, in: store)
            try await consumer.poll()
            #expect(consumer.subjects == ["zero"])

            gate.open()
            _ = try await (hold, first, second)
            try await consumer.poll()
            #expect(consumer.subjects == ["zero", "first", "second"])
            #expect(consumer.seen.map(\.sequence) == [1, 2, 3])
            #expect(try await store.finding() == nil)
        }
    }

    @Test func `begin one chain, not two`() async throws {
        try await Engine.postgres.withStore(EventSchema.all + [Self.slowCommits]) { store in
            let gate = Gate()
            async let hold: Void = store.write { connection in
                _ = try connection.row("SELECT pg_advisory_xact_lock(1)") { _ in }
                gate.stop()
            }
            defer { gate.open() }
            await gate.waitForArrival()
            async let first: Void = store.write { connection in
                try connection.execute("INSERT INTO slow_commits (id) VALUES (1)")
                connection.append(.noted("first"), by: .ada())
            }
            try await Self.wait(for: 1, in: store)
            async let second: Void = store.note("second")
            try await Self.wait(for: 2, in: store)
            gate.open()
            _ = try await (hold, first, second)
            #expect(try await store.events().map(\.subject) == ["first", "second"])
            #expect(try await store.finding() == nil)
        }
    }

    @Test func `do not show in a snapshot taken before`() async throws {
        try await Engine.postgres.withStore { store in
            let gate = Gate()
            async let snapshot = store.read { connection in
                let before = try EventLog.events(in: .live, after: 0, limit: 10, connection).count
                gate.stop()
                return [before, try EventLog.events(in: .live, after: 0, limit: 10, connection).count]
            }
            defer { gate.open() }
            await gate.waitForArrival()
            try await store.note("meanwhile")
            gate.open()
            #expect(try await snapshot == [0, 0])
            #expect(try await store.events().count == 1)
        }
    }

    private static let slowCommits = Migration(
        "0009-slow-commits", "CREATE TABLE slow_commits (id INTEGER PRIMARY KEY)",
        "CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END'",
        """
        CREATE CONSTRAINT TRIGGER slow_commits AFTER INSERT ON slow_commits DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_for_test()
        """)

    /// Until that many of this database's transactions wait for a lock.
    private static func wait(for count: Int, in store: Store) async throws {
        var waiting = 0
        while waiting < count {
            try Task.checkCancellation()
            waiting =
                try await store.read { connection in
                    try connection.row(
                        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    ) {
                        try $0.get(0, as: Int.self)
                    }
                } ?? 0
        }
    }
}
