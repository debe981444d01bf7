import HTTPTypes
package import Kernel
package import Storage
package import Web

/// The seven calls of the Cloudthread API about teams and their members.
package struct TeamRoutes: Sendable {
    /// Whether the tenant has somewhere to post; a feature below this one knows.
    private let isSlackConnected: @Sendable (Tenant, Connection) throws -> Bool

    package init(isSlackConnected: @escaping @Sendable (Tenant, Connection) throws -> Bool) {
        self.isSlackConnected = isSlackConnected
    }

    private static let whose =
        "A credential of the workspace sees all teams, a person who is no admin their own, and a project's credential none."
    private static let members = Schema.object([
        .optional("users_ids", .array(Schema.string(1...100).orInteger)), .optional("user_ids", .array(Schema.string(1...100).orInteger)),
    ])

    package var all: [Route] {
        [
            Route(
                .get, "/teams", .scope(.teamsRead), "List teams", details: Self.whose,
                answers: [.ok(.array(Team.schema, 0...100_000), "All teams, in one list.")], handler: list
            ).onCloudthread("get_teams_within_org"),
            Route(
                .post, "/teams", .scope(.teamsWrite), "Make a team",
                details: "The id is your own. 404 when a `slack_channel` is given and Slack is not connected.",
                body: .required(
                    .object([.required("id", Team.idSchema.orInteger), .required("name", Team.nameSchema)] + TeamDraft.fields)),
                answers: [.ok(Team.schema, "The team.")], problems: [.forbidden, .notFound], handler: create
            ).onCloudthread("create_team"),
            Route(
                .get, "/teams/{team_id}", .scope(.teamsRead), "Read a team", details: Self.whose, answers: [.ok(Team.schema, "The team.")],
                handler: get
            ).onCloudthread("get_team_within_org"),
            Route(
                .patch, "/teams/{team_id}", .scope(.teamsWrite), "Change a team",
                details: "What is not named stays; a list that is named is replaced whole.",
                body: .optional(
                    .object([.optional("id", Team.idSchema.orInteger), .optional("name", Team.nameSchema)] + TeamDraft.fields)),
                answers: [.ok(Team.schema, "The team as it is now.")], problems: [.forbidden], handler: update
            ).onCloudthread("update_team"),
            Route(
                .delete, "/teams/{team_id}", .scope(.teamsWrite), "Delete a team",
                details: "Its memberships go with it; its people stay, and its markers are then seen by admins alone.",
                answers: [.noContent()], problems: [.forbidden], handler: delete
            ).onCloudthread("delete_team"),
            Route(
                .get, "/teams/{team_id}/members", .scope(.teamsRead), "List a team's members", details: Self.whose,
                answers: [.ok(Person.list, "Everybody in it, in one list.")], handler: members
            ).onCloudthread("get_team_members"),
            Route(
                .post, "/teams/{team_id}/members/assign", .scope(.teamsWrite), "Add people to a team",
                details: "`users_ids` or `user_ids` is needed. Who is in it already stays; one unknown id is a 404 for all.",
                body: .required(Self.members), answers: [.ok(Person.list, "Everybody in it now.")], problems: [.forbidden],
                handler: { try await change($0) { try $0.assign($1, by: $2, $3) } }
            ).onCloudthread("assign_users_to_team"),
            Route(
                .post, "/teams/{team_id}/members/delete", .scope(.teamsWrite), "Take people out of a team",
                details: "`users_ids` or `user_ids` is needed. Who is not in it is passed over; one unknown id is a 404 for all.",
                body: .required(Self.members), answers: [.ok(Person.list, "Everybody in it now.")], problems: [.forbidden],
                handler: { try await change($0) { try $0.dismiss($1, by: $2, $3) } }
            ).onCloudthread("remove_users_from_team"),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        .json(.ok, try await call.read { try Team.list(for: call.caller, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        .json(.ok, try await call.read { try Team.find(call.parameter("team_id"), for: call.caller, $0) })
    }

    private func members(_ call: Call) async throws -> Answer {
        let people = try await call.read { connection in
            try Team.find(call.parameter("team_id"), for: call.caller, connection).members(in: call.caller.tenant, connection)
        }
        return .json(.ok, people)
    }

    private func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        let draft = TeamDraft(call.body)
        return try await call.commit { connection in
            try requireSlack(for: draft.slackChannel, call, connection)
            return .json(.ok, try Team.create(draft, by: call.attribution, connection))
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            let team = try Team.find(call.parameter("team_id"), for: call.caller, connection)
            let draft = try TeamDraft(call.body, changing: team)
            if draft.slackChannel != team.slackChannel { try requireSlack(for: draft.slackChannel, call, connection) }
            return .json(.ok, try team.update(draft, by: call.attribution, connection))
        }
    }

    private func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        return try await call.commit { connection in
            try Team.find(call.parameter("team_id"), for: call.caller, connection).delete(by: call.attribution, connection)
            return .noContent
        }
    }

    private func change(
        _ call: Call, _ body: @escaping @Sendable (Team, [UserID], Attribution, Connection) throws -> Void
    ) async throws -> Answer {
        try call.caller.requireWorkspace(.admin)
        guard let sent = call.body?["users_ids"] ?? call.body?["user_ids"] else {
            throw Problem.invalid("users_ids", "Name the people in users_ids.", code: "missing")
        }
        let users = (sent.array ?? []).compactMap(\.text).map { UserID($0) }
        return try await call.commit { connection in
            let team = try Team.find(call.parameter("team_id"), for: call.caller, connection)
            try body(team, users, call.attribution, connection)
            return .json(.ok, try team.members(in: call.caller.tenant, connection))
        }
    }

    private func requireSlack(for channel: String?, _ call: Call, _ connection: Connection) throws {
        guard channel != nil, try !isSlackConnected(call.caller.tenant, connection) else { return }
        throw Problem(.notFound, "Slack is not connected, so there is no such channel. Connect it with PUT /v1/channels/slack.")
    }
}
