import Identity
package import Kernel
package import Storage
package import Web

/// The rules of minting: nothing can make a credential wider than itself. They ask for a `Caller` alone, so that the API and the dashboard
/// share them.
extension Caller {
    /// The scopes that are asked for, or all the caller may give. Throws `validation_failed` for unknown ones and `insufficient_scope` for wider ones.
    package func granting(_ texts: [String]?, role: Role = .admin, field: String = "scopes") throws -> ScopeSet {
        guard let texts else { return scopes.intersection(role.scopes) }
        let asked: ScopeSet
        do throws(ScopeSet.UnknownScope) {
            asked = try ScopeSet(parsing: texts)
        } catch {
            let known = Scope.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem.invalid(
                field, "There is no scope \"\(error.text.prefix(100))\". Known are *, resource:* and \(known).", code: "unknown_scope")
        }
        let effective = asked.intersection(role.scopes)
        try require(all: effective)
        return asked
    }

    fileprivate func require(all wanted: ScopeSet) throws {
        if let missing = Scope.allCases.first(where: { wanted.contains($0) && !scopes.contains($0) }) { try require(missing) }
    }

    /// The mode that is asked for, or the caller's own. The sandbox makes nothing live.
    package func granting(_ asked: Mode?) throws -> Mode {
        guard mode == .live || asked ?? mode == .test else { throw Problem(.forbidden, "A test credential cannot make a live one.") }
        return asked ?? mode
    }
}

extension Call {
    func requestedScopes(role: Role = .admin) throws -> ScopeSet {
        let field = body?["scopes"] != nil ? "scopes" : "scope"
        return try caller.granting(body?[field]?.array?.compactMap(\.string), role: role, field: field)
    }

    /// The expiry the body asks for, never after the caller's own. Throws `validation_failed` for one in the past.
    func requestedExpiry() throws -> Timestamp? {
        guard let text = body?["expires_at"]?.string, let expiry = Timestamp(text) else { return nil }
        guard expiry > at else { throw Problem.invalid("expires_at", "The expiry must lie in the future.", code: "past") }
        return expiry
    }

    /// A number of one's own is a setting of the workspace. Throws `insufficient_scope` or `forbidden`.
    package func requestedRateLimit() throws -> Int? {
        guard let number = body?["rate_limit_per_minute"]?.integer else { return nil }
        try caller.require(.settingsWrite)
        try caller.requireWorkspace(.admin)
        return Int(number)
    }

    package var requestedMode: Mode? { body?["mode"]?.string.flatMap(Mode.init) }
}

extension KeyDraft {
    /// A key of one project, with everything the caller may give and `role` holds. Throws `not_found` or `forbidden` unless the caller is an
    /// admin of the project.
    package static func projectKey(named name: String, of project: ProjectID, mode: Mode?, role: Role = .admin, for caller: Caller) throws
        -> KeyDraft
    {
        try caller.require(.admin, in: project)
        var draft = KeyDraft(kind: .project, mode: try caller.granting(mode), name: name, profile: .cloudapi)
        draft.project = project
        draft.scopes = try caller.granting(nil, role: role)
        return draft
    }

    /// A key of the workspace, never wider than the caller in role, scopes, projects and mode. Nil asks for the widest the caller may give.
    /// Throws `forbidden`, and `not_found` for a project out of reach.
    package static func workspaceKey(named name: String, mode: Mode?, role: Role?, projects asked: [ProjectID]? = nil, for caller: Caller)
        throws -> KeyDraft
    {
        guard caller.credential.kind == .workspaceKey || caller.credential.kind == .session else {
            throw Problem(.forbidden, "A workspace key is made with a session or another workspace key.")
        }
        var draft = KeyDraft(kind: .workspace, mode: try caller.granting(mode), name: name, profile: .cloudplatform)
        switch caller.reach {
        case .workspace(let held):
            draft.role = role ?? held
            try caller.requireWorkspace(draft.role)
            draft.projects = asked
        case .projects(let roles):
            draft.role = role ?? roles.values.min() ?? .viewer
            draft.projects = asked ?? Array(roles.keys).sorted()
            for project in draft.projects ?? [] { try caller.require(draft.role, in: project) }
        }
        draft.scopes = try caller.granting(nil, role: draft.role)
        return draft
    }
}

extension Key {
    /// Makes what was drafted, after the checks that need the database. Throws `not_found` and `project_archived` for the project of a project
    /// key, `validation_failed` for the projects of a workspace key, and what `bounded` throws.
    package static func mint(_ draft: KeyDraft, for caller: Caller, by: Attribution, _ connection: Connection) throws -> FreshKey {
        if let project = draft.project { try Project.find(project, for: caller, connection).requireActive() }
        for (index, project) in (draft.projects ?? []).enumerated() {
            do {
                _ = try Project.find(project, for: caller, connection)
            } catch let problem as Problem where problem.code == .notFound {
                throw Problem.invalid("project_ids/\(index)", "There is no such project.", code: "not_found")
            }
        }
        return try create(draft.bounded(by: caller, connection), by: by, connection)
    }

    /// The credential of that id, which the caller must administer. Throws `not_found` or `forbidden`.
    package static func administered(_ id: String, _ kinds: Set<Kind>, by caller: Caller, _ connection: Connection) throws -> Key {
        let key = try find(id, kinds: kinds, for: caller, connection)
        try key.requireAdministrator(caller)
        return key
    }

    /// Gives the credential of that id a new secret. Throws what `administered`, `requireNoWider` and `rotate` throw.
    package static func rotate(
        _ id: String, _ kinds: Set<Kind>, overlap: Int64, for caller: Caller, by: Attribution, _ connection: Connection
    ) throws -> FreshKey {
        let key = try administered(id, kinds, by: caller, connection)
        try key.requireNoWider(than: caller, connection)
        return try key.rotate(overlap: overlap, by: by, connection)
    }

    /// Passes for an admin of its project, or of the workspace; for whoever made the token; and for the credential itself.
    private func requireAdministrator(_ caller: Caller) throws {
        if id == caller.credential.id || parent == caller.credential.id || person != nil && person == caller.widenedBy { return }
        if let project { try caller.require(.admin, in: project) } else { try caller.requireWorkspace(.admin) }
    }

    package func isAdministered(by caller: Caller) -> Bool { (try? requireAdministrator(caller)) != nil }

    /// Whoever sees the new secret of a key can do what the key can: it must be one the caller could have made, or the caller itself.
    /// Throws `insufficient_scope` or `forbidden`.
    private func requireNoWider(than caller: Caller, _ connection: Connection) throws {
        guard id != caller.credential.id else { return }
        try caller.require(all: scopes.intersection(role.scopes))
        guard let maker = try Key.maker(caller, connection) else { return }
        guard maker.expiresAt.map({ $0 >= expiresAt ?? .last }) ?? true else {
            throw Problem(.forbidden, "The key works longer than the credential that asks for its new secret.")
        }
        guard maker.addressRanges.isEmpty || !addressRanges.isEmpty && addressRanges.allSatisfy(maker.mayBeUsed(from:)) else {
            throw Problem(.forbidden, "The key works from more addresses than the credential that asks for its new secret.")
        }
    }

    fileprivate func mayBeUsed(from range: AddressRange) -> Bool {
        addressRanges.contains { $0.prefix <= range.prefix && $0.contains(range.first) }
    }
}

extension Key {
    /// The key or token the caller presented; nil for a session. Throws `forbidden` for an OAuth token: what it made would outlive the consent
    /// it was issued by.
    package static func maker(_ caller: Caller, _ connection: Connection) throws -> Key? {
        guard caller.credential.kind != .session else { return nil }
        guard caller.credential.kind != .oauthToken else {
            throw Problem(.forbidden, "An OAuth token makes no other credentials. Use a session or a key.")
        }
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
        for range in addressRanges where !maker.mayBeUsed(from: range) {
            throw Problem(.forbidden, "The range \(range) lies outside the ranges of the credential that makes the key.")
        }
        return bounded
    }
}

package enum KeyFields {
    package static let scopes = Schema.array(
        .string(1...100, .scope).example("projects:read"), 1...100,
        "`resource:action` or `action:resource`; `*` and `resource:*` stand for many.")
    package static let mode = Schema.choice(of: Mode.self, "live, or test for the sandbox.")
    static let expiry = Schema.timestamp("When it stops working.")
    package static let rateLimit = Schema.integer(1...1_000_000_000, "Requests in any 60 seconds, instead of the default. Needs an admin.")
    static let ranges = Schema.array(
        .string(1...60, .addressRange).example("203.0.113.0/24"), 0...50, "The only addresses it may be used from.")
    package static let rotation = Schema.object([
        .optional("overlap_seconds", .integer(0...604_800, "How long the old secret works beside the new one; an hour when left out."))
    ])
    static let revoked = Schema.object([.required("id", .id("key")), .required("revoked", .boolean().example(true))])
}
