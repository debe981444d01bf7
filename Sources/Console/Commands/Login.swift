import ArgumentParser
import Foundation
import Kernel

struct Login: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign in to a server, and stay signed in.",
        discussion: """
            With --key a key or token is kept; without, e-mail and password are asked for and a session of twelve hours is kept. It stands in \
            $XDG_CONFIG_HOME/cloudapi/config.json, which nobody else can read. \(ExitStatus.text)
            """)

    @OptionGroup var remote: RemoteOptions
    @Option(help: "Asked for when left out.")
    var email: String?
    @Option(help: "The workspace's id, for an address known in several.")
    var workspace: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let file = ConfigFile(environment: environment)
        var content = try file.read()
        let name = remote.profile ?? environment["CLOUDAPI_PROFILE"] ?? "default"
        let url = Target.canonical(
            remote.url ?? environment["CLOUDAPI_URL"] ?? content.profiles[name]?.url ?? RemoteOptions.localURL)
        do {
            let profile = try await signedIn(url)
            let answer = try await Remote.with(Target(url: url, token: profile.token, profile: name)) { try await $0.get("/v1/ping") }
            content.profiles[name] = profile
            content.current = name
            try file.write(content)
            if remote.json { return Terminal.out(json: answer.text) }
            let (workspace, mode) = (answer.json["workspace_id"]?.string ?? "?", answer.json["mode"]?.string ?? "?")
            Terminal.out("Signed in to \(url) (\(workspace), \(mode)) as profile \(name).")
        } catch let unreachable as Unreachable {
            throw unreachable.failure
        }
    }

    private func signedIn(_ url: String) async throws -> ConfigFile.Profile {
        if let key = remote.key { return .init(url: url, token: try key == "-" ? Prompt.secret("Key: ") : key) }
        let email = try email ?? Prompt.line("E-mail: ")
        let password = try Prompt.secret("Password: ")
        var members: [JSON.Member] = [.init("email", .string(email)), .init("password", .string(password))]
        if let workspace { members.append(.init("workspace_id", .string(workspace))) }
        let answer = try await Remote.with(Target(url: url, token: nil, profile: nil)) {
            try await $0.send(.post, "/v1/sessions", [], .object(members))
        }
        guard let token = answer.json["token"]?.string else { throw RemoteFailure(.unavailable, "Error: \(url) is not a CloudAPI server.") }
        return .init(url: url, token: token, email: email, session: answer.json["id"]?.string, expiresAt: answer.json["expires_at"]?.string)
    }
}

struct Logout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End the session, and forget the login.")

    @Option(help: "One of several logins.")
    var profile: String?

    func run() async throws { try await Self.end(profile) }

    /// Of the profile of that name, else of the one that is used.
    static func end(_ profile: String?) async throws {
        let environment = ProcessInfo.processInfo.environment
        let file = ConfigFile(environment: environment)
        var content = try file.read()
        let name = profile ?? environment["CLOUDAPI_PROFILE"] ?? content.current
        let login = try content.forget(name)
        if let session = login.session {
            // One that has ended already, or a server that is gone, does not keep anybody from forgetting it.
            _ = try? await Remote.with(Target(url: login.url, token: login.token, profile: name)) {
                try await $0.send(.delete, "/v1/sessions/" + Remote.escaped(session))
            }
        }
        try file.write(content)
        Terminal.out("Signed out of \(login.url).")
    }
}

struct WhoAmI: RemoteCommand {
    static let configuration = CommandConfiguration(commandName: "whoami", abstract: "Say which server, as whom, in which mode.")

    @OptionGroup var remote: RemoteOptions

    func run(_ server: Remote) async throws {
        let answer = try await server.get("/v1/ping")
        show(answer) { _ in
            let login = "Server      \(server.target.url)\nProfile     \(server.target.profile ?? "- (a key was given)")\n"
            return login
                + TextTable.object(
                    answer.json,
                    [
                        .init("Workspace", "workspace_id"), .init("Project", "project_id"), .init("User", "user_id"), .init("Mode", "mode"),
                        .init("Credential", "credential.kind"), .init("Scopes", "scopes"),
                    ])
        }
    }
}
