package import Kernel
package import Storage
package import Web

/// Session tokens as credentials: they carry the rights of their user.
package struct SessionCredentials: CredentialSource {
    /// Requests a minute a signed-in person may make; more than a key's, since a page makes several.
    private static let requestsPerMinute = 600

    package init() {}

    package func credential(withDigest digest: [UInt8], prefix: Secret.Prefix, at now: Timestamp, _ connection: Connection) throws
        -> Authenticated?
    {
        let found = try connection.row(
            "SELECT workspace, id, person, expires_at FROM sessions WHERE digest = ? AND expires_at > ?", digest, now
        ) { row in
            try (
                row.get(0, as: WorkspaceID.self), row.get(1, as: SessionID.self), row.get(2, as: UserID.self),
                row.get(3, as: Timestamp.self)
            )
        }
        guard let (workspace, id, person, expiresAt) = found, let rights = try UserRights.of(person, in: workspace, connection) else {
            return nil
        }
        let caller = Caller(
            workspace: workspace, mode: .live, credential: .init(kind: .session, id: id.rawValue, project: nil), user: person,
            scopes: rights.scopes,
            reach: rights.reach, profile: .cloudapi)
        return Authenticated(
            caller: caller, limitedAs: person.rawValue, requestsPerMinute: Self.requestsPerMinute, expiresAt: expiresAt, addressRanges: [])
    }
}

/// What a person may do: an admin everything, a member what the projects they are listed in allow.
package struct UserRights: Sendable {
    package let scopes: ScopeSet
    package let reach: Caller.Reach

    /// Nil for a user who is not active.
    package static func of(_ user: UserID, in workspace: WorkspaceID, _ connection: Connection) throws -> UserRights? {
        let found = try connection.row("SELECT role, status FROM users WHERE workspace = ? AND id = ?", workspace, user) { row in
            try (row.get(0, as: User.Role.self), row.get(1, as: User.Status.self))
        }
        guard let (role, status) = found, status == .active else { return nil }
        if role == .admin { return UserRights(scopes: .all, reach: .workspace(.admin)) }
        let projects = try ProjectMember.projects(of: user, in: workspace, connection)
        return UserRights(scopes: (projects.values.max() ?? .viewer).scopes, reach: .projects(projects))
    }
}
