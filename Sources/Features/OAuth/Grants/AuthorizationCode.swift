import Crypto
import Foundation
import Kernel
import Storage
import Web

/// A code as it was issued: good once, for a minute, for the client and address it was issued to, with the verifier of its challenge.
struct AuthorizationCode: Sendable {
    static let lifetime: Int64 = 60

    let digest: [UInt8]
    let workspace: WorkspaceID
    let grant: OAuthGrantID
    let client: OAuthClientID
    let redirect: String
    let isRedirectSent: Bool
    let challenge: String
    let expiresAt: Timestamp
    let usedAt: Timestamp?

    /// Nil for one that was never issued, and for another client's.
    static func find(_ text: String, of client: OAuthClient, _ connection: Connection) throws -> AuthorizationCode? {
        guard Secret.prefix(of: text) == .oauthCode else { return nil }
        let digest = StoredSecret.digest(of: text)
        return try connection.row(
            """
            SELECT workspace, grant_id, client, redirect, redirect_sent, challenge, expires_at, used_at FROM oauth_codes
            WHERE digest = ? AND client = ?
            """ + connection.dialect.forUpdate, digest, client.id
        ) {
            try AuthorizationCode(
                digest: digest, workspace: $0.get(0), grant: $0.get(1), client: $0.get(2), redirect: $0.get(3), isRedirectSent: $0.get(4),
                challenge: $0.get(5), expiresAt: $0.get(6), usedAt: $0.get(7))
        }
    }

    /// What is wrong with the request that presents it; nil when nothing is.
    func complaint(redirect asked: String?, verifier: String, at now: Timestamp) -> String? {
        guard expiresAt > now else { return "The code has expired." }
        // RFC 6749, 4.1.3: the same address when one was sent, else none or the one it was.
        guard asked == redirect || asked == nil && !isRedirectSent else { return "redirect_uri is not that of the authorization request." }
        guard CodeChallenge.fits(verifier, challenge) else { return "code_verifier does not fit the code_challenge." }
        return nil
    }

    /// It stays to be known again, as long as its grant.
    func use(at now: Timestamp, _ connection: Connection) throws {
        try connection.execute("UPDATE oauth_codes SET used_at = ? WHERE digest = ?", now, digest)
    }
}

/// PKCE (RFC 7636) by S256; `plain` protects from nobody who sees the request.
package enum CodeChallenge {
    /// 43 characters of base64url: 256 bits.
    static func isOne(_ text: String) -> Bool { text.utf8.count == 43 && text.utf8.allSatisfy(isBase64URL) }

    /// RFC 7636, 4.1 and 4.6.
    static func fits(_ verifier: String, _ challenge: String) -> Bool {
        guard (43...128).contains(verifier.utf8.count),
            verifier.utf8.allSatisfy({ isBase64URL($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "~") })
        else { return false }
        return make(verifier) == challenge
    }

    package static func make(_ verifier: String) -> String { Data(SHA256.hash(data: Array(verifier.utf8))).base64URL }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }
}
