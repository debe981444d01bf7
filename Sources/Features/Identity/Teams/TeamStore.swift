package import Kernel
package import Storage
import Web

extension Team {
    private static let selection = "SELECT id, name, slack_channel, lists, version, created_at FROM teams"

    private static func read(_ row: Row) throws -> Team {
        try Team(
            id: row.text(0), name: row.text(1), slackChannel: row.get(2), lists: JSONParser.parse(row.text(3).utf8),
            version: row.integer(4), createdAt: row.time(5)
        )
    }

    /// Throws `not_found` for a team the caller may not see: a person who is no admin sees their own teams, a project's credential none.
    package static func find(_ id: String, for caller: Caller, _ connection: Connection) throws -> Team {
        guard let team = try visible(to: caller, id: id, connection).first else { throw Problem.notFound("team") }
        return team
    }

    /// All the caller may see, in the order they were made.
    static func list(for caller: Caller, _ connection: Connection) throws -> [Team] { try visible(to: caller, id: nil, connection) }

    private static func visible(to caller: Caller, id: String?, _ connection: Connection) throws -> [Team] {
        var condition = "WHERE workspace = ? AND mode = ?"
        var values = [caller.workspace.sqlValue, caller.mode.sqlValue]
        if let id {
            condition += " AND id = ?"
            values.append(id.sqlValue)
        }
        if !caller.reachesWorkspace {
            guard let user = caller.user else { return [] }
            condition += " AND id IN (SELECT team FROM team_members WHERE workspace = ? AND mode = ? AND id = ?)"
            values += [caller.workspace.sqlValue, caller.mode.sqlValue, user.sqlValue]
        }
        return try connection.rows("\(selection) \(condition) ORDER BY created_at, id", values, as: read)
    }

    /// Those a person is in.
    package static func all(of user: UserID, in tenant: Tenant, _ connection: Connection) throws -> [Team] {
        try connection.rows(
            """
            \(selection) WHERE workspace = ? AND mode = ? AND id IN
            (SELECT team FROM team_members WHERE workspace = ? AND mode = ? AND id = ?) ORDER BY created_at, id
            """, tenant.workspace, tenant.mode, tenant.workspace, tenant.mode, user, as: read)
    }

    package static func exists(_ id: String, in tenant: Tenant, _ connection: Connection) throws -> Bool {
        try connection.row("SELECT 1 FROM teams WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode, id) { _ in true
        }
            ?? false
    }

    // MARK: Changes

    /// Throws `validation_failed` for an id that is taken.
    static func create(_ draft: TeamDraft, by: Attribution, _ connection: Connection) throws -> Team {
        let team = Team(id: draft.id, name: draft.name, slackChannel: draft.slackChannel, lists: draft.lists, version: 1, createdAt: by.at)
        let inserted = try connection.execute(
            """
            INSERT INTO teams (workspace, mode, id, name, slack_channel, lists, version, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (workspace, mode, id) DO NOTHING
            """, by.tenant.workspace, by.tenant.mode, team.id, team.name, team.slackChannel, team.listsText, by.at, by.at)
        guard inserted == 1 else { throw Problem.invalid("id", "There is a team with this id already.", code: "taken") }
        connection.append(EventDraft("team.created", subject: team.subject, data: ["after": team.snapshot]), by: by)
        return team
    }

    /// Nothing is written and nothing said when nothing changes.
    func update(_ draft: TeamDraft, by: Attribution, _ connection: Connection) throws -> Team {
        let updated = Team(
            id: id, name: draft.name, slackChannel: draft.slackChannel, lists: draft.lists, version: version + 1, createdAt: createdAt)
        guard updated.snapshot != snapshot || updated.listsText != listsText else { return self }
        try connection.execute(
            """
            UPDATE teams SET name = ?, slack_channel = ?, lists = ?, version = version + 1, updated_at = ?
            WHERE workspace = ? AND mode = ? AND id = ?
            """, updated.name, updated.slackChannel, updated.listsText, by.at, by.tenant.workspace, by.tenant.mode, id)
        connection.append(
            EventDraft("team.updated", subject: subject, data: ["before": snapshot, "after": updated.snapshot]), by: by)
        return updated
    }

    /// Its memberships go with it; its people and its markers stay.
    func delete(by: Attribution, _ connection: Connection) throws {
        try connection.execute(
            "DELETE FROM team_members WHERE workspace = ? AND mode = ? AND team = ?", by.tenant.workspace, by.tenant.mode, id)
        try connection.execute("DELETE FROM teams WHERE workspace = ? AND mode = ? AND id = ?", by.tenant.workspace, by.tenant.mode, id)
        connection.append(EventDraft("team.deleted", subject: subject, data: ["before": snapshot]), by: by)
    }

    private var listsText: String { String(decoding: lists.canonicalBytes, as: UTF8.self) }
}
