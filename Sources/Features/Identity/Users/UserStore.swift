import Crypto
package import Kernel
package import Storage
import Web

extension User {
    static let selection =
        "SELECT id, email, name, role, status, version, created_at, updated_at, last_sign_in_at FROM users"

    static func read(_ row: Row) throws -> User {
        try User(
            id: row.get(0), email: row.get(1), name: row.get(2), role: row.get(3), status: row.get(4), version: row.get(5),
            createdAt: row.get(6),
            updatedAt: row.get(7), lastSignInAt: row.get(8))
    }

    package static func find(_ id: UserID, in workspace: WorkspaceID, _ connection: Connection) throws -> User {
        let found = try connection.row("\(selection) WHERE workspace = ? AND id = ?", workspace, id, as: read)
        guard let found else { throw Problem.notFound("user") }
        return found
    }

    /// Throws `not_found` for a user who is in none of the caller's projects.
    static func find(_ id: UserID, for caller: Caller, _ connection: Connection) throws -> User {
        let user = try find(id, in: caller.workspace, connection)
        guard case .projects(let roles) = caller.reach, caller.user != id, user.role != .admin else { return user }
        let shared = try ProjectMember.projects(of: id, in: caller.workspace, connection)
        guard shared.keys.contains(where: { roles[$0] != nil }) else { throw Problem.notFound("user") }
        return user
    }

    static let sortFields = ["created_at", "email"]

    /// The workspace's users; for a credential of single projects, their members (workspace admins are members of every project).
    static func list(_ request: PageRequest, role: String?, status: String?, for caller: Caller, _ connection: Connection) throws -> Page<
        User
    > {
        var query = ListQuery(
            selection, sortable: ["created_at": .id, "email": .text("email")],
            defaultSort: .init(field: "created_at", descending: false))
        query.filter("workspace = ?", caller.workspace)
        if case .projects(let roles) = caller.reach {
            let places = Array(repeating: "?", count: max(1, roles.count)).joined(separator: ", ")
            let ids: [ProjectID] = roles.isEmpty ? [ProjectID("")] : Array(roles.keys)
            query.filter(
                "(role = 'admin' OR id IN (SELECT id FROM project_members WHERE workspace = ? AND project IN (\(places))))",
                values: [caller.workspace.sqlValue] + ids.map(\.sqlValue))
        }
        if let role { query.filter("role = ?", role) }
        if let status { query.filter("status = ?", status) }
        return try query.page(
            request, connection,
            place: { user, sort in .init(value: sort == "email" ? user.email : String(user.createdAt.milliseconds), id: user.id.rawValue) },
            as: read)
    }

    /// How long an invitation can be accepted: seven days.
    static let invitationLifetime: Int64 = 7 * 86_400

    /// Throws `email_taken`.
    static func invite(
        email: String, name: String, role: Role, token: String, by: Attribution, _ connection: Connection
    ) throws -> User {
        let id: UserID = by.makeID()
        try insertNew(id, email, name, role, .invited, by: by, connection)
        try connection.execute(
            "UPDATE users SET invitation = ?, invited_until = ? WHERE workspace = ? AND id = ?", digest(token),
            by.at.adding(seconds: invitationLifetime), by.tenant.workspace, id)
        return try logged("user.invited", id, by: by, connection)
    }

    /// A user who can sign in at once: the first one of a workspace.
    package static func create(
        email: String, name: String, role: Role, password: PasswordHash, by: Attribution, _ connection: Connection
    ) throws -> User {
        let id: UserID = by.makeID()
        try insertNew(id, email, name, role, .active, by: by, connection)
        try connection.execute("UPDATE users SET password = ? WHERE workspace = ? AND id = ?", password.text, by.tenant.workspace, id)
        return try logged("user.created", id, by: by, connection)
    }

    private static func insertNew(
        _ id: UserID, _ email: String, _ name: String, _ role: Role, _ status: Status, by: Attribution, _ connection: Connection
    ) throws {
        let inserted = try connection.execute(
            """
            INSERT INTO users (workspace, id, email, name, role, status, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (workspace, email) DO NOTHING
            """, by.tenant.workspace, id, email.lowercased(), name, role, status, by.at, by.at)
        guard inserted == 1 else { throw Problem(.emailTaken, "Somebody in this workspace has that e-mail address.") }
    }

    private static func logged(_ type: String, _ id: UserID, by: Attribution, _ connection: Connection) throws -> User {
        let user = try find(id, in: by.tenant.workspace, connection)
        connection.append(
            EventDraft(type, subject: id.rawValue, data: ["after": user.snapshot], personal: ["email": user.email, "name": user.name]),
            by: by)
        return user
    }

    /// Accepts an invitation: the user chooses a password and becomes active. Throws `not_found` for a token that is unknown, used or too old.
    static func acceptInvitation(
        _ token: String, password: PasswordHash, surroundings: Surroundings, address: String?, request: RequestID, _ connection: Connection
    ) throws -> (User, WorkspaceID) {
        let now = surroundings.now()
        let found = try connection.row(
            "SELECT workspace, id FROM users WHERE invitation = ? AND invited_until > ? AND status = 'invited'", digest(token), now
        ) { try ($0.get(0, as: WorkspaceID.self), $0.get(1, as: UserID.self)) }
        guard let (workspace, id) = found else { throw Problem.notFound("open invitation") }
        let by = Attribution(
            tenant: Tenant(workspace: workspace, mode: .live), actor: Actor(type: "user", id: id.rawValue, credential: nil),
            address: address,
            request: request, surroundings: surroundings)
        try connection.execute(
            """
            UPDATE users SET password = ?, status = 'active', invitation = NULL, invited_until = NULL, version = version + 1, updated_at = ?
            WHERE workspace = ? AND id = ?
            """, password.text, now, workspace, id)
        try CredentialRevision.raise(connection)
        connection.append(EventDraft("user.activated", subject: id.rawValue), by: by)
        return (try find(id, in: workspace, connection), workspace)
    }

    /// Throws `last_admin` when nobody would be left to administer the workspace.
    func update(
        name: String?, role: Role?, status: Status?, ending consents: Consents, by: Attribution, _ connection: Connection
    ) throws -> User {
        let newRole = role ?? self.role
        let newStatus = status ?? self.status
        if self.role == .admin, self.status == .active, newRole != .admin || newStatus != .active {
            try requireAnotherAdmin(by.tenant.workspace, connection)
        }
        if status == .invited, self.status != .invited { throw Problem(.conflict, "A user cannot become invited again.") }
        if status == .active, self.status == .invited {
            throw Problem(.conflict, "The user becomes active by accepting the invitation.")
        }
        try connection.execute(
            "UPDATE users SET name = ?, role = ?, status = ?, version = version + 1, updated_at = ? WHERE workspace = ? AND id = ?",
            name ?? self.name,
            newRole, newStatus, by.at, by.tenant.workspace, id)
        if newStatus == .deactivated {
            try connection.execute("DELETE FROM sessions WHERE workspace = ? AND person = ?", by.tenant.workspace, id)
            try consents.end(of: id, .deactivated, by: by, connection)
        }
        try CredentialRevision.raise(connection)
        let updated = try Self.find(id, in: by.tenant.workspace, connection)
        let type = newStatus == self.status ? "user.updated" : newStatus == .deactivated ? "user.deactivated" : "user.reactivated"
        connection.append(
            EventDraft(
                type, subject: id.rawValue, data: ["before": snapshot, "after": updated.snapshot], personal: ["name": updated.name]), by: by
        )
        return updated
    }

    private func requireAnotherAdmin(_ workspace: WorkspaceID, _ connection: Connection) throws {
        let others = try connection.row(
            "SELECT COUNT(*) FROM users WHERE workspace = ? AND role = 'admin' AND status = 'active' AND id <> ?", workspace, id
        ) { try $0.get(0, as: Int.self) }
        guard others ?? 0 > 0 else { throw Problem(.lastAdmin, "This is the only active admin of the workspace.") }
    }

    /// Sets a new password and ends every session of the user, and whatever they let others do for them.
    package func resetPassword(_ password: PasswordHash, ending consents: Consents, by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "UPDATE users SET password = ?, status = 'active', invitation = NULL, version = version + 1, updated_at = ? WHERE workspace = ? AND id = ?",
            password.text, by.at, by.tenant.workspace, id)
        try connection.execute("DELETE FROM sessions WHERE workspace = ? AND person = ?", by.tenant.workspace, id)
        try consents.end(of: id, .passwordReset, by: by, connection)
        try CredentialRevision.raise(connection)
        connection.append(EventDraft("user.password_reset", subject: id.rawValue), by: by)
    }

    /// The users with that address, over all workspaces: a person signs in by address alone. For the operator and for signing in.
    package static func withEmail(_ email: String, _ connection: Connection) throws -> [(WorkspaceID, User)] {
        try connection.rows(
            """
            SELECT id, email, name, role, status, version, created_at, updated_at, last_sign_in_at, workspace FROM users
            WHERE email = ? ORDER BY workspace
            """, email.lowercased()
        ) { try ($0.get(9), read($0)) }
    }

    static func digest(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}
