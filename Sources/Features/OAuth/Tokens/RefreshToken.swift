import Kernel
import Storage
import Vault
import Web

/// A token that gets the next access token, and the next of its own kind, once.
///
/// Whoever steals one uses it beside its owner, so the second use tells: then the whole grant ends (RFC 9700, 4.14.2). A client that lost the answer
/// on its way must be able to ask again, though: for ten seconds, and as long as nobody has used the successor, the same answer is given once more.
/// It is kept sealed under the token that was presented, which the database does not know.
struct RefreshToken: Sendable {
    /// Thirty days without use.
    static let lifetime: Int64 = 30 * 86_400
    static let repeatWindow: Int64 = 10

    let digest: [UInt8]
    let workspace: WorkspaceID
    let grant: OAuthGrantID
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    let usedAt: Timestamp?
    private let answer: [UInt8]?

    static func find(_ text: String, locking: Bool = true, _ connection: Connection) throws -> RefreshToken? {
        guard Secret.prefix(of: text) == .oauthRefresh else { return nil }
        let digest = StoredSecret.digest(of: text)
        return try connection.row(
            "SELECT workspace, grant_id, issued_at, expires_at, used_at, answer FROM oauth_refresh_tokens WHERE digest = ?"
                + (locking ? connection.dialect.forUpdate : ""), digest
        ) {
            try RefreshToken(
                digest: digest, workspace: $0.get(0), grant: $0.get(1), issuedAt: $0.get(2), expiresAt: $0.get(3), usedAt: $0.get(4),
                answer: $0.get(5))
        }
    }

    static func issue(for grant: OAuthGrant, at now: Timestamp, _ surroundings: Surroundings, _ connection: Connection) throws -> String {
        let text = Secret.make(.oauthRefresh, randomBytes: surroundings.randomBytes(32))
        try connection.execute(
            "INSERT INTO oauth_refresh_tokens (digest, workspace, grant_id, issued_at, expires_at) VALUES (?, ?, ?, ?, ?)",
            StoredSecret.digest(of: text), grant.workspace, grant.id, now, now.adding(seconds: lifetime))
        return text
    }

    /// Notes the use and what was answered. The answers to those before it cannot be had again from now on.
    func use(_ text: String, answer: [UInt8], at now: Timestamp, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE oauth_refresh_tokens SET answer = NULL WHERE workspace = ? AND grant_id = ? AND answer IS NOT NULL", workspace, grant)
        try connection.execute(
            "UPDATE oauth_refresh_tokens SET used_at = ?, answer = ? WHERE digest = ?", now,
            try Vault.seal(answer, secret: text, context: Self.context), digest)
    }

    /// The answer to its first use, while it may be had again; nil after that.
    func repeated(_ text: String, at now: Timestamp) -> [UInt8]? {
        guard let usedAt, let answer, now < usedAt.adding(seconds: Self.repeatWindow) else { return nil }
        return try? Vault.open(answer, secret: text, context: Self.context)  // nothing but the token itself opens it
    }

    private static let context = "oauth refresh"

    /// What was answered is forgotten when it can no longer be asked for.
    static func forgetAnswers(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            UPDATE oauth_refresh_tokens SET answer = NULL WHERE digest IN (
                SELECT digest FROM oauth_refresh_tokens WHERE answer IS NOT NULL AND used_at <= ? ORDER BY used_at LIMIT ?)
            """, now.adding(seconds: -repeatWindow), limit)
    }

    /// A grant that is used lives on and on; what it was refreshed with does not. One that comes back after this is unknown, and refused.
    static func removeExpired(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try connection.execute(
            """
            DELETE FROM oauth_refresh_tokens WHERE digest IN (
                SELECT digest FROM oauth_refresh_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
            """, now, limit)
    }
}
