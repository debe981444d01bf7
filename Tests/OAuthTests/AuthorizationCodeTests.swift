import Kernel
import OAuth
import Server
import Storage
import TestKit
import Testing

@Suite struct `The authorization code grant` {
    @Test func `a person consents, and the application acts for them within what both may`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let ada = try await Person.signedIn(cloud)
            try await ada.visit(app.query())
            #expect(ada.reply.status == 200 && ada.reply.text.contains("ada@home.example") && ada.reply.text.contains("Read projects"))
            try await ada.decide()
            #expect(ada.reply.status == 303 && ada.location.hasPrefix("https://app.example/done?code=oac_"))
            #expect(ada.answer["state"] == "st&te =1" && ada.answer["iss"] == cloud.parts.oauth.issuer)
            let tokens = try await app.exchange(ada.answer["code"] ?? "").expecting(200)
            #expect(tokens.access.hasPrefix("oat_") && tokens.refreshToken.hasPrefix("ort_") && tokens.text("scope") == "projects:read")
            let ping = try await cloud.get("/v1/ping", as: tokens.access).expecting(200)
            #expect(ping.text("user_id") == cloud.home.user.rawValue)
            #expect(ping["credential"]?["id"]?.string?.hasPrefix("ogr_") == true)
            #expect(try await cloud.get("/v1/projects", as: tokens.access).status == 200)
            #expect(try await cloud.post("/v1/projects", as: tokens.access, ["name": "x"]).code == "insufficient_scope")
            #expect(try await cloud.get("/v1/sessions", as: tokens.access).code == "session_required")
            let stored = try cloud.place.fileBytes()
            for secret in [tokens.access, tokens.refreshToken, ada.answer["code"] ?? ""] { #expect(!stored.contains(secret)) }
        }
    }

    @Test func `a member's token does what the member may, and less when the member may less`() async throws {
        try await Installation.run { cloud in
            let mel = try await cloud.makeMember("mel@example.com", of: cloud.home, role: "editor")
            let other = try await cloud.post("/v1/projects", as: cloud.home.sessionToken, ["name": "Other"]).expecting(201).text("id")
            let app = try await Application.app(cloud, scopes: ["*"])
            let code = try await Person.signedIn(cloud, email: "mel@example.com").consent(to: app, ["scope": "*"])
            let token = try await app.exchange(code).expecting(200).access
            let path = "/v1/projects/\(cloud.home.project)"
            #expect(try await cloud.patch(path, as: token, ["description": "x"]).status == 200)
            #expect(try await cloud.get("/v1/projects/\(other)", as: token).status == 404)
            #expect(try await cloud.post("/v1/users", as: token, ["email": "x@example.com"]).status == 403)
            let members = "/v1/projects/\(cloud.home.project)/members/\(mel.id)"
            _ = try await cloud.put(members, as: cloud.home.sessionToken, ["role": "viewer"]).expecting(200)
            #expect(try await cloud.patch(path, as: token, ["description": "y"]).status == 403)
            _ = try await cloud.patch("/v1/users/\(mel.id)", as: cloud.home.sessionToken, ["status": "deactivated"]).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid")
            _ = try await cloud.patch("/v1/users/\(mel.id)", as: cloud.home.sessionToken, ["status": "active"]).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid", "it stays gone")
        }
    }

    // MARK: Errors that are shown

    @Test(
        arguments: [
            ["client_id": "ocl_unknown"], ["client_id": nil], ["redirect_uri": "https://evil.example/"],
            ["redirect_uri": "https://app.example/done/"],
            ["redirect_uri": "https://app.example/done?x=1"], ["redirect_uri": "https://app.example.evil.example/done"],
            ["redirect_uri": "https://app.example:444/done"],
        ] as [[String: String?]])
    func `an unknown client or address is shown, and nobody is sent anywhere`(fields: [String: String?]) async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            for person in [try await Person(cloud), try await Person.signedIn(cloud)] {
                try await person.visit(app.query(fields))
                #expect([400, 404].contains(person.reply.status) && person.location.isEmpty, "\(person.location)")
                #expect(person.reply.header("Content-Type")?.hasPrefix("text/html") == true)
            }
            let twice = try await Person(cloud)
            try await twice.visit(app.query() + "&redirect_uri=https%3A%2F%2Fevil.example")
            #expect(twice.reply.status == 400 && twice.location.isEmpty)
        }
    }

    // MARK: Errors that the client gets

    @Test(
        arguments: [
            (["code_challenge": nil], "invalid_request"), (["code_challenge_method": "plain"], "invalid_request"),
            (["code_challenge_method": nil], "invalid_request"), (["code_challenge": "short"], "invalid_request"),
            (["response_type": "token"], "unsupported_response_type"), (["response_type": nil], "invalid_request"),
            (["scope": "users:write"], "invalid_scope"), (["scope": "nonsense"], "invalid_scope"),
            (["response_mode": "fragment"], "invalid_request"),
        ] as [([String: String?], String)])
    func `what is wrong beyond that goes to the client's own address`(fields: [String: String?], error: String) async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let person = try await Person.signedIn(cloud)
            try await person.visit(app.query(fields))
            #expect(person.reply.status == 303 && person.location.hasPrefix("https://app.example/done?"), "\(person.reply.text)")
            #expect(person.answer["error"] == error && person.answer["state"] == "st&te =1" && person.answer["iss"] != nil)
            #expect(person.answer["code"] == nil)
        }
    }

    @Test func `nobody who is not signed in is sent anywhere, whatever is wrong`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let stranger = try await Person(cloud)
            try await stranger.visit(app.query(["response_type": "token"]))
            #expect(!stranger.location.contains("app.example/done?"), "\(stranger.location)")
        }
    }

    @Test func `a person who says no is believed`() async throws {
        try await Installation.run { cloud in
            let person = try await Person.signedIn(cloud)
            try await person.visit(Application.app(cloud).query())
            try await person.decide("deny")
            #expect(person.answer["error"] == "access_denied" && person.answer["state"] == "st&te =1")
            #expect(try await cloud.get("/v1/oauth/grants", as: cloud.home.sessionToken).items.isEmpty)
        }
    }

    // MARK: The page

    @Test func `signing in leads back to the question, with a session of its own`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let person = try await Person(cloud)
            try await person.visit(app.query())
            #expect(person.location.hasPrefix("/app/sign-in?next="))
            try await person.go(person.location)
            let next = person.hidden("next") ?? ""
            try await person.submit("/app/sign-in", ["email": "ada@home.example", "password": Installation.password, "next": next])
            #expect(person.location.hasPrefix("/app/oauth/authorize?request="))
            try await person.go(person.location)
            try await person.decide()
            #expect(try await app.exchange(person.answer["code"] ?? "").status == 200)
        }
    }

    @Test func `the question cannot be framed, leads nowhere but to the client, and shows names as text`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.register(
                cloud, ["name": "<b>\"Evil\"</b>", "type": "public", "redirect_uris": ["https://app.example/done"]])
            let person = try await Person.signedIn(cloud)
            try await person.visit(app.query())
            let policy = person.reply.header("Content-Security-Policy") ?? ""
            #expect(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self' https://app.example;"))
            #expect(!policy.contains("unsafe") && person.reply.header("X-Frame-Options") == "DENY")
            #expect(person.reply.header("Cache-Control") == "no-store")
            #expect(!person.reply.text.contains("<b>") && person.reply.text.contains("&lt;b&gt;&quot;Evil&quot;&lt;/b&gt;"))
            #expect(!person.reply.text.contains("<script>"))
        }
    }

    @Test func `consent cannot be sent by another site, nor with another session's form, nor twice`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let person = try await Person.signedIn(cloud)
            let page = try await person.visit(app.query())
            for (fields, headers) in [
                ([:], ["Sec-Fetch-Site": "cross-site"]), (["form_token": "nonsense"], [:]), (["form_token": ""], [:]),
            ] as [([String: String], [String: String])] {
                let form = ["decision": "allow", "request": "x", "once": "0123456789abcdef0123456789abcdef", "form_token": "x"]
                try await person.submit("/app/oauth/authorize", form.merging(fields) { $1 }, headers: headers)
                #expect(person.reply.status == 403 && person.location.isEmpty)
            }
            let other = try await Person.signedIn(cloud)
            try await other.visit(app.query())
            let foreign = other.hidden("form_token") ?? ""
            try await person.visit(app.query())
            let own = try #require(person.hidden("form_token"))
            #expect(own != foreign)
            let once = try #require(person.hidden("once"))
            let request = try #require(person.hidden("request"))
            try await person.submit(
                "/app/oauth/authorize", ["decision": "allow", "form_token": foreign, "once": once, "request": request])
            #expect(person.reply.status == 403)
            let form = ["decision": "allow", "form_token": own, "once": once, "request": request]
            #expect(try await person.submit("/app/oauth/authorize", form).status == 303)
            #expect(try await person.submit("/app/oauth/authorize", form).status == 409)
            _ = page
        }
    }

    @Test func `nobody of another workspace can consent`() async throws {
        try await Installation.run { cloud in
            _ = try await cloud.makeWorkspace()
            let app = try await Application.app(cloud)
            let eve = try await Person.signedIn(cloud, email: "eve@elsewhere.example")
            try await eve.visit(app.query())
            #expect(eve.reply.status == 404)
        }
    }

    // MARK: Exchanging

    @Test(
        arguments: [
            ["code_verifier": "another-verifier-of-at-least-forty-three-chars"], ["code_verifier": "short"],
            ["redirect_uri": "https://app.example/other"], ["redirect_uri": nil], ["code": "oac_unknown"],
        ] as [[String: String?]])
    func `a code is worth nothing with the wrong verifier or address`(fields: [String: String?]) async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let code = try await Person.signedIn(cloud).consent(to: app)
            let refused = try await app.exchange(code, fields)
            #expect(refused.status == 400 && refused.error == "invalid_grant", "\(refused.text)")
            #expect(try await app.exchange(code).status == 200, "a mistake does not use it up")
        }
    }

    @Test func `a code without its verifier, or expired, or another client's, is refused`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let other = try await Application.app(cloud)
            let person = try await Person.signedIn(cloud)
            let code = try await person.consent(to: app)
            #expect(try await app.exchange(code, ["code_verifier": nil]).error == "invalid_request")
            #expect(try await other.exchange(code).error == "invalid_grant")
            cloud.clock.advance(seconds: 60)
            #expect(try await app.exchange(code).error == "invalid_grant")
            #expect(try await app.exchange(person.consent(to: app), ["client_id": other.id]).error == "invalid_grant")
        }
    }

    @Test func `a code that comes twice ends what it gave`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let code = try await Person.signedIn(cloud).consent(to: app)
            let tokens = try await app.exchange(code).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: tokens.access).status == 200)
            #expect(try await app.exchange(code).error == "invalid_grant")
            #expect(try await cloud.get("/v1/ping", as: tokens.access).code == "credential_invalid")
            #expect(try await app.refresh(tokens.refreshToken).error == "invalid_grant")
            #expect(try await cloud.eventTypes.contains("oauth_token.reuse_detected"))
        }
    }

    @Test func `a native app chooses its port at run time, and nothing else`() async throws {
        try await Installation.run { cloud in
            var app = try await Application.register(
                cloud, ["name": "Native", "type": "public", "redirect_uris": ["http://127.0.0.1/back", "com.example.app:/back"]])
            let person = try await Person.signedIn(cloud)
            for address in ["http://127.0.0.1:49152/back", "http://127.0.0.1/back", "com.example.app:/back"] {
                app.redirect = address
                let code = try await person.consent(to: app, ["scope": nil])
                #expect(person.location.hasPrefix(address + "?code="))
                #expect(try await app.exchange(code).status == 200, "\(address)")
            }
            for address in [
                "http://127.0.0.1:49152/other", "http://localhost:49152/back", "http://[::1]:49152/back", "https://127.0.0.1:1/back",
            ] {
                app.redirect = address
                try await person.visit(app.query(["scope": nil]))
                #expect(person.reply.status == 400 && person.location.isEmpty, "\(address)")
            }
        }
    }
}

@Suite struct `Refresh tokens` {
    private func tokens(_ cloud: Installation, _ app: Application) async throws -> Reply {
        try await app.exchange(Person.signedIn(cloud).consent(to: app, ["scope": nil])).expecting(200)
    }

    @Test func `each is good once; a lost answer can be had again for ten seconds`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let first = try await tokens(cloud, app)
            let second = try await app.refresh(first.refreshToken).expecting(200)
            #expect(second.refreshToken != first.refreshToken && second.access != first.access)
            cloud.clock.advance(seconds: 9)
            let again = try await app.refresh(first.refreshToken).expecting(200)
            #expect(again.bytes == second.bytes)
            #expect(try await cloud.get("/v1/ping", as: second.access).status == 200)
            let third = try await app.refresh(second.refreshToken).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: third.access).status == 200)
        }
    }

    @Test func `one that comes again after that ends the whole family`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let first = try await tokens(cloud, app)
            let spared = try await tokens(cloud, app)
            let second = try await app.refresh(first.refreshToken).expecting(200)
            cloud.clock.advance(seconds: 10)
            #expect(try await app.refresh(first.refreshToken).error == "invalid_grant")
            for token in [first.access, second.access] { #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid") }
            #expect(try await app.refresh(second.refreshToken).error == "invalid_grant")
            #expect(try await cloud.get("/v1/ping", as: spared.access).status == 200, "another consent is another family")
            let types = try await cloud.eventTypes
            #expect(types.contains("oauth_token.reuse_detected") && types.contains("oauth_grant.revoked"))
        }
    }

    @Test func `one whose successor was used cannot come again even at once`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let first = try await tokens(cloud, app)
            let second = try await app.refresh(first.refreshToken).expecting(200)
            _ = try await app.refresh(second.refreshToken).expecting(200)
            #expect(try await app.refresh(first.refreshToken).error == "invalid_grant")
            #expect(try await cloud.get("/v1/ping", as: second.access).code == "credential_invalid")
        }
    }

    @Test func `can ask for less and never for more, and keeps what was consented to`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let first = try await tokens(cloud, app)
            #expect(try await app.refresh(first.refreshToken, ["scope": "users:read"]).error == "invalid_scope")
            let less = try await app.refresh(first.refreshToken, ["scope": "projects:read"]).expecting(200)
            #expect(less.text("scope") == "projects:read")
            #expect(try await cloud.post("/v1/projects", as: less.access, ["name": "x"]).code == "insufficient_scope")
            #expect(try await app.refresh(less.refreshToken).expecting(200).text("scope") == "projects:read projects:write")
        }
    }

    @Test func `another client's, and one that lay unused for thirty days, is refused`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let first = try await tokens(cloud, app)
            #expect(try await Application.app(cloud).refresh(first.refreshToken).error == "invalid_grant")
            #expect(try await app.refresh("ort_nonsense").error == "invalid_grant")
            #expect(try await app.refresh(first.access).error == "invalid_grant")
            cloud.clock.advance(seconds: 30 * 86_400)
            #expect(try await app.refresh(first.refreshToken).error == "invalid_grant")
        }
    }
}

extension Installation {
    /// What the log says happened.
    var eventTypes: Set<String> {
        get async throws {
            let types = try await store.read { connection in
                try connection.rows("SELECT DISTINCT type FROM events") { row in try row.get(0, as: String.self) }
            }
            return Set(types)
        }
    }
}
