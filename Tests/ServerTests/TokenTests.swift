import Kernel
import Server
import TestKit
import Testing

@Suite struct `Scoped tokens` {
    @Test func `do what their scopes say, and no more`() async throws {
        try await Installation.run { cloud in
            let token = try await cloud.makeToken(["users:read", "usage:read"], as: cloud.home.projectKey).expecting(201)
            #expect(token.text("token").hasPrefix("cap_") && token.text("id").hasPrefix("tok_"))
            #expect(try await cloud.get("/v1/users", as: token.text("token")).status == 200)
            #expect(try await cloud.get("/v1/usage", as: token.text("token")).status == 200)
            #expect(try await cloud.get("/v1/projects", as: token.text("token")).text("required_scope") == "projects:read")
            #expect(try await cloud.get("/v1/ping", as: token.text("token"))["scopes"] == ["users:read", "usage:read"])
        }
    }

    @Test func `are seen and revoked by whoever made them`() async throws {
        try await Installation.run { cloud in
            let project = cloud.home.project.rawValue
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "editor").session
            let narrow = try await cloud.makeWorkspaceKey(["project_ids": [.string(project)]], as: cloud.home.liveKey).text("key")
            for maker in [cloud.home.liveKey, cloud.home.projectKey, narrow, member, cloud.home.sessionToken] {
                let token = try await cloud.makeToken(["projects:read"], as: maker).expecting(201)
                let path = "/v1/tokens/" + token.text("id")
                #expect(try await cloud.get("/v1/tokens?limit=100", as: maker).ids.contains(token.text("id")))
                #expect(try await cloud.get(path, as: maker).status == 200)
                #expect(try await cloud.delete(path, as: maker).status == 200)
                #expect(try await cloud.get("/v1/projects", as: token.text("token")).status == 401)
                #expect(try await cloud.delete(path, as: maker).json == ["id": .string(token.text("id")), "revoked": true])
            }
        }
    }

    @Test func `of one person are hidden from another who is no admin`() async throws {
        try await Installation.run { cloud in
            let one = try await cloud.makeMember("one@home.example", of: cloud.home, role: "admin").session
            let other = try await cloud.makeMember("two@home.example", of: cloud.home, role: "admin").session
            let id = try await cloud.makeToken(["*"], as: one).expecting(201).text("id")
            #expect(try await cloud.get("/v1/tokens/" + id, as: other).code == "not_found")
            #expect(try await cloud.get("/v1/tokens", as: other).ids == [])
            #expect(try await cloud.delete("/v1/tokens/" + id, as: other).code == "not_found")
            #expect(try await cloud.delete("/v1/tokens/" + id, as: cloud.home.sessionToken).status == 200)
        }
    }

    @Test func `of a person can do what the person can do at that moment`() async throws {
        try await Installation.run { cloud in
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "editor")
            let token = try await cloud.makeToken(["*"], as: member.session)
            #expect(token.code == "insufficient_scope")
            let scoped = try await cloud.makeToken(["projects:*"], as: member.session).expecting(201).text("token")
            let path = "/v1/projects/\(cloud.home.project)"
            #expect(try await cloud.patch(path, as: scoped, ["description": "x"]).status == 200)
            let membership = path + "/members/" + member.id
            _ = try await cloud.put(membership, as: cloud.home.sessionToken, ["role": "viewer"]).expecting(200)
            #expect(try await cloud.patch(path, as: scoped, ["description": "y"]).status == 403)
            _ = try await cloud.delete(membership, as: cloud.home.sessionToken).expecting(204)
            #expect(try await cloud.get(path, as: scoped).code == "not_found")
        }
    }

    @Test func `draw on the rate limit of their maker, whatever it is now`() async throws {
        try await Installation.run { cloud in
            let key = try await cloud.makeKey(["rate_limit_per_minute": 10]).expecting(201)
            let token = try await cloud.makeToken(["*"], as: key.text("key")).expecting(201).text("token")
            for number in 0..<9 {
                #expect(try await cloud.get("/v1/ping", as: number.isMultiple(of: 2) ? token : key.text("key")).status == 200)
            }
            for secret in [token, key.text("key")] {
                let refused = try await cloud.get("/v1/ping", as: secret)
                #expect(refused.status == 429 && refused.header("X-RateLimit-Limit") == "10")
            }
            let path = "/v1/keys/" + key.text("id")
            _ = try await cloud.patch(path, as: cloud.home.sessionToken, ["rate_limit_per_minute": 20]).expecting(200)
            for secret in [token, key.text("key")] {
                #expect(try await cloud.get("/v1/ping", as: secret).header("X-RateLimit-Limit") == "20")
            }
        }
    }

    @Test func `stay bound to the addresses of their maker`() async throws {
        try await Installation.run { cloud in
            let bound = try await cloud.makeWorkspaceKey(["ip_ranges": ["203.0.113.0/24"]], as: cloud.home.liveKey).expecting(201)
            #expect(bound["ip_ranges"] == ["203.0.113.0/24"])
            #expect(try await cloud.get("/v1/ping", as: bound.text("key")).code == "address_not_allowed")
            #expect(try await cloud.makeWorkspaceKey(["ip_ranges": ["203.0.113.0/33"]], as: cloud.home.liveKey).code == "validation_failed")
        }
    }
}
