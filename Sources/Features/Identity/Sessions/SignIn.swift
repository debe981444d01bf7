package import Kernel
package import Storage
package import Web

/// Signing in by e-mail and password: slowed down per address and per e-mail, and silent about which of the two was wrong.
package struct SignIn: Sendable {
    package let passwords: PasswordHasher
    private let attempts = RateLimiter()

    /// Attempts in any 60 s.
    private static let perEmail = 5
    private static let perAddress = 20

    package static let password = Schema.string(10...200, .text, "At least ten characters.").example("correct horse battery")

    package init(passwords: PasswordHasher) { self.passwords = passwords }

    /// Throws `sign_in_throttled`.
    func throttle(email: String?, address: String?, at now: Timestamp) throws {
        var verdicts = [attempts.admit("address " + (address ?? "-"), limit: Self.perAddress, at: now)]
        if let email { verdicts.append(attempts.admit("email " + email.lowercased(), limit: Self.perEmail, at: now)) }
        guard let refused = verdicts.first(where: { !$0.isAdmitted }) else { return }
        let wait = max(1, (refused.resetsAt.milliseconds - now.milliseconds + 999) / 1000)
        throw Problem(.signInThrottled, "Too many attempts in the last minute.", retryAfter: Int(wait))
    }

    /// Begins a session. Throws `sign_in_failed` for an unknown address, a wrong password, and a user who may not sign in, all alike.
    package func begin(
        email: String, password: String, workspace: WorkspaceID? = nil, address: String?, request: RequestID?, store: Store,
        surroundings: Surroundings
    ) async throws -> Session.Fresh {
        try throttle(email: email, address: address, at: surroundings.now())
        let candidates = try await store.read { connection in
            try User.withEmail(email, connection).filter { workspace == nil || $0.0 == workspace }.map { found in
                (found.0, found.1, try Self.hash(of: found.1.id, in: found.0, connection))
            }
        }
        var match: (WorkspaceID, User)?
        for (workspace, user, hash) in candidates
        where try await passwords.verify(password, against: hash) && match == nil && user.status == .active {
            match = (workspace, user)
        }
        if candidates.isEmpty { _ = try await passwords.verify(password, against: nil) }
        guard let (found, user) = match else { throw Problem(.signInFailed, "The e-mail and password do not match.") }
        return try await store.write(in: found) { connection in
            let current = try User.find(user.id, in: found, connection)
            guard current.status == .active else { throw Problem(.signInFailed, "The e-mail and password do not match.") }
            return try Session.begin(user: current, in: found, address: address, request: request, surroundings: surroundings, connection)
        }
    }

    /// Accepts an invitation with a password of the person's choice, and begins a session. Throws `sign_in_throttled`, and `not_found` for a
    /// token that is unknown, used or too old.
    package func accept(
        invitation token: String, password: String, address: String?, request: RequestID, store: Store, surroundings: Surroundings
    ) async throws -> Session.Fresh {
        try throttle(email: nil, address: address, at: surroundings.now())
        guard Secret.prefix(of: token) == .invitation else { throw Problem.notFound("open invitation") }
        let hash = try await passwords.hash(password)
        return try await store.write { connection in
            let (user, workspace) = try User.acceptInvitation(
                token, password: hash, surroundings: surroundings, address: address, request: request, connection)
            return try Session.begin(
                user: user, in: workspace, address: address, request: request, surroundings: surroundings, connection)
        }
    }

    private static func hash(of user: UserID, in workspace: WorkspaceID, _ connection: Connection) throws -> PasswordHash? {
        let text = try connection.row("SELECT password FROM users WHERE workspace = ? AND id = ?", workspace, user) {
            try $0.get(0, as: String?.self)
        }
        return text.flatMap { $0 }.map { PasswordHash(text: $0) }
    }
}
