import ArgumentParser
import Foundation
package import Kernel

/// The logins that are kept on this machine. No server is asked, but to end the session of one that goes.
struct Profiles: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the logins that are kept, choose one, forget one.", subcommands: [List.self, Use.self, Remove.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them; * is the one that is used. Tokens are not shown.")
        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let environment = ProcessInfo.processInfo.environment
            let profiles = try ConfigFile(environment: environment).read().list(named: environment["CLOUDAPI_PROFILE"])
            guard !json else { return Terminal.out(JSON.object([.init("data", .array(profiles))]).indented) }
            guard !profiles.isEmpty else { return Terminal.out("There is no login. Next: cloudapi login --url …") }
            let terminal = Terminal.current()
            Terminal.out(
                TextTable(
                    [
                        .init(" ", "mark"), .init("PROFILE", "name", whole: true), .init("SERVER", "url"), .init("E-MAIL", "email"),
                        .init("UNTIL", "expires_at"),
                    ],
                    profiles.map { .object(($0.members ?? []) + [.init("mark", $0["is_used"] == true ? "*" : " ")]) }
                ).text(width: terminal.width, colours: terminal.hasColours))
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Use this one from now on.")
        @Argument var name: String

        func run() async throws {
            let environment = ProcessInfo.processInfo.environment
            let file = ConfigFile(environment: environment)
            var content = try file.read()
            let login = try content.use(name)
            try file.write(content)
            Terminal.out("Using \(name) (\(login.url)).")
            if let other = environment["CLOUDAPI_PROFILE"], other != name {
                Terminal.error("CLOUDAPI_PROFILE says \(other), and wins here.")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a login, and end its session.")
        @Argument var name: String

        func run() async throws { try await Logout.end(name) }
    }
}

extension ConfigFile.Content {
    /// As `profiles list` shows them, by name; without what they sign in with.
    package func list(named: String?) -> [JSON] {
        profiles.sorted { $0.key < $1.key }.map { name, profile in
            [
                "name": .string(name), "url": .string(profile.url), "email": JSON(profile.email),
                "kind": profile.session == nil ? "key" : "session", "expires_at": JSON(profile.expiresAt),
                "is_used": .bool(name == named ?? current),
            ]
        }
    }

    /// Throws `.notFound`.
    package mutating func use(_ name: String) throws -> ConfigFile.Profile {
        guard let login = profiles[name] else { throw RemoteFailure(.notFound, "Error: There is no login \(name).") }
        current = name
        return login
    }

    /// Another takes its place as the one that is used. Throws `.notFound`.
    package mutating func forget(_ name: String) throws -> ConfigFile.Profile {
        guard let login = profiles.removeValue(forKey: name) else { throw RemoteFailure(.notFound, "Error: There is no login \(name).") }
        if profiles[current] == nil { current = profiles.keys.min() ?? "default" }
        return login
    }
}
