import Kernel
import Storage
import Web

extension ProjectMember {
    /// The projects a user is listed in, with the role in each.
    static func projects(of user: UserID, in workspace: WorkspaceID, _ connection: Connection) throws -> [ProjectID: Kernel.Role] {
        let rows = try connection.rows("SELECT project, role FROM project_members WHERE workspace = ? AND id = ?", workspace, user) { row in
            try (row.get(0, as: ProjectID.self), row.get(1, as: Kernel.Role.self))
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Listed members and workspace admins, by address.
    static func list(of project: ProjectID, in workspace: WorkspaceID, _ connection: Connection) throws -> [ProjectMember] {
        try connection.rows(
            """
            SELECT users.id, users.email, users.name, users.role, project_members.role FROM users
            LEFT JOIN project_members ON project_members.workspace = users.workspace AND project_members.id = users.id AND project_members.project = ?
            WHERE users.workspace = ? AND users.status <> 'deactivated' AND (users.role = 'admin' OR project_members.id IS NOT NULL)
            ORDER BY users.email
            """, project, workspace
        ) { row in
            let isAdmin = try row.get(3, as: User.Role.self) == .admin
            return try ProjectMember(
                user: row.get(0), email: row.get(1), name: row.get(2), role: isAdmin ? .admin : row.get(4), isWorkspaceAdmin: isAdmin)
        }
    }

    static func set(_ user: User, role: Kernel.Role, in project: Project, by: Attribution, _ connection: Connection) throws -> ProjectMember
    {
        try project.requireActive()
        guard user.status != .deactivated else { throw Problem(.conflict, "The user is deactivated.") }
        try connection.execute(
            """
            INSERT INTO project_members (workspace, project, id, role, created_at) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (workspace, project, id) DO UPDATE SET role = excluded.role
            """, by.tenant.workspace, project.id, user.id, role, by.at)
        try CredentialRevision.raise(connection)
        connection.append(
            EventDraft(
                "project.member_set", subject: project.id.rawValue, data: ["user_id": JSON(user.id), "role": .string(role.rawValue)]),
            by: by)
        let isAdmin = user.role == .admin
        return ProjectMember(user: user.id, email: user.email, name: user.name, role: isAdmin ? .admin : role, isWorkspaceAdmin: isAdmin)
    }

    /// Throws `not_found` for a user who is not listed.
    static func remove(_ user: UserID, from project: ProjectID, by: Attribution, _ connection: Connection) throws {
        let removed = try connection.execute(
            "DELETE FROM project_members WHERE workspace = ? AND project = ? AND id = ?", by.tenant.workspace, project, user)
        guard removed == 1 else { throw Problem.notFound("member of this project") }
        try CredentialRevision.raise(connection)
        connection.append(EventDraft("project.member_removed", subject: project.rawValue, data: ["user_id": JSON(user)]), by: by)
    }
}
