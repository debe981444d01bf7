import HTTPTypes
package import Kernel
import Storage
package import Web

package struct UserRoutes: Sendable {
    private let surroundings: Surroundings
    private let sessions: SignIn
    private let consents: Consents

    package init(surroundings: Surroundings, signIn: SignIn, consents: Consents) {
        self.surroundings = surroundings
        self.consents = consents
        self.sessions = signIn
    }

    private static let email = Schema.string(3...254, .email).example("ada@example.com")

    package var all: [Route] {
        [
            Route(
                .get, "/v1/users", .scope(.usersRead), "List users",
                details: "A workspace's credential sees the workspace's users; a project's credential sees that project's members.",
                query: ListEnvelope.parameters(
                    sort: User.sortFields,
                    filters: [.init("role", .choice(of: User.Role.self)), .init("status", .choice(of: User.Status.self))]),
                answers: [.list(of: User.schema)], handler: list),
            Route(
                .post, "/v1/users", .scope(.usersWrite), "Invite a user",
                details: "The answer holds an invitation token, once. Give it to the person; they choose a password with it.",
                body: .required(
                    .object([
                        .required("email", Self.email), .optional("name", .string(0...120)), .optional("role", .choice(of: User.Role.self)),
                    ])),
                answers: [.created(User.Invitation.schema)], problems: [.forbidden, .emailTaken], handler: invite),
            Route(.get, "/v1/users/{id}", .scope(.usersRead), "Read a user", answers: [.ok(User.schema)], handler: get),
            Route(
                .patch, "/v1/users/{id}", .scope(.usersWrite), "Change a user's name, role or status",
                details:
                    "`deactivated` ends every session, refuses every token of the user and ends what they let applications do for them, at once and for good.",
                body: .required(
                    .object([
                        .optional("name", .string(0...120)), .optional("role", .choice(of: User.Role.self)),
                        .optional("status", .choice(["active", "deactivated"])),
                    ])), answers: [.ok(User.schema)], problems: [.forbidden, .lastAdmin, .conflict, .preconditionFailed],
                handler: update),
            Route(
                .delete, "/v1/users/{id}", .scope(.usersWrite), "Deactivate a user and erase who they were",
                details:
                    "The user is deactivated, and name, e-mail and addresses are erased from the user and from the event log, which still verifies.",
                answers: [.noContent()], problems: [.forbidden, .lastAdmin, .preconditionFailed], handler: erase),
            Route(
                open: .post, "/v1/invitations/acceptances", "Accept an invitation and sign in",
                body: .required(
                    .object([.required("token", .string(1...200).example("inv_…")), .required("password", SignIn.password)])),
                answers: [.created(Session.Fresh.schema)], problems: [.notFound, .signInThrottled], handler: accept),
            Route(
                .get, "/users", .scope(.usersRead), "List everybody",
                details: "A workspace's credential sees the workspace's users; a project's credential sees that project's members.",
                answers: [.ok(Person.list, "Everybody, in one list.")], handler: everybody
            ).onCloudthread("get_users"),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let (role, status) = (call.query["role"], call.query["status"])
        return call.answer(try await call.read { try User.list(request, role: role, status: status, for: call.caller, $0) })
    }

    private func everybody(_ call: Call) async throws -> Answer {
        .json(.ok, try await call.read { try Person.all(for: call.caller, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        let user = try await call.read { try User.find(call.id(), for: call.caller, $0) }
        return .json(.ok, user).with(etag: user.etag)
    }

    private func invite(_ call: Call) async throws -> Answer {
        try call.caller.requireMakerOfPeople()
        let token = Secret.make(.invitation, randomBytes: surroundings.randomBytes(32))
        let (email, name) = (call.body?["email"]?.string ?? "", call.body?["name"]?.string ?? "")
        let role = call.body?["role"]?.string.flatMap(User.Role.init) ?? .member
        try call.caller.requirePower(toMake: role)
        return try await call.commit { connection in
            let user = try User.invite(email: email, name: name, role: role, token: token, by: call.attribution, connection)
            let invitation = User.Invitation(user: user, token: token, expiresAt: call.at.adding(seconds: User.invitationLifetime))
            return .created(invitation, at: "/v1/users/\(user.id)").with(etag: user.etag).holdingSecret()
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try call.caller.requireMakerOfPeople()
        let (name, role) = (call.body?["name"]?.string, call.body?["role"]?.string.flatMap(User.Role.init))
        let status = call.body?["status"]?.string.flatMap(User.Status.init)
        if let role { try call.caller.requirePower(toMake: role) }
        return try await call.commit { connection in
            let user = try User.find(call.id(), for: call.caller, connection)
            try call.requireMatch(user.etag)
            let updated = try user.update(name: name, role: role, status: status, ending: consents, by: call.attribution, connection)
            return .json(.ok, updated).with(etag: updated.etag)
        }
    }

    private func erase(_ call: Call) async throws -> Answer {
        try call.caller.requireMakerOfPeople()
        return try await call.commit { connection in
            let user = try User.find(call.id(), for: call.caller, connection)
            try call.requireMatch(user.etag)
            try user.erase(ending: consents, by: call.attribution, connection)
            return .noContent
        }
    }

    private func accept(_ call: OpenCall) async throws -> Answer {
        let fresh = try await sessions.accept(
            invitation: call.body?["token"]?.string ?? "", password: call.body?["password"]?.string ?? "", address: call.address,
            request: call.requestID, store: call.store, surroundings: call.surroundings)
        return .json(.created, fresh)
    }
}

extension Caller {
    /// An admin may do everything, so only who may do everything can make one. Throws `forbidden`.
    fileprivate func requirePower(toMake role: User.Role) throws {
        guard role == .admin, !ScopeSet.all.isSubset(of: scopes) else { return }
        throw Problem(.forbidden, "An admin is made by an admin's session or a key with every scope.")
    }
}

extension User {
    /// Deactivates the user and removes what names them, here and in the log.
    fileprivate func erase(ending consents: Consents, by: Attribution, _ connection: Connection) throws {
        if status != .deactivated { _ = try update(name: nil, role: nil, status: .deactivated, ending: consents, by: by, connection) }
        try connection.execute(
            "UPDATE users SET name = '', email = ?, password = NULL, invitation = NULL, version = version + 1, updated_at = ? WHERE workspace = ? AND id = ?",
            "\(id)@erased.invalid", by.at, by.tenant.workspace, id)
        connection.append(EventDraft("user.erased", subject: id.rawValue), by: by)
        _ = try EventLog.erasePersonalFields(of: id.rawValue, in: by.tenant.workspace, connection)
    }
}

extension Caller {
    /// Whoever makes or promotes a person makes a lasting credential, which no OAuth token may: it would outlive what was consented to.
    fileprivate func requireMakerOfPeople() throws {
        try requireWorkspace(.admin)
        guard credential.kind != .oauthToken else {
            throw Problem(.forbidden, "An OAuth token changes nobody's rights. Use a session or a workspace key.")
        }
    }
}
