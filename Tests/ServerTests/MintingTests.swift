import Kernel
import Server
import TestKit
import Testing

@Suite struct `Nothing makes a credential wider than itself` {
    @Test func `in scopes`() async throws {
        try await Installation.run { cloud in
            let narrow = try await cloud.makeWorkspaceKey(["scope": ["keys:*", "read:projects", "tokens:write"]], as: cloud.home.liveKey)
                .expecting(201).text("key")
            for scopes in [["projects:write"], ["*"], ["keys:write", "users:read"], ["write:projects"]] as [JSON] {
                for reply in [
                    try await cloud.makeToken(scopes, as: narrow), try await cloud.makeWorkspaceKey(["scopes": scopes], as: narrow),
                ] {
                    #expect(reply.status == 403 && reply.code == "insufficient_scope", "\(reply.text)")
                }
            }
            let inherited = try await cloud.makeWorkspaceKey([:], as: narrow).expecting(201)
            #expect(try await cloud.get("/v1/users", as: inherited.text("key")).code == "insufficient_scope")
            #expect(try await cloud.makeToken(["read:projects"], as: narrow).expecting(201)["scopes"] == ["projects:read"])
            #expect(try await cloud.makeToken(["projects:delete"], as: narrow).code == "validation_failed")
        }
    }

    /// A new secret of a wider key is a wider credential.
    @Test func `by rotating one that is wider`() async throws {
        try await Installation.run { cloud in
            let wide = try await cloud.makeKey([:]).expecting(201).text("id")
            let id = try await cloud.get("/v1/ping", as: cloud.home.liveKey)["credential"]?["id"]?.string ?? ""
            let narrow = try await cloud.makeWorkspaceKey(["scope": ["keys:*"]], as: cloud.home.liveKey).expecting(201)
            let later = cloud.clock.now.adding(seconds: 3600)
            let brief = try await cloud.makeWorkspaceKey(["expires_at": JSON(later)], as: cloud.home.liveKey).expecting(201)
            let token = try await cloud.makeToken(["keys:write"], as: cloud.home.liveKey).expecting(201).text("token")
            for secret in [narrow.text("key"), brief.text("key"), token] {
                for path in ["/v1/keys/\(wide)/rotation", "/v1/api-keys/\(id)/rotation"] {
                    #expect(try await cloud.post(path, as: secret).status == 403, "\(path)")
                }
            }
            #expect(try await cloud.post("/v1/api-keys/\(narrow.text("key_id"))/rotation", as: narrow.text("key")).status == 201)
            #expect(try await cloud.post("/v1/keys/\(wide)/rotation", as: cloud.home.liveKey).status == 201)
        }
    }

    /// An admin would be a wider credential too.
    @Test func `by inviting or promoting somebody to admin`() async throws {
        try await Installation.run { cloud in
            let narrow = try await cloud.makeWorkspaceKey(["scope": ["users:*"]], as: cloud.home.liveKey).expecting(201).text("key")
            let admin: JSON = ["email": "new@example.com", "role": "admin"]
            #expect(try await cloud.post("/v1/users", as: narrow, admin).code == "forbidden")
            let member = try await cloud.post("/v1/users", as: narrow, ["email": "new@example.com"]).expecting(201).text("id")
            #expect(try await cloud.patch("/v1/users/\(member)", as: narrow, ["role": "admin"]).code == "forbidden")
            #expect(try await cloud.patch("/v1/users/\(member)", as: cloud.home.liveKey, ["role": "admin"]).status == 200)
        }
    }

    @Test func `in role`() async throws {
        try await Installation.run { cloud in
            let editor = try await cloud.makeWorkspaceKey(["role": "editor"], as: cloud.home.liveKey).expecting(201).text("key")
            #expect(try await cloud.makeWorkspaceKey(["role": "viewer"], as: editor).code == "insufficient_scope")
            #expect(try await cloud.post("/v1/projects", as: editor, ["name": "x"]).status == 201)
            #expect(try await cloud.post("/v1/accounts", as: editor, ["name": "x"]).code == "insufficient_scope")
            #expect(try await cloud.makeToken(["*"], as: editor).code == "insufficient_scope")
            #expect(try await cloud.makeToken(["projects:*"], as: editor).status == 201)
            let viewer = try await cloud.makeWorkspaceKey(["role": "viewer"], as: cloud.home.liveKey).expecting(201).text("key")
            #expect(try await cloud.post("/v1/projects", as: viewer, ["name": "x"]).code == "insufficient_scope")
            #expect(try await cloud.get("/v1/projects", as: viewer).status == 200)
        }
    }

    @Test func `in projects`() async throws {
        try await Installation.run { cloud in
            let (own, other) = (
                cloud.home.project.rawValue, try await cloud.post("/v1/projects", as: cloud.home.liveKey, ["name": "x"]).text("id")
            )
            let narrow = try await cloud.makeWorkspaceKey(["project_ids": [.string(own)]], as: cloud.home.liveKey).expecting(201).text(
                "key")
            #expect(try await cloud.get("/v1/projects", as: narrow).ids == [own])
            #expect(try await cloud.makeWorkspaceKey(["project_ids": [.string(other)]], as: narrow).code == "not_found")
            #expect(try await cloud.makeWorkspaceKey([:], as: narrow).expecting(201)["project_ids"] == [.string(own)])
            let token = try await cloud.makeToken(["*"], as: narrow).expecting(201)
            #expect(try await cloud.get("/v1/projects", as: token.text("token")).ids == [own])
            #expect(try await cloud.get("/v1/projects/" + other, as: token.text("token")).code == "not_found")
            let ofProject = try await cloud.makeToken(["*"], as: cloud.home.projectKey).expecting(201)
            #expect(ofProject.text("project_id") == own)
        }
    }

    @Test func `in life`() async throws {
        try await Installation.run { cloud in
            let end = cloud.clock.now.adding(seconds: 3600)
            let brief = try await cloud.makeWorkspaceKey(["expires_at": JSON(end)], as: cloud.home.liveKey).expecting(201).text("key")
            let longer = JSON(end.adding(seconds: 1))
            #expect(try await cloud.makeToken(["*"], as: brief).expecting(201).json["expires_at"] == JSON(end))
            #expect(
                try await cloud.makeToken(["*"], as: brief, expiresAt: end.adding(days: 1)).expecting(201).json["expires_at"] == JSON(end))
            #expect(try await cloud.makeWorkspaceKey(["expires_at": longer], as: brief).expecting(201)["expires_at"] == JSON(end))
            let sooner = end.adding(seconds: -60)
            #expect(try await cloud.makeToken(["*"], as: brief, expiresAt: sooner).expecting(201).json["expires_at"] == JSON(sooner))
        }
    }

    @Test func `in mode`() async throws {
        try await Installation.run { cloud in
            let token = try await cloud.makeToken(["*"], as: cloud.home.testKey).expecting(201)
            #expect(token.text("mode") == "test")
            #expect(try await cloud.get("/v1/ping", as: token.text("token")).text("mode") == "test")
        }
    }

    @Test func `in requests a minute, unless it is an admin with a say in settings`() async throws {
        try await Installation.run { cloud in
            let member = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "admin").session
            let body: JSON = ["project_id": .string(cloud.home.project.rawValue), "rate_limit_per_minute": 9999]
            #expect(try await cloud.post("/v1/keys", as: member, body).code == "forbidden")
            let narrow = try await cloud.makeWorkspaceKey(["scope": ["keys:*"]], as: cloud.home.liveKey).expecting(201)
            #expect(try await cloud.makeWorkspaceKey(["rate_limit_per_minute": 9999], as: narrow.text("key")).code == "insufficient_scope")
            let path = "/v1/api-keys/" + narrow.text("key_id")
            #expect(try await cloud.patch(path, as: narrow.text("key"), ["rate_limit_per_minute": 9999]).code == "insufficient_scope")
            let raised = try await cloud.patch(path, as: cloud.home.sessionToken, ["rate_limit_per_minute": 9999]).expecting(200)
            #expect(raised["rate_limit_per_minute"] == 9999)
            #expect(try await cloud.get("/v1/ping", as: narrow.text("key")).header("X-RateLimit-Limit") == "9999")
            _ = try await cloud.patch(path, as: cloud.home.sessionToken, ["rate_limit_per_minute": nil]).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: narrow.text("key")).header("X-RateLimit-Limit") == "120")
        }
    }
}
