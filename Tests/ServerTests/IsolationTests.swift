import HTTPTypes
import Kernel
import Metering
import Server
import Storage
import TestKit
import Testing
import Web

@Suite struct `Two workspaces on one server` {
    /// Random requests of every kind, by every credential of both, about their own things, each other's and nobody's.
    @Test(arguments: [UInt64(1), 2, 3])
    func `never see each other, nor the sandbox what is live, whatever is asked in whatever order`(seed: UInt64) async throws {
        try await Installation.run { cloud in
            var world = try await World(cloud, seed: seed)
            for _ in 0..<350 { try await world.step() }
            #expect(world.succeeded > 100, "most of what was asked should have been possible")
            try await world.expectWholeChains()
            try await world.expectEveryRequestCountedOnce()
        }
    }
}

/// Both workspaces, and who owns which id.
private struct World {
    let cloud: Installation
    var generator: SeededGenerator
    let sides: [Side]
    var owners: [String: Owner] = [:]
    var admitted: [Tenant: Int] = [:]
    var succeeded = 0

    struct Side {
        let estate: Estate
        let domain: String
        /// The ids without which nothing more could be asked.
        let protected: Set<String>
        var workspace: WorkspaceID { estate.outcome.workspace }
    }

    struct Owner {
        let workspace: WorkspaceID
        /// Of credentials alone.
        let mode: Mode?
    }

    /// A request, and by whom.
    struct Step {
        let side: Side
        let secret: String
        let route: Route
        let ids: [String]
        let body: JSON?
        let query: String
        /// Whether the answer waits for a simulator, which takes its time in a sandbox that was reset.
        var asksProvider: Bool {
            route.path.hasPrefix("/v1/connections") && route.isWrite || route.path.hasSuffix("/metrics") || route.path.hasSuffix("/logs")
        }
        var text: String { ids.joined(separator: " ") + query + String(decoding: body?.canonicalBytes ?? [], as: UTF8.self) }
    }

    init(_ cloud: Installation, seed: UInt64) async throws {
        self.cloud = cloud
        generator = SeededGenerator(seed: seed)
        var sides: [Side] = []
        for (outcome, domain) in [(cloud.home, "home.example"), (try await cloud.makeWorkspace(), "elsewhere.example")] {
            let estate = try await Estate.make(of: outcome, domain: domain, in: cloud)
            var protected: Set = [outcome.user.rawValue, outcome.project.rawValue, estate.credentials.memberID]
            for (_, secret) in estate.credentials.all {
                protected.insert(try await cloud.get("/v1/ping", as: secret)["credential"]?["id"]?.string ?? "")
            }
            sides.append(Side(estate: estate, domain: domain, protected: protected))
        }
        self.sides = sides
        try await cloud.parts.counter.flush()
        try await cloud.store.write { _ = try $0.execute("DELETE FROM request_minutes") }
        try await learn()
    }

    // MARK: A step

    mutating func step() async throws {
        let step = draw()
        let mode: Mode =
            step.secret.hasPrefix("pk_test_") || step.secret.hasPrefix("sk_test_") || step.secret == step.side.estate.credentials.tokenTest
            ? .test : .live
        let mount = step.route.surface.mounts.randomElement(using: &generator) ?? .bare
        var headers: [String: String] = [:]
        if Int.random(in: 0..<4, using: &generator) == 0 { headers["Idempotency-Key"] = "k\(Int.random(in: 0..<4, using: &generator))" }
        let path = mount.rawValue + step.route.path(step.ids) + step.query
        let call = { @Sendable [cloud, headers] in
            try await cloud.call(step.route.method, path, as: step.secret, step.body, headers: headers)
        }
        let reply = try await step.asksProvider ? cloud.moving(call) : call()
        if step.route.needsCredential, ![401, 429].contains(reply.status) {
            admitted[Tenant(workspace: step.side.workspace, mode: mode), default: 0] += 1
        }
        if reply.status < 300 { succeeded += 1 }
        #expect(reply.status < 500, "\(step.route.name): \(reply.text)")
        let isSettled = Int.random(in: 0..<8, using: &generator) == 0
        if isSettled { try await cloud.settle(within: 60) }
        if isSettled || step.route.isWrite || step.route.path.hasPrefix("/v1/audit") { try await learn() }
        check(reply, to: step, in: mode)
        cloud.clock.advance(milliseconds: .random(in: 0...50, using: &generator))
    }

    private func check(_ reply: Reply, to step: Step, in mode: Mode) {
        let sent = Set(Self.ids(in: step.text))
        let isForeign = step.ids.contains { owners[$0].map { $0.workspace != step.side.workspace } ?? false }
        #expect(!isForeign || reply.status >= 400, "\(step.route.name) took a foreign id")
        let isExample = { (id: String) in id.hasSuffix(Estate.Noun.user.madeUp.dropFirst(3)) }
        for id in Self.ids(in: reply.text) where !id.hasPrefix("req_") && !sent.contains(id) && !isExample(id) {
            guard let owner = owners[id] else {
                Issue.record("\(step.route.name) answered \(id), which is nobody's")
                continue
            }
            #expect(owner.workspace == step.side.workspace, "\(step.route.name) showed \(id) of another workspace")
            #expect(mode == .live || owner.mode != .live, "\(step.route.name) showed \(id), which is live, to the sandbox")
            guard !Self.isCredential(id) else { continue }
            #expect(mode == .test || owner.mode != .test, "\(step.route.name) showed \(id) of the sandbox to the live side")
        }
        for other in sides where other.workspace != step.side.workspace && !step.text.contains(other.domain) {
            #expect(!reply.text.contains(other.domain), "\(step.route.name) showed an address of another workspace")
        }
    }

    // MARK: Drawing

    private mutating func draw() -> Step {
        let side = sides.randomElement(using: &generator)!  // there are two
        let secret = side.estate.credentials.all.randomElement(using: &generator)!.secret  // there are eight
        while true {
            let route = RouteTable.described.routes.randomElement(using: &generator)!  // there are some
            if route.path.hasSuffix("/reset"), Int.random(in: 0..<10, using: &generator) > 0 { continue }
            guard let `case` = RouteCase.all[route.name] else { continue }
            let ids = `case`.path.map { id(of: $0, for: side) }
            let removes = route.method == .delete || route.path.hasSuffix("rotation") || route.method == .patch
            if removes, ids.contains(where: side.protected.contains) { continue }
            let (body, query) = content(of: route, `case`, for: side)
            return Step(side: side, secret: secret, route: route, ids: ids, body: body, query: query)
        }
    }

    private mutating func id(of noun: Estate.Noun, for side: Side) -> String {
        let prefix = String(noun.madeUp.prefix { $0 != "_" }) + "_"
        let wantsOwn = Int.random(in: 0..<10, using: &generator) < 6
        let candidates = owners.filter { $0.key.hasPrefix(prefix) && ($0.value.workspace == side.workspace) == wantsOwn }.keys.sorted()
        return Int.random(in: 0..<10, using: &generator) == 0 ? noun.madeUp : candidates.randomElement(using: &generator) ?? noun.madeUp
    }

    private mutating func content(of route: Route, _ case: RouteCase, for side: Side) -> (JSON?, query: String) {
        if route.name == "POST /v1/users" {
            return (["email": .string("p\(UInt32.random(in: 0...500, using: &generator))@\(side.domain)")], "")
        }
        if let reference = `case`.references.randomElement(using: &generator), Bool.random(using: &generator) {
            let id = id(of: reference.noun, for: side)
            return (reference.body?(id, side.estate), reference.query.map { "?" + $0(id) } ?? "")
        }
        let isList = route.query.contains { $0.name == "per_page" }
        let queries = isList ? ["", "?limit=100", "?per_page=3&page=2", "?sort=-created_at&limit=2"] : [""]
        return (`case`.body?(side.estate), queries.randomElement(using: &generator) ?? "")
    }

    // MARK: What is true

    /// Adds what the database holds now; what is gone keeps its owner.
    private mutating func learn() async throws {
        let found = try await cloud.store.read { connection in
            let withMode = [
                "credentials", "prices", "budgets", "connections", "resources", "operations", "stacks", "stack_plans", "stack_runs",
                "stack_templates", "schedules", "policies", "webhook_endpoints", "webhook_deliveries",
                "webhook_replays", "audit_checkpoints", "compliance_reports", "alerts", "alert_changes", "alert_deeds",
                "streams", "cost_views", "cost_imports", "cost_columns", "unit_metrics", "tag_catalogs", "markers", "oauth_clients",
                "oauth_grants", "drifts", "discoveries",
            ]
            return try (["accounts", "projects", "users", "sessions", "events", "workspaces"] + withMode).flatMap { table in
                let workspace = table == "workspaces" ? "id" : "workspace"
                let mode = withMode.contains(table) ? "mode" : "NULL"
                return try connection.rows("SELECT id, \(workspace), \(mode) FROM \(table)") { row in
                    try (row.get(0, as: String.self), Owner(workspace: row.get(1), mode: row.get(2, as: Mode?.self)))
                }
            }
        }
        for (id, owner) in found { owners[id] = owner }
    }

    /// The live side manages the keys and tokens of both.
    private static func isCredential(_ id: String) -> Bool { ["key_", "tok_", "ocl_", "ogr_"].contains { id.hasPrefix($0) } }

    private static func ids(in text: String) -> [String] {
        text.matches(of: /[a-z]+_[0-9a-hjkmnp-tv-z]{26}/).map { String($0.output) }
    }

    func expectWholeChains() async throws {
        for tenant in try await cloud.store.read({ try EventLog.tenants($0) }) {
            _ = try await cloud.store.scan { try ChainVerifier.verify(tenant, $0) }
            let rows = try await cloud.store.read { try EventLog.events(in: tenant, after: 0, limit: 10_000, $0) }
            for id in rows.flatMap({ Self.ids(in: String(decoding: $0.canonical, as: UTF8.self)) }) {
                #expect(owners[id]?.workspace ?? tenant.workspace == tenant.workspace, "the log of \(tenant) names \(id)")
            }
        }
    }

    func expectEveryRequestCountedOnce() async throws {
        try await cloud.parts.counter.flush()
        for (tenant, expected) in admitted {
            let counted = try await cloud.store.read { connection in
                try connection.row(
                    "SELECT SUM(requests) FROM request_minutes WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode
                ) { try $0.get(0, as: Int.self) }
            }
            #expect(counted == expected, "\(tenant)")
        }
    }
}
