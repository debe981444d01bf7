package import Alerts
import Audit
package import Costs
import Crypto
package import Events
package import Identity
package import Kernel
import Keys
import Logging
package import Metering
package import OAuth
import Outgoing
import Prices
import Provider
package import Resources
package import Sandbox
import Storage
package import Vault
package import Web
package import Webhooks

/// Every call of the API. The router, the OpenAPI document and the tests that walk the API read it.
package struct RouteTable: Sendable {
    package let routes: [Route]

    package init(
        signIn: SignIn, sandbox: Sandbox, engine: OperationEngine, webhooks: WebhookRoutes, channels: ChannelRoutes, hub: EventHub,
        importer: CostImporter, costCache: ColumnCache, alertSources: AlertSources, points: PointIngest, pointReader: PointReader,
        oauth: AuthorizationServer, vault: Vault,
        surroundings: Surroundings
    ) {
        let identity =
            SessionRoutes(signIn: signIn).all + WorkspaceRoutes.all + AccountRoutes.all + ProjectRoutes(activity: RequestActivity()).all
            + ProjectMemberRoutes.all + UserRoutes(surroundings: surroundings, signIn: signIn, consents: .oauth).all
            + TeamRoutes(isSlackConnected: SlackStanding.isConnected).all
        let keys = ProjectKeyRoutes.all + WorkspaceKeyRoutes.all + TokenRoutes.all + oauth.routes
        let prices = PriceRoutes.all + QuotaRoutes.all + BudgetRoutes(views: BudgetedViews(cache: costCache)).all + ChargeRoutes.all
        let resources =
            ConnectionRoutes(engine: engine).all + ProviderRoutes(engine: engine).all + AllResourcesRoutes.all
            + ResourceKind.allCases.flatMap { ResourceRoutes($0, engine: engine).all } + MonitoringRoutes(engine: engine).all
            + OperationRoutes(engine: engine).all + DriftRoutes(engine: engine).all
            + StackRoutes(engine: engine).all + ScheduleRoutes.all + PolicyRoutes.all
            + DiscoveryRoutes(engine: engine).all + PlacementRoutes(engine: engine).all
            + ResourceKind.allCases.flatMap { LeaseRoutes($0).all }
        let streams = DataStreamRoutes(vault: vault).all + DataRoutes(reader: pointReader).all + IngestRoutes(ingest: points).all
        let savings =
            TagCatalogRoutes.all + MarkerRoutes.all + OpportunityRoutes.all + OpportunityThreadRoutes.all
            + UnitMetricRoutes(sources: [CostUnits(cache: costCache), StreamUnits(), RequestUnits()]).all
        let costs =
            ImportRoutes(importer: importer).all + ExportRoutes(cache: costCache).all + CostViewRoutes.all
            + CostDataRoutes(cache: costCache).all + CostColumnRoutes.all
        let log =
            EventRoutes(hub: hub).all + EventTypeRoutes(catalogue: EventTypes.catalogue).all
            + AuditRoutes(signer: AuditSigner(vault: vault)).all
            + ComplianceRoutes(signer: AuditSigner(vault: vault), sections: ReportSections.all).all
            + TraceRoutes(sources: TraceSources.all).all
        routes =
            PingRoute.all + identity + keys + UsageRoutes.all + streams + prices + resources + costs + savings + webhooks.all
            + AlertRoutes(engine: engine, sources: alertSources).all + channels.all + log
            + sandbox.routes
    }

    /// The table as it is described, for who does not call it.
    package static var described: RouteTable {
        let drivers = Drivers.all(store: .none, allowing: .none)
        let vault = Vault(key: .init(size: .bits256))
        let engine = OperationEngine(
            store: .none, pool: ProviderPool(drivers: drivers, vault: vault, surroundings: .real), surroundings: .real,
            logger: Logger(label: "cloudapi"))
        let outgoing = Outgoing()
        let courier = Courier(
            store: .none, vault: vault, surroundings: .real, logger: Logger(label: "cloudapi"), send: outgoing.send)
        let messenger = SlackMessenger(
            store: .none, vault: vault, surroundings: .real, logger: Logger(label: "cloudapi"), send: outgoing.send)
        return RouteTable(
            signIn: SignIn(passwords: PasswordHasher(surroundings: .real)), sandbox: Sandbox(seeds: []), engine: engine,
            webhooks: WebhookRoutes(courier: courier, outgoing: outgoing, vault: vault),
            channels: ChannelRoutes(messenger: messenger, outgoing: outgoing, vault: vault),
            hub: EventHub(store: .none, surroundings: .real),
            importer: CostImporter(store: .none, surroundings: .real, logger: Logger(label: "cloudapi"), folder: ""),
            costCache: ColumnCache(), alertSources: AlertSources(costs: CostWatch(cache: ColumnCache())),
            points: PointIngest(surroundings: .real),
            pointReader: PointReader(store: .none, surroundings: .real), oauth: AuthorizationServer(issuer: "http://127.0.0.1:8080"),
            vault: vault, surroundings: .real)
    }
}
