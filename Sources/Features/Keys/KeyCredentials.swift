import Identity
package import Kernel
package import Storage
package import Web

/// Keys and tokens as credentials.
package struct KeyCredentials: CredentialSource {
    package init() {}

    package func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) throws
        -> Authenticated?
    {
        guard let (workspace, key, until) = try find(digest, at: now, connection), key.isValid(at: now) else { return nil }
        guard let (scopes, reach) = try rights(of: key, in: workspace, connection) else { return nil }
        let kind: Caller.Credential.Kind =
            switch key.kind {
            case .project: .projectKey
            case .workspace: .workspaceKey
            case .token: .token
            }
        let caller = Caller(
            workspace: workspace, mode: key.mode, credential: .init(kind: kind, id: key.id, project: key.project), user: key.person,
            scopes: scopes,
            reach: reach, profile: key.profile)
        return Authenticated(
            caller: caller, limitedAs: key.limitedAs, requestsPerMinute: try requestsPerMinute(of: key, in: workspace, connection),
            expiresAt: [key.expiresAt, until].compactMap { $0 }.min(), addressRanges: key.addressRanges)
    }

    /// By the present secret, or by the one before it while it overlaps; then also until when.
    private func find(_ digest: [UInt8], at now: Timestamp, _ connection: Connection) throws -> (WorkspaceID, Key, Timestamp?)? {
        let fields = Key.selection.replacing(" FROM credentials", with: ", workspace FROM credentials")
        if let found = try connection.row(
            "\(fields) WHERE digest = ?", digest, as: { try ($0.get(22, as: WorkspaceID.self), Key.read($0)) })
        {
            return (found.0, found.1, nil)
        }
        let previous = try connection.row("\(fields) WHERE previous_digest = ? AND previous_until > ?", digest, now) {
            try ($0.get(22, as: WorkspaceID.self), Key.read($0))
        }
        return previous.map { ($0.0, $0.1, $0.1.overlapsUntil) }
    }

    /// A token draws on the limit of the key it was made with, as high as that is now.
    private func requestsPerMinute(of key: Key, in workspace: WorkspaceID, _ connection: Connection) throws -> Int {
        guard key.limitedAs != key.id else { return key.requestsPerMinute }
        let maker = try connection.row("\(Key.selection) WHERE workspace = ? AND id = ?", workspace, key.limitedAs, as: Key.read)
        return (maker ?? key).requestsPerMinute
    }

    /// What its role leaves of its scopes; for a person's token, what the person may do now as well. Nil when the person may do nothing.
    private func rights(of key: Key, in workspace: WorkspaceID, _ connection: Connection) throws -> (ScopeSet, Caller.Reach)? {
        let scopes = key.scopes.intersection(key.role.scopes)
        if let person = key.person {
            guard let rights = try UserRights.of(person, in: workspace, connection) else { return nil }
            return (scopes.intersection(rights.scopes), rights.reach)
        }
        if let project = key.project { return (scopes, .projects([project: key.role])) }
        guard let projects = key.projects else { return (scopes, .workspace(key.role)) }
        return (scopes, .projects(Dictionary(projects.map { ($0, key.role) }, uniquingKeysWith: max)))
    }
}
