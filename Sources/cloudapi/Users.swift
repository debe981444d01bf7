import ArgumentParser
import Identity
import Kernel
import OAuth
import Server
import Storage

struct Users: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Help users who cannot help themselves.", subcommands: [ResetPassword.self])

    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-password",
            abstract: "Give a user a new password; ends all their sessions and applications, also on a running server.")

        @OptionGroup var store: StoreOptions
        @Option(help: "Whose password.")
        var email: String
        @Option(help: "The workspace, when the address is known in several.")
        var workspace: String?
        @Option(help: "The new password; made up when left out.")
        var password: String?

        func run() async throws {
            let opened = try await OpenedStore.open(store.resolve(), migrates: false)
            let password = password ?? Setup.makePassword(opened.surroundings)
            guard password.count >= 10 else { throw Failure("A password has at least ten characters.") }
            let found = try await opened.store.read { [email] in try User.withEmail(email, $0) }.filter {
                workspace == nil || $0.0.rawValue == workspace
            }
            guard let (tenant, user) = found.first else { throw Failure("Nobody has the address \(email).") }
            guard found.count == 1 else {
                throw Failure(
                    "Several workspaces know \(email): \(found.map(\.0.rawValue).joined(separator: ", ")). Name one with --workspace.")
            }
            let hash = try await PasswordHasher(surroundings: opened.surroundings).hash(password)
            try await opened.store.write(in: tenant) { [surroundings = opened.surroundings] connection in
                let by = Attribution(
                    tenant: Tenant(workspace: tenant, mode: .live), actor: .system("operator"), address: nil, request: nil,
                    surroundings: surroundings)
                try user.resetPassword(hash, ending: .oauth, by: by, connection)
            }
            print("New password of \(user.email): \(password)")
        }
    }
}
