import Kernel
import Metering
import Server
import TestKit
import Testing

@Suite struct `API keys` {
    @Test func `are made by a signed-in person, shown once, and work at once`() async throws {
        try await Installation.run { cloud in
            let made = try await cloud.makeKey(["name": "CI"]).expecting(201)
            let secret = made.text("key")
            #expect(secret.hasPrefix("sk_live_") && secret.hasSuffix(made.text("last_four")) && made.text("prefix") == "sk_live_")
            #expect(made.header("Location") == "/v1/keys/" + made.text("id"))
            #expect(made["scopes"] == ["*"] && made["rate_limit_per_minute"] == 120 && made["expires_at"] == .null)
            #expect(try await cloud.get("/v1/projects", as: secret).ids == [cloud.home.project.rawValue])
            let shown = try await cloud.get("/v1/keys/" + made.text("id"), as: cloud.home.sessionToken).expecting(200)
            #expect(shown["key"] == nil && !shown.text.contains(secret))
            let list = try await cloud.get("/v1/keys", as: cloud.home.sessionToken)
            #expect(list.ids.contains(made.text("id")) && !list.text.contains(secret))
        }
    }

    @Test func `of a project see that project and nothing else`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.post("/v1/projects", as: cloud.home.sessionToken, ["name": "Other"]).expecting(201).text("id")
            #expect(try await cloud.get("/v1/projects/" + other, as: cloud.home.projectKey).code == "not_found")
            #expect(try await cloud.get("/v1/projects", as: cloud.home.projectKey).ids == [cloud.home.project.rawValue])
            #expect(try await cloud.post("/v1/projects", as: cloud.home.projectKey, ["name": "x"]).code == "forbidden")
            #expect(try await cloud.post("/v1/api-keys", as: cloud.home.projectKey, ["name": "x"]).code == "forbidden")
            #expect(try await cloud.patch("/v1/workspace", as: cloud.home.projectKey, ["name": "x"]).code == "forbidden")
            #expect(try await cloud.get("/v1/api-keys", as: cloud.home.projectKey).ids == [])
        }
    }

    @Test func `of test mode begin with another prefix, have a lower limit, and never reach live keys`() async throws {
        try await Installation.run { cloud in
            let test = try await cloud.makeKey(["mode": "test"]).expecting(201)
            #expect(test.text("key").hasPrefix("sk_test_") && test["rate_limit_per_minute"] == 60)
            let live = try await cloud.makeKey([:]).expecting(201).text("id")
            for secret in [test.text("key"), cloud.home.testKey] {
                #expect(try await cloud.get("/v1/keys/" + live, as: secret).code == "not_found")
                #expect(try await cloud.delete("/v1/keys/" + live, as: secret).code == "not_found")
                #expect(try await cloud.post("/v1/keys/\(live)/rotation", as: secret).code == "not_found")
            }
            #expect(try await cloud.post("/v1/api-keys", as: cloud.home.testKey, ["name": "x", "mode": "live"]).code == "forbidden")
            let own = try await cloud.post("/v1/api-keys", as: cloud.home.testKey, ["name": "x"]).expecting(201)
            #expect(own.text("mode") == "test" && own.text("key").hasPrefix("pk_test_"))
        }
    }

    @Test func `are revoked for the very next request, for good, and twice is once`() async throws {
        try await Installation.run { cloud in
            let made = try await cloud.makeKey([:]).expecting(201)
            let path = "/v1/keys/" + made.text("id")
            #expect(try await cloud.get("/v1/ping", as: made.text("key")).status == 200)
            let first = try await cloud.delete(path, as: cloud.home.sessionToken).expecting(200)
            #expect(first.json == ["id": .string(made.text("id")), "revoked": true])
            #expect(try await cloud.get("/v1/ping", as: made.text("key")).code == "credential_invalid")
            #expect(try await cloud.delete(path, as: cloud.home.sessionToken).bytes == first.bytes)
            #expect(try await cloud.get(path, as: cloud.home.sessionToken)["revoked"] == true)
            #expect(try await cloud.post(path + "/rotation", as: cloud.home.sessionToken).code == "conflict")
        }
    }

    @Test func `may revoke themselves and, with the scope, others of their project`() async throws {
        try await Installation.run { cloud in
            let one = try await cloud.makeKey([:]).expecting(201)
            let other = try await cloud.makeKey([:]).expecting(201)
            #expect(try await cloud.delete("/v1/keys/" + other.text("id"), as: one.text("key")).status == 200)
            #expect(try await cloud.delete("/v1/keys/" + one.text("id"), as: one.text("key")).status == 200)
            #expect(try await cloud.get("/v1/ping", as: one.text("key")).status == 401)
            let reader = try await cloud.makeKey(["scopes": ["keys:read"]]).expecting(201)
            #expect(try await cloud.delete("/v1/keys/" + reader.text("id"), as: reader.text("key")).code == "insufficient_scope")
        }
    }

    @Test func `take every token made with them along`() async throws {
        try await Installation.run { cloud in
            let key = try await cloud.makeKey([:]).expecting(201)
            let token = try await cloud.makeToken(["*"], as: key.text("key")).text("token")
            let grandchild = try await cloud.makeToken(["projects:read"], as: token).text("token")
            #expect(try await cloud.get("/v1/projects", as: grandchild).status == 200)
            _ = try await cloud.delete("/v1/keys/" + key.text("id"), as: cloud.home.sessionToken).expecting(200)
            for secret in [token, grandchild] { #expect(try await cloud.get("/v1/projects", as: secret).code == "credential_invalid") }
        }
    }

    @Test func `rotate without a gap: both secrets work until the overlap ends, to the millisecond`() async throws {
        try await Installation.run { cloud in
            let old = try await cloud.makeKey([:]).expecting(201)
            let new = try await cloud.post(
                "/v1/keys/\(old.text("id"))/rotation", as: cloud.home.sessionToken, ["overlap_seconds": 600]
            ).expecting(201)
            #expect(new.text("id") == old.text("id") && new.text("key") != old.text("key"))
            cloud.clock.advance(milliseconds: 599_999)
            for secret in [old, new] { #expect(try await cloud.get("/v1/ping", as: secret.text("key")).status == 200) }
            cloud.clock.advance(milliseconds: 1)
            #expect(try await cloud.get("/v1/ping", as: old.text("key")).code == "credential_invalid")
            #expect(try await cloud.get("/v1/ping", as: new.text("key")).status == 200)
        }
    }

    @Test func `may lose their old secret at once, and at the latest with the next rotation`() async throws {
        try await Installation.run { cloud in
            let first = try await cloud.makeKey([:]).expecting(201)
            let path = "/v1/keys/\(first.text("id"))/rotation"
            let second = try await cloud.post(path, as: cloud.home.sessionToken).expecting(201)
            let third = try await cloud.post(path, as: cloud.home.sessionToken).expecting(201)
            #expect(try await cloud.get("/v1/ping", as: first.text("key")).status == 401)
            #expect(try await cloud.get("/v1/ping", as: second.text("key")).status == 200)
            let fourth = try await cloud.post(path, as: third.text("key"), ["overlap_seconds": 0]).expecting(201)
            #expect(try await cloud.get("/v1/ping", as: third.text("key")).status == 401)
            _ = try await cloud.delete("/v1/keys/" + first.text("id"), as: fourth.text("key")).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: second.text("key")).status == 401)
        }
    }

    @Test func `end when they expire, to the millisecond`() async throws {
        try await Installation.run { cloud in
            let expiry = cloud.clock.now.adding(seconds: 60)
            let key = try await cloud.makeKey(["expires_at": JSON(expiry)]).expecting(201)
            cloud.clock.advance(milliseconds: 59_999)
            #expect(try await cloud.get("/v1/ping", as: key.text("key")).status == 200)
            cloud.clock.advance(milliseconds: 1)
            #expect(try await cloud.get("/v1/ping", as: key.text("key")).code == "credential_invalid")
            #expect(try await cloud.makeKey(["expires_at": JSON(cloud.clock.now)]).code == "validation_failed")
        }
    }

    @Test func `know when they were last used, after the counters were written`() async throws {
        try await Installation.run { cloud in
            let key = try await cloud.makeKey([:]).expecting(201)
            let path = "/v1/keys/" + key.text("id")
            #expect(try await cloud.get(path, as: cloud.home.sessionToken)["last_used_at"] == .null)
            _ = try await cloud.get("/v1/ping", as: key.text("key"))
            try await cloud.parts.counter.flush()
            #expect(try await cloud.get(path, as: cloud.home.sessionToken).text("last_used_at") == "2026-03-10T12:34:00Z")
            cloud.clock.advance(seconds: 120)
            _ = try await cloud.get("/v1/ping", as: key.text("key"))
            try await cloud.parts.counter.flush()
            #expect(try await cloud.get(path, as: cloud.home.sessionToken).text("last_used_at") == "2026-03-10T12:36:00Z")
        }
    }

    @Test func `are renamed with an eye on what others changed`() async throws {
        try await Installation.run { cloud in
            let path = "/v1/keys/" + (try await cloud.makeKey(["name": "Old"]).expecting(201).text("id"))
            let etag = try await cloud.get(path, as: cloud.home.sessionToken).header("ETag") ?? ""
            let named = try await cloud.patch(path, as: cloud.home.sessionToken, ["name": "New"], headers: ["If-Match": etag]).expecting(
                200)
            #expect(named.text("name") == "New" && named.header("ETag") != etag)
            let late = try await cloud.patch(path, as: cloud.home.sessionToken, ["name": "Late"], headers: ["If-Match": etag])
            #expect(late.status == 412)
            #expect(try await cloud.delete(path, as: cloud.home.sessionToken, headers: ["If-Match": etag]).status == 412)
        }
    }
}

extension Installation {
    /// A key of the first project, made by the admin's session.
    func makeKey(_ fields: JSON) async throws -> Reply {
        let members = [JSON.Member("project_id", .string(home.project.rawValue))] + (fields.members ?? [])
        return try await post("/v1/keys", as: home.sessionToken, .object(members))
    }

    func makeToken(_ scopes: JSON, as secret: String, expiresAt: Timestamp? = nil) async throws -> Reply {
        var members = [JSON.Member("name", "token"), .init("scopes", scopes)]
        if let expiresAt { members.append(.init("expires_at", JSON(expiresAt))) }
        return try await post("/v1/tokens", as: secret, .object(members))
    }

    func makeWorkspaceKey(_ fields: JSON, as secret: String) async throws -> Reply {
        try await post("/v1/api-keys", as: secret, .object([.init("name", "key")] + (fields.members ?? [])))
    }
}
