import Kernel
import Provider
import Simulator
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A fault` {
    @Test(
        arguments: [
            ("throttled", .throttled), ("unreachable", .unreachable), ("unauthorized", .unauthorized), ("capacity", .capacity),
            ("rejected", .rejected), ("error_before", .ambiguous), ("wrong_conflict", .conflict),
        ] as [(String, ProviderError.Kind)])
    func `that refuses has no effect, and is over after its times`(kind: String, error: ProviderError.Kind) async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.faulty("create", kind, times: 2, ms: 3000)
            for _ in 1...2 {
                let refusal = try await #require(throws: ProviderError.self) { _ = try await cloud.create(.instance()) }
                #expect(refusal.kind == error && refusal.retryAfter == (kind == "throttled" ? Duration.seconds(3) : nil))
            }
            #expect(try await account.count() == 0)
            _ = try await cloud.create(.instance())
            #expect(try await account.count() == 1)
            let again = account.faulty("create", kind)
            #expect(await failure { _ = try await again.create(.instance(Subject(kind: .instance, id: "inst_2"))) } == error)
        }
    }

    @Test(arguments: ["error_after_success", "lost_answer"])
    func `after success leaves the object and an ambiguous answer`(kind: String) async throws {
        try await SimulatedAccount.run { account async throws -> Void in
            let cloud = account.faulty("create", kind)
            #expect(await failure { _ = try await cloud.create(.instance()) } == .ambiguous)
            #expect(try await account.count() == 1)
            #expect(try await cloud.find(.web)?.owner == .ours("inst_web"))
            let stopping = account.faulty("start", kind)
            #expect(await failure { try await stopping.apply(.start, to: .web) } == .ambiguous)
            #expect(try await stopping.find(.web)?.state.power == .running)
            let deleting = account.faulty("delete", kind)
            #expect(await failure { try await deleting.delete(.web) } == .ambiguous)
            #expect(try await account.count() == 0)
        }
    }

    @Test func `that loses the answer has its effect before the wait`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open(["latency_ms": 400, "faults": [["step": "create", "kind": "lost_answer"]]])
            async let answer = failure { _ = try await cloud.create(.instance()) }
            try await account.sleeping()
            #expect(try await account.count() == 1)
            account.clock.advance(milliseconds: 400)
            #expect(await answer == .ambiguous)
        }
    }

    @Test func `of latency is waited for on the clock, on top of the connection's own`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open(["latency_ms": 100, "faults": [["step": "create", "kind": "latency", "ms": 900]]])
            async let made = cloud.create(.instance())
            try await account.sleeping()
            account.clock.advance(milliseconds: 999)
            #expect(account.clock.sleepers == 1)
            #expect(try await account.count() == 0)
            account.clock.advance(milliseconds: 1)
            #expect(try await made.owner == .ours("inst_web"))
        }
    }

    @Test func `a call that is given up has no effect`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.open(["latency_ms": 100])
            let call = Task { await failure { _ = try await cloud.create(.instance()) } }
            try await account.sleeping()
            call.cancel()
            #expect(await call.value == .unreachable)
            #expect(try await account.count() == 0)
        }
    }

    @Test func `hides young objects from find and list`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.faulty("*", "stale_list", times: 0, ms: 10_000)
            let made = try await cloud.create(.instance())
            account.clock.advance(milliseconds: 9_999)
            #expect(try await cloud.find(.web) == nil)
            #expect(try await cloud.find(.web.known(as: made.reference)) == nil)
            #expect(try await cloud.list(.instance).isEmpty)
            account.clock.advance(milliseconds: 1)
            #expect(try await cloud.find(.web) == made)
            #expect(try await cloud.list(.instance) == [made])
        }
    }

    @Test func `tells a refusal under a wrong status, and leaves a success alone`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.faulty("create", "wrong_error")
            _ = try await cloud.create(.instance())
            #expect(await failure { _ = try await cloud.create(.instance()) } == .ambiguous)
            #expect(await failure { _ = try await cloud.create(.instance()) } == .conflict)
            #expect(try await account.count() == 1)
        }
    }

    @Test func `of an edit by somebody else changes the object after the call`() async throws {
        try await SimulatedAccount.run { account in
            _ = try await account.open().create(.instance())
            _ = try await account.open().create(.volume())
            try await account.faulty("start", "out_of_band_edit").apply(.start, to: .web)
            #expect(try await account.open().find(.web)?.state.power == .stopped)
            let resizing = account.faulty("resize", "out_of_band_edit")
            try await resizing.apply(.resize(Capacity(milliCPUs: 2000, memoryMiB: 2048)), to: .web)
            #expect(try await account.open().find(.web)?.state.capacity == Capacity(milliCPUs: 2000, memoryMiB: 2112))
            #expect(try await account.faulty("find", "out_of_band_edit").find(.disk)?.state.sizeGiB == 10)
            #expect(try await account.open().find(.disk)?.state.sizeGiB == 11)
        }
    }

    @Test func `of a crash leaves the instance dead with 137`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.faulty("start", "crash")
            _ = try await cloud.create(.instance())
            try await cloud.apply(.start, to: .web)
            let state = try #require(try await cloud.find(.web)?.state)
            #expect(state.power == .crashed && state.exitCode == 137)
            #expect(await failure { _ = try await cloud.sample(.web) } == .conflict)
            try await cloud.apply(.start, to: .web)
            #expect(try await cloud.find(.web)?.state.power == .running)
        }
    }

    @Test func `strikes only its step, and every step when it names none`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = account.faulty("stop", "capacity", times: 0)
            _ = try await cloud.create(.instance())
            try await cloud.apply(.start, to: .web)
            #expect(await failure { try await cloud.apply(.stop, to: .web) } == .capacity)
            let dead = account.faulty("*", "unreachable", times: 0)
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await dead.probe() }, { _ = try await dead.find(.web) }, { _ = try await dead.list(.instance) },
                { _ = try await dead.sample(.web) }, { _ = try await dead.logs(.web, LogRequest()) }, { try await dead.delete(.web) },
                { try await dead.apply(.restart, to: .web) },
            ]
            for call in calls { #expect(await failure(call) == .unreachable) }
            #expect(try await account.count() == 1)
        }
    }

    @Test func `is counted across restarts, and anew when the settings are edited`() async throws {
        try await Place.fresh { place in
            func refusals(_ account: SimulatedAccount, _ times: Int64) async -> Int {
                let cloud = account.faulty("find", "capacity", times: times)
                var count = 0
                while count < 10, await failure({ _ = try await cloud.find(.web) }) == .capacity { count += 1 }
                return count
            }
            try await SimulatedAccount.reopen(place) { account in
                let cloud = account.faulty("find", "capacity", times: 3)
                #expect(await failure { _ = try await cloud.find(.web) } == .capacity)
            }
            try await SimulatedAccount.reopen(place) { account in
                #expect(await refusals(account, 3) == 2)
                #expect(await refusals(account, 4) == 4)
                #expect(await refusals(account, 3) == 3)
                #expect(await refusals(account, 0) == 10)
            }
        }
    }
}
