import Kernel
import Storage
import Web

/// The rules of minting: nothing can make a credential wider than itself.
extension Call {
    /// The scopes the body asks for, or all the caller may give. Throws `validation_failed` for unknown ones and `insufficient_scope` for wider ones.
    func requestedScopes(role: Role = .admin) throws -> ScopeSet {
        let field = body?["scopes"] != nil ? "scopes" : "scope"
        guard let texts = body?[field]?.array?.compactMap(\.string) else { return caller.scopes.intersection(role.scopes) }
        let scopes: ScopeSet
        do throws(ScopeSet.UnknownScope) {
            scopes = try ScopeSet(parsing: texts)
        } catch {
            let known = Scope.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid(
                field, "There is no scope \"\(error.text.prefix(100))\". Known are *, resource:* and \(known).", code: "unknown_scope")
        }
        let effective = scopes.intersection(role.scopes)
        if let missing = Scope.allCases.first(where: { effective.contains($0) && !caller.scopes.contains($0) }) {
            try caller.require(missing)
        }
        return scopes
    }

    /// The expiry the body asks for, never after the caller's own. Throws `validation_failed` for one in the past.
    func requestedExpiry() throws -> Timestamp? {
        guard let text = body?["expires_at"]?.string, let expiry = Timestamp(text) else { return nil }
        guard expiry > at else { throw Problem.invalid("expires_at", "The expiry must lie in the future.", code: "past") }
        return expiry
    }

    /// A number of one's own is a setting of the workspace. Throws `insufficient_scope` or `forbidden`.
    func requestedRateLimit() throws -> Int? {
        guard let number = body?["rate_limit_per_minute"]?.integer else { return nil }
        try caller.require(.settingsWrite)
        try caller.requireWorkspace(.admin)
        return Int(number)
    }

    /// The mode the body asks for. The sandbox makes nothing live.
    func requestedMode() throws -> Mode {
        let mode = body?["mode"]?.string.flatMap(Mode.init) ?? caller.mode
        guard caller.mode == .live || mode == .test else { throw Problem(.forbidden, "A test credential cannot make a live one.") }
        return mode
    }
}

extension Key {
    /// The key or token the caller presented; nil for a session.
    static func maker(_ caller: Caller, _ connection: Connection) throws -> Key? {
        guard caller.credential.kind != .session else { return nil }
        return try find(caller.credential.id, kinds: [.project, .workspace, .token], for: caller, connection)
    }
}

extension KeyDraft {
    /// Ends no later than its maker, and works from no more addresses. Throws `forbidden` for ranges outside the maker's.
    func bounded(by caller: Caller, _ connection: Connection) throws -> KeyDraft {
        guard let maker = try Key.maker(caller, connection) else { return self }
        var bounded = self
        if let end = maker.expiresAt { bounded.expiresAt = min(expiresAt ?? end, end) }
        guard !maker.addressRanges.isEmpty else { return bounded }
        if addressRanges.isEmpty { bounded.addressRanges = maker.addressRanges }
        for range in addressRanges where !maker.addressRanges.contains(where: { $0.prefix <= range.prefix && $0.contains(range.first) }) {
            throw Problem(.forbidden, "The range \(range) lies outside the ranges of the credential that makes the key.")
        }
        return bounded
    }
}

enum KeyFields {
    static let scopes = Schema.array(
        .string(1...100, .scope).example("projects:read"), 1...50,
        "`resource:action` or `action:resource`; `*` and `resource:*` stand for many.")
    static let mode = Schema.choice(of: Mode.self, "live, or test for the sandbox.")
    static let expiry = Schema.timestamp("When it stops working.")
    static let rateLimit = Schema.integer(1...1_000_000_000, "Requests in any 60 seconds, instead of the default. Needs an admin.")
    static let ranges = Schema.array(
        .string(1...60, .addressRange).example("203.0.113.0/24"), 0...50, "The only addresses it may be used from.")
    static let rotation = Schema.object([
        .optional("overlap_seconds", .integer(0...604_800, "How long the old secret works beside the new one; an hour when left out."))
    ])
    static let revoked = Schema.object([.required("id", .id("key")), .required("revoked", .boolean())])
}
