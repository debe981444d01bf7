import Kernel
import Synchronization
import Testing

@testable import Storage

private let counters = [Migration("0001-counters", "CREATE TABLE counters (id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT")]

extension Store {
    /// Adds one by reading and writing, without a lock of the row.
    fileprivate func count(in workspace: WorkspaceID?, _ id: String = "a") async throws {
        try await write(in: workspace) { connection in
            let count = try connection.row("SELECT count FROM counters WHERE id = ?", id) { $0.integer(0) } ?? 0
            try connection.execute(
                "INSERT INTO counters (id, count) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET count = excluded.count", id, count + 1)
        }
    }

    fileprivate func counted(_ id: String = "a") async throws -> Int {
        try await read { try $0.row("SELECT count FROM counters WHERE id = ?", id) { $0.integer(0) } ?? 0 }
    }
}

private final class Heard: Sendable {
    private let state = Mutex<[Set<Tenant>]>([])
    var all: [Set<Tenant>] { state.withLock { $0 } }
    func add(_ tenants: Set<Tenant>) { state.withLock { $0.append(tenants) } }
}

private final class Words: Sendable {
    private let state = Mutex<Set<String>>([])
    var all: Set<String> { state.withLock { $0 } }
    func add(_ word: String) { state.withLock { _ = $0.insert(word) } }
}

/// Two stores on one database are what two servers are to each other.
@Suite(.enabled(if: Engine.hasPostgres)) struct `Servers on one PostgreSQL` {
    private static func pair(_ migrations: [Migration], _ body: (Store, Store) async throws -> Void) async throws {
        try await Engine.postgres.withDatabase { open in
            let (one, other) = (try open(), try open())
            _ = try await Migrator(migrations).migrate(one, at: .start)
            try await body(one, other)
            try other.close()
            try one.close()
        }
    }

    @Test func `write to a workspace in turn, so that what was read stays so`() async throws {
        try await Self.pair(counters + EventSchema.all) { one, other in
            try await withThrowingTaskGroup { group in
                for number in 0..<100 {
                    group.addTask { try await (number.isMultiple(of: 2) ? one : other).count(in: WorkspaceID("wsp_one")) }
                }
                try await group.waitForAll()
            }
            #expect(try await one.counted() == 100)
        }
    }

    @Test func `write to several workspaces beside each other`() async throws {
        try await Self.pair(counters + EventSchema.all) { one, other in
            let gate = Gate()
            async let slow: Void = one.write(in: WorkspaceID("wsp_one")) { _ in gate.stop() }
            await gate.waitForArrival()
            try await other.count(in: WorkspaceID("wsp_two"), "b")
            try await one.count(in: WorkspaceID("wsp_three"), "c")
            gate.open()
            try await slow
            #expect(try await one.counted("b") == 1)
            #expect(try await one.counted("c") == 1)
        }
    }

    /// More writers wait than there are connections; a reader is not among them.
    @Test func `are read while many wait for their turn`() async throws {
        try await Self.pair(counters + EventSchema.all) { one, _ in
            let gate = Gate()
            async let slow: Void = one.write(in: WorkspaceID("wsp_one")) { _ in gate.stop() }
            await gate.waitForArrival()
            try await withThrowingTaskGroup { group in
                for _ in 0..<32 { group.addTask { try await one.count(in: WorkspaceID("wsp_one")) } }
                for _ in 0..<100 { await Task.yield() }
                #expect(try await one.counted() == 0)
                gate.open()
                try await group.waitForAll()
            }
            try await slow
            #expect(try await one.counted() == 32)
        }
    }

    @Test func `migrate it once, whoever comes first`() async throws {
        try await Engine.postgres.withDatabase { open in
            let stores = try (0..<4).map { _ in try open() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for store in stores { group.addTask { _ = try await Migrator(counters + EventSchema.all).migrate(store, at: .start) } }
                try await group.waitForAll()
            }
            let applied = try await stores[0].read { try $0.rows("SELECT id FROM migrations") { $0.text(0) } }
            #expect(Set(applied) == Set((counters + EventSchema.all).map(\.id)))
            for store in stores { try store.close() }
        }
    }

    @Test func `hear of each other's commits, and not of their own twice`() async throws {
        try await Self.pair(EventSchema.all) { one, other in
            let surroundings = Surroundings.real
            let heard = Heard()
            try await withThrowingTaskGroup { group in
                for store in [one, other] { group.addTask { await store.relaySignals(surroundings) { _ in } } }
                group.addTask {
                    try await other.signal.follow(every: .seconds(3600), surroundings) { wake in
                        if case .committed(let tenants) = wake { heard.add(tenants) }
                    }
                }
                // A listener that does not listen yet hears nothing, so it is told until it does.
                while heard.all.isEmpty {
                    try await one.note("news", in: .test)
                    try await Task.sleep(for: .milliseconds(20))
                }
                group.cancelAll()
            }
            #expect(heard.all.allSatisfy { $0 == [.test] })
        }
    }

    @Test func `tell each other words, however many at once, and not themselves`() async throws {
        try await Self.pair(EventSchema.all) { one, other in
            let surroundings = Surroundings.real
            let heard = Words()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    await one.relaySignals(surroundings, heard: { _ in Issue.record("it is its own") }, failed: { _ in })
                }
                group.addTask {
                    await other.relaySignals(surroundings, heard: { heard.add($0) }, failed: { _ in })
                }
                let told = Set((0..<100).map { "word:\($0):" + String(repeating: "x", count: 180) })
                // A listener that does not listen yet hears nothing, so it is told until it does.
                while !told.isSubset(of: heard.all) {
                    for word in told { one.tell(word) }
                    try await Task.sleep(for: .milliseconds(100))
                }
                group.cancelAll()
            }
        }
    }

    @Test func `leave alone what belongs to something else`() async throws {
        try await Engine.postgres.withDatabase { open in
            let store = try open()
            _ = try await store.write { try $0.execute("CREATE TABLE customers (id BIGINT)") }
            await #expect(throws: Migrator.Failure.foreignDatabase(table: "customers")) {
                try await Migrator(counters).migrate(store, at: .start)
            }
            #expect(
                try await store.read { try $0.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") { $0.text(0) } } == [
                    "customers"
                ])
            try store.close()
        }
    }
}

@Suite struct `A server that cannot be reached` {
    @Test func `is tried less and less often, and at once again when it has answered`() {
        var reconnection = Reconnection()
        let start = ContinuousClock.now
        var now = start
        #expect(reconnection.refuses(at: now) == nil)
        var pauses: [Duration] = []
        for _ in 0..<8 {
            reconnection.failed(at: now)
            let failed = now
            while reconnection.refuses(at: now) != nil { now += .milliseconds(50) }
            pauses.append(now - failed)
        }
        #expect(
            pauses == [
                .milliseconds(100), .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(1600), .milliseconds(3200),
                .seconds(5), .seconds(5),
            ])
        reconnection.succeeded()
        #expect(reconnection.refuses(at: now) == nil && reconnection.refuses(at: now) == nil)
    }

    @Test func `is tried by one caller at a time`() {
        var reconnection = Reconnection()
        let now = ContinuousClock.now
        reconnection.failed(at: now)
        #expect(reconnection.refuses(at: now + .milliseconds(100)) == nil)
        #expect(reconnection.refuses(at: now + .milliseconds(101)) != nil)
    }

    @Test(.enabled(if: Engine.hasPostgres)) func `or is too old for this program is refused in a sentence`() async throws {
        try await Engine.postgres.withAddress { address in
            var options = PostgresEngine.Options(url: address)
            options.oldestServer = 99
            #expect {
                _ = try PostgresEngine(options)
            } throws: { error in
                (error as? StorageError)?.sentence.hasSuffix("this program needs 99 or newer.") == true
            }
            #expect(throws: StorageError.unavailable("The database or the role is set to read only (default_transaction_read_only).")) {
                _ = try PostgresEngine(PostgresEngine.Options(url: address + "%20-c%20default_transaction_read_only%3Don"))
            }
        }
    }
}
