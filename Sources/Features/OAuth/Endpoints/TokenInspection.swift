import HTTPTypes
import Identity
import Kernel
import Storage
import Web

/// What is said of a token to who looks into it (RFC 7662, 2.2).
struct TokenInspection: Sendable, JSONRepresentable, SchemaDescribed {
    let isRefresh: Bool
    let client: OAuthClient
    let grant: OAuthGrant?
    let scopes: ScopeSet
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    let issuer: String

    static let form = Schema.object([
        .required("token", .string(1...1000, .text, "An access or refresh token.")),
        .optional("token_type_hint", .string(1...100, .text, "Not needed: a token says what it is.")),
        .optional("client_id", .id("ocl")), .optional("client_secret", .string(1...200, .text, "Unless it is sent by HTTP Basic.")),
    ])

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("active", true)
            json.field("scope", String(listing: scopes.patterns))
            json.field("client_id", client.id)
            json.field("token_type", isRefresh ? "refresh_token" : "Bearer")
            json.field("exp", expiresAt.seconds)
            json.field("iat", issuedAt.seconds)
            json.field("sub", grant?.person.rawValue ?? client.id.rawValue)
            json.field("iss", issuer)
            json.field("workspace_id", client.workspace)
            json.field("project_id", client.project)
            json.field("mode", client.mode.rawValue)
        }
    }

    static let schema = Schema.named(
        "OAuthInspection",
        .object([
            .required("active", .boolean("Whether the API would take it now. Nothing else is said of one that it would not.")),
            .optional("scope", .string(0...5000, .text, "Parted by spaces: what is left of it by what client and person may now.")),
            .optional("client_id", .id("ocl")), .optional("token_type", .choice(["Bearer", "refresh_token"])),
            .optional("exp", .integer(0...Int64.max, "Seconds since 1970.")),
            .optional("iat", .integer(0...Int64.max, "Seconds since 1970.")),
            .optional("sub", .string(1...100, .text, "The person it acts for, else the client.")), .optional("iss", .string(1...500)),
            .optional("workspace_id", .id("wsp")), .optional("project_id", Schema.id("proj").nullable),
            .optional("mode", .choice(of: Mode.self)),
        ]))

    struct Inactive: JSONRepresentable {
        func write(to json: inout JSONWriter) { json.object { $0.field("active", false) } }
    }
}

extension AuthorizationServer {
    func introspect(_ call: OpenCall) async throws -> Answer {
        let asking = try await gate.client(of: call)
        guard asking.kind == .confidential else {
            throw Problem(.unauthorizedClient, "Only a client that proves itself by a secret may look into tokens.")
        }
        let text = call.body?["token"]?.string ?? ""
        let found = try await call.store.read { try inspect(text, at: call.at, $0) }
        guard let found, found.client.tenant == asking.tenant else { return .unstored(TokenInspection.Inactive()) }
        return .unstored(found)
    }

    private func inspect(_ text: String, at now: Timestamp, _ connection: Connection) throws -> TokenInspection? {
        switch Secret.prefix(of: text) {
        case .oauthToken:
            let digest = StoredSecret.digest(of: text)
            guard let credential = try OAuthCredentials().credential(withDigest: digest, prefix: .oauthToken, at: now, connection),
                let token = try IssuedToken.find(digest, at: now, connection), let client = try token.client(connection)
            else { return nil }
            let grant = try token.grant.flatMap { try OAuthGrant.alive($0, in: token.workspace, at: now, connection) }
            return TokenInspection(
                isRefresh: false, client: client, grant: grant, scopes: credential.caller.scopes, issuedAt: token.issuedAt,
                expiresAt: token.expiresAt, issuer: issuer)
        case .oauthRefresh:
            guard let token = try RefreshToken.find(text, locking: false, connection), token.usedAt == nil, token.expiresAt > now,
                let grant = try OAuthGrant.alive(token.grant, in: token.workspace, at: now, connection),
                let client = try OAuthClient.named(grant.client.rawValue, connection), client.grantTypes.contains(.refreshToken),
                try UserRights.of(grant.person, in: grant.workspace, connection) != nil
            else { return nil }
            return TokenInspection(
                isRefresh: true, client: client, grant: grant, scopes: grant.scopes, issuedAt: token.issuedAt, expiresAt: token.expiresAt,
                issuer: issuer)
        default: return nil
        }
    }
}
