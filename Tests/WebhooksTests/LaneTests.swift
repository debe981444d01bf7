import Kernel
import Outgoing
import Server
import Storage
import Synchronization
import TestKit
import Testing
import Webhooks

@Suite struct `A lane` {
    @Test func `that hangs delays no other`() async throws {
        try await PostOffice.run { office in
            _ = try await office.endpoint("hanging", events: ["project.*"])
            _ = try await office.endpoint("healthy", events: ["project.*"])
            office.receivers.set("hanging") { () throws(OutgoingError) in
                for await _ in AsyncStream<Void>.makeStream().stream {}
                throw .cancelled
            }
            for number in 0..<40 { try await office.happen("Project \(number)") }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await office.courier.run() }  // cancelled below
                var healthy = 0
                for await name in office.receivers.arrivals {
                    if name == "healthy" { healthy += 1 }
                    if healthy == 40 { break }
                }
                #expect(office.receivers.letters("hanging").count <= 8)
                group.cancelAll()
            }
        }
    }

    @Test func `has room for a few attempts at once, and for one when it keeps failing`() async throws {
        var limits = Courier.Limits()
        limits.each = 4
        try await PostOffice.run(limits: limits) { [limits] office in
            _ = try await office.endpoint("one", events: ["project.*"])
            let most = Mutex((now: 0, most: 0))
            let status = Mutex(200)
            office.receivers.set("one") { () throws(OutgoingError) in
                most.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                for _ in 0..<20 { await Task.yield() }
                most.withLock { $0.now -= 1 }
                return OutgoingResponse(status: status.withLock(\.self))
            }
            for number in 0..<12 { try await office.happen("Project \(number)") }
            #expect(try await office.deliver() == 12)
            #expect((2...limits.each).contains(most.withLock { $0.most }))
            status.withLock { $0 = 500 }
            for number in 0..<12 { try await office.happen("Again \(number)") }
            _ = try await office.deliver()
            most.withLock { $0.most = 0 }
            for number in 0..<5 { try await office.happen("Once more \(number)") }
            #expect(try await office.deliver() == 5)
            #expect(most.withLock { $0.most } == 1)
        }
    }

    @Test func `of a stranger's workspace gets nothing of ours`() async throws {
        try await PostOffice.run { office in
            let elsewhere = try await office.cloud.makeWorkspace()
            _ = try await office.endpoint("theirs", as: elsewhere.liveKey)
            _ = try await office.endpoint("sandbox", as: office.cloud.home.testKey)
            _ = try await office.endpoint("ours")
            try await office.happen()
            try await office.deliver()
            #expect(office.receivers.letters("ours").count == 1)
            #expect(office.receivers.letters("theirs").isEmpty && office.receivers.letters("sandbox").isEmpty)
        }
    }
}
