import Costs
import Identity
package import Kernel
import Keys
import Prices
import Sandbox
import Storage
import Web

/// Makes a workspace that can be used at once: an account, an admin, a project, keys, a session and a seeded sandbox.
package struct Setup: Sendable {
    package var workspace: String
    package var email: String
    /// Nil means one is made up.
    package var password: String?
    /// Requests a minute for the keys that are made here; nil means the default.
    package var rateLimit: Int?

    package init(workspace: String, email: String, password: String?, rateLimit: Int?) {
        self.workspace = workspace
        self.email = email
        self.password = password
        self.rateLimit = rateLimit
    }

    /// What was made, secrets included: shown once by `init` and `workspaces create`.
    package struct Outcome: Sendable {
        package let workspace: WorkspaceID
        package let account: AccountID
        package let project: ProjectID
        package let user: UserID
        package let email: String
        package let password: String
        package let sessionToken: String
        package let liveKey: String
        package let testKey: String
        package let projectKey: String
    }

    /// What is wrong with what was asked for, as a sentence; nil when nothing is.
    package var complaint: String? {
        let email = Schema.string(3...254, .email).violations(in: .string(email)).first.map { "The e-mail address \($0.detail)." }
        let name = Schema.name().violations(in: .string(workspace)).first.map { "The workspace's name \($0.detail)." }
        let password = password.flatMap { SignIn.password.violations(in: .string($0)).first.map { "The password \($0.detail)." } }
        let limit = rateLimit.map { (1...1_000_000_000).contains($0) } ?? true ? nil : "The rate limit must be 1 to 1000000000."
        return email ?? name ?? password ?? limit
    }

    /// Another server has set the database up meanwhile.
    package struct AlreadyDone: Error {}

    /// Throws `AlreadyDone` when `onlyIfEmpty` and there is a workspace.
    package func run(_ parts: Parts, onlyIfEmpty: Bool = false) async throws -> Outcome {
        let surroundings = parts.surroundings
        let password = password ?? Self.makePassword(surroundings)
        let hash = try await parts.signIn.passwords.hash(password)
        // A turn that all who set up share.
        return try await parts.store.write(in: WorkspaceID("setup")) { connection in
            if onlyIfEmpty, try connection.row("SELECT 1 FROM workspaces LIMIT 1", as: { _ in true }) ?? false { throw AlreadyDone() }
            let (workspace, account) = try Workspace.create(name: workspace, surroundings: surroundings, connection)
            func attribution(_ mode: Mode) -> Attribution {
                Attribution(
                    tenant: Tenant(workspace: workspace.id, mode: mode), actor: .system("setup"), address: nil, request: nil,
                    surroundings: surroundings)
            }
            let by = attribution(.live)
            let user = try User.create(email: email, name: "", role: .admin, password: hash, by: by, connection)
            var draft = ProjectDraft(name: "Default")
            draft.env = .production
            let project = try Project.create(draft, by: by, connection)
            try PriceBook.seed(by: by, connection)
            try CostView.createDefault(by: by, connection)
            let live = try Key.create(key(.workspace, .live, nil), by: by, connection)
            let test = try Key.create(key(.workspace, .test, nil), by: by, connection)
            let own = try Key.create(key(.project, .live, project.id), by: by, connection)
            let session = try Session.begin(
                user: user, in: workspace.id, address: nil, request: nil, surroundings: surroundings, connection)
            try parts.sandbox.reset(by: attribution(.test), connection)
            return Outcome(
                workspace: workspace.id, account: account.id, project: project.id, user: user.id, email: user.email, password: password,
                sessionToken: session.token, liveKey: live.secret, testKey: test.secret, projectKey: own.secret)
        }
    }

    /// Fills the sandbox with what was too much for the transaction of `run`. The server does so by itself within a minute.
    package func complete(_ parts: Parts) async throws { try await parts.sandbox.complete(parts.store, parts.surroundings) }

    private func key(_ kind: Key.Kind, _ mode: Mode, _ project: ProjectID?) -> KeyDraft {
        var draft = KeyDraft(kind: kind, mode: mode, name: "Setup", profile: kind == .workspace ? .cloudplatform : .cloudapi)
        draft.project = project
        draft.rateLimit = rateLimit
        return draft
    }

    /// Twenty characters of an alphabet without look-alikes: more than 110 bits.
    package static func makePassword(_ surroundings: Surroundings) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        var generator = BitsFrom(surroundings: surroundings)
        return String((0..<20).map { _ in alphabet.randomElement(using: &generator)! })  // the alphabet is not empty
    }

    private struct BitsFrom: RandomNumberGenerator {
        let surroundings: Surroundings
        mutating func next() -> UInt64 { surroundings.random() }
    }
}

extension Setup.Outcome: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("workspace_id", workspace)
            json.field("account_id", account)
            json.field("project_id", project)
            json.field("user_id", user)
            json.field("email", email)
            json.field("password", password)
            json.field("session_token", sessionToken)
            json.field("api_key", liveKey)
            json.field("test_api_key", testKey)
            json.field("project_key", projectKey)
        }
    }
}
