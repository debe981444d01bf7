import Alerts
import HTTPTypes
import Identity
import Kernel
import OAuth
import Server
import Storage
import TestKit
import Web

/// A workspace with one thing of every kind a route can name, each of which may be changed or removed without harm.
struct Estate: Sendable {
    let outcome: Setup.Outcome
    let credentials: Credentials
    let ids: [Noun: String]
    /// What the sandbox has of its own, of the nouns that belong to a cloud.
    let sandbox: [Noun: String]
    /// Of a person who was invited and has not answered.
    let invitation: String
    /// A client that gets tokens for itself, which no walk names by its id.
    let oauth: (id: String, secret: String)

    /// What a path parameter names.
    enum Noun: String, Sendable, CaseIterable {
        case account, project, user, session, key, workspaceKey, token, price, budget, checkpoint, report, webhook, delivery, alert, team,
            marker, tagCatalog, opportunity, thread, unitMetric, costImport, costView, costColumn, stream,
            oauthClient, oauthGrant
        /// What names a stream in a body.
        case streamToken
        /// Without a resource on it.
        case connection
        case stack, plan, schedule, policy, template
        case instance, runningInstance, deletedInstance, volume, deletedVolume, network, deletedNetwork
        case bucket, deletedBucket, address, firewall, deletedFirewall, snapshot
        /// What snapshots are made of.
        case sourceVolume
        /// One that runs, and one that waits for somebody's decision.
        case operation, blockedOperation
        /// Of volumes that somebody has changed at their provider, and of an instance that somebody has stopped there.
        case drift, ignorableDrift, revertibleDrift
        /// Of a connection, done; it has found a volume whose reference is `stranger`.
        case discovery
        /// What was there before us, of each kind.
        case adoptedInstance, adoptedVolume, adoptedNetwork, adoptedBucket, adoptedAddress, adoptedFirewall,
            adoptedSnapshot
        /// That nobody but a lease touches; of other kinds that is what was deleted and came back.
        case leasedAddress, leasedSnapshot
        /// A request that changed something.
        case request
        /// A word of a closed list, the same for everybody.
        case quotaMetric, eventType
        /// A name that is free.
        case resourceName

        /// Whether it belongs to the live or to the test side; the others exist once.
        var hasMode: Bool {
            [
                .key, .workspaceKey, .token, .price, .budget, .checkpoint, .report, .webhook, .delivery, .alert, .request, .team,
                .marker, .stream, .tagCatalog, .opportunity, .thread, .unitMetric, .costImport, .costView,
                .oauthClient, .oauthGrant,
            ].contains(self) || isOfCloud
        }

        /// Whether it is a provider account, something at one, or work there.
        var isOfCloud: Bool {
            [
                .connection, .instance, .runningInstance, .deletedInstance, .volume, .deletedVolume, .network, .deletedNetwork, .bucket,
                .deletedBucket, .address, .firewall, .deletedFirewall, .snapshot, .sourceVolume, .stack, .plan, .schedule, .policy,
                .template,
                .operation,
                .blockedOperation,
                .drift, .ignorableDrift, .revertibleDrift, .discovery,
                .adoptedInstance, .adoptedVolume, .adoptedNetwork, .adoptedBucket, .adoptedAddress, .adoptedFirewall,
                .adoptedSnapshot, .leasedAddress, .leasedSnapshot,
            ].contains(self)
        }

        /// Whether it names something that belongs to somebody.
        var isID: Bool { ![.quotaMetric, .eventType, .resourceName, .costColumn].contains(self) }

        /// An id of this kind that nobody ever made.
        var madeUp: String {
            let prefix =
                switch self {
                case .account: AccountKind.prefix
                case .project: ProjectKind.prefix
                case .user: UserKind.prefix
                case .session: SessionKind.prefix
                case .key, .workspaceKey: KeyKind.prefix
                case .token: TokenKind.prefix
                case .price: PriceKind.prefix
                case .budget: BudgetKind.prefix
                case .checkpoint: "chk"
                case .report: "rep"
                case .webhook: "whk"
                case .alert: AlertKind.prefix
                case .delivery: "dlv"
                case .team: "team"
                case .marker: "mrk"
                case .stream: "stm"
                case .streamToken: "dst"
                case .tagCatalog: "cat"
                case .unitMetric: "um"
                case .opportunity, .thread: "9"
                case .costImport: CostImportKind.prefix
                case .costView: CostViewKind.prefix
                case .costColumn: "1000000"
                case .request: RequestKind.prefix
                case .oauthClient: OAuthClientKind.prefix
                case .oauthGrant: OAuthGrantKind.prefix
                case .quotaMetric: "metric"
                case .eventType: "noun.happened"
                case .connection: ConnectionKind.prefix
                case .stack: "stk"
                case .plan: "plan"
                case .template: "tpl"
                case .schedule: "sch"
                case .policy: "pol"
                case .instance, .runningInstance, .deletedInstance, .adoptedInstance: InstanceKind.prefix
                case .volume, .deletedVolume, .adoptedVolume, .sourceVolume: VolumeKind.prefix
                case .network, .deletedNetwork, .adoptedNetwork: NetworkKind.prefix
                case .bucket, .deletedBucket, .adoptedBucket: BucketKind.prefix
                case .address, .adoptedAddress, .leasedAddress: AddressKind.prefix
                case .firewall, .deletedFirewall, .adoptedFirewall: FirewallKind.prefix
                case .snapshot, .adoptedSnapshot, .leasedSnapshot: SnapshotKind.prefix
                case .operation, .blockedOperation: OperationKind.prefix
                case .drift, .ignorableDrift, .revertibleDrift: "drf"
                case .discovery: "dsc"
                case .resourceName: "name"
                }
            if self == .opportunity || self == .thread { return "987654321" }
            if self == .costColumn { return prefix }
            return self == .resourceName ? "made-by-name" : prefix + "_01kb0c4q9re5c8v8m3f4t2x7yz"
        }
    }

    subscript(noun: Noun) -> String { ids[noun] ?? "" }

    static func make(of outcome: Setup.Outcome, domain: String, in installation: Installation) async throws -> Estate {
        let session = outcome.sessionToken
        let credentials = try await installation.credentials(of: outcome, member: "mel@\(domain)")
        func made(_ path: String, _ body: JSON) async throws -> Reply {
            try await installation.post(path, as: session, body).expecting(201)
        }
        let project = try await made("/v1/projects", ["name": "Spare"]).text("id")
        let person = try await made("/v1/users", ["email": .string("sam@\(domain)")])
        _ = try await installation.put(
            "/v1/projects/\(project)/members/\(person.text("id"))", as: session, ["role": "viewer"]
        ).expecting(200)
        let again = try await made("/v1/sessions", ["email": .string(outcome.email), "password": .string(outcome.password)])
        let webhook = try await made("/v1/webhooks", ["url": "https://spare.example/", "events": ["spare.*"]]).text("id")
        let test = try await installation.post("/v1/webhooks/\(webhook)/test", as: session).expecting(202)
        let alert = try await made(
            "/v1/alerts",
            [
                "project_id": .string(project), "rule": "resource_count < 0 or spend >= 0", "channel": "slack",
                "action": ["type": "stop", "selector": "spare"],
            ]
        ).text("id")
        _ = try await installation.put("/v1/channels/slack", as: session, ["url": "https://hooks.slack.example/services/spare"])
            .expecting(200)
        let stream = try await made("/v1/streams", ["name": "Spare"])
        let point: JSON = ["timestamp": "2026-03-01", "metric_name": "orders", "metric_value": 1]
        _ = try await installation.post(
            "/streams/ingest", as: session,
            ["data_stream_token": .string(stream.text("data_stream_token")), "metric_agg_func": "Sum", "data": [point]]
        ).expecting(201)
        let bill = try await installation.send(
            .post, "/v1/costs/imports?wait=60s", as: session, Array("spare".utf8), headers: ["Content-Type": "text/csv"]
        ).expecting(202)
        let view = try await made("/v1/cost-views", ["name": "Spare"]).text("id")
        _ = try await made("/v1/cost-columns", ["name": "Spare", "formula": "2 * Public"])
        try await installation.parts.evaluator.evaluate(.anything)
        let team = "team-of-\(outcome.workspace)"
        _ = try await installation.post("/teams", as: session, ["id": .string(team), "name": "Spare"]).expecting(200)
        _ = try await installation.post("/teams/\(team)/members/assign", as: session, ["users_ids": [.string(person.text("id"))]])
            .expecting(200)
        _ = try await installation.post(
            "/events", as: session, ["data": [["timestamp": "2026-01-01", "payload": ["type": "deploy"]]]]
        ).expecting(201)
        let marker = try await installation.get("/v1/markers", as: session).expecting(200).ids.first ?? ""
        let catalog = try await made("/v1/tag-catalogs", ["catalog_key": "spare", "tags": [["key": "team", "value": "x"]]]).text("id")
        let unitMetric = try await made(
            "/v1/unit-metrics", ["name": "Spare", "numerator": ["source": "requests"], "denominator": ["source": "requests"]]
        ).text("id")
        // Numbers count up in each workspace; those of two estates must differ.
        var opportunity: Int64?
        var thread: Int64?
        for record in domain.hasPrefix("home") ? ["first", "second"] : ["first"] {
            opportunity = try await made(
                "/v1/opportunities", ["type": "SPARE", "record_id": .string(record), "monthly_savings": "1"])["id"]?.integer
            thread = try await made("/v1/opportunity-threads", ["name": "Spare"])["id"]?.integer
        }
        let bot = try await made("/v1/oauth/clients", ["name": "Spare bot"])
        let client = try await made("/v1/oauth/clients", ["name": "Spare client"]).text("id")
        let grant = try await installation.grant(of: outcome)
        var live = try await cloud(of: outcome, in: installation, as: session)
        var sandbox = try await cloud(of: outcome, in: installation, as: outcome.testKey)
        live.merge(try await begin(of: outcome, in: installation, as: session)) { one, _ in one }
        sandbox.merge(try await begin(of: outcome, in: installation, as: outcome.testKey)) { one, _ in one }
        return Estate(
            outcome: outcome, credentials: credentials,
            ids: [
                .account: try await made("/v1/accounts", ["name": "Spare"]).text("id"), .project: project, .user: person.text("id"),
                .session: again.text("id"), .key: try await made("/v1/keys", ["project_id": .string(project)]).text("id"),
                .workspaceKey: try await made("/v1/api-keys", ["name": "Spare"]).text("key_id"),
                .token: try await made("/v1/tokens", ["name": "Spare", "scopes": ["*"]]).text("id"),
                .price: try await made(
                    "/v1/prices", ["sku": "instance.spare", "amount": "1", "effective_from": "2099-01-01T00:00:00Z"]
                ).text("id"),
                .budget: try await made(
                    "/v1/budgets", ["name": "Spare", "amount": "1000000", "scope": ["project_id": .string(project)]]
                ).text("id"),
                .webhook: webhook, .delivery: test.text("delivery_id"), .alert: alert, .team: team, .marker: marker, .tagCatalog: catalog,
                .unitMetric: unitMetric, .opportunity: String(opportunity ?? 0), .thread: String(thread ?? 0),
                .stream: stream.text("id"), .streamToken: stream.text("data_stream_token"), .quotaMetric: "volume_gib",
                .eventType: "project.created", .costImport: bill.text("id"), .costView: view, .costColumn: "1",
                .resourceName: Noun.resourceName.madeUp,
                .checkpoint: try await made("/v1/audit/checkpoints", .object([])).text("id"),
                .report: try await made("/v1/compliance/reports", RouteCase.reportPeriod).text("id"),
                .request: again.header("X-Request-Id") ?? "", .oauthClient: client, .oauthGrant: grant,
            ].merging(live) { one, _ in one }, sandbox: sandbox,
            invitation: try await made("/v1/users", ["email": .string("ivy@\(domain)")])["invitation"]?["token"]?.string ?? "",
            oauth: (bot.text("id"), bot.text("client_secret")))
    }
}

extension Installation {
    /// What the workspace's admin has let an application do.
    fileprivate func grant(of outcome: Setup.Outcome) async throws -> String {
        let session = outcome.sessionToken
        let client = try await post(
            "/v1/oauth/clients", as: session, ["name": "Spare app", "type": "public", "redirect_uris": ["https://spare.example/done"]]
        ).expecting(201).text("id")
        let verifier = String(repeating: "v", count: 43)
        let query = "response_type=code&client_id=\(client)&code_challenge=\(CodeChallenge.make(verifier))&code_challenge_method=S256"
        let rights = try await store.read { connection in try UserRights.of(outcome.user, in: outcome.workspace, connection) }
        let caller = Caller(
            workspace: outcome.workspace, mode: .live, credential: .init(kind: .session, id: "sn_spare", project: nil), user: outcome.user,
            scopes: rights?.scopes ?? ScopeSet.none, reach: rights?.reach ?? .projects([:]), profile: .cloudapi)
        let surroundings = place.surroundings
        let location = try await store.write { connection in
            guard case .good(let request) = try AuthorizationRequest.read(query, issuer: "https://issuer.example", connection) else {
                return ""
            }
            let by = Attribution(tenant: caller.tenant, actor: caller.actor, address: nil, request: nil, surroundings: surroundings)
            return try request.grant(by: caller, by, connection)
        }
        let code = location.firstMatch(of: /code=([^&]*)/).map { String($0.1) } ?? ""
        let form = "grant_type=authorization_code&client_id=\(client)&code=\(code)&code_verifier=\(verifier)"
        _ = try await send(
            .post, "/oauth/token", Array(form.utf8), headers: ["Content-Type": "application/x-www-form-urlencoded"]
        ).expecting(200)
        return try await get("/v1/oauth/grants?limit=1", as: session).expecting(200).ids.first ?? ""
    }
}
