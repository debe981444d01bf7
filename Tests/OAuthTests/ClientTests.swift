import Foundation
import HTTPTypes
import Kernel
import OAuth
import Server
import Storage
import TestKit
import Testing

@Suite struct `OAuth clients` {
    private static let path = "/v1/oauth/clients"

    @Test func `a client gets a token for itself, which opens what it was given and no more`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            let reply = try await bot.token()
            #expect(reply.status == 200 && reply.access.hasPrefix("oat_"))
            #expect(reply.text("token_type") == "Bearer" && reply["expires_in"]?.integer == 3600)
            #expect(reply.text("scope") == "projects:read usage:read")
            #expect(reply["refresh_token"] == nil)
            #expect(reply.header("Cache-Control") == "no-store" && reply.header("Pragma") == "no-cache")
            let ping = try await cloud.get("/v1/ping", as: reply.access).expecting(200)
            #expect(ping["credential"]?["kind"]?.string == "oauth_token" && ping["credential"]?["id"]?.string == bot.id)
            #expect(ping["user_id"] == .null && ping.text("mode") == "live")
            #expect(try await cloud.get("/v1/projects", as: reply.access).status == 200)
            #expect(try await cloud.post("/v1/projects", as: reply.access, ["name": "x"]).text("required_scope") == "projects:write")
            let stored = try cloud.place.fileBytes()
            #expect(!stored.contains(reply.access) && !stored.contains(bot.secret ?? "-"))
        }
    }

    @Test func `a token ends after an hour`() async throws {
        try await Installation.run { cloud in
            let token = try await Application.bot(cloud).token().access
            cloud.clock.advance(seconds: 3599)
            #expect(try await cloud.get("/v1/ping", as: token).status == 200)
            cloud.clock.advance(seconds: 1)
            #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid")
            try await cloud.parts.oauth.sweep(cloud.store, cloud.place.surroundings)
            let left = try await cloud.store.read { try $0.row("SELECT COUNT(*) FROM oauth_tokens") { try $0.get(0, as: Int.self) } }
            #expect(left == 0)
        }
    }

    @Test func `a test client makes test tokens only, and the sandbox registers no live client`() async throws {
        try await Installation.run { cloud in
            let token = try await Application.bot(cloud, mode: "test").token().access
            #expect(try await cloud.get("/v1/ping", as: token).text("mode") == "test")
            let refused = try await cloud.post(Self.path, as: cloud.home.testKey, ["name": "x", "mode": "live"])
            #expect(refused.code == "forbidden")
            let own = try await cloud.post(Self.path, as: cloud.home.testKey, ["name": "x"]).expecting(201)
            #expect(own.text("mode") == "test")
        }
    }

    @Test func `a client of a project stays in it`() async throws {
        try await Installation.run { cloud in
            let other = try await cloud.post("/v1/projects", as: cloud.home.sessionToken, ["name": "Other"]).expecting(201).text("id")
            let bot = try await Application.register(cloud, ["name": "Bot", "project_id": .string(cloud.home.project.rawValue)])
            let token = try await bot.token().access
            #expect(try await cloud.get("/v1/projects", as: token).ids == [cloud.home.project.rawValue])
            #expect(try await cloud.get("/v1/projects/\(other)", as: token).status == 404)
            #expect(try await cloud.get("/v1/ping", as: token).text("project_id") == cloud.home.project.rawValue)
        }
    }

    @Test(
        arguments: [
            (["scope": "projects:write"], "invalid_scope"), (["scope": "nonsense"], "invalid_scope"),
            (["grant_type": "password"], "unsupported_grant_type"),
            (["grant_type": "authorization_code"], "unauthorized_client"), (["grant_type": nil], "invalid_request"),
            (["grant_type": ""], "invalid_request"), (["client_secret": "wrong"], "invalid_client"),
            (["client_id": "ocl_unknown"], "invalid_client"),
        ] as [([String: String?], String)])
    func `a request for a token that is wrong is refused in OAuth's own words`(fields: [String: String?], error: String) async throws {
        try await Installation.run { cloud in
            let reply = try await Application.bot(cloud).token(fields)
            #expect(reply.error == error && !reply.text("error_description").isEmpty, "\(reply.text)")
            #expect(reply.status == (error == "invalid_client" ? 401 : 400))
            #expect(reply.header("Content-Type") == "application/json" && reply.header("Cache-Control") == "no-store")
            #expect((reply.header("WWW-Authenticate")?.hasPrefix("Basic ") == true) == (error == "invalid_client"))
        }
    }

    @Test func `a form that is none, or says something twice, is an invalid request; what it need not know it passes over`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            let form = ["Content-Type": "application/x-www-form-urlencoded"]
            let good = "grant_type=client_credentials&client_id=\(bot.id)&client_secret=\(bot.secret ?? "")"
            for (body, headers) in [
                (good, ["Content-Type": "application/json"]), (good + "&grant_type=client_credentials", form), (good + "&scope=%zz", form),
                ("", form),
            ] {
                let reply = try await cloud.send(.post, "/oauth/token", Array(body.utf8), headers: headers)
                #expect([400, 401].contains(reply.status) && ["invalid_request", "invalid_client"].contains(reply.error), "\(reply.text)")
            }
            #expect(try await cloud.send(.post, "/oauth/token", Array((good + "&audience=x&scope=").utf8), headers: form).status == 200)
        }
    }

    @Test func `a token changes nobody's rights, whatever its scopes`() async throws {
        try await Installation.run { cloud in
            for mode in ["live", "test"] {
                let bot = try await Application.bot(cloud, scopes: ["*"], mode: mode)
                let token = try await bot.token().text("access_token")
                let invited = try await cloud.post("/v1/users", as: token, ["email": "eve@example.com", "role": "admin"])
                #expect(invited.status == 403 && invited.text("code") == "forbidden", "\(invited.text)")
                let changed = try await cloud.patch("/v1/users/\(cloud.home.user)", as: token, ["status": "deactivated"])
                #expect(changed.status == 403 && changed.text("code") == "forbidden", "\(changed.text)")
            }
        }
    }

    @Test func `HTTP Basic proves a client too, but not beside the form`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            let basic = ["Authorization": "Basic " + Data("\(bot.id):\(bot.secret ?? "")".utf8).base64EncodedString()]
            let fields = ["grant_type": "client_credentials"]
            #expect(try await bot.send("/oauth/token", fields, headers: basic).status == 200)
            let both = try await bot.send("/oauth/token", fields.merging(["client_secret": bot.secret ?? ""]) { $1 }, headers: basic)
            #expect(both.error == "invalid_request")
            let broken = try await bot.send("/oauth/token", fields, headers: ["Authorization": "Basic ???"])
            #expect(broken.error == "invalid_client")
            let other = try await bot.send("/oauth/token", fields, headers: ["Authorization": "Bearer " + cloud.home.liveKey])
            #expect(other.error == "invalid_client")
        }
    }

    @Test func `guessing secrets is slowed down for the guesser and for nobody else`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            for _ in 0..<5 { #expect(try await bot.token(["client_secret": "wrong"]).error == "invalid_client") }
            let slowed = try await bot.token()
            #expect(slowed.status == 429 && slowed.error == "temporarily_unavailable" && slowed.header("Retry-After") != nil)
            #expect(try await Application.bot(cloud).token().status == 200)
            cloud.clock.advance(seconds: 60)
            #expect(try await bot.token().status == 200)
        }
    }

    @Test func `a rotated secret works beside the old one as long as was said`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            let rotated = try await cloud.post(
                "\(Self.path)/\(bot.id)/rotation", as: cloud.home.sessionToken, ["overlap_seconds": 100]
            ).expecting(201)
            #expect(try await bot.token(["client_secret": rotated.text("client_secret")]).status == 200)
            #expect(try await bot.token().status == 200)
            cloud.clock.advance(seconds: 100)
            #expect(try await bot.token().error == "invalid_client")
            let app = try await Application.app(cloud)
            #expect(try await cloud.post("\(Self.path)/\(app.id)/rotation", as: cloud.home.sessionToken).code == "conflict")
        }
    }

    @Test func `what changes a client is seen by the very next request with its token`() async throws {
        try await Installation.run { cloud in
            let session = cloud.home.sessionToken
            let bot = try await Application.bot(cloud)
            let token = try await bot.token().access
            #expect(try await cloud.get("/v1/projects", as: token).status == 200)
            _ = try await cloud.patch("\(Self.path)/\(bot.id)", as: session, ["scopes": ["usage:read"]]).expecting(200)
            #expect(try await cloud.get("/v1/projects", as: token).text("required_scope") == "projects:read")
            _ = try await cloud.delete("\(Self.path)/\(bot.id)", as: session).expecting(204)
            #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid")
            #expect(try await bot.token().error == "invalid_client")
            #expect(try await cloud.get("\(Self.path)/\(bot.id)", as: session).status == 404)
        }
    }

    @Test func `nothing registers a client wider or longer-lived than itself`() async throws {
        try await Installation.run { cloud in
            let session = cloud.home.sessionToken
            let narrow = try await cloud.post("/v1/api-keys", as: session, ["name": "x", "scopes": ["keys:write", "projects:read"]])
                .expecting(201).text("key")
            #expect(try await cloud.post(Self.path, as: narrow, ["name": "x", "scopes": ["*"]]).code == "insufficient_scope")
            #expect(try await cloud.post(Self.path, as: narrow, ["name": "x"]).expecting(201)["scopes"]?.array?.contains("*") == false)
            let short = try await cloud.post("/v1/api-keys", as: session, ["name": "x", "expires_at": "2099-01-01T00:00:00Z"])
                .expecting(201).text("key")
            #expect(try await cloud.post(Self.path, as: short, ["name": "x"]).code == "forbidden")
            let token = try await cloud.post("/v1/tokens", as: session, ["name": "x", "scopes": ["*"]]).expecting(201).text("token")
            #expect(try await cloud.post(Self.path, as: token, ["name": "x"]).code == "forbidden")
            let own = try await Application.bot(cloud, scopes: ["*"]).token().access
            let named: JSON = ["name": "x"]
            let scoped: JSON = ["name": "x", "scopes": ["*"]]
            for (path, body) in [(Self.path, named), ("/v1/tokens", scoped), ("/v1/api-keys", named)] {
                #expect(try await cloud.post(path, as: own, body).code == "forbidden", "\(path)")
            }
        }
    }

    @Test(arguments: [
        "http://app.example/done", "https://app.example/done#part", "javascript:alert(1)//", "data:text/html,x", "https://a@app.example/",
        "https://", "/done", "app:/done", "https://app.example/a b", "http://127.0.0.1:99999/", "HTTPS://app.example/", "https://a;b/", "",
    ])
    func `an address that a code may not be sent to cannot be registered`(address: String) async throws {
        try await Installation.run { cloud in
            let reply = try await cloud.post(
                Self.path, as: cloud.home.sessionToken, ["name": "x", "redirect_uris": ["https://app.example/", .string(address)]])
            #expect(reply.status == 422, "\(reply.text)")
            #expect(reply["errors"]?.array?.first?["pointer"]?.string == "/redirect_uris/1")
        }
    }

    @Test func `what does not go together is refused`() async throws {
        try await Installation.run { cloud in
            for body: JSON in [
                ["name": "x", "type": "public", "grant_types": ["client_credentials"]], ["name": "x", "type": "public"],
                ["name": "x", "grant_types": ["authorization_code"]], ["name": "x", "grant_types": ["refresh_token"]],
            ] {
                let reply = try await cloud.post(Self.path, as: cloud.home.sessionToken, body)
                #expect(reply.status == 422 && reply["errors"]?.array?.first?["code"]?.string == "combination", "\(reply.text)")
            }
        }
    }

    @Test func `the log says once an hour that a client is active, and says every change of it`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            for _ in 0..<5 { _ = try await bot.token().expecting(200) }
            cloud.clock.advance(seconds: 3600)
            _ = try await bot.token().expecting(200)
            _ = try await cloud.post("\(Self.path)/\(bot.id)/rotation", as: cloud.home.sessionToken).expecting(201)
            let events = try await cloud.get("/v1/events?subject=\(bot.id)&limit=100", as: cloud.home.liveKey).expecting(200).items
            let types = events.compactMap { $0["type"]?.string }.sorted()
            #expect(types == ["oauth_client.active", "oauth_client.active", "oauth_client.created", "oauth_client.rotated"], "\(types)")
            #expect(try await cloud.get("\(Self.path)/\(bot.id)", as: cloud.home.liveKey)["last_token_at"] != .null)
        }
    }

    @Test func `its rate limit counts all of its tokens together`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.register(cloud, ["name": "Bot", "rate_limit_per_minute": 2])
            let (one, other) = (try await bot.token().access, try await bot.token().access)
            #expect(try await cloud.get("/v1/ping", as: one).status == 200)
            #expect(try await cloud.get("/v1/ping", as: other).status == 200)
            #expect(try await cloud.get("/v1/ping", as: one).status == 429)
        }
    }
}
