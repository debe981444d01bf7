import Kernel
import Storage
import Testing

private struct Taken: Error {}

@Suite struct `Kept answers` {
    private static let name = name()

    private static func name(tenant: Tenant = .live, credential: String = "key_1", path: String = "/v1/projects", key: String = "k1")
        -> IdempotencyRow.Name
    {
        IdempotencyRow.Name(tenant: tenant, credential: credential, method: "POST", path: path, key: key)
    }

    private static func row(_ body: String, isSealed: Bool = false) -> IdempotencyRow {
        IdempotencyRow(
            fingerprint: Array("digest of \(body)".utf8), status: 201, headers: "location: /v1/x\netag: \"1\"", body: Array(body.utf8),
            isSealed: isSealed)
    }

    @Test(arguments: Engine.available)
    func `are found again as they were given`(engine: Engine) async throws {
        try await engine.withStore { store in
            #expect(try await store.read { connection in try IdempotencyRow.find(Self.name, at: .start, connection) } == nil)
            #expect(try await store.write { connection in try Self.row("made", isSealed: true).insert(Self.name, at: .start, connection) })
            let kept = try #require(try await store.read { connection in try IdempotencyRow.find(Self.name, at: .start, connection) })
            #expect(kept.fingerprint == Array("digest of made".utf8))
            #expect(kept.status == 201)
            #expect(kept.headers == "location: /v1/x\netag: \"1\"")
            #expect(kept.body == Array("made".utf8))
            #expect(kept.isSealed)
        }
    }

    @Test(arguments: Engine.available)
    func `belong to one tenant, credential, path and key`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.write { connection in try Self.row("made").insert(Self.name, at: .start, connection) }
            let others = [Self.name(tenant: .test), Self.name(credential: "key_2"), Self.name(path: "/v1/keys"), Self.name(key: "k2")]
            for other in others {
                #expect(try await store.read { connection in try IdempotencyRow.find(other, at: .start, connection) } == nil)
            }
        }
    }

    @Test(arguments: Engine.available)
    func `are not replaced while they are kept`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.write { connection in try Self.row("first").insert(Self.name, at: .start, connection) }
            #expect(try await store.write { connection in try Self.row("second").insert(Self.name, at: .start, connection) } == false)
            let kept = try await store.read { connection in try IdempotencyRow.find(Self.name, at: .start, connection) }
            #expect(kept?.body == Array("first".utf8))
        }
    }

    @Test(arguments: Engine.available)
    func `are given once, however many ask at once`(engine: Engine) async throws {
        try await engine.withStore { store in
            let winners = await withTaskGroup { group in
                for number in 0..<16 {
                    group.addTask {
                        let won = try? await store.write { connection in
                            connection.append(.noted("\(number)"), by: .ada())
                            guard try Self.row("\(number)").insert(Self.name, at: .start, connection) else { throw Taken() }
                            return number
                        }
                        return won
                    }
                }
                return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
            }
            let kept = try await store.read { connection in try IdempotencyRow.find(Self.name, at: .start, connection) }
            #expect(winners.count == 1)
            #expect(kept?.body == winners.first.map { Array("\($0)".utf8) })
            #expect(try await store.events().map(\.subject) == winners.map { "\($0)" })
        }
    }

    @Test(arguments: Engine.available)
    func `are forgotten after 72 hours, to the second`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.write { connection in try Self.row("old").insert(Self.name, at: .start, connection) }
            let last = Timestamp.start.adding(seconds: IdempotencyRow.lifetime - 1)
            let over = Timestamp.start.adding(seconds: IdempotencyRow.lifetime)
            #expect(try await store.read { connection in try IdempotencyRow.find(Self.name, at: last, connection) } != nil)
            #expect(try await store.read { connection in try IdempotencyRow.find(Self.name, at: over, connection) } == nil)
            #expect(try await store.write { connection in try Self.row("new").insert(Self.name, at: over, connection) })
            let kept = try await store.read { connection in try IdempotencyRow.find(Self.name, at: over, connection) }
            #expect(kept?.body == Array("new".utf8))
        }
    }

    @Test(arguments: Engine.available)
    func `are swept away when they are past their time, a few at once`(engine: Engine) async throws {
        try await engine.withStore { store in
            try await store.write { connection in
                for age in 0..<5 {
                    _ = try Self.row("\(age)").insert(
                        Self.name(key: "k\(age)"), at: Timestamp.start.adding(seconds: Int64(age)), connection)
                }
            }
            let later = Timestamp.start.adding(seconds: IdempotencyRow.lifetime + 2)
            let removed = try await store.write { connection in
                [
                    try IdempotencyRow.removeExpired(at: later, limit: 2, connection),
                    try IdempotencyRow.removeExpired(at: later, limit: 2, connection),
                    try IdempotencyRow.removeExpired(at: later, limit: 2, connection),
                ]
            }
            #expect(removed == [2, 1, 0])
            #expect(try await store.read { connection in try IdempotencyRow.find(Self.name(key: "k3"), at: later, connection) } != nil)
        }
    }
}
