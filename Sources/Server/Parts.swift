package import Alerts
package import Costs
package import Events
package import Identity
package import Kernel
import Keys
package import Logging
package import Metering
package import OAuth
import Outgoing
package import Prices
package import Provider
package import Resources
package import Sandbox
import Simulator
package import Storage
package import Vault
package import Web
package import Webhooks

/// Every object the server is made of, each made once and handed on. A test makes its own.
package struct Parts: Sendable {
    package let store: Store
    package let vault: Vault
    package let surroundings: Surroundings
    package let signIn: SignIn
    package let sandbox: Sandbox
    package let counter: RequestCounter
    package let pipeline: Pipeline
    package let engine: OperationEngine
    package let synchronizer: Synchronizer
    package let courier: Courier
    package let webhooks: WebhookRoutes
    package let hub: EventHub
    package let importer: CostImporter
    package let costCache = ColumnCache()
    package let messenger: SlackMessenger
    package let alertSources: AlertSources
    package let evaluator: AlertEvaluator
    package let channels: ChannelRoutes
    package let points: PointIngest
    /// Where points are copied to, if anywhere.
    package let pointStore: (any PointStore)?
    package let pointReader: PointReader
    package let savings: SavingsDetector
    package let budgets: BudgetWatch
    package let oauth: AuthorizationServer
    /// Whether this server is the one that does the background work.
    package let duty = LeaseHolder()
    /// The store as the background work sees it.
    let work: Store

    /// `drivers` are the clouds it can speak to; a test hands in its own.
    package init(
        store: Store, vault: Vault, configuration: ServerConfiguration, surroundings: Surroundings,
        logger: Logger = Logger(label: "cloudapi"), drivers: [any ProviderDriver]? = nil
    ) {
        self.store = store
        let work = store.guarded(by: duty)
        self.work = work
        self.vault = vault
        self.surroundings = surroundings
        signIn = SignIn(passwords: PasswordHasher(cost: configuration.passwordCost, surroundings: surroundings))
        let cloud = SandboxResources.Cloud(
            plant: { try Simulator.plant($0, isRunning: $1, at: $2, for: $3, $4) }, clear: { try Simulator.clear($0, $1) })
        sandbox = Sandbox(seeds: [
            SandboxRequests(), SandboxPrices(), SandboxResources(cloud: cloud), SandboxWebhooks(), SandboxAlerts(), SandboxTeams(),
            SandboxStreams(), SandboxCosts(), SandboxSavings(),
        ])
        let drivers = drivers ?? Drivers.all(store: store, allowing: configuration.allowEgress)
        engine = OperationEngine(
            store: work, pool: ProviderPool(drivers: drivers, vault: vault, surroundings: surroundings), surroundings: surroundings,
            logger: logger)
        synchronizer = Synchronizer(engine: engine)
        let outgoing = Outgoing(allowing: configuration.allowEgress, sleep: surroundings.sleep)
        courier = Courier(store: store, vault: vault, surroundings: surroundings, logger: logger, send: outgoing.send)
        webhooks = WebhookRoutes(courier: courier, outgoing: outgoing, vault: vault)
        messenger = SlackMessenger(store: store, vault: vault, surroundings: surroundings, logger: logger, send: outgoing.send)
        alertSources = AlertSources(costs: CostWatch(cache: costCache))
        evaluator = AlertEvaluator(
            store: store, engine: engine, messenger: messenger, sources: alertSources, surroundings: surroundings, logger: logger)
        channels = ChannelRoutes(messenger: messenger, outgoing: outgoing, vault: vault)
        oauth = AuthorizationServer(issuer: configuration.baseURL)
        savings = SavingsDetector(store: work, surroundings: surroundings)
        budgets = BudgetWatch(store: work, views: BudgetedViews(cache: costCache), surroundings: surroundings)
        importer = CostImporter(store: store, surroundings: surroundings, logger: logger, folder: configuration.data + "/spool")
        hub = EventHub(store: store, surroundings: surroundings)
        points = PointIngest(surroundings: surroundings)
        pointStore = configuration.pointStore(sleep: surroundings.sleep)
        pointReader = PointReader(copies: pointStore, store: store, surroundings: surroundings) { error in
            logger.warning("points are read from the database alone for a while", metadata: ["error": "\(error)"])
        }
        counter = RequestCounter(store: store, surroundings: surroundings, name: configuration.server ?? "main")
        pipeline = Pipeline(
            store: store, surroundings: surroundings, authenticator: Authenticator(store: store, source: Credentials()),
            limiter: configuration.server.map { .shared(SharedLimiter(store: store, server: $0)) } ?? .own(RateLimiter()),
            meter: counter, cursors: CursorSigner(key: vault.derivedKey(for: "list cursors")),
            clientAddress: ClientAddress(trustedProxies: configuration.trustedProxies), limits: .init(),
            spool: Spool(folder: configuration.data + "/spool"))
    }
}

extension Parts {
    /// What tells a vault key that belongs to a database from others; servers that share a database need the same.
    package static let migrations = [
        Migration("0142-vault-check", "CREATE TABLE vault_check (id INTEGER PRIMARY KEY, digest BLOB NOT NULL) STRICT")
    ]
}

/// Sessions, keys, tokens and OAuth tokens, told apart by their prefix.
private struct Credentials: CredentialSource {
    private let sessions = SessionCredentials()
    private let keys = KeyCredentials()
    private let oauth = OAuthCredentials()

    func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) throws -> Authenticated?
    {
        switch prefix {
        case .session: try sessions.credential(withDigest: digest, prefix: prefix, at: now, connection)
        case .projectLive, .projectTest, .workspaceLive, .workspaceTest, .token:
            try keys.credential(withDigest: digest, prefix: prefix, at: now, connection)
        case .oauthToken: try oauth.credential(withDigest: digest, prefix: prefix, at: now, connection)
        case .invitation, .stream, .oauthRefresh, .oauthCode, .oauthSecret, .lease: nil
        }
    }

    func isThere(_ digest: @autoclosure () -> [UInt8], prefix: Secret.Prefix, _ connection: Connection) throws -> Bool {
        prefix == .oauthToken ? try oauth.isThere(digest(), prefix: prefix, connection) : true
    }
}
