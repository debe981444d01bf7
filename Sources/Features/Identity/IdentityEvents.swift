import Kernel
package import Web

/// What is said in the log about workspaces, accounts, projects, people and sessions.
package enum IdentityEvents {
    private static let amount = Account.amount.nullable
    private static let workspace = Schema.object([.required("name", .name())])
    private static let account = Schema.object([
        .required("name", .name()), .required("quota_requests", amount), .required("included_requests", amount),
    ])
    private static let project = Schema.object([
        .required("name", .name()), .required("description", .string(0...1000)), .required("env", .choice(of: Project.Environment.self)),
        .required("status", .choice(of: Project.Status.self)), .required("account_id", .id("acc")), .required("quota_requests", amount),
    ])
    private static let user = Schema.object([
        .required("role", .choice(of: User.Role.self)), .required("status", .choice(of: User.Status.self)),
    ])
    private static let team = Schema.object([
        .required("name", Team.nameSchema), .required("slack_channel", Schema.string(1...255).nullable),
        .required("filter", .object(Team.listFields)),
    ])
    private static let whose = [Schema.Field.required("user_id", .id("usr"))]

    package static let types = [
        EventType("workspace.created", "A workspace was made.", data: [.required("name", .name())]),
        .change("workspace.updated", "A workspace was renamed.", of: workspace),
        .creation("account.created", "An account was made.", of: account),
        .change("account.updated", "An account's name, quota or included requests changed.", of: account),
        .removal("account.deleted", "An account was deleted.", of: account),
        .creation("project.created", "A project was made.", of: project),
        .change("project.updated", "A project's settings changed.", of: project),
        .change("project.archived", "A project was archived: it takes no new resources.", of: project),
        .change("project.restored", "An archived project became active again.", of: project),
        EventType(
            "project.member_set", "A person became a member of a project, or has another role in it.",
            data: whose + [.required("role", .choice(of: Role.self))]),
        EventType("project.member_removed", "A person is no longer a member of a project.", data: whose),
        .creation("user.created", "A person was added with a password.", of: user),
        .creation("user.invited", "A person was invited.", of: user),
        EventType("user.activated", "A person accepted an invitation."),
        .change("user.updated", "A person's name or role changed.", of: user),
        .change("user.deactivated", "A person was deactivated: sessions and access end.", of: user),
        .change("user.reactivated", "A deactivated person may sign in again.", of: user),
        EventType("user.password_reset", "A person's password was set anew."),
        EventType("user.erased", "What identifies a person was erased, from the log too."),
        .creation("team.created", "A team was made.", of: team),
        .change("team.updated", "A team's name, Slack channel or filter changed.", of: team),
        .removal("team.deleted", "A team was deleted.", of: team),
        EventType("team.member_added", "A person became a member of a team.", data: whose),
        EventType("team.member_removed", "A person is no longer a member of a team.", data: whose),
        EventType("session.begun", "A person signed in.", data: whose),
        EventType("session.ended", "A person signed out, or a session was ended.", data: whose),
    ]
}
