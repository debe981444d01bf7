import Kernel
package import Server

/// A secret of every kind a workspace has, and the ids that go with them.
package struct Credentials: Sendable {
    package let admin: String
    /// The session of a person who is editor in the first project and nothing elsewhere.
    package let member: String
    package let memberID: String
    package let workspaceLive: String
    package let workspaceTest: String
    package let projectLive: String
    package let projectTest: String
    package let tokenLive: String
    package let tokenTest: String

    package var all: [(name: String, secret: String)] {
        [
            ("admin's session", admin), ("member's session", member), ("workspace key", workspaceLive),
            ("test workspace key", workspaceTest),
            ("project key", projectLive), ("test project key", projectTest), ("token", tokenLive), ("test token", tokenTest),
        ]
    }
}

/// What a step of the preparation got instead of what it needs.
package struct UnexpectedReply: Error, CustomStringConvertible {
    package let description: String
}

extension Reply {
    /// The answer, when it has that status.
    package func expecting(_ status: Int) throws -> Reply {
        guard self.status == status else { throw UnexpectedReply(description: "\(self.status), not \(status): \(text)") }
        return self
    }
}

extension Installation {
    /// Makes what is missing for a credential of every kind.
    package func credentials(of outcome: Setup.Outcome, member email: String = "mel@example.com") async throws -> Credentials {
        let session = outcome.sessionToken
        let project = outcome.project.rawValue
        let member = try await makeMember(email, of: outcome, role: "editor")
        let projectTest = try await post("/v1/keys", as: session, ["project_id": .string(project), "mode": "test"]).expecting(201)
        func token(_ maker: String) async throws -> String {
            try await post("/v1/tokens", as: maker, ["name": "ci", "scopes": ["*"]]).expecting(201).text("token")
        }
        return Credentials(
            admin: session, member: member.session, memberID: member.id, workspaceLive: outcome.liveKey, workspaceTest: outcome.testKey,
            projectLive: outcome.projectKey, projectTest: projectTest.text("key"), tokenLive: try await token(outcome.liveKey),
            tokenTest: try await token(outcome.testKey))
    }

    /// Invites a person, who accepts and signs in; with a role, they are a member of the workspace's first project.
    package func makeMember(_ email: String, of outcome: Setup.Outcome, role: String?) async throws -> (id: String, session: String) {
        let invited = try await post("/v1/users", as: outcome.sessionToken, ["email": .string(email)]).expecting(201)
        let token = invited["invitation"]?["token"]?.string ?? ""
        let session = try await post(
            "/v1/invitations/acceptances", ["token": .string(token), "password": .string(Self.password)]
        ).expecting(201)
        let id = invited.text("id")
        if let role {
            _ = try await put(
                "/v1/projects/\(outcome.project)/members/\(id)", as: outcome.sessionToken, ["role": .string(role)]
            ).expecting(200)
        }
        return (id, session.text("token"))
    }
}
