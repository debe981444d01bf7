import HTTPTypes
import Kernel
import Storage
import Synchronization
import TestKit
import Testing
import Web

/// A credential that was found is kept, and believed only as long as the database says nothing else.
struct AuthenticatorTests {
    private let rounds = 20

    @Test func `a credential that another program takes back is refused by the next request, and good again by the next`() async throws {
        try await withTwoStores { here, elsewhere in
            let source = OneKey()
            let authenticator = Authenticator(store: here, source: source)
            for _ in 0..<rounds {
                for _ in 0..<3 { #expect(try await isLetIn(authenticator)) }
                source.isValid.store(false, ordering: .relaxed)
                try await elsewhere.write { try CredentialRevision.raise($0) }
                for _ in 0..<3 { #expect(try await !isLetIn(authenticator)) }
                source.isValid.store(true, ordering: .relaxed)
                try await elsewhere.write { try CredentialRevision.raise($0) }
            }
        }
    }

    @Test func `one that ends without a word to the others is refused by the next request too`() async throws {
        try await withTwoStores { here, elsewhere in
            let source = OneKey()
            let authenticator = Authenticator(store: here, source: source)
            for number in 0..<rounds {
                for _ in 0..<3 { #expect(try await isLetIn(authenticator)) }
                source.isThere.store(false, ordering: .relaxed)
                _ = try await elsewhere.write { try $0.execute("CREATE TABLE end_\(number) (id TEXT)") }
                for _ in 0..<3 { #expect(try await !isLetIn(authenticator)) }
                source.isThere.store(true, ordering: .relaxed)
            }
        }
    }

    @Test func `as long as nothing is committed the database is not asked about it again`() async throws {
        try await withTwoStores { here, elsewhere in
            let source = OneKey()
            let authenticator = Authenticator(store: here, source: source)
            for _ in 0..<rounds { #expect(try await isLetIn(authenticator)) }
            #expect(source.questions.load(ordering: .relaxed) == 1)
            _ = try await elsewhere.write { try $0.execute("CREATE TABLE another (id TEXT)") }
            for _ in 0..<rounds { #expect(try await isLetIn(authenticator)) }
            #expect(source.questions.load(ordering: .relaxed) == 2)
        }
    }

    private func isLetIn(_ authenticator: Authenticator) async throws -> Bool {
        do {
            _ = try await authenticator.authenticate([.authorization: "Bearer \(OneKey.secret)"], address: nil, at: Timestamp(seconds: 0))
            return true
        } catch let problem as Problem {
            #expect(problem.code == .credentialInvalid)
            return false
        }
    }

    /// Two programs' ways into one database. On SQLite, where commits can be seen without asking.
    private func withTwoStores(_ body: @escaping @Sendable (Store, Store) async throws -> Void) async throws {
        try await Place.fresh { place in
            let stores = try (0..<2).map { _ in try Store(sqlite: .init(path: place.databasePath, synchronous: .off)) }
            _ = try await Migrator(CredentialRevision.migrations).migrate(stores[0], at: place.clock.now)
            try await body(stores[0], stores[1])
            for store in stores { try store.close() }
        }
    }
}

private final class OneKey: CredentialSource {
    static let secret = Secret.make(.workspaceLive, randomBytes: Array(repeating: 7, count: 32))

    let isValid = Atomic(true)
    let isThere = Atomic(true)
    /// How often it was asked whether the key is there.
    let questions = Atomic(0)

    func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) -> Authenticated? {
        guard isValid.load(ordering: .relaxed) else { return nil }
        let caller = Caller(
            workspace: ID("wsp_1"), mode: .live, credential: .init(kind: .workspaceKey, id: "key_1", project: nil), user: nil, scopes: .all,
            reach: .workspace(.admin), profile: .cloudapi)
        return Authenticated(caller: caller, limitedAs: "key_1", requestsPerMinute: 1000, expiresAt: nil, addressRanges: [])
    }

    func isThere(_ digest: @autoclosure () -> [UInt8], prefix: Secret.Prefix, _ connection: Connection) -> Bool {
        questions.wrappingAdd(1, ordering: .relaxed)
        return isThere.load(ordering: .relaxed)
    }
}
