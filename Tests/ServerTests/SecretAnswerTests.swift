import Kernel
import Server
import TestKit
import Testing

/// Answers that show a secret once, and what stays of them.
@Suite struct `An answer that shows a secret` {
    private static let makers: [@Sendable (Installation, String) async throws -> (secret: String, reply: Reply)] = [
        { cloud, key in
            let body: JSON = ["project_id": .string(cloud.home.project.rawValue)]
            let reply = try await cloud.post("/v1/keys", as: cloud.home.sessionToken, body, headers: ["Idempotency-Key": key])
            return (reply.text("key"), reply)
        },
        { cloud, key in
            let reply = try await cloud.post("/v1/api-keys", as: cloud.home.sessionToken, ["name": "x"], headers: ["Idempotency-Key": key])
            return (reply.text("key"), reply)
        },
        { cloud, key in
            let body: JSON = ["name": "x", "scopes": ["*"]]
            let reply = try await cloud.post("/v1/tokens", as: cloud.home.sessionToken, body, headers: ["Idempotency-Key": key])
            return (reply.text("token"), reply)
        },
        { cloud, key in
            let id = try await cloud.get("/v1/ping", as: cloud.home.liveKey)["credential"]?["id"]?.string ?? ""
            let reply = try await cloud.post("/v1/api-keys/\(id)/rotation", as: cloud.home.sessionToken, headers: ["Idempotency-Key": key])
            return (reply.text("key"), reply)
        },
        { cloud, key in
            let reply = try await cloud.post(
                "/v1/users", as: cloud.home.sessionToken, ["email": "x@home.example"], headers: ["Idempotency-Key": key])
            return (reply["invitation"]?["token"]?.string ?? "", reply)
        },
        { cloud, key in
            let session = cloud.home.sessionToken
            let simulator: JSON = ["name": "sim", "provider": "simulator", "settings": ["latency_ms": 0]]
            _ = try await cloud.post("/v1/connections", as: session, simulator)  // there is one the second time
            _ = try await cloud.put("/v1/networks/lan", as: session, ["project_id": .string(cloud.home.project.rawValue)])
            let reply = try await cloud.post("/v1/networks/lan/lease", as: session, headers: ["Idempotency-Key": key])
            return (reply.text("nonce"), reply)
        },
    ]

    @Test func `shows it again to the same secret, and to no other one of the same person`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.post(
                "/v1/sessions", ["email": .string(cloud.home.email), "password": .string(cloud.home.password)]
            ).text("token")
            let body: JSON = ["name": "x"]
            let headers = ["Idempotency-Key": "k1"]
            let first = try await cloud.post("/v1/api-keys", as: cloud.home.sessionToken, body, headers: headers).expecting(201)
            let again = try await cloud.post("/v1/api-keys", as: cloud.home.sessionToken, body, headers: headers).expecting(201)
            #expect(again.bytes == first.bytes && again.header("Idempotent-Replayed") == "true")
            let sealed = try await cloud.post("/v1/api-keys", as: other, body, headers: headers)
            #expect(sealed.status == 409 && sealed.code == "idempotency_sealed")
        }
    }

    @Test func `is repeated for each call that makes one`() async throws {
        try await Installation.run { cloud in
            for (number, make) in Self.makers.enumerated() {
                let first = try await make(cloud, "k\(number)")
                let second = try await make(cloud, "k\(number)")
                #expect(!first.secret.isEmpty && first.reply.status == 201)
                #expect(second.reply.bytes == first.reply.bytes, "\(number)")
            }
        }
    }

    @Test(.enabled(if: TestEngine.isSQLite, "PostgreSQL's files lie elsewhere")) func `leaves nothing on disk that gives access`()
        async throws
    {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let secrets = try await Installation.open(in: place, home: home) { cloud in
                var secrets = [home.password, home.sessionToken, home.liveKey, home.testKey, home.projectKey]
                for (number, make) in Self.makers.enumerated() {
                    secrets.append(try await make(cloud, "k\(number)").secret)
                    secrets.append(try await make(cloud, "k\(number)").secret)
                }
                let member = try await cloud.makeMember("mel@home.example", of: home, role: "viewer")
                #expect(try place.fileBytes().contains("x@home.example"), "the files are looked into while the server runs")
                for secret in secrets + [member.session] { #expect(try !place.fileBytes().contains(secret), "\(secret.prefix(8))") }
                return secrets + [member.session]
            }
            for secret in secrets {
                #expect(secret.count >= 20)
                #expect(try !place.fileBytes().contains(secret), "\(secret.prefix(8))")
                #expect(try !place.fileBytes().contains(String(secret.dropFirst(4).dropLast(6))), "\(secret.prefix(8))")
            }
        }
    }
}
