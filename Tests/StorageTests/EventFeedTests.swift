import Kernel
import Storage
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Whoever reads the log` {
    private static func draft(_ type: String, _ subject: String, _ data: JSON = .object([])) -> EventDraft {
        EventDraft(type, subject: subject, data: data)
    }

    private static func plant(_ store: Store) async throws {
        try await store.write { connection in
            connection.append(draft("instance.created", "inst_1", ["after": ["project_id": "proj_a"]]), by: .ada())
            connection.append(draft("instance.started", "inst_1", ["project_id": "proj_a"]), by: .ada())
            connection.append(draft("volume.created", "vol_1", ["after": ["project_id": "proj_b"]]), by: .ada())
            connection.append(draft("project.created", "proj_b"), by: .system)
            connection.append(draft("user.created", "usr_1"), by: .ada())
        }
    }

    @Test(arguments: Engine.available)
    func `asks for some of it`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await Self.plant(store)
            func found(newestFirst: Bool = false, _ set: (inout EventFilter) -> Void) async throws -> [Int64] {
                var filter = EventFilter()
                set(&filter)
                let chosen = filter
                let all = try await store.events()
                let read = try await store.read {
                    try EventLog.events(in: .live, .init(limit: 10, newestFirst: newestFirst), matching: chosen, $0)
                }
                #expect(Set(read.map(\.sequence)) == Set(all.filter(chosen.matches).map(\.sequence)))
                return read.map(\.sequence)
            }
            #expect(try await found { $0.types = [EventPattern("instance.*")!] } == [1, 2])
            #expect(try await found { $0.types = [EventPattern("instance.*")!, EventPattern("user.created")!] } == [1, 2, 5])
            #expect(try await found { $0.types = [EventPattern("*")!, EventPattern("user.created")!] } == [1, 2, 3, 4, 5])
            #expect(try await found { $0.types = [EventPattern("inst.*")!] } == [])
            #expect(try await found { $0.subjects = ["inst_1", "usr_1"] } == [1, 2, 5])
            #expect(try await found { $0.projects = [ProjectID("proj_b")] } == [3, 4])
            #expect(try await found { $0.projects = [] } == [])
            #expect(try await found { $0.actor = "usr_ada" } == [1, 2, 3, 5])
            #expect(try await found { $0.to = .start } == [])
            #expect(try await found(newestFirst: true) { $0.from = .start } == [5, 4, 3, 2, 1])
        }
    }

    @Test(arguments: ["", "a b", "Instance.*", "instance*", "*.created", "instance..x", ".", "instance.*.x"])
    func `is told what is no type`(text: String) { #expect(EventPattern(text) == nil) }

    @Test(arguments: Engine.available)
    func `finds its place again`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.note("a", "b")
            try await store.note("c", in: .test)
            let fresh = try await store.read { try EventCursor.backlogs(of: "x", $0) }
            #expect(fresh == [.init(tenant: .live, handled: 0, head: 2), .init(tenant: .test, handled: 0, head: 1)])
            try await store.write { connection in
                try EventCursor.set(1, of: "x", in: .live, connection)
                try EventCursor.set(1, of: "x", in: .test, connection)
                try EventCursor.set(2, of: "x", in: .live, connection)
            }
            #expect(try await store.read { try EventCursor.backlogs(of: "x", $0) }.isEmpty)
            #expect(try await store.read { try EventCursor.backlogs(of: "y", $0) } == fresh)
            #expect(try await store.read { try EventCursor.sequence(of: "x", in: .live, $0) } == 2)
            try await store.note("d")
            #expect(try await store.read { try EventCursor.backlogs(of: "x", $0) } == [.init(tenant: .live, handled: 2, head: 3)])
        }
    }

    @Test(arguments: Engine.available)
    func `is woken by a commit with events, and by no other`(engine: Engine) async throws {
        try await engine.withStore { store in
            let (wakes, wake) = AsyncStream.makeStream(of: EventWake.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await store.signal.follow(every: .seconds(60), .forever) { wake.yield($0) }
                }
                var seen = wakes.makeAsyncIterator()
                #expect(await seen.next() == .anything)
                _ = try await store.write { try $0.execute("DELETE FROM event_cursors") }
                try? await store.write { connection in
                    connection.append(.noted("undone"), by: .ada(in: .test))
                    throw CancellationError()
                }
                try await store.note("a")
                #expect(await seen.next() == .committed([.live]))
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            #expect(store.signal.followers == 0)
        }
    }

    @Test func `that is busy finds all that happened as one wake`() async throws {
        try await Engine.sqlite.withStore { store in
            let (wakes, wake) = AsyncStream.makeStream(of: EventWake.self)
            let (permits, permit) = AsyncStream.makeStream(of: Void.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var permit = permits.makeAsyncIterator()
                    try await store.signal.follow(every: .seconds(60), .forever) {
                        wake.yield($0)
                        await permit.next()
                    }
                }
                var seen = wakes.makeAsyncIterator()
                #expect(await seen.next() == .anything)
                try await store.note("a", "b", "c")
                try await store.note("d", in: .test)
                permit.yield()
                #expect(await seen.next() == .committed([.live, .test]))
                permit.yield()
                try await store.note("e")
                #expect(await seen.next() == .committed([.live]))
                group.cancelAll()
            }
        }
    }
}

extension Surroundings {
    /// Nothing ever comes by waiting.
    fileprivate static var forever: Surroundings {
        var surroundings = Surroundings.stopped()
        surroundings.sleep = { _ in try await Task.sleep(for: .seconds(86_400)) }
        return surroundings
    }
}

extension Attribution {
    fileprivate static var system: Attribution {
        Attribution(tenant: .live, actor: .system("setup"), address: nil, request: nil, surroundings: .stopped())
    }
}
