import Kernel
import Synchronization
import Testing

@testable import Storage

private final class Hand: Sendable {
    private let state = Mutex(Timestamp.start)
    var now: Timestamp { state.withLock { $0 } }
    func advance(seconds: Int64) { state.withLock { $0 = $0.adding(seconds: seconds) } }
}

private func lease(_ holder: String, _ hand: Hand) -> Lease {
    Lease("background", holder: holder, duration: .seconds(10), clock: { _ in hand.now })
}

@Suite struct `A lease` {
    @Test(arguments: Engine.available)
    func `has one holder, until its end or until it is given up, and a new epoch each time`(engine: Engine) async throws {
        try await engine.withStore(Lease.migrations + EventSchema.all) { store in
            let hand = Hand()
            let (one, other) = (lease("one", hand), lease("other", hand))
            #expect(try await store.write { try one.take($0) } == 1)
            #expect(try await store.write { try other.take($0) } == nil)
            hand.advance(seconds: 9)
            #expect(try await store.write { try one.renew(1, $0) })
            hand.advance(seconds: 9)
            #expect(try await store.write { try other.take($0) } == nil, "it was renewed")
            hand.advance(seconds: 1)
            #expect(try await store.write { try other.take($0) } == 2)
            #expect(try await store.write { try one.renew(1, $0) } == false)
            try await store.write { try one.release(1, $0) }
            #expect(try await store.write { try one.take($0) } == nil, "who has lost it can give up nothing")
            try await store.write { try other.release(2, $0) }
            #expect(try await store.write { try one.take($0) } == 3)
        }
    }

    @Test(arguments: Engine.available)
    func `keeps whoever has lost it from writing, and its events from the log`(engine: Engine) async throws {
        try await engine.withStore(Lease.migrations + EventSchema.all) { store in
            let hand = Hand()
            let (one, other) = (lease("one", hand), lease("other", hand))
            let holder = LeaseHolder()
            let guarded = store.guarded(by: holder)
            try await guarded.note("before")
            holder.hold(one, try #require(try await store.write { try one.take($0) }))
            try await guarded.note("held")
            hand.advance(seconds: 10)
            _ = try await store.write { try other.take($0) }
            await #expect(throws: StorageError.conflict("Another server does this work.")) { try await guarded.note("late") }
            holder.lose()
            await #expect(throws: StorageError.conflict("Another server does this work.")) { try await guarded.note("later") }
            #expect(try await store.events().map(\.subject) == ["before", "held"])
        }
    }

    /// Were it taken over while such a transaction is open, its effects would come after what the next holder has read.
    @Test(.enabled(if: Engine.hasPostgres))
    func `is not taken over in the middle of what its holder writes`() async throws {
        try await Engine.postgres.withDatabase { open in
            let (store, elsewhere) = (try open(), try open())
            _ = try await Migrator(Lease.migrations + EventSchema.all).migrate(store, at: .start)
            let hand = Hand()
            let (one, other) = (lease("one", hand), lease("other", hand))
            let holder = LeaseHolder()
            holder.hold(one, try #require(try await store.write { try one.take($0) }))
            hand.advance(seconds: 10)
            let gate = Gate()
            let written = Counter()
            async let writing: Void = store.guarded(by: holder).write { connection in
                gate.stop()
                connection.append(.noted("slow"), by: .ada())
                _ = written.next()
            }
            await gate.waitForArrival()
            async let taken = elsewhere.write { connection in (try other.take(connection), written.count) }
            // It waits for a lock by now, or soon: what it answers is the same.
            for _ in 0..<100 { await Task.yield() }
            gate.open()
            try await writing
            let (epoch, count) = try await taken
            #expect(epoch == 2 && count == 1)
            try elsewhere.close()
            try store.close()
        }
    }
}
