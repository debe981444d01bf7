import Kernel
import Server
import TestKit
import Testing
import Web

/// What the calls of the Cloudthread API have in common, seen on those there are.
@Suite struct `The Cloudthread surface` {
    private static let routes = RouteTable.described.routes.filter { $0.surface == .cloudthread }

    @Test func `is served at the root, under /api and under /cloudthread, however many slashes there are`() async throws {
        try await Installation.run { cloud in
            let paths = [
                "/users", "/users/", "//users", "/api/users", "/api//users/", "/cloudthread/users", "/cloudthread/api/users",
                "/cloudthread//api/users//", "/users?unheard=of&x",
            ]
            for path in paths {
                let reply = try await cloud.get(path, headers: ["X-API-KEY": cloud.home.liveKey])
                #expect(reply.status == 200, "\(path): \(reply.text)")
                #expect(reply.json.array?.count == 1)
                #expect(reply.json.array?.first?.members?.map(\.name) == ["id", "email", "name"])
            }
            for path in ["/cloudapi/users", "/cloudplatform/users", "/api/v1/users", "/cloudthread/v1/users", "/api/cloudthread/users"] {
                #expect(try await cloud.get(path, as: cloud.home.liveKey).status == 404, "\(path)")
            }
            let wrong = try await cloud.put("/cloudthread/api/users", as: cloud.home.liveKey)
            #expect(wrong.status == 405 && wrong.header("Allow")?.hasPrefix("GET") == true)
        }
    }

    @Test func `has one answer for every credential that is not good, before anything else is looked at`() async throws {
        try await Installation.run { cloud in
            let unknown = Secret.make(.workspaceLive, randomBytes: [UInt8](repeating: 9, count: 32))
            let key = try await cloud.post("/v1/api-keys", as: cloud.home.liveKey, ["name": "x"]).expecting(201)
            _ = try await cloud.delete("/v1/keys/" + key.text("key_id"), as: cloud.home.liveKey).expecting(200)
            for route in Self.routes {
                let path = route.path(route.parameterNames.map { _ in "nothing" }) + "?amortization=maybe"
                let missing = try await cloud.send(route.method, path, Array("{".utf8))
                #expect(missing.status == 401 && missing.header("WWW-Authenticate") == "Bearer", "\(route.name)")
                for secret in ["", "nonsense", unknown, key.text("key")] {
                    let reply = try await cloud.send(route.method, path, Array("{".utf8), headers: ["x-api-key": secret])
                    #expect(reply.status == 401 && reply.unmarked == missing.unmarked, "\(route.name): \(reply.text)")
                    #expect(reply.header("WWW-Authenticate") == "Bearer")
                }
            }
        }
    }

    @Test func `answers every mistake in a request with 400, and a lacking scope with 403`() async throws {
        try await Installation.run { cloud in
            let narrow = try await cloud.post("/v1/tokens", as: cloud.home.liveKey, ["name": "x", "scopes": ["projects:read"]])
            for route in Self.routes {
                let path = route.path(route.parameterNames.map { _ in "nothing" })
                let refused = try await cloud.send(route.method, path, as: narrow.text("token"), Array("{".utf8))
                #expect(refused.status == 403 && refused.code == "insufficient_scope", "\(route.name): \(refused.text)")
                guard route.body.schema != nil else { continue }
                for body in ["{", "[]", "7", "null"] {
                    let reply = try await cloud.send(route.method, path, as: cloud.home.liveKey, Array(body.utf8))
                    #expect([400, 404].contains(reply.status), "\(route.name) took \(body): \(reply.text)")
                    #expect(ProblemWriter.schema.violations(in: reply.json) == [], "\(reply.text)")
                }
                let huge = [UInt8](repeating: UInt8(ascii: " "), count: Surface.cloudthreadBodyLimit + 1)
                #expect(try await cloud.send(route.method, path, as: cloud.home.liveKey, huge).status == 413, "\(route.name)")
            }
        }
    }

    @Test func `is described under names of its own`() {
        let names = Self.routes.map(\.givenOperationID)
        #expect(!names.isEmpty && Set(names).count == names.count && !names.contains(nil))
        for route in Self.routes {
            #expect(!route.path.hasPrefix("/v1"))
            #expect(!route.possibleProblems.contains { [415, 422].contains($0.status) && $0 != .idempotencyKeyReused }, "\(route.name)")
        }
    }
}
