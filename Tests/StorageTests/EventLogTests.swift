import Kernel
import Storage
import Testing

@Suite struct `The event log` {
    @Test(arguments: Engine.available)
    func `numbers its events without gaps, whatever fails between them`(engine: Engine) async throws {
        try await engine.withStore { store in
            for number in 1...12 {
                try? await store.write { connection in
                    connection.append(.noted("one of \(number)"), by: .ada())
                    connection.append(.noted("two of \(number)"), by: .ada())
                    if number.isMultiple(of: 3) { throw CancellationError() }
                }
            }
            let events = try await store.events()
            #expect(events.map(\.sequence) == Array(1...16))
            #expect(events.prefix(3).map(\.subject) == ["one of 1", "two of 1", "one of 2"])
            #expect(try await store.scan { connection in try ChainVerifier.verify(.live, connection) } == 16)
        }
    }

    @Test(arguments: Engine.available)
    func `keeps a chain for each workspace and mode, though one transaction writes to both`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.write { connection in
                for subject in ["a", "b"] {
                    connection.append(.noted(subject), by: .ada(in: .test))
                    connection.append(.noted(subject), by: .ada(in: .live))
                }
            }
            #expect(try await store.events(in: .live).map(\.sequence) == [1, 2])
            #expect(try await store.events(in: .test).map(\.subject) == ["a", "b"])
            #expect(try await store.read { connection in try EventLog.tenants(connection) } == [.live, .test])
            #expect(try await store.finding(in: .live) == nil)
            #expect(try await store.finding(in: .test) == nil)
        }
    }

    @Test(arguments: Engine.available)
    func `is read in parts that meet`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.note("a", "b", "c", "d", "e")
            let first = try await store.events(limit: 2)
            let second = try await store.events(after: first.last?.sequence ?? 0, limit: 2)
            let rest = try await store.events(after: second.last?.sequence ?? 0)
            #expect((first + second + rest).map(\.subject) == ["a", "b", "c", "d", "e"])
        }
    }

    @Test(arguments: Engine.available)
    func `shows a consumer every event once and in order while others write`(engine: Engine) async throws {
        try await engine.withStore { store in
            let finished = Counter()
            let seen = try await withThrowingTaskGroup { group in
                for number in 1...48 {
                    group.addTask {
                        defer { _ = finished.next() }
                        try await store.note("\(number)")
                    }
                }
                var seen: [Event] = []
                while finished.count < 48 { seen += try await store.events(after: seen.last?.sequence ?? 0, limit: 7) }
                try await group.waitForAll()
                return seen + (try await store.events(after: seen.last?.sequence ?? 0))
            }
            #expect(seen.map(\.sequence) == Array(1...48))
            #expect(Set(seen.map(\.subject)).count == 48)
        }
    }

    @Test(arguments: Engine.available)
    func `says who did what, and keeps what names a person apart`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.note("doc_1")
            let event = try #require(try await store.events().first)
            #expect(event.personal == ["email": "doc_1@example.com", "actor.ip": "192.0.2.7"])
            #expect(event.json?["actor"]?["id"]?.string == "usr_ada")
            #expect(event.json?["occurred_at"]?.string == Timestamp.start.description)
            let row = String(decoding: event.canonical, as: UTF8.self)
            #expect(!row.contains("example.com") && !row.contains("192.0.2.7"))
        }
    }

    @Test(arguments: Engine.available)
    func `forgets a person and still verifies`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.note("usr_bob", "doc_1")
            try await store.write { connection in
                connection.append(.noted("usr_bob", email: "bob@example.com"), by: Attribution.system())
            }
            #expect(
                try await store.write { connection in try EventLog.erasePersonalFields(of: "usr_bob", in: Tenant.live.workspace, connection)
                } == 2)
            #expect(try await store.events().map(\.personal.isEmpty) == [true, false, true])
            #expect(
                try await store.write { connection in try EventLog.erasePersonalFields(of: "usr_ada", in: Tenant.live.workspace, connection)
                } == 1)
            #expect(try await store.events().allSatisfy { $0.personal.isEmpty })
            #expect(try await store.finding() == nil)
        }
    }

    @Test(arguments: Engine.available)
    func `begins anew with an anchor that states where it ended`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.note("a", "b", "c", in: .test)
            try await store.note("untouched")
            let end = try await store.read { connection in try EventLog.head(of: .test, connection) }
            try await store.write { connection in try EventLog.restart(reason: "reset", by: .ada(in: .test), connection) }
            try await store.note("d", in: .test)

            let events = try await store.events(in: .test)
            #expect(events.map(\.sequence) == [4, 5])
            #expect(events.map(\.type) == [EventLog.anchorType, "note.made"])
            #expect(events.first?.json?["data"]?["last_seq"]?.integer == 3)
            #expect(events.first?.json?["data"]?["last_hash"]?.string == end.map { EventLog.hexadecimal($0.hash) })
            #expect(try await store.finding(in: .test) == nil)
            #expect(try await store.events(in: .live).count == 1)
        }
    }

    @Test(arguments: Engine.available)
    func `is held to a head that somebody wrote down`(engine: Engine) async throws {
        let trusted = try await engine.withStore { store in
            try await store.note("a", "b")
            let head = try #require(try await store.read { connection in try EventLog.head(of: .live, connection) })
            try await store.note("c")
            #expect(try await store.finding(trustedHead: head) == nil)
            return head
        }
        try await engine.withStore { store in
            try await store.note("a", "forged", "c")
            #expect(try await store.finding() == nil)
            let finding = try #require(try await store.finding(trustedHead: trusted))
            #expect(finding.sequence == 2)
        }
    }
}

extension Attribution {
    fileprivate static func system() -> Attribution {
        Attribution(tenant: .live, actor: .system("cleaner"), address: nil, request: nil, surroundings: .stopped())
    }
}
