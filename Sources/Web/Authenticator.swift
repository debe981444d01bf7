import Crypto
package import HTTPTypes
package import Kernel
package import Storage
import Synchronization

/// A credential that was found: who it is, how fast it may ask, and until when.
package struct Authenticated: Sendable {
    package let caller: Caller
    /// What the rate limit counts: the credential, or for a scoped token the one it was made with.
    package let limitedAs: String
    package let requestsPerMinute: Int
    package let expiresAt: Timestamp?
    /// When not empty, the only addresses it may be used from.
    package let addressRanges: [AddressRange]

    package init(
        caller: Caller, limitedAs: String, requestsPerMinute: Int, expiresAt: Timestamp?, addressRanges: [AddressRange]
    ) {
        self.caller = caller
        self.limitedAs = limitedAs
        self.requestsPerMinute = requestsPerMinute
        self.expiresAt = expiresAt
        self.addressRanges = addressRanges
    }
}

/// What `Web` needs of the features that issue credentials.
package protocol CredentialSource: Sendable {
    /// The credential whose secret has this SHA-256, if it is valid at `now`; `expiresAt` says until when.
    func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) throws -> Authenticated?

    /// Whether a credential that was found before is still there. Asked for every request, for kinds that programs end one by one, as often as
    /// they like: those do not raise the revision, which would make every other credential be looked up anew.
    func isThere(_ digest: @autoclosure () -> [UInt8], prefix: Secret.Prefix, _ connection: Connection) throws -> Bool
}

extension CredentialSource {
    package func isThere(_ digest: @autoclosure () -> [UInt8], prefix: Secret.Prefix, _ connection: Connection) throws -> Bool { true }
}

/// Says who is asking.
///
/// Found credentials are kept in memory, for the revision of the credentials they were read at. Whatever changes what a credential may do
/// (revocation, rotation, a role, a member, an archived project) raises the revision in its own transaction, and the revision is read for
/// every request before which anything was committed: so a revoked key is refused by the very next request, by whichever process or node it
/// arrives. A single OAuth token that its client gives back raises nothing; `CredentialSource.isThere` looks for it instead.
package final class Authenticator: Sendable {
    private let store: Store
    private let source: any CredentialSource
    private let known = Mutex(Known())

    private struct Known {
        var revision: Int64 = -1
        var credentials: [Digest: Credential] = [:]

        /// What was read at that revision, which is valid still, and was so at `mark`.
        mutating func see(_ digest: Digest, at revision: Int64, as mark: CommitMark?) -> Authenticated? {
            guard revision == self.revision, let index = credentials.index(forKey: digest) else { return nil }
            credentials.values[index].seen = mark
            return credentials.values[index].found
        }
    }

    private struct Credential {
        let found: Authenticated
        /// As of which commit it was last seen to be valid.
        var seen: CommitMark?
    }

    private struct Digest: Hashable {
        let words: (UInt64, UInt64, UInt64, UInt64)

        static func == (one: Self, other: Self) -> Bool { one.words == other.words }
        /// A SHA-256 is as even as any hash of it.
        func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    }

    /// Kept in memory at most, so that a flood of different keys costs no memory.
    private static let capacity = 50_000

    package init(store: Store, source: any CredentialSource) {
        self.store = store
        self.source = source
    }

    /// Throws `credential_missing`, `credential_invalid`, `conflicting_credentials` or `address_not_allowed`.
    package func authenticate(_ headers: HTTPFields, address: String?, at now: Timestamp) async throws -> (Authenticated, secret: String) {
        let secret = try Self.presented(in: headers)
        guard let prefix = Secret.prefix(of: secret) else { throw Self.invalid }
        let found = try await find(secret, prefix, now)
        guard let found, found.expiresAt.map({ $0 > now }) ?? true else { throw Self.invalid }
        try Self.check(found.addressRanges, address)
        return (found, secret)
    }

    private func find(_ secret: String, _ prefix: Secret.Prefix, _ now: Timestamp) async throws -> Authenticated? {
        var copy = secret
        let sum = copy.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
        let digest = sum.withUnsafeBytes { Digest(words: $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self)) }
        let mark = store.mark
        if let mark, let hit = known.withLock({ $0.credentials[digest] }), hit.seen == mark { return hit.found }
        // Two statements, each of them after whatever was committed before this request came.
        let (current, isThere) = try await store.peek { [source] connection in
            (try CredentialRevision.current(connection), try source.isThere(Array(sum), prefix: prefix, connection))
        }
        guard isThere else { return nil }
        if let hit = known.withLock({ $0.see(digest, at: current, as: mark) }) { return hit }
        return try await store.read { [self] connection in
            let revision = try CredentialRevision.current(connection)
            let found = try source.credential(withDigest: Array(sum), prefix: prefix, at: now, connection)
            if let found { remember(Credential(found: found, seen: mark), digest, at: revision) }
            return found
        }
    }

    private func remember(_ credential: Credential, _ digest: Digest, at revision: Int64) {
        known.withLock { known in
            if revision < known.revision { return }
            if revision > known.revision || known.credentials.count >= Self.capacity {
                known.credentials = [:]
                known.revision = revision
            }
            known.credentials[digest] = credential
        }
    }

    private static func presented(in headers: HTTPFields) throws -> String {
        let bearer = try headers[.authorization].map(bearerSecret)
        let apiKey = headers.contains(.apiKey) ? headers[.apiKey] : nil
        switch (bearer, apiKey) {
        case (let bearer?, let apiKey?) where bearer != apiKey:
            throw Problem(.conflictingCredentials, "Authorization and x-api-key carry different credentials.")
        case (let secret?, _), (nil, let secret?): return secret
        case (nil, nil):
            throw Problem(.credentialMissing, "Send Authorization: Bearer <key>.", headers: [("WWW-Authenticate", "Bearer")])
        }
    }

    private static func bearerSecret(_ value: String) throws -> String {
        let scheme = value.utf8.prefix(7)
        guard value.utf8.count > 7, scheme.elementsEqual("bearer ".utf8, by: { $0 == $1 || $0 &+ 32 == $1 }) else {
            throw Problem(.credentialInvalid, "The Authorization header must be Bearer <key>.", headers: [("WWW-Authenticate", "Bearer")])
        }
        return String(value[scheme.endIndex...])
    }

    private static func check(_ ranges: [AddressRange], _ address: String?) throws {
        guard !ranges.isEmpty else { return }
        guard let address = address.flatMap({ IPAddress($0) }), ranges.contains(where: { $0.contains(address) }) else {
            throw Problem(.addressNotAllowed, "The credential may not be used from this address.")
        }
    }

    private static var invalid: Problem {
        Problem(
            .credentialInvalid, "The credential is unknown, expired or revoked.",
            headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
    }
}

/// A number that every change of what a credential may do raises.
package enum CredentialRevision {
    package static func current(_ connection: Connection) throws -> Int64 {
        try connection.row("SELECT revision FROM credential_revision") { try $0.get(0, as: Int64.self) } ?? 0
    }

    /// To be called in the transaction of the change.
    package static func raise(_ connection: Connection) throws {
        try connection.execute("UPDATE credential_revision SET revision = revision + 1")
    }

    package static let migrations = [
        Migration(
            "0003-credential-revision", "CREATE TABLE credential_revision (revision INTEGER NOT NULL) STRICT",
            "INSERT INTO credential_revision (revision) VALUES (1)")
    ]
}

extension HTTPField.Name {
    package static let apiKey = Self("x-api-key")!  // a valid name, as are those below
    package static let pragma = Self("Pragma")!
    package static let idempotencyKey = Self("Idempotency-Key")!
    static let idempotentReplayed = Self("Idempotent-Replayed")!
    static let requestID = Self("X-Request-Id")!
    static let rateLimit = Self("RateLimit")!
    static let rateLimitPolicy = Self("RateLimit-Policy")!
    static let rateLimitLimit = Self("X-RateLimit-Limit")!
    static let rateLimitRemaining = Self("X-RateLimit-Remaining")!
    static let rateLimitReset = Self("X-RateLimit-Reset")!
    static let link = Self("Link")!
    static let forwarded = Self("Forwarded")!
    static let forwardedFor = Self("X-Forwarded-For")!
}
