import Crypto
package import Kernel
package import Storage
package import Web

/// A person who is signed in, for twelve hours.
package struct Session: Sendable {
    package let id: SessionID
    package let user: UserID
    package let createdAt: Timestamp
    package let expiresAt: Timestamp

    package static let lifetime: Int64 = 12 * 3600

    /// A session just begun, with its token, shown once.
    package struct Fresh: Sendable, JSONRepresentable, SchemaDescribed {
        package let session: Session
        package let token: String
        package let workspace: WorkspaceID

        package func write(to json: inout JSONWriter) {
            json.object { json in
                session.writeMembers(to: &json)
                json.field("workspace_id", workspace)
                json.field("token", token)
            }
        }

        package static let schema = Schema.named(
            "NewSession",
            .object(
                Session.fields + [
                    .required("workspace_id", .id("wsp")),
                    .required("token", .string(1...100, .text, "Send it as bearer; shown once.").example("ses_…")),
                ]))
    }
}

extension Session: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("user_id", user)
        json.field("created_at", createdAt)
        json.field("expires_at", expiresAt)
    }

    static let fields: [Schema.Field] = [
        .required("id", .id("sn")), .required("user_id", .id("usr")), .required("created_at", .timestamp()),
        .required("expires_at", .timestamp()),
    ]
    package static let schema = Schema.named("Session", .object(fields))
}

extension Session {
    private static let selection = "SELECT id, person, created_at, expires_at FROM sessions"

    private static func read(_ row: Row) throws -> Session {
        try Session(id: row.get(0), user: row.get(1), createdAt: row.get(2), expiresAt: row.get(3))
    }

    package static func begin(
        user: User, in workspace: WorkspaceID, address: String?, request: RequestID?, surroundings: Surroundings, _ connection: Connection
    ) throws -> Fresh {
        let by = Attribution(
            tenant: Tenant(workspace: workspace, mode: .live), actor: Actor(type: "user", id: user.id.rawValue, credential: nil),
            address: address,
            request: request, surroundings: surroundings)
        let token = Secret.make(.session, randomBytes: surroundings.randomBytes(32))
        let session = Session(id: by.makeID(), user: user.id, createdAt: by.at, expiresAt: by.at.adding(seconds: lifetime))
        try connection.execute(
            "INSERT INTO sessions (workspace, id, person, digest, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)", workspace, session.id,
            user.id,
            Array(SHA256.hash(data: Array(token.utf8))), session.createdAt, session.expiresAt)
        try connection.execute("UPDATE users SET last_sign_in_at = ? WHERE workspace = ? AND id = ?", by.at, workspace, user.id)
        connection.append(EventDraft("session.begun", subject: session.id.rawValue, data: ["user_id": JSON(user.id)]), by: by)
        return Fresh(session: session, token: token, workspace: workspace)
    }

    /// A person's own sessions that have not ended, newest first.
    static func list(of user: UserID, in workspace: WorkspaceID, at now: Timestamp, _ request: PageRequest, _ connection: Connection) throws
        -> Page<Session>
    {
        var query = ListQuery(
            selection, sortable: ["created_at": .id], defaultSort: .init(field: "created_at", descending: true))
        query.filter("workspace = ? AND person = ? AND expires_at > ?", workspace, user, now)
        return try query.page(
            request, connection, place: { session, _ in .init(value: String(session.createdAt.milliseconds), id: session.id.rawValue) },
            as: read)
    }

    /// Throws `not_found` for a session that is not the person's own.
    package static func end(_ id: SessionID, of user: UserID, by: Attribution, _ connection: Connection) throws {
        let ended = try connection.execute(
            "DELETE FROM sessions WHERE workspace = ? AND id = ? AND person = ?", by.tenant.workspace, id, user)
        guard ended == 1 else { throw Problem.notFound("session") }
        try CredentialRevision.raise(connection)
        connection.append(EventDraft("session.ended", subject: id.rawValue, data: ["user_id": JSON(user)]), by: by)
    }

    /// Removes sessions that ended by themselves, of every workspace; the operator's broom.
    package static func removeExpired(at now: Timestamp, _ connection: Connection) throws -> Int {
        try connection.execute("DELETE FROM sessions WHERE expires_at <= ?", now)
    }
}
