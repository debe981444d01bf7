import Kernel
import Storage
import Web

/// A token that opens the API for an hour; kept as its hash alone.
struct AccessToken: Sendable {
    static let lifetime: Int64 = 3600

    let text: String
    let scopes: ScopeSet
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    var refresh: String?

    init(_ scopes: ScopeSet, at now: Timestamp, _ surroundings: Surroundings) {
        text = Secret.make(.oauthToken, randomBytes: surroundings.randomBytes(32))
        self.scopes = scopes
        issuedAt = now
        expiresAt = now.adding(seconds: Self.lifetime)
    }

    func insert(for client: OAuthClient, grant: OAuthGrantID?, _ connection: Connection) throws {
        try connection.execute(
            "INSERT INTO oauth_tokens (digest, workspace, client, grant_id, scopes, issued_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            StoredSecret.digest(of: text), client.workspace, client.id, grant, String(listing: scopes.patterns), issuedAt, expiresAt)
    }

    static func removeExpired(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            "DELETE FROM oauth_tokens WHERE digest IN (SELECT digest FROM oauth_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            now,
            limit)
    }
}

extension AccessToken: JSONRepresentable, SchemaDescribed {
    /// RFC 6749, 5.1.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("access_token", text)
            json.field("token_type", "Bearer")
            json.field("expires_in", Self.lifetime)
            if let refresh { json.field("refresh_token", refresh) }
            json.field("scope", String(listing: scopes.patterns))
        }
    }

    static let schema = Schema.named(
        "OAuthToken",
        .object([
            .required("access_token", .string(1...100, .text, "Send it as bearer.").example("oat_…")),
            .required("token_type", .choice(["Bearer"])), .required("expires_in", .integer(1...AccessToken.lifetime, "Seconds.")),
            .optional("refresh_token", .string(1...100, .text, "Good once: its answer holds the next one.").example("ort_…")),
            .required("scope", .string(0...5000, .text, "Parted by spaces.")),
        ]))
}
