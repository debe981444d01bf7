import Kernel
import Server
import Storage
import TestKit
import Testing
import Web

/// Walks the route table, so that a route added tomorrow is tested tomorrow.
@Suite struct `Every route` {
    private static let routes = RouteTable.described.routes
    private static let closed = routes.filter(\.needsCredential)

    @Test func `has a case in these walks, and every case a route`() {
        #expect(Set(Self.routes.map(\.name)) == Set(RouteCase.all.keys))
        for route in Self.routes { #expect(route.parameterNames.count == RouteCase.all[route.name]?.path.count, "\(route.name)") }
    }

    @Test func `asks for a credential, and says how`() async throws {
        try await Self.inEstate { cloud, estate in
            for route in Self.closed {
                let reply = try await cloud.request(route, #require(RouteCase.all[route.name]), of: estate, as: nil)
                let code = route.surface == .cloudthread ? "credential_invalid" : "credential_missing"
                #expect(reply.status == 401 && reply.code == code, "\(route.name)")
                #expect(reply.header("WWW-Authenticate") == "Bearer", "\(route.name)")
            }
        }
    }

    @Test func `refuses a credential that is malformed, unknown, or almost right`() async throws {
        try await Self.inEstate { cloud, estate in
            let right = estate.outcome.liveKey
            let unknown = Secret.make(.workspaceLive, randomBytes: [UInt8](repeating: 9, count: 32))
            let near = [String(right.dropLast()), right + "A", String(right.dropLast()) + (right.hasSuffix("a") ? "b" : "a")]
            for route in Self.closed {
                for secret in ["nonsense", unknown, estate.invitation] + near {
                    let reply = try await cloud.request(route, #require(RouteCase.all[route.name]), of: estate, as: secret)
                    #expect(reply.status == 401 && reply.code == "credential_invalid", "\(route.name)")
                    #expect(reply.header("WWW-Authenticate")?.hasPrefix("Bearer") == true, "\(route.name)")
                }
            }
        }
    }

    @Test func `refuses a credential that lacks its scope, and names the scope`() async throws {
        try await Self.inEstate { cloud, estate in
            for route in Self.closed {
                cloud.clock.advance(seconds: 10)  // the session that makes the tokens has its rate limit too
                let `case` = try #require(RouteCase.all[route.name])
                cloud.clock.advance(seconds: 5)  // there are more routes than requests a minute
                switch route.access {
                case .scope(let scope):
                    let others = Scope.allCases.filter { $0 != scope }.map { JSON.string($0.rawValue) }
                    let token = try await cloud.post("/v1/tokens", as: estate.credentials.admin, ["name": "x", "scopes": .array(others)])
                    let reply = try await cloud.request(route, `case`, of: estate, as: token.text("token"))
                    #expect(reply.status == 403 && reply.code == "insufficient_scope", "\(route.name)")
                    #expect(reply.text("required_scope") == scope.rawValue, "\(route.name)")
                    #expect(reply.header("WWW-Authenticate")?.contains("scope=\"\(scope.rawValue)\"") == true, "\(route.name)")
                case .session:
                    let reply = try await cloud.request(route, `case`, of: estate, as: estate.outcome.liveKey)
                    #expect(reply.status == 403 && reply.code == "session_required", "\(route.name)")
                case .open, .authenticated: break
                }
            }
        }
    }

    @Test func `answers another tenant's ids exactly like ids that were never made, and changes nothing`() async throws {
        try await Self.inEstate { cloud, estate in
            let stranger = try await Estate.make(of: try await cloud.makeWorkspace(), domain: "elsewhere.example", in: cloud)
            let before = try await cloud.eventCount(in: estate)
            for route in Self.closed {
                cloud.clock.advance(seconds: 1)  // a session has its rate limit too
                let `case` = try #require(RouteCase.all[route.name])
                if !`case`.path.isEmpty {
                    try await Self.expectNoDifference(cloud, route, `case`, `case`.path.map { estate[$0] }, as: stranger)
                }
                for reference in `case`.references {
                    let theirs = try await cloud.refer(route, `case`, reference, to: estate[reference.noun], of: stranger)
                    let madeUp = try await cloud.refer(route, `case`, reference, to: reference.noun.madeUp, of: stranger)
                    #expect(theirs.status == madeUp.status)
                    #expect(
                        theirs.unmarked(of: estate[reference.noun]) == madeUp.unmarked(of: reference.noun.madeUp),
                        "\(route.name): \(theirs.text)")
                    #expect(theirs.status >= 400 || theirs.items.isEmpty, "\(route.name): \(theirs.text)")
                }
            }
            #expect(try await cloud.eventCount(in: estate) == before)
        }
    }

    /// A member of a workspace's project is as foreign in the other workspace: each parameter of a path by itself.
    private static func expectNoDifference(
        _ cloud: Installation, _ route: Route, _ case: RouteCase, _ foreign: [String], as stranger: Estate
    ) async throws {
        let own = `case`.path.map { stranger[$0] }
        for place in `case`.path.indices where `case`.path[place].isID {
            var theirs = own
            theirs[place] = foreign[place]
            var madeUp = own
            madeUp[place] = `case`.path[place].madeUp
            let body = `case`.body?(stranger)
            let one = try await cloud.call(route.method, route.path(theirs) + `case`.suffix(stranger), as: stranger.credentials.admin, body)
            let other = try await cloud.call(
                route.method, route.path(madeUp) + `case`.suffix(stranger), as: stranger.credentials.admin, body)
            #expect(one.status == 404 && one.code == "not_found", "\(route.name): \(one.text)")
            #expect(one.unmarked == other.unmarked, "\(route.name)")
        }
    }

    @Test func `shows nothing live to the sandbox, exactly like ids that were never made`() async throws {
        try await Self.inEstate { cloud, estate in
            for route in Self.closed where RouteCase.all[route.name]?.path.contains(where: \.hasMode) == true {
                cloud.clock.advance(seconds: 10)  // test keys have their rate limit too
                let `case` = try #require(RouteCase.all[route.name])
                cloud.clock.advance(seconds: 5)
                for secret in [estate.credentials.workspaceTest, estate.credentials.tokenTest, estate.credentials.projectTest] {
                    let body = `case`.body?(estate)
                    let live = try await cloud.call(
                        route.method, route.path(`case`.path.map { estate[$0] }) + `case`.suffix(estate), as: secret, body)
                    let madeUp = try await cloud.call(
                        route.method, route.path(`case`.path.map(\.madeUp)) + `case`.suffix(estate), as: secret, body)
                    #expect(live.status == madeUp.status && live.unmarked == madeUp.unmarked, "\(route.name): \(live.text)")
                    #expect([403, 404].contains(live.status), "\(route.name): \(live.text)")
                }
            }
            for list in ["/v1/keys", "/v1/api-keys", "/v1/tokens"] {
                let seen = try await cloud.get(list + "?limit=100", as: estate.credentials.workspaceTest).items
                #expect(!seen.isEmpty && seen.allSatisfy { $0["mode"]?.string == "test" }, "\(list)")
            }
        }
    }

    private static func inEstate(_ body: @escaping @Sendable (Installation, Estate) async throws -> Void) async throws {
        try await Installation.run { cloud in
            try await body(cloud, try await Estate.make(of: cloud.home, domain: "home.example", in: cloud))
        }
    }
}

extension Reply {
    /// `unmarked`, without the id that was asked for: an answer may say it back.
    fileprivate func unmarked(of id: String) -> String { String(decoding: unmarked.canonicalBytes, as: UTF8.self).replacing(id, with: "…") }
}

extension Installation {
    fileprivate func refer(
        _ route: Route, _ case: RouteCase, _ reference: RouteCase.Reference, to id: String, of estate: Estate
    ) async throws -> Reply {
        let path = route.path(`case`.path.map { estate[$0] }) + (reference.query.map { "?" + $0(id) } ?? "")
        return try await call(route.method, path, as: estate.credentials.admin, reference.body?(id, estate))
    }

    fileprivate func eventCount(in estate: Estate) async throws -> Int {
        try await store.read { connection in
            try connection.row("SELECT COUNT(*) FROM events WHERE workspace = ?", estate.outcome.workspace) { try $0.get(0) } ?? 0
        }
    }
}
