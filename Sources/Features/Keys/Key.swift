import Crypto
package import Kernel
import Storage
package import Web

/// A credential of a machine: a project key, a workspace key, or a token one of them minted.
package struct Key: Sendable {
    package let id: String
    package let kind: Kind
    package let mode: Mode
    /// The project of a project key and of the tokens made with it.
    package let project: ProjectID?
    /// What a workspace key is narrowed to; nil means the whole workspace.
    package let projects: [ProjectID]?
    package let name: String
    package let prefix: String
    package let lastFour: String
    package let role: Role
    package let scopes: ScopeSet
    package let profile: Caller.Profile
    package let addressRanges: [AddressRange]
    /// Nil means the mode's default.
    package let rateLimit: Int?
    /// What the rate limit counts: the key itself; for a token, whatever made it.
    package let limitedAs: String
    /// Whose authority bounds it, for a token made by a signed-in person.
    package let person: UserID?
    package let parent: String?
    package let expiresAt: Timestamp?
    package let revokedAt: Timestamp?
    package let lastUsedAt: Timestamp?
    /// Until when the secret before the last rotation works.
    package let overlapsUntil: Timestamp?
    package let version: Int
    package let createdAt: Timestamp

    package enum Kind: String, Sendable, SQLConvertible {
        case project
        case workspace
        case token
    }

    package var etag: ETag { ETag(version: version) }

    /// Requests in any 60 s for a key that has no number of its own.
    package static func standardRateLimit(_ mode: Mode) -> Int { mode == .live ? 120 : 60 }

    package var requestsPerMinute: Int { rateLimit ?? Self.standardRateLimit(mode) }

    static func digest(of secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Whether it would be accepted at `now`.
    func isValid(at now: Timestamp) -> Bool { revokedAt == nil && expiresAt.map { $0 > now } ?? true }
}

/// What a new credential is to be.
package struct KeyDraft: Sendable {
    package var kind: Key.Kind
    package var mode: Mode
    package var project: ProjectID?
    package var projects: [ProjectID]?
    package var name: String
    package var role = Role.admin
    package var scopes = ScopeSet.all
    package var profile: Caller.Profile
    package var addressRanges: [AddressRange] = []
    package var rateLimit: Int?
    /// Nil for a credential that is counted by itself.
    package var limitedAs: String?
    package var person: UserID?
    package var parent: String?
    package var expiresAt: Timestamp?

    package init(kind: Key.Kind, mode: Mode, name: String, profile: Caller.Profile) {
        self.kind = kind
        self.mode = mode
        self.name = name
        self.profile = profile
    }

    var secretPrefix: Secret.Prefix {
        switch (kind, mode) {
        case (.project, .live): .projectLive
        case (.project, .test): .projectTest
        case (.workspace, .live): .workspaceLive
        case (.workspace, .test): .workspaceTest
        case (.token, _): .token
        }
    }
}

/// A credential with its secret, as it exists for the one answer that shows it.
package struct FreshKey: Sendable {
    package let key: Key
    package let secret: String
}
