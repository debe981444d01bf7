import Kernel
import Server
import Storage
import TestKit
import Testing
import Web

/// Between what is live and the sandbox, seen from both sides.
@Suite struct `The wall between the modes` {
    private static let routes = RouteTable.described.routes.filter { route in
        RouteCase.all[route.name]?.path.contains(where: \.isOfCloud) == true
    }

    @Test func `lets no live credential see what is of the sandbox`() async throws {
        try await Self.inEstate { cloud, estate in
            #expect(Self.routes.count > 20)
            for route in Self.routes {
                let `case` = try #require(RouteCase.all[route.name])
                for secret in [estate.credentials.admin, estate.credentials.workspaceLive, estate.credentials.tokenLive] {
                    let body = `case`.body?(estate)
                    let theirs = try await cloud.call(
                        route.method, route.path(`case`.path.map { estate.sandbox[$0] ?? estate[$0] }) + `case`.suffix(estate), as: secret,
                        body)
                    let madeUp = try await cloud.call(
                        route.method, route.path(`case`.path.map(\.madeUp)) + `case`.suffix(estate), as: secret, body)
                    #expect(theirs.status == 404 && theirs.unmarked == madeUp.unmarked, "\(route.name): \(theirs.text)")
                }
            }
        }
    }

    @Test func `lets a test credential do everything on its own side, and nothing but the simulator does it`() async throws {
        try await Self.inEstate { cloud, estate in
            let sandbox = estate.inSandbox
            let before = try await cloud.liveObjects()
            for route in Route.inHarmlessOrder(Self.routes) {
                let `case` = try #require(RouteCase.all[route.name])
                let reply = try await cloud.request(route, `case`, of: sandbox, as: estate.credentials.workspaceTest)
                #expect(`case`.isForPeople ? reply.code == "forbidden" : reply.status < 300, "\(route.name): \(reply.text)")
            }
            try await cloud.settle()
            let after = try await cloud.liveObjects()
            #expect(Set(before).isSubset(of: after) && after.count == before.count + 1, "the live operation that ran has made its own")
            let docker: JSON = ["name": "real", "provider": "docker", "settings": ["endpoint": "unix:///var/run/docker.sock"]]
            for secret in [estate.credentials.workspaceTest, estate.credentials.tokenTest] {
                let refused = try await cloud.post("/v1/connections", as: secret, docker)
                #expect(refused.status == 422 && refused["errors"]?.array?.first?["code"] == "test_mode", "\(refused.text)")
            }
            let providers = try await cloud.get("/v1/connections?limit=100", as: estate.credentials.workspaceTest).items
            #expect(!providers.isEmpty && providers.allSatisfy { $0["provider"] == "simulator" })
        }
    }

    @Test func `parts every list: each side has its own, and nothing else`() async throws {
        try await Self.inEstate { cloud, estate in
            for list in [
                "connections", "instances", "volumes", "networks", "buckets", "ips", "firewalls", "snapshots", "resources", "operations",
            ] {
                let path = "/v1/\(list)?limit=100"
                let live = Set(try await cloud.get(path, as: estate.credentials.workspaceLive).expecting(200).ids)
                let test = Set(try await cloud.get(path, as: estate.credentials.workspaceTest).expecting(200).ids)
                #expect(!live.isEmpty && !test.isEmpty && live.isDisjoint(with: test), "\(list)")
            }
            let path = "/v1/operations?limit=100&resource="
            #expect(try await cloud.get(path + estate[.instance], as: estate.credentials.workspaceTest).expecting(200).items.isEmpty)
            #expect(!(try await cloud.get(path + estate[.instance], as: estate.credentials.workspaceLive).expecting(200).items.isEmpty))
        }
    }

    @Test func `a credential that may read no kind of resource gets no list of all kinds, and of one kind only that`() async throws {
        try await Self.inEstate { cloud, estate in
            func token(_ scopes: [JSON]) async throws -> String {
                try await cloud.post("/v1/tokens", as: estate.credentials.admin, ["name": "x", "scopes": .array(scopes)]).expecting(201)
                    .text("token")
            }
            let none = try await token(["projects:read"])
            for path in ["/v1/resources", "/v1/resources/" + estate[.volume]] {
                let refused = try await cloud.get(path, as: none)
                #expect(refused.status == 403 && refused.code == "insufficient_scope", "\(path)")
            }
            let volumes = try await token(["volumes:read"])
            let seen = try await cloud.get("/v1/resources?limit=100", as: volumes).expecting(200).items
            #expect(!seen.isEmpty && seen.allSatisfy { $0["kind"] == "volume" })
            _ = try await cloud.get("/v1/resources/" + estate[.volume], as: volumes).expecting(200)
            let other = try await cloud.get("/v1/resources/" + estate[.instance], as: volumes)
            #expect(other.status == 403 && other.text("required_scope") == "instances:read")
        }
    }

    private static func inEstate(_ body: @escaping @Sendable (Installation, Estate) async throws -> Void) async throws {
        try await Installation.run { cloud in
            try await body(cloud, try await Estate.make(of: cloud.home, domain: "home.example", in: cloud))
        }
    }
}

extension Estate {
    /// The same estate, with what the sandbox has in place of what is live.
    fileprivate var inSandbox: Estate {
        Estate(
            outcome: outcome, credentials: credentials, ids: ids.merging(sandbox) { $1 }, sandbox: sandbox, invitation: invitation,
            oauth: oauth)
    }
}

extension Installation {
    /// What the simulated provider has of the live side, and how it is, as the provider says.
    fileprivate func liveObjects() async throws -> [String] {
        try await store.read { connection in
            try connection.rows(
                """
                SELECT reference || ' ' || COALESCE(power, '') || ' ' || COALESCE(size_gib, 0) FROM simulator_objects
                WHERE mode = 'live' ORDER BY reference
                """
            ) { $0.text(0) }
        }
    }
}
