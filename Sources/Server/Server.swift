import Background
import Dashboard
package import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Kernel
package import Logging
import NIOCore
import NIOSSL
import OAuth
package import Provider
import Resources
package import ServiceLifecycle
package import Storage
import Synchronization
package import Vault
package import Web

/// The whole server, ready to run: everything it is made of comes from here, and nothing is global.
package struct Server: Sendable {
    package let parts: Parts
    package let application: Application<RouterResponder<RequestScope>>
    /// The application on its socket.
    package let listener: any Service
    /// What happens by itself, beside the application: to be run with it.
    package let services: [any Service]
}

/// Builds the server on an opened, migrated store.
package func buildServer(
    store: Store, vault: Vault, configuration: ServerConfiguration, surroundings: Surroundings, logger: Logger,
    drivers: [any ProviderDriver]? = nil, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
) throws -> Server {
    let parts = Parts(
        store: store, vault: vault, configuration: configuration, surroundings: surroundings, logger: logger, drivers: drivers)
    let metrics = ServerMetrics()
    let router = try buildRouter(parts, configuration, metrics)
    let guardLimits = ConnectionGuard.Limits(
        head: .seconds(Int64(configuration.headTimeout)), body: .seconds(Int64(configuration.bodyTimeout)))
    var http = HTTP1Channel.Configuration(
        additionalChannelHandlers: [ConnectionGuard(limits: guardLimits, surroundings: surroundings)],
        idleTimeout: .seconds(Int64(configuration.idleTimeout)))
    http.httpDecoder.maxHeaderListSize = 128 << 10
    http.httpDecoder.maxHeaderFieldSize = 96 << 10
    let channel = HTTPServerBuilder.http1(configuration: http)
    let application = Application(
        responder: router.buildResponder(), server: try configuration.tls.map { try .tls(channel, tlsConfiguration: $0) } ?? channel,
        configuration: .init(
            address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
            availableConnectionsDelegate: MaximumAvailableConnections(configuration.maximumConnections, logger: logger)),
        onServerRunning: { channel in await onListening(channel.localAddress?.port ?? configuration.port) }, logger: logger)
    return Server(
        parts: parts, application: application, listener: Listener(application: application, surroundings: surroundings),
        services: parts.services(configuration, surroundings, logger))
}

extension Parts {
    /// A server that is alone does everything. Where several share a database, each does what only it can do, and one of them the rest.
    fileprivate func services(_ configuration: ServerConfiguration, _ surroundings: Surroundings, _ logger: Logger) -> [any Service] {
        let tasks = Dictionary(grouping: tasks(configuration), by: \.place)
        let own = BackgroundTasks(tasks[.everywhere] ?? [], surroundings: surroundings, logger: logger)
        let work: [any Service] = [
            BackgroundTasks(tasks[.onOne] ?? [], surroundings: surroundings, logger: logger), engine, courier, evaluator, synchronizer,
        ]
        guard store.isShared else { return [own] + work }
        let orders = OrdersFromElsewhere(engine: engine, store: store, surroundings: surroundings)
        return [
            SignalExchange(store: store, engine: engine, surroundings: surroundings, logger: logger), own,
            Duty(
                Lease("background", holder: surroundings.makeID(RequestKind.self).rawValue), duty, store: store, surroundings: surroundings,
                logger: logger, services: work + [orders],
                begin: {
                    engine.syncs.reset()
                    try await engine.open()
                }),
        ]
    }
}

/// Wakes the engine for operations that other servers have taken orders for.
private struct OrdersFromElsewhere: Service {
    let engine: OperationEngine
    let store: Store
    let surroundings: Surroundings

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await store.signal.follow(every: .seconds(60), surroundings) { _ in engine.wake() }
        }
    }
}

/// Carries the news of commits, and what is asked of the one that does the background work, between the servers on one database.
private struct SignalExchange: Service {
    let store: Store
    let engine: OperationEngine
    let surroundings: Surroundings
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await store.relaySignals(
                surroundings, heard: { engine.hear($0) },
                failed: { logger.warning("news from other servers are late", metadata: ["error": "\($0)"]) })
        }
    }
}

/// The router alone, for tests that need no socket.
package func buildRouter(_ parts: Parts, _ configuration: ServerConfiguration, _ metrics: ServerMetrics) throws -> Router<RequestScope> {
    let router = Router(context: RequestScope.self, options: .autoGenerateHeadEndpoints)
    let routes = RouteTable(
        signIn: parts.signIn, sandbox: parts.sandbox, engine: parts.engine, webhooks: parts.webhooks, channels: parts.channels,
        hub: parts.hub, importer: parts.importer, costCache: parts.costCache, alertSources: parts.alertSources, points: parts.points,
        pointReader: parts.pointReader, oauth: parts.oauth, vault: parts.vault,
        surroundings: parts.surroundings
    ).routes
    let crossOrigin = CrossOrigin(allowing: configuration.allowedOrigins, routes: routes)
    for route in routes {
        let observed = metrics.route(route.name)
        for mount in route.surface.mounts {
            router.on(
                RouterPath(mount.rawValue + route.path), method: route.method,
                responder: RouteResponder(
                    pipeline: parts.pipeline, route: route, mount: mount, observed: observed, crossOrigin: crossOrigin))
        }
    }
    // Around what comes now; the pipeline answers errors itself.
    router.add(middleware: Front(routes: routes, crossOrigin: crossOrigin, surroundings: parts.surroundings))
    let pages = try DashboardPages(
        store: parts.store, surroundings: parts.surroundings, signIn: parts.signIn, pipeline: parts.pipeline,
        formKey: parts.vault.derivedKey(for: "dashboard forms"), baseURL: configuration.baseURL, issuer: parts.oauth.issuer,
        routes: routes.map { DocumentedRoute($0, problems: $0.possibleProblems) }, calls: routes)
    pages.add(to: router)
    OperationsRoutes(parts: parts, metrics: metrics, document: OpenAPIDocument(routes: routes)).add(to: router)
    return router
}

/// Hands a route's requests to the pipeline, and measures them.
private struct RouteResponder: HTTPResponder {
    let pipeline: Pipeline
    let route: Route
    let mount: Web.Mount
    let observed: RouteInstruments
    let crossOrigin: CrossOrigin?

    func respond(to request: Request, context: RequestScope) async -> Response {
        let started = ContinuousClock.now
        var response = await pipeline.respond(to: request, scope: context, route: route, mount: mount)
        observed.record(status: response.status.code, took: .now - started)
        crossOrigin?.mark(&response, to: request)
        return response
    }
}

extension ServerConfiguration {
    fileprivate var tls: TLSConfiguration? {
        get throws {
            guard let tlsCertificate, let tlsKey else { return nil }
            let chain = try NIOSSLCertificate.fromPEMFile(tlsCertificate).map { NIOSSLCertificateSource.certificate($0) }
            return .makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: tlsKey, format: .pem)))
        }
    }
}
