import Kernel
import Storage
import Synchronization
import TestKit
import Testing

@testable import Web

/// Several servers, each with a clock of its own, on one database, whose clock counts.
@Suite struct `The rate limit over several servers` {
    private final class Time: Sendable {
        private let state = Mutex((now: StoppedClock.start.milliseconds, generator: SeededGenerator(seed: 1)))

        var now: Int64 { state.withLock { $0.now } }
        func advance(_ milliseconds: Int64) { state.withLock { $0.now += milliseconds } }
        /// As `advance`, by up to so much.
        func wander(_ most: Int64) { state.withLock { $0.now += Int64.random(in: 0...most, using: &$0.generator) } }
        func pick(_ count: Int) -> Int { state.withLock { Int.random(in: 0..<count, using: &$0.generator) } }
    }

    /// `delay` is what a question may take at most, in milliseconds.
    private static func withServers(
        _ count: Int, delay: Int64 = 0, _ body: ([SharedLimiter], Time, Store) async throws -> Void
    ) async throws {
        try await Place.fresh { place in
            let store = try Store(sqlite: .init(path: place.databasePath, synchronous: .off))
            _ = try await Migrator(EventSchema.all + SharedLimiter.migrations).migrate(store, at: StoppedClock.start)
            let time = Time()
            let servers = (0..<count).map { number in
                SharedLimiter(
                    store: store, server: "server\(number)",
                    clock: { _ in
                        time.wander(delay)
                        return Timestamp(milliseconds: time.now)
                    }, elapsed: { time.now - Int64(number) * 1_000_000 })
            }
            try await body(servers, time, store)
            try store.close()
        }
    }

    @Test(arguments: [(1, 120, Int64(0)), (2, 120, 0), (3, 120, 40), (3, 60, 0), (3, 7, 40), (2, 1, 0), (3, 1500, 40)])
    func `admits never more than N in any 60 s, and nearly N when all ask for more`(servers: Int, limit: Int, delay: Int64) async throws {
        try await Self.withServers(servers, delay: delay) { servers, time, _ in
            var admitted: [Int64] = []
            let start = time.now
            while time.now < start + 200_000 {
                for server in servers {
                    for _ in 0..<8 {
                        guard try await server.admit("key", limit: limit).isAdmitted else { break }
                        admitted.append(time.now)
                    }
                }
                time.advance(Int64(20 + time.pick(60)))
            }
            #expect(Self.mostInAWindow(admitted) <= limit)
            // Of every minute after the first, from anywhere in it.
            let least =
                stride(from: start + 60_000, to: start + 130_000, by: 7_000).map { from in
                    admitted.count { $0 >= from && $0 < from + 60_000 }
                }.min() ?? 0
            // A database that takes its time costs some of it.
            #expect(Double(least) >= Double(limit) * (delay == 0 ? 0.95 : 0.9) - 1, "\(least) of \(limit)")
        }
    }

    @Test func `passes what one server took and did not use on to another`() async throws {
        try await Self.withServers(2) { servers, time, _ in
            let (one, other) = (servers[0], servers[1])
            for _ in 0..<3 { #expect(try await one.admit("key", limit: 500).isAdmitted) }
            var count = 0
            while try await other.admit("key", limit: 500).isAdmitted { count += 1 }
            #expect(count == 490, "ten are with the first")
            time.advance(1500)
            #expect(try await one.admit("key", limit: 500).isAdmitted, "its seven came back with its question")
            count = 0
            while try await other.admit("key", limit: 500).isAdmitted { count += 1 }
            #expect(count == 0, "the first has taken them anew")
            #expect(try await !other.admit("key", limit: 500).isAdmitted)
        }
    }

    @Test func `says when the next one passes, and it does`() async throws {
        try await Self.withServers(2) { servers, time, _ in
            for number in 1...60 {
                let verdict = try await servers[0].admit("key", limit: 60)
                #expect(verdict.isAdmitted && verdict.remaining == 60 - number)
            }
            let refused = try await servers[1].admit("key", limit: 60)
            #expect(!refused.isAdmitted && refused.remaining == 0)
            time.advance(refused.resetsAt.milliseconds - time.now - 1)
            #expect(try await !servers[1].admit("key", limit: 60).isAdmitted)
            time.advance(101)
            #expect(try await servers[1].admit("key", limit: 60).isAdmitted)
        }
    }

    @Test func `counts keys apart, and asks the database seldom where the limit is high`() async throws {
        try await Self.withServers(1) { servers, _, store in
            let before = store.commits.writes
            var admitted = 0
            for _ in 0..<5000 where try await servers[0].admit("high", limit: 1_000_000).isAdmitted { admitted += 1 }
            #expect(admitted == 5000 && store.commits.writes - before == 1)
            let low = try await [servers[0].admit("low", limit: 1), servers[0].admit("low", limit: 1)]
            #expect(low.map(\.isAdmitted) == [true, false])
        }
    }

    @Test func `holds when sixty-four ask at once`() async throws {
        try await Self.withServers(3) { servers, _, _ in
            let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<64 * 5 { group.addTask { try await servers[number % 3].admit("key", limit: 120).isAdmitted } }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(admitted == 120)
        }
    }

    /// The number of admissions in the fullest window of 60 s.
    private static func mostInAWindow(_ moments: [Int64]) -> Int {
        var first = 0
        var most = 0
        for (last, moment) in moments.enumerated() {
            while moments[first] <= moment - 60_000 { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }
}
