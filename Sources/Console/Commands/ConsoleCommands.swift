package import ArgumentParser

/// What a person does on a server, from anywhere. `cloudapi` puts these beside the commands of whoever runs the server.
package enum ConsoleCommands {
    package static var session: [any ParsableCommand.Type] { [Login.self, Logout.self, WhoAmI.self, Profiles.self] }

    package static var remote: [any ParsableCommand.Type] {
        [
            Projects.self, Keys.self, Instances.self, Volumes.self, Networks.self, Buckets.self, IPs.self, Firewalls.self,
            Snapshots.self, Providers.self, Placements.self, OperationCommands.self, Usage.self, Events.self, WebhookCommands.self,
            AlertCommands.self, Apply.self,
        ]
    }

    /// Stand under `costs`, beside import and export.
    package static var costs: [any ParsableCommand.Type] { [costOverview, CostViews.self, CostData.self] }

    /// What `costs` does by itself.
    package static var costOverview: any ParsableCommand.Type { CostOverview.self }
}

/// A command that speaks to a server.
protocol RemoteCommand: AsyncParsableCommand {
    var remote: RemoteOptions { get }
    func run(_ server: Remote) async throws
}

extension RemoteCommand {
    func run() async throws { try await remote.session { try await run($0) } }

    /// The JSON as it came, or what is written for people.
    func show(_ answer: Remote.Answer, _ text: (Terminal) -> String) {
        if remote.json { Terminal.out(json: answer.text) } else { Terminal.out(text(.current())) }
    }

    func show(_ answer: Remote.Answer, _ columns: [TextTable.Column]) {
        show(answer) { _ in TextTable.object(answer.json, columns) }
    }
}

extension RemoteOptions {
    /// Everything that goes wrong on the way to the server comes out as `RemoteFailure`.
    package func session<Result>(_ body: (Remote) async throws -> Result) async throws -> Result {
        do {
            return try await Remote.with(target(), body)
        } catch let unreachable as Unreachable {
            throw unreachable.failure
        }
    }
}
