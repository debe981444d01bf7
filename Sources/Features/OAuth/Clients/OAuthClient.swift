import Crypto
package import Kernel
import Storage
package import Web

/// A program that may ask for tokens: for itself, or on behalf of people who consent.
///
/// It belongs to a workspace and has a mode; only people of its workspace can consent to it, and its tokens are of its mode. Nothing that acts
/// with its tokens can do more than it may: its scopes, its role, its project.
package struct OAuthClient: Sendable {
    package let id: OAuthClientID
    package let workspace: WorkspaceID
    package let mode: Mode
    package let kind: Kind
    package let name: String
    /// The project its tokens stay in; nil for the whole workspace.
    package let project: ProjectID?
    package let role: Role
    package let scopes: ScopeSet
    package let redirects: [RedirectURI]
    package let grantTypes: [GrantType]
    /// Nil for a public client.
    let secret: StoredSecret?
    /// Requests in any 60 s of each of its grants and of itself; nil means the mode's default.
    package let rateLimit: Int?
    let profile: Caller.Profile
    /// When it was last given a token for itself, to the hour.
    package let lastTokenAt: Timestamp?
    package let version: Int
    package let createdAt: Timestamp

    /// RFC 6749, 2.1.
    package enum Kind: String, Sendable, CaseIterable, SQLConvertible {
        /// Keeps a secret: a program on a server.
        case confidential
        /// Cannot keep one: an app on a device, or in a browser. PKCE is all it proves itself with.
        case `public`
    }

    package enum GrantType: String, Sendable, CaseIterable {
        case authorizationCode = "authorization_code"
        case refreshToken = "refresh_token"
        case clientCredentials = "client_credentials"
    }

    package var etag: ETag { ETag(version: version) }

    /// What its scopes come to in its role.
    package var allowed: ScopeSet { scopes.intersection(role.scopes) }

    var tenant: Tenant { Tenant(workspace: workspace, mode: mode) }
}

/// The client's secret as it is kept: 256 random bits need no slow hash.
struct StoredSecret: Sendable {
    let digest: [UInt8]
    let lastFour: String
    /// The one before the last rotation, while it still works.
    let previous: [UInt8]?
    let overlapsUntil: Timestamp?

    static func digest(of secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Compares in constant time.
    func fits(_ secret: String, at now: Timestamp) -> Bool {
        guard Secret.prefix(of: secret) == .oauthSecret else { return false }
        let digest = Self.digest(of: secret)
        if Self.isEqual(digest, self.digest) { return true }
        guard let previous, let overlapsUntil, overlapsUntil > now else { return false }
        return Self.isEqual(digest, previous)
    }

    private static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// A client with its secret, as it exists for the one answer that shows it.
package struct FreshOAuthClient: Sendable {
    package let client: OAuthClient
    /// Nil for a public client.
    package let secret: String?
}
