import Kernel
import OAuth
import Server
import TestKit
import Testing

@Suite struct `Looking into tokens and taking them back` {
    @Test func `a resource server learns what a token is worth now`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            let app = try await Application.app(cloud)
            let own = try await bot.token().access
            let seen = try await bot.ask("/oauth/introspect", ["token": own]).expecting(200)
            #expect(seen["active"] == true && seen.text("client_id") == bot.id && seen.text("sub") == bot.id)
            #expect(seen.text("scope") == "projects:read usage:read" && seen.text("mode") == "live")
            #expect(seen["exp"]?.integer == (seen["iat"]?.integer ?? 0) + 3600 && seen.header("Cache-Control") == "no-store")

            let tokens = try await app.exchange(Person.signedIn(cloud).consent(to: app)).expecting(200)
            #expect(try await bot.ask("/oauth/introspect", ["token": tokens.access]).text("sub") == cloud.home.user.rawValue)
            let refresh = try await bot.ask("/oauth/introspect", ["token": tokens.refreshToken, "token_type_hint": "access_token"])
            #expect(refresh["active"] == true && refresh.text("token_type") == "refresh_token")
            _ = try await cloud.delete("/v1/oauth/clients/\(app.id)", as: cloud.home.sessionToken).expecting(204)
            for token in [tokens.access, tokens.refreshToken, "nonsense", cloud.home.liveKey] {
                let inactive = try await bot.ask("/oauth/introspect", ["token": token]).expecting(200)
                #expect(inactive.json == ["active": false], "\(inactive.text)")
            }
        }
    }

    @Test func `only who keeps a secret may look, and only into its own workspace and mode`() async throws {
        try await Installation.run { cloud in
            let token = try await Application.bot(cloud).token().access
            let app = try await Application.app(cloud)
            #expect(try await app.ask("/oauth/introspect", ["token": token]).error == "unauthorized_client")
            #expect(try await app.send("/oauth/introspect", ["token": token]).error == "invalid_client")
            let sandboxed = try await Application.bot(cloud, mode: "test")
            #expect(try await sandboxed.ask("/oauth/introspect", ["token": token]).json == ["active": false])
            let elsewhere = try await cloud.makeWorkspace()
            let foreign = try await Application.register(cloud, as: elsewhere.sessionToken, ["name": "Bot"])
            #expect(try await foreign.ask("/oauth/introspect", ["token": token]).json == ["active": false])
            #expect(try await foreign.ask("/oauth/revoke", ["token": token]).status == 200)
            #expect(try await cloud.get("/v1/ping", as: token).status == 200)
        }
    }

    @Test func `a token that is taken back is refused by the very next request`() async throws {
        try await Installation.run { cloud in
            let bot = try await Application.bot(cloud)
            let (token, other) = (try await bot.token().access, try await bot.token().access)
            #expect(try await cloud.get("/v1/ping", as: token).status == 200)
            #expect(try await Application.bot(cloud).ask("/oauth/revoke", ["token": token]).error == "invalid_grant")
            for _ in 1...2 { #expect(try await bot.ask("/oauth/revoke", ["token": token]).status == 200) }
            #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid")
            #expect(try await cloud.get("/v1/ping", as: other).status == 200)
            #expect(try await cloud.eventTypes.contains("oauth_token.revoked"))
        }
    }

    @Test func `a refresh token that is taken back takes its family along`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let tokens = try await app.exchange(Person.signedIn(cloud).consent(to: app)).expecting(200)
            #expect(try await app.ask("/oauth/revoke", ["token": tokens.refreshToken]).status == 200)
            #expect(try await cloud.get("/v1/ping", as: tokens.access).code == "credential_invalid")
            #expect(try await app.refresh(tokens.refreshToken).error == "invalid_grant")
        }
    }

    @Test func `a person sees the applications that act for them, and only they take one back`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let tokens = try await app.exchange(Person.signedIn(cloud).consent(to: app)).expecting(200)
            let mel = try await cloud.makeMember("mel@example.com", of: cloud.home, role: "admin")
            let session = cloud.home.sessionToken
            let listed = try await cloud.get("/v1/oauth/grants", as: session).expecting(200).items
            #expect(listed.count == 1 && listed.first?["client_name"]?.string == "App")
            let path = "/v1/oauth/grants/\(listed.first?["id"]?.string ?? "")"
            #expect(try await cloud.get("/v1/oauth/grants", as: mel.session).items.isEmpty)
            #expect(try await cloud.delete(path, as: mel.session).status == 404)
            #expect(try await cloud.delete(path, as: session).status == 204)
            #expect(try await cloud.get("/v1/ping", as: tokens.access).code == "credential_invalid")
            #expect(try await cloud.delete(path, as: session).status == 404)
        }
    }

    @Test func `the metadata names every endpoint by its full address`() async throws {
        try await Installation.run(configure: published) { cloud in
            let reply = try await cloud.get("/.well-known/oauth-authorization-server").expecting(200)
            #expect(reply.text("issuer") == "https://cloud.example.com")
            #expect(reply.text("token_endpoint") == "https://cloud.example.com/oauth/token")
            #expect(reply["code_challenge_methods_supported"] == ["S256"])
            #expect(reply["authorization_response_iss_parameter_supported"] == true)
        }
    }
}

@Suite struct `Settings → Applications` {
    private static let path = "/app/settings/applications"

    @Test func `a client is registered, rotated and deleted, and its secret shown once`() async throws {
        try await Installation.run { cloud in
            let ada = try await Person.signedIn(cloud)
            func form(_ fields: [String: String]) -> [String: String] {
                ["form_token", "once"].reduce(into: fields) { $0[$1] = ada.hidden($1) ?? "" }
            }
            try await ada.go(Self.path)
            #expect(
                ada.reply.status == 200 && ada.reply.text.contains("None yet") && ada.reply.text.contains("You have let no application"))
            let sent = form([
                "name": "Site", "type": "confidential", "redirect_uris": "https://app.example/done", "scopes": "projects:read",
            ])
            try await ada.submit(Self.path, sent)
            #expect(ada.reply.status == 201 && ada.reply.text.contains("ocs_"), "\(ada.reply.text)")
            try await ada.submit(Self.path, sent)
            #expect(!ada.reply.text.contains("ocs_"))
            let id = try #require(ada.reply.text.firstMatch(of: /data-row="(ocl_[a-z0-9]+)"/)).1
            try await ada.submit("\(Self.path)/\(id)/rotation", form([:]))
            #expect(ada.reply.text.contains("ocs_"))
            try await ada.go(Self.path)
            try await ada.submit("\(Self.path)/\(id)/deletion", form([:]))
            #expect(ada.reply.text.contains("Delete the client"))
            try await ada.submit("\(Self.path)/\(id)/deletion", form(["confirmed": "yes"]))
            #expect(ada.reply.status == 303)
            #expect(try await cloud.get("/v1/oauth/clients", as: cloud.home.liveKey).items.isEmpty)
        }
    }

    @Test func `what cannot be registered is said on the page, with what was typed`() async throws {
        try await Installation.run { cloud in
            let ada = try await Person.signedIn(cloud)
            try await ada.go(Self.path)
            let fields = [
                "name": "Typed name", "redirect_uris": "http://app.example/", "form_token": ada.hidden("form_token") ?? "",
                "once": ada.hidden("once") ?? "",
            ]
            try await ada.submit(Self.path, fields)
            #expect(ada.reply.status == 422 && ada.reply.text.contains("Typed name") && ada.reply.text.contains("It must be https"))
        }
    }

    @Test func `an application that acts for somebody is listed and taken back`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let ada = try await Person.signedIn(cloud)
            let token = try await app.exchange(ada.consent(to: app)).expecting(200).access
            try await ada.go(Self.path)
            let id = try #require(ada.reply.text.firstMatch(of: /data-row="(ogr_[a-z0-9]+)"/)).1
            let form = ["confirmed": "yes", "form_token": ada.hidden("form_token") ?? "", "once": ada.hidden("once") ?? ""]
            try await ada.submit("\(Self.path)/\(id)/revocation", form)
            #expect(ada.reply.status == 303)
            #expect(try await cloud.get("/v1/ping", as: token).code == "credential_invalid")
        }
    }
}

/// A server that is reached through a proxy.
private func published(_ configuration: inout ServerConfiguration) { configuration.publicURL = "https://cloud.example.com/" }
