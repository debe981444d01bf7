import Dispatch
import Foundation
import Kernel
import Synchronization
import Testing

@testable import Storage

/// The engines a test runs on: SQLite always, PostgreSQL when `CLOUDAPI_TEST_POSTGRES` names a server where databases can be made
/// (`scripts/test-postgres.sh` brings one).
enum Engine: Sendable, CaseIterable {
    case sqlite
    case postgres

    static let available = allCases.filter { $0 == .sqlite || server != nil }
    static let hasPostgres = server != nil
    private static let server = ProcessInfo.processInfo.environment["CLOUDAPI_TEST_POSTGRES"]

    /// Lends a fresh database, with these migrations applied, and removes it afterwards.
    @discardableResult
    func withStore<Result>(
        _ migrations: [Migration] = EventSchema.all + IdempotencyRow.migrations, _ body: (Store) async throws -> Result
    ) async throws -> Result {
        try await withDatabase { open in
            let store = try open()
            _ = try await Migrator(migrations).migrate(store, at: .start)
            let result = try await body(store)
            try store.close()
            return result
        }
    }

    static func withDirectory<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cloudapi_test_" + UUID().uuidString.lowercased())
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await body(directory)
    }

    /// Lends a fresh, empty database, to be opened as often as a test likes.
    func withDatabase<Result>(_ body: (_ open: () throws -> Store) async throws -> Result) async throws -> Result {
        switch self {
        case .sqlite:
            return try await Self.withDirectory { directory in
                try await body { try Store(sqlite: SQLiteEngine.Options(path: directory.appendingPathComponent("store.sqlite").path)) }
            }
        case .postgres:
            let name = "cloudapi_test_" + UUID().uuidString.lowercased().replacing("-", with: "")
            let server = try #require(Self.server)
            try await Self.administer(server, "CREATE DATABASE \(name)")
            var url = try #require(URLComponents(string: server))
            url.path = "/" + name
            // A busy machine is no failure.
            url.queryItems = (url.queryItems ?? []) + [URLQueryItem(name: "options", value: "-c lock_timeout=10min")]
            let address = try #require(url.string)
            do {
                let result = try await body { try Store(postgres: PostgresEngine.Options(url: address, surroundings: .stopped())) }
                try await Self.administer(server, "DROP DATABASE \(name) WITH (FORCE)")
                return result
            } catch {
                try await Self.administer(server, "DROP DATABASE \(name) WITH (FORCE)")
                throw error
            }
        }
    }

    /// The address of an empty database on the server; options of the session may be added at its end.
    func withAddress(_ body: (String) async throws -> Void) async throws {
        guard self == .postgres, let server = Self.server else { return }
        try await body(server + (server.contains("?") ? "&" : "?") + "options=-c%20lock_timeout%3D10min")
    }

    /// Outside of a transaction, where databases are made; and on a thread of its own, since the server waits for its disk.
    private static func administer(_ server: String, _ sql: String) async throws {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Swift.Result { _ = try PostgresHandle(PostgresAddress(server)).run(sql) })
            }
        }
    }
}

extension Timestamp {
    static let start = Timestamp(milliseconds: 1_750_000_000_000)
}

extension Surroundings {
    /// A clock that stands still, random bits that are the same in every run, and a sleep that is over at once.
    static func stopped(at now: Timestamp = .start) -> Surroundings {
        let counter = Counter()
        return Surroundings(now: { now }, random: { UInt64(counter.next()) &* 0x9E37_79B9_7F4A_7C15 }, sleep: { _ in await Task.yield() })
    }
}

final class Counter: Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }

    /// Counts from 1.
    func next() -> Int {
        state.withLock { count in
            count += 1
            return count
        }
    }
}

extension Tenant {
    static let live = Tenant(workspace: WorkspaceID("wsp_one"), mode: .live)
    static let test = Tenant(workspace: WorkspaceID("wsp_one"), mode: .test)
}

extension Attribution {
    static func ada(in tenant: Tenant = .live, _ surroundings: Surroundings = .stopped()) -> Attribution {
        Attribution(
            tenant: tenant, actor: Actor(type: "user", id: "usr_ada", credential: "sn_1"), address: "192.0.2.7",
            request: RequestID("req_1"),
            surroundings: surroundings)
    }
}

extension EventDraft {
    static func noted(_ subject: String, email: String? = nil) -> EventDraft {
        EventDraft("note.made", subject: subject, data: ["text": .string("about \(subject)")], personal: email.map { ["email": $0] } ?? [:])
    }
}

extension Store {
    /// One write for each subject.
    func note(_ subjects: String..., in tenant: Tenant = .live) async throws {
        for subject in subjects {
            try await write { connection in connection.append(.noted(subject, email: "\(subject)@example.com"), by: .ada(in: tenant)) }
        }
    }

    func events(in tenant: Tenant = .live, after sequence: Int64 = 0, limit: Int = 1000) async throws -> [Event] {
        try await read { connection in try EventLog.events(in: tenant, after: sequence, limit: limit, connection) }
    }

    /// The finding of a verification in one pass, and of one in parts, which must agree; nil when the chain is whole.
    func finding(in tenant: Tenant = .live, trustedHead: EventLog.Head? = nil) async throws -> ChainVerifier.Finding? {
        var verified: VerifiedChain?
        do {
            verified = try await verifyChain(of: tenant, trusted: [trustedHead].compactMap { $0 }, rowsOfPart: 3)
        } catch is ChainVerifier.Finding {}
        do {
            let rows = try await scan { connection in try ChainVerifier.verify(tenant, trustedHead: trustedHead, connection) }
            #expect(verified?.rows == rows)
            return nil
        } catch let finding as ChainVerifier.Finding {
            #expect(verified == nil)
            return finding
        }
    }
}

extension Event {
    var json: JSON? { try? JSONParser.parse(canonical) }
}

/// A place where a database thread stops until the test lets it go on.
struct Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    init() { (arrivals, arrival) = AsyncStream.makeStream() }

    func stop() {
        arrival.yield()
        opened.wait()
    }

    func open() { opened.signal() }

    func waitForArrival() async {
        for await _ in arrivals { return }
    }
}
