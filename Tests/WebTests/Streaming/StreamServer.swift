import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Kernel
import Logging
import NIOCore
import ServiceLifecycle
import Storage
import Synchronization
import TestKit
import Web

/// A server with one call, `GET /v1/stream`, behind the real pipeline and real sockets.
struct StreamServer: Sendable {
    let port: Int
    let pipeline: Pipeline
    let clock: StoppedClock
    let keys: Keys
    private let store: Store
    private let group: ServiceGroup

    /// The credentials of the test: one key that can be revoked, expire, or be given other scopes.
    final class Keys: CredentialSource {
        let secret = Secret.make(.workspaceLive, randomBytes: Array(repeating: 7, count: 32))
        private let scopes = Mutex<ScopeSet?>(.all)
        private let expiresAt: Timestamp?

        init(expiresAt: Timestamp?) { self.expiresAt = expiresAt }

        func set(_ scopes: ScopeSet?) { self.scopes.withLock { $0 = scopes } }

        func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) -> Authenticated? {
            guard let scopes = scopes.withLock({ $0 }) else { return nil }
            let caller = Caller(
                workspace: ID("wsp_1"), mode: .live, credential: .init(kind: .workspaceKey, id: "key_1", project: nil), user: nil,
                scopes: scopes, reach: .workspace(.admin), profile: .cloudapi)
            return Authenticated(
                caller: caller, limitedAs: "key_1", requestsPerMinute: 1000, expiresAt: expiresAt, addressRanges: [])
        }
    }

    private struct NoMeter: RequestMeter {
        func count(_ caller: Caller, route: String, project: ProjectID?, at: Timestamp) {}
    }

    static func run(
        limits: Pipeline.Limits = .init(), expiresAt: Timestamp? = nil, answer: @escaping @Sendable (Call) -> Answer,
        _ body: @escaping @Sendable (StreamServer) async throws -> Void
    ) async throws {
        try await Place.fresh { place in
            let store = try Store(sqlite: .init(path: place.databasePath, synchronous: .off))
            _ = try await Migrator(IdempotencyRow.migrations + CredentialRevision.migrations).migrate(store, at: place.clock.now)
            let keys = Keys(expiresAt: expiresAt)
            let pipeline = Pipeline(
                store: store, surroundings: place.surroundings, authenticator: Authenticator(store: store, source: keys),
                limiter: .own(RateLimiter()), meter: NoMeter(), cursors: CursorSigner(key: SymmetricKey(size: .bits256)),
                clientAddress: ClientAddress(trustedProxies: []), limits: limits, spool: Spool(folder: "/dev/null"))
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let application = application(pipeline, place.surroundings, answer) { port.yield($0) }
            let group = ServiceGroup(services: [application], logger: Self.logger)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                let port = await ports.first { _ in true } ?? 0
                let server = StreamServer(port: port, pipeline: pipeline, clock: place.clock, keys: keys, store: store, group: group)
                try await body(server)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
            try store.close()
        }
    }

    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func application(
        _ pipeline: Pipeline, _ surroundings: Surroundings, _ answer: @escaping @Sendable (Call) -> Answer,
        onListening: @escaping @Sendable (Int) -> Void
    ) -> some ApplicationProtocol & Service {
        let route = Route(.get, "/v1/stream", .scope(.eventsRead), "Streams.", answers: []) { call in answer(call) }
        let router = Router(context: RequestScope.self, options: .autoGenerateHeadEndpoints)
        router.on("/v1/stream", method: .get) { request, scope in
            await pipeline.respond(to: request, scope: scope, route: route, mount: .bare)
        }
        let limits = ConnectionGuard.Limits(head: .seconds(10), body: .seconds(10))
        let channel = HTTP1Channel.Configuration(additionalChannelHandlers: [ConnectionGuard(limits: limits, surroundings: surroundings)])
        return Application(
            responder: router.buildResponder(), server: .http1(configuration: channel),
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { onListening($0.localAddress?.port ?? 0) }, logger: logger)
    }

    /// Takes effect for the very next look at the credential.
    func change(_ scopes: ScopeSet?) async throws {
        keys.set(scopes)
        try await store.write { try CredentialRevision.raise($0) }
    }

    func stop() async { await group.triggerGracefulShutdown() }

    /// Waits until so many wait for the clock: the beat of a stream, and what its body waits for.
    func settle(_ sleepers: Int) async throws { try await wait { clock.sleepers >= sleepers } }

    /// Waits until no stream is open.
    func drain() async throws { try await wait { pipeline.openStreams == 0 } }

    /// Gives way until it is so, or the test's time is over.
    func wait(until isSo: () -> Bool) async throws {
        while !isSo() {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
