import Kernel
import Server
import TestKit
import Web

/// A workspace with one thing of every kind a route can name, each of which may be changed or removed without harm.
struct Estate: Sendable {
    let outcome: Setup.Outcome
    let credentials: Credentials
    let ids: [Noun: String]
    /// Of a person who was invited and has not answered.
    let invitation: String

    /// What a path parameter names.
    enum Noun: String, Sendable, CaseIterable {
        case account, project, user, session, key, workspaceKey, token

        /// Whether it belongs to the live or to the test side; the others exist once.
        var hasMode: Bool { [.key, .workspaceKey, .token].contains(self) }

        /// An id of this kind that nobody ever made.
        var madeUp: String {
            let prefix =
                switch self {
                case .account: AccountKind.prefix
                case .project: ProjectKind.prefix
                case .user: UserKind.prefix
                case .session: SessionKind.prefix
                case .key, .workspaceKey: KeyKind.prefix
                case .token: TokenKind.prefix
                }
            return prefix + "_01kb0c4q9re5c8v8m3f4t2x7yz"
        }
    }

    subscript(noun: Noun) -> String { ids[noun] ?? "" }

    static func make(of outcome: Setup.Outcome, domain: String, in installation: Installation) async throws -> Estate {
        let session = outcome.sessionToken
        let credentials = try await installation.credentials(of: outcome, member: "mel@\(domain)")
        func made(_ path: String, _ body: JSON) async throws -> Reply {
            try await installation.post(path, as: session, body).expecting(201)
        }
        let project = try await made("/v1/projects", ["name": "Spare"]).text("id")
        let person = try await made("/v1/users", ["email": .string("sam@\(domain)")])
        _ = try await installation.put(
            "/v1/projects/\(project)/members/\(person.text("id"))", as: session, ["role": "viewer"]
        ).expecting(200)
        let again = try await made("/v1/sessions", ["email": .string(outcome.email), "password": .string(outcome.password)])
        return Estate(
            outcome: outcome, credentials: credentials,
            ids: [
                .account: try await made("/v1/accounts", ["name": "Spare"]).text("id"), .project: project, .user: person.text("id"),
                .session: again.text("id"), .key: try await made("/v1/keys", ["project_id": .string(project)]).text("id"),
                .workspaceKey: try await made("/v1/api-keys", ["name": "Spare"]).text("key_id"),
                .token: try await made("/v1/tokens", ["name": "Spare", "scopes": ["*"]]).text("id"),
            ],
            invitation: try await made("/v1/users", ["email": .string("ivy@\(domain)")])["invitation"]?["token"]?.string ?? "")
    }
}
