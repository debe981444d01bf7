import ArgumentParser

/// One binary: the server, and what an operator does to it.
@main
struct CloudAPI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cloudapi", abstract: "Provision, meter, price, alert and audit cloud resources behind one API.", version: "0.1.0",
        subcommands: [
            Serve.self, Init.self, Workspaces.self, Users.self, Doctor.self, Migrate.self, Backup.self, Restore.self, Audit.self,
            Costs.self,
            OpenAPI.self,
        ])
}
