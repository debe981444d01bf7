package import Kernel
import Storage
package import Web

/// A person in a workspace.
package struct User: Sendable {
    package let id: UserID
    package let email: String
    package let name: String
    package let role: Role
    package let status: Status
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let lastSignInAt: Timestamp?

    /// In the workspace. An admin is admin of every project; a member is what each project's member list says.
    package enum Role: String, Sendable, CaseIterable, SQLConvertible {
        case admin
        case member
    }

    package enum Status: String, Sendable, CaseIterable, SQLConvertible {
        /// Has not chosen a password yet.
        case invited
        case active
        case deactivated
    }

    package var etag: ETag { ETag(version: version) }
}

extension User: JSONRepresentable, SchemaDescribed {
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("email", email)
        json.field("name", name)
        json.field("role", role.rawValue)
        json.field("status", status.rawValue)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
        json.field("last_sign_in_at", lastSignInAt)
    }

    static let fields: [Schema.Field] = [
        .required("id", .id("usr")), .required("email", .string(3...254, .email)), .required("name", .string(0...120)),
        .required("role", .choice(of: Role.self)), .required("status", .choice(of: Status.self)), .required("created_at", .timestamp()),
        .required("updated_at", .timestamp()), .required("last_sign_in_at", .timestamp().nullable),
    ]
    package static let schema = Schema.named("User", .object(fields))

    /// What stands in the log about it; name and address go into the personal fields.
    var snapshot: JSON { ["role": .string(role.rawValue), "status": .string(status.rawValue)] }

    /// A user just invited, with the token that lets them in, shown once.
    struct Invitation: JSONRepresentable, SchemaDescribed {
        let user: User
        let token: String
        let expiresAt: Timestamp

        func write(to json: inout JSONWriter) {
            json.object { json in
                user.writeMembers(to: &json)
                json.object("invitation") { json in
                    json.field("token", token)
                    json.field("expires_at", expiresAt)
                }
            }
        }

        static let schema = Schema.named(
            "InvitedUser",
            .object(
                fields + [
                    .required(
                        "invitation",
                        .object(
                            [
                                .required(
                                    "token",
                                    .string(1...100, .text, "Shown once; accepted by POST /v1/invitations/acceptances.").example("inv_…")),
                                .required("expires_at", .timestamp()),
                            ]))
                ]))
    }
}

/// What somebody is in a project.
struct ProjectMember: Sendable, JSONRepresentable, SchemaDescribed {
    let user: UserID
    let email: String
    let name: String
    let role: Kernel.Role
    /// Workspace admins are members of every project without being listed in it.
    let isWorkspaceAdmin: Bool

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("user_id", user)
            json.field("email", email)
            json.field("name", name)
            json.field("role", role.rawValue)
            json.field("inherited", isWorkspaceAdmin)
        }
    }

    static let schema = Schema.named(
        "ProjectMember",
        .object([
            .required("user_id", .id("usr")), .required("email", .string(3...254, .email)), .required("name", .string(0...120)),
            .required("role", .choice(of: Kernel.Role.self)),
            .required("inherited", .boolean("A workspace admin, member of every project.")),
        ]))
}
