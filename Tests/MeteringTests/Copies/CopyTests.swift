import Kernel
import Server
import Storage
import Synchronization
import TestKit
import Testing

@testable import Metering

@Suite struct `Copies of points` {
    private static func run(_ body: @escaping @Sendable (CopiedStream, MemoryPoints) async throws -> Void) async throws {
        try await Installation.run { cloud in
            let memory = MemoryPoints()
            let copied = CopiedStream(try await TestStream.make(cloud), memory)
            var generator = SeededGenerator(seed: 7)
            try await copied.send(900, "Sum", &generator)
            try await copied.fold()
            try await body(copied, memory)
        }
    }

    @Test func `are read in the place of the database, with the same digits`() async throws {
        try await Self.run { copied, memory in
            #expect(try await copied.expectSame() == 0, "nothing is copied yet")
            try await copied.copy()
            for granularity in [Granularity.hour, .day, .week, .month] { #expect(try await copied.expectSame(.sum, granularity) == 5) }
            let days = memory.state.withLock { $0.days.count }
            try await copied.copy()
            #expect(memory.state.withLock { $0.days.count } == days, "what stands there is not copied again")
        }
    }

    @Test func `give way to what came after them, until the day is folded and copied again`() async throws {
        try await Self.run { copied, _ in
            try await copied.copy()
            var generator = SeededGenerator(seed: 8)
            _ = try await copied.stream.send([TestStream.point("orders", 17, at: "2022-10-28 03:00:00", ["id": "late"])]).expecting(201)
            #expect(try await copied.expectSame() == 4)
            #expect(
                try await copied.stream.values("from=2022-10-27T00:00:00Z&to=2022-11-01T00:00:00Z&granularity=month&filter=id:late")[0]
                    == 17)
            try await copied.copy()
            #expect(try await copied.expectSame() == 4, "a day that a batch waits for is not copied")
            try await copied.fold()
            try await copied.copy()
            #expect(try await copied.expectSame() == 4, "nor one that was copied within the hour")
            copied.stream.cloud.clock.advance(seconds: 3600)
            try await copied.copy()
            #expect(try await copied.expectSame() == 5)
            try await copied.send(10, "Sum", &generator)
            try await copied.expectSame()
        }
    }

    @Test func `that were cut off on the way are not read, and are made again`() async throws {
        try await Self.run { copied, memory in
            memory.state.withLock { $0.added = { throw MemoryPoints.Refused() } }
            await #expect(throws: MemoryPoints.Refused.self) { try await copied.copy() }
            #expect(memory.state.withLock { $0.days.count } == 5)
            #expect(try await copied.expectSame() == 0)
            memory.state.withLock { $0.added = {} }
            try await copied.copy()
            #expect(memory.state.withLock { $0.days.count } == 10 && memory.state.withLock { Set($0.days.map(\.copy)).count } == 2)
            #expect(try await copied.expectSame() == 5, "the first attempt's are not counted")
        }
    }

    @Test func `of a server that was overtaken meanwhile are not read`() async throws {
        try await Self.run { copied, memory in
            let holder = LeaseHolder()
            memory.state.withLock { $0.added = { holder.lose() } }
            await #expect(throws: StorageError.self) { try await copied.copy(as: holder) }
            #expect(try await copied.expectSame() == 0)
            memory.state.withLock { $0.added = {} }
            try await copied.copy()
            #expect(try await copied.expectSame() == 5)
        }
    }

    @Test func `that the store has lost, or has twice, are not believed and are made again`() async throws {
        try await Self.run { copied, memory in
            try await copied.copy()
            memory.state.withLock { state in
                state.days.remove(at: 0)
                state.days.append(state.days[1])
            }
            #expect(try await copied.expectSame() == 3)
            try await copied.copy()
            #expect(try await copied.expectSame() == 3, "what is young may be under way to a replica")
            copied.stream.cloud.clock.advance(seconds: 61)
            #expect(try await copied.expectSame() == 3)
            try await copied.copy()
            #expect(try await copied.expectSame() == 5)
        }
    }

    @Test func `go with their stream`() async throws {
        try await Self.run { copied, memory in
            try await copied.copy()
            let cloud = copied.stream.cloud
            #expect(try await cloud.delete("/v1/streams/\(copied.stream.id)", as: cloud.home.liveKey).status < 300)
            try await copied.fold()
            try await copied.copy()
            #expect(memory.state.withLock { $0.days.isEmpty })
            let rows = try await cloud.store.read { try $0.row("SELECT COUNT(*) FROM point_copies") { $0.integer(0) } }
            #expect(rows == 0)
        }
    }

    @Test func `are left alone for ten seconds when their store fails`() async throws {
        try await Self.run { copied, memory in
            try await copied.copy()
            memory.state.withLock { $0.isDown = true }
            #expect(try await copied.expectSame() == 0)
            memory.state.withLock { $0.isDown = false }
            #expect(try await copied.expectSame() == 0)
            #expect(memory.state.withLock { $0.asked } == 0)
            copied.stream.cloud.clock.advance(seconds: 10)
            #expect(try await copied.expectSame() == 5)
        }
    }
}
