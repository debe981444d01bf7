/// Who is asking, and with what right: made once per request, passed by value, never ambient.
package struct Caller: Sendable {
    package let workspace: WorkspaceID
    package let mode: Mode
    package let credential: Credential
    /// The person behind a session or a grant; nil for a machine's credential.
    package let user: UserID?
    package let scopes: ScopeSet
    package let reach: Reach
    package let profile: Profile

    package init(
        workspace: WorkspaceID, mode: Mode, credential: Credential, user: UserID?, scopes: ScopeSet, reach: Reach, profile: Profile
    ) {
        self.workspace = workspace
        self.mode = mode
        self.credential = credential
        self.user = user
        self.scopes = scopes
        self.reach = reach
        self.profile = profile
    }

    package var tenant: Tenant { Tenant(workspace: workspace, mode: mode) }

    /// What was presented. `id` stays the same when the secret is rotated.
    package struct Credential: Sendable, Equatable {
        package let kind: Kind
        package let id: String
        /// The project it belongs to, when it belongs to one.
        package let project: ProjectID?

        package init(kind: Kind, id: String, project: ProjectID?) {
            self.kind = kind
            self.id = id
            self.project = project
        }

        package enum Kind: String, Sendable {
            case projectKey = "project_key"
            case workspaceKey = "workspace_key"
            case token
            case session
            /// Its `id` is that of what issued it, and stays when it is refreshed: of the grant, else of the client.
            case oauthToken = "oauth_token"
        }
    }

    /// The person, where what is theirs outside of projects is open to the credential as well: not to that of an application bound to a project.
    package var widenedBy: UserID? { credential.kind == .oauthToken && credential.project != nil ? nil : user }

    /// Which projects the caller can see.
    package enum Reach: Sendable, Equatable {
        /// All of the workspace, those made later included.
        case workspace(Role)
        case projects([ProjectID: Role])
    }

    /// Which of the documented APIs the caller was written for; decides the list envelope when the request does not.
    package enum Profile: String, Sendable {
        case cloudapi
        case cloudplatform
    }
}

extension Caller {
    /// The caller's role in that project; nil when it may not see it.
    package func role(in project: ProjectID) -> Role? {
        switch reach {
        case .workspace(let role): role
        case .projects(let roles): roles[project]
        }
    }

    package var reachesWorkspace: Bool {
        if case .workspace = reach { true } else { false }
    }

    /// Throws `not_found` for a project out of reach and `forbidden` for a role that is too small.
    package func require(_ role: Role, in project: ProjectID) throws {
        guard let held = self.role(in: project) else { throw Problem.notFound("project") }
        guard held >= role else {
            throw Problem(.forbidden, "This needs the role \(role.rawValue) in the project; the caller is \(held.rawValue).")
        }
    }

    /// Throws `forbidden` unless the caller has that role in the whole workspace.
    package func requireWorkspace(_ role: Role) throws {
        guard case .workspace(let held) = reach else {
            throw Problem(.forbidden, "This needs a credential of the workspace; this one belongs to single projects.")
        }
        guard held >= role else {
            throw Problem(.forbidden, "This needs the role \(role.rawValue) in the workspace; the caller is \(held.rawValue).")
        }
    }

    /// Throws `insufficient_scope` naming the scope.
    package func require(_ scope: Scope) throws {
        guard scopes.contains(scope) else {
            throw Problem(
                .insufficientScope, "This needs the scope \(scope.rawValue).", members: ["required_scope": .string(scope.rawValue)],
                headers: [("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"\(scope.rawValue)\"")])
        }
    }
}
