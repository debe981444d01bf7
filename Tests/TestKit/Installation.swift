import FoundationEssentials
import Hummingbird
import HummingbirdTesting
import Kernel
import Logging
package import Provider
import Resources
package import Server
package import Storage
import Vault

/// A server as a test sees it: the real router on a database of its own, with one workspace set up.
package struct Installation: Sendable {
    package let place: Place
    package let parts: Parts
    /// The workspace that was made first, with the secrets `init` would print.
    package let home: Setup.Outcome
    let client: any TestClientProtocol

    package var clock: StoppedClock { place.clock }
    package var store: Store { parts.store }
    /// Where it listens; nil when it runs without sockets.
    package var port: Int? { client.port }

    package enum Front: Sendable {
        /// Requests go straight to the router.
        case router
        /// Requests go over real sockets.
        case sockets
    }

    /// Runs an installation in a fresh place.
    package static func run<Result: Sendable>(
        _ front: Front = .router, rateLimit: Int? = 1_000_000, configure: (inout ServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (Installation) async throws -> Result
    ) async throws -> Result {
        try await Place.fresh { place in
            let home = try await prepare(place, rateLimit: rateLimit)
            let result = try await open(in: place, home: home, front, configure: configure, body)
            try await TestEngine.remove(place)
            return result
        }
    }

    /// Makes the database of a place, and its first workspace.
    package static func prepare(_ place: Place, rateLimit: Int? = 1_000_000) async throws -> Setup.Outcome {
        let template = try await Template.shared(rateLimit: rateLimit)
        try await template.copy(to: place)
        return template.home
    }

    /// The same from nothing: migrations and all.
    static func setUp(_ place: Place, rateLimit: Int?) async throws -> Setup.Outcome {
        try await TestEngine.prepare(place)
        let store = try TestEngine.store(in: place)
        _ = try await Migrator(MigrationOrder.all).migrate(store, at: place.clock.now)
        let parts = Parts(
            store: store, vault: try vault(in: place), configuration: configuration(in: place), surroundings: place.surroundings)
        let outcome = try await Setup(workspace: "Home", email: "ada@home.example", password: password, rateLimit: rateLimit).run(parts)
        try store.close()
        return outcome
    }

    /// Runs a server on a place that was prepared; it may be done again and again.
    package static func open<Result: Sendable>(
        in place: Place, home: Setup.Outcome, _ front: Front = .router, configure: (inout ServerConfiguration) -> Void = { _ in },
        drivers: (Store) -> [any ProviderDriver]? = { _ in nil }, _ body: @escaping @Sendable (Installation) async throws -> Result
    ) async throws -> Result {
        var configuration = configuration(in: place)
        configure(&configuration)
        let store = try TestEngine.store(in: place)
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let server = try buildServer(
            store: store, vault: try vault(in: place), configuration: configuration, surroundings: place.surroundings, logger: logger,
            drivers: drivers(store))
        try await server.parts.engine.open()
        let result = try await server.application.test(front == .router ? .router : .live) { client in
            try await body(Installation(place: place, parts: server.parts, home: home, client: client))
        }
        try await EventCheck.run(on: store)
        try store.close()
        return result
    }

    package static let password = "correct horse battery"

    private static func configuration(in place: Place) -> ServerConfiguration {
        var configuration = ServerConfiguration()
        configuration.data = place.folder.path
        configuration.port = 0
        configuration.passwordCost = 4
        return configuration
    }

    private static func vault(in place: Place) throws -> Vault {
        try Vault(file: place.folder.appendingPathComponent("key").path, surroundings: place.surroundings)
    }

    /// Another workspace beside the first.
    package func makeWorkspace(_ name: String = "Elsewhere", email: String = "eve@elsewhere.example", rateLimit: Int? = 1_000_000)
        async throws -> Setup.Outcome
    {
        try await Setup(workspace: name, email: email, password: Self.password, rateLimit: rateLimit).run(parts)
    }
}
