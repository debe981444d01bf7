import ArgumentParser
import Console
import Foundation

/// One binary: the server, what an operator does to it, and what people do with it from elsewhere.
@main
struct CloudAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloudapi", abstract: "Provision, meter, price, alert and audit cloud resources behind one API.",
        discussion: ExitStatus.text, version: "0.1.0",
        groupedSubcommands: [
            CommandGroup(
                name: "Running a server",
                subcommands: [
                    Serve.self, Init.self, Workspaces.self, Users.self, Doctor.self, Migrate.self, Backup.self, Restore.self, Audit.self,
                    OpenAPI.self,
                ]), CommandGroup(name: "Signing in to one", subcommands: ConsoleCommands.session),
            CommandGroup(name: "Using one", subcommands: ConsoleCommands.remote + [Costs.self]),
        ])

    /// As ArgumentParser does it, but for the exit status of what a server refused, and of a wrong command line.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let failure as RemoteFailure {
            end(failure.status, failure.description)
        } catch  where exitCode(for: error) == .validationFailure {
            end(.usage, fullMessage(for: error))
        } catch {
            exit(withError: error)
        }
    }

    private static func end(_ status: ExitStatus, _ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        leave(status.rawValue)
    }
}

/// Inside, `exit` is ArgumentParser's.
private func leave(_ status: Int32) -> Never { exit(status) }
