import Kernel
import Provider
import Simulator
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct `Finding what was made` {
    private func cloud(_ account: SimulatedAccount, _ identification: String) -> Simulator {
        account.open(["latency_ms": 0, "identification": .string(identification)])
    }

    @Test func `by token answers the same object to the same token`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = cloud(account, "token")
            let made = try await cloud.create(.instance(token: "a"))
            #expect(try await cloud.create(.instance(token: "a")) == made)
            #expect(try await account.count() == 1)
            #expect(try await cloud.create(.instance(token: "b")).reference != made.reference)
            #expect(try await account.count() == 2)
            #expect(try await cloud.probe().identification[.instance] == .token)
        }
    }

    @Test func `by name refuses a second of the name`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = cloud(account, "name")
            let made = try await cloud.create(.instance(token: "a"))
            #expect(await failure { _ = try await cloud.create(.instance(token: "a")) } == .conflict)
            #expect(try await cloud.find(.web) == made)
            #expect(try await account.count() == 1)
        }
    }

    @Test func `by label makes a second, and finds the oldest of ours`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = cloud(account, "label")
            try await cloud.plantForeign(named: Subject.web.name)
            #expect(try await cloud.find(.web) == nil)
            let made = try await cloud.create(.instance())
            account.clock.advance(seconds: 1)
            let second = try await cloud.create(.instance())
            #expect(try await cloud.find(.web) == made)
            #expect(try await cloud.find(.web.known(as: second.reference)) == second)
            #expect(try await cloud.list(.instance) == [made, second])
        }
    }

    @Test func `is not possible without marks, but by the cloud's own id`() async throws {
        try await SimulatedAccount.run { account in
            let cloud = cloud(account, "none")
            let made = try await cloud.create(.instance())
            #expect(try await cloud.find(.web) == nil)
            #expect(try await cloud.list(.instance).isEmpty)
            let known = Subject.web.known(as: made.reference)
            #expect(try await cloud.find(known) == made)
            try await cloud.apply(.start, to: known)
            try await cloud.delete(known)
            #expect(try await account.count() == 0)
        }
    }

    @Test func `sixteen creates of one name make one object`() async throws {
        try await SimulatedAccount.run { account async throws -> Void in
            let cloud = cloud(account, "name")
            let made = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 { group.addTask { await failure { _ = try await cloud.create(.instance()) } == nil } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(made == 1)
            #expect(try await account.count() == 1)
        }
    }
}
