import Kernel
import Storage
import Web

extension Team {
    /// Everybody in it who is not deactivated, in the order they came.
    func members(in tenant: Tenant, _ connection: Connection) throws -> [Person] {
        try connection.rows(
            """
            SELECT users.id, users.email, users.name FROM team_members
            JOIN users ON users.workspace = team_members.workspace AND users.id = team_members.id
            WHERE team_members.workspace = ? AND team_members.mode = ? AND team_members.team = ? AND users.status <> 'deactivated'
            ORDER BY users.id
            """, tenant.workspace, tenant.mode, id
        ) { try Person(id: $0.get(0), email: $0.get(1), name: $0.get(2)) }
    }

    /// Adds them; who is in it already stays. Throws `not_found`, and adds nobody, when there is no such person.
    func assign(_ users: [UserID], by: Attribution, _ connection: Connection) throws {
        try change(users, "team.member_added", by: by, connection) { user in
            try connection.execute(
                """
                INSERT INTO team_members (workspace, mode, team, id, created_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (workspace, mode, team, id) DO NOTHING
                """, by.tenant.workspace, by.tenant.mode, id, user, by.at)
        }
    }

    /// Takes them out; who is not in it is passed over. Throws `not_found`, and takes nobody out, when there is no such person.
    func dismiss(_ users: [UserID], by: Attribution, _ connection: Connection) throws {
        try change(users, "team.member_removed", by: by, connection) { user in
            try connection.execute(
                "DELETE FROM team_members WHERE workspace = ? AND mode = ? AND team = ? AND id = ?", by.tenant.workspace, by.tenant.mode,
                id,
                user)
        }
    }

    /// Says in the log what has changed somebody's place.
    private func change(
        _ users: [UserID], _ type: String, by: Attribution, _ connection: Connection, _ body: (UserID) throws -> Int
    ) throws {
        for user in users { _ = try User.find(user, in: by.tenant.workspace, connection) }
        for user in users where try body(user) > 0 {
            connection.append(EventDraft(type, subject: subject, data: ["user_id": JSON(user)]), by: by)
        }
    }
}
