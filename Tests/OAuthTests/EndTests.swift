import Identity
import Kernel
import OAuth
import Server
import Storage
import TestKit
import Testing
import Web

@Suite struct `What ends a consent` {
    /// Why grants ended, by the live log.
    private static func reasons(_ cloud: Installation) async throws -> [String] {
        let tenant = Tenant(workspace: cloud.home.workspace, mode: .live)
        return try await cloud.store.read { connection in
            try EventLog.events(in: tenant, after: 0, limit: 1000, connection).filter { $0.type == "oauth_grant.revoked" }.map {
                try $0.row["data"]?["reason"]?.string ?? ""
            }
        }
    }

    @Test func `who was deactivated and is active again within the minute finds none of theirs alive`() async throws {
        try await Installation.run { cloud in
            let mel = try await cloud.makeMember("mel@home.example", of: cloud.home, role: "editor")
            let app = try await Application.app(cloud)
            let person = try await Person.signedIn(cloud, email: "mel@home.example")
            let tokens = try await app.exchange(person.consent(to: app)).expecting(200)
            // A second one, whose code nobody has exchanged yet, and one of somebody else.
            let code = try await person.consent(to: app)
            let ada = try await app.exchange(Person.signedIn(cloud).consent(to: app)).expecting(200)
            for status in ["deactivated", "active"] {
                _ = try await cloud.patch("/v1/users/\(mel.id)", as: cloud.home.sessionToken, ["status": .string(status)]).expecting(200)
            }
            #expect(try await cloud.get("/v1/ping", as: tokens.access).code == "credential_invalid")
            #expect(try await app.refresh(tokens.refreshToken).error == "invalid_grant")
            #expect(try await app.exchange(code).error == "invalid_grant")
            #expect(try await cloud.get("/v1/ping", as: ada.access).status == 200)
            #expect(try await Self.reasons(cloud) == ["deactivated", "deactivated"])
            let again = try await Person.signedIn(cloud, email: "mel@home.example")
            let fresh = try await app.exchange(again.consent(to: app)).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: fresh.access).status == 200)
        }
    }

    @Test func `a new password, which the operator sets when the old one may be known`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let tokens = try await app.exchange(Person.signedIn(cloud).consent(to: app)).expecting(200)
            let hash = try await cloud.parts.signIn.passwords.hash("another battery of horses")
            try await cloud.store.write { connection in
                let by = Attribution(
                    tenant: Tenant(workspace: cloud.home.workspace, mode: .live), actor: .system("operator"), address: nil, request: nil,
                    surroundings: cloud.place.surroundings)
                let ada = try User.find(cloud.home.user, in: cloud.home.workspace, connection)
                try ada.resetPassword(hash, ending: .oauth, by: by, connection)
            }
            #expect(try await cloud.get("/v1/ping", as: tokens.access).code == "credential_invalid")
            #expect(try await app.refresh(tokens.refreshToken).error == "invalid_grant")
            #expect(try await Self.reasons(cloud) == ["password_reset"])
        }
    }

    @Test func `programs that give tokens back all day make no other credential be looked up anew`() async throws {
        try await Installation.run { cloud in
            func revision() async throws -> Int64 { try await cloud.store.read { try CredentialRevision.current($0) } }
            let bot = try await Application.bot(cloud)
            let app = try await Application.app(cloud)
            let person = try await Person.signedIn(cloud)
            let first = try await app.exchange(person.consent(to: app)).expecting(200)
            let second = try await app.exchange(person.consent(to: app)).expecting(200)
            let own = try await bot.token().access
            let before = try await revision()
            for token in [own, first.access, second.access] { #expect(try await cloud.get("/v1/ping", as: token).status == 200) }
            _ = try await bot.ask("/oauth/revoke", ["token": own]).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: own).code == "credential_invalid")
            _ = try await app.ask("/oauth/revoke", ["token": first.refreshToken]).expecting(200)
            #expect(try await cloud.get("/v1/ping", as: first.access).code == "credential_invalid")
            #expect(try await cloud.get("/v1/ping", as: second.access).status == 200)
            #expect(try await revision() == before)
        }
    }
}

@Suite struct `An application of one project` {
    /// What widens a person's reach beyond their projects, their own tokens and teams, is not lent to it.
    @Test func `sees nothing that only the person behind it has`() async throws {
        try await Installation.run { cloud in
            let own = try await cloud.post(
                "/v1/tokens", as: cloud.home.sessionToken, ["name": "mine", "scopes": ["projects:read"]]
            ).expecting(201).text("id")
            let scopes: [JSON] = ["projects:read", "tokens:read"]
            func token(_ project: JSON) async throws -> String {
                let app = try await Application.register(
                    cloud,
                    [
                        "name": "App", "type": "public", "scopes": .array(scopes), "redirect_uris": ["https://app.example/done"],
                        "project_id": project,
                    ])
                let code = try await Person.signedIn(cloud).consent(to: app, ["scope": "projects:read tokens:read"])
                return try await app.exchange(code).expecting(200).access
            }
            let bound = try await token(.string(cloud.home.project.rawValue))
            #expect(try await cloud.get("/v1/tokens/\(own)", as: bound).status == 404)
            #expect(try await !cloud.get("/v1/tokens", as: bound).expecting(200).ids.contains(own))
            #expect(try await cloud.get("/v1/ping", as: bound).text("user_id") == cloud.home.user.rawValue)
        }
    }
}

@Suite struct `Who may change where a client's codes go` {
    @Test func `needs all that the client may, since its tokens could be had there`() async throws {
        try await Installation.run { cloud in
            let app = try await Application.app(cloud)
            let path = "/v1/oauth/clients/\(app.id)"
            let narrow = try await cloud.post(
                "/v1/api-keys", as: cloud.home.sessionToken,
                ["name": "narrow", "role": "admin", "scope": ["read:keys", "write:keys", "read:projects"]]
            ).expecting(201).text("key")
            let moved: JSON = ["redirect_uris": ["https://evil.example/done"]]
            let refused = try await cloud.patch(path, as: narrow, moved)
            #expect(refused.status == 403 && refused.code == "insufficient_scope", "\(refused.text)")
            #expect(try await cloud.patch(path, as: narrow, ["grant_types": ["authorization_code"]]).code == "insufficient_scope")
            #expect(try await cloud.patch(path, as: narrow, ["name": "Other"]).status == 200)
            #expect(try await cloud.get(path, as: narrow)["redirect_uris"] == ["https://app.example/done"])
            #expect(try await cloud.patch(path, as: cloud.home.sessionToken, moved).status == 200)
        }
    }
}
