import ArgumentParser
import Kernel

struct AlertCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts", abstract: "List and make alerts, rehearse them, and undo what they did.",
        subcommands: [List.self, Create.self, Show.self, DryRun.self, Undo.self, Delete.self], defaultSubcommand: List.self)

    static let columns: [TextTable.Column] = [
        .init("ID", "id", whole: true), .init("NAME", "name"), .init("STATE", "state"), .init("RULE", "rule"),
        .init("SEVERITY", "severity"),
        .init("SINCE", "since"), .init("VALUES", "values"),
    ]

    struct List: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List alerts.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var paging: Paging
        @Option(help: "firing and others.")
        var state: String?

        func run(_ server: Remote) async throws { try await list(server, "/v1/alerts", [("state", state)], paging, AlertCommands.columns) }
    }

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make an alert.")
        @OptionGroup var remote: RemoteOptions
        @Argument(help: "Such as 'budget_percent > 85'.")
        var rule: String
        @Option(help: "A project's id or name.")
        var project: String?
        @Option(help: "An account's id.")
        var account: String?
        @Option(help: "A resource's id.")
        var resource: String?
        @Option(help: "Labels, such as team=core.")
        var selector: String?
        @Option(name: .customLong("for"), help: "How long it must hold, such as 5m.")
        var holds: String?
        @Option(help: "slack or webhook; may be given several times.")
        var channel: [String] = []
        @Option(help: "Stop instances with these labels when it fires.")
        var stop: String?

        func run(_ server: Remote) async throws {
            let project = try await project.asyncMap { try await server.project($0) }
            let body = JSON.given([
                ("rule", .string(rule)), ("project_id", project.map { .string($0) }), ("account_id", account.map { .string($0) }),
                ("resource_id", resource.map { .string($0) }), ("selector", selector.map { .string($0) }),
                ("for", holds.map { .string($0) }),
                ("channels", channel.isEmpty ? nil : .array(channel.map { .string($0) })),
                ("action", stop.map { .given([("type", "stop"), ("selector", .string($0))]) }),
            ])
            show(try await server.send(.post, "/v1/alerts", [], body), AlertCommands.columns)
        }
    }

    struct Show: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Show an alert.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws { show(try await server.get("/v1/alerts/" + Remote.escaped(id)), AlertCommands.columns) }
    }

    struct DryRun: RemoteCommand {
        static let configuration = CommandConfiguration(commandName: "dry-run", abstract: "Say what it would tell and do now.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws {
            let answer = try await server.send(.post, "/v1/alerts/\(Remote.escaped(id))/dry-run")
            show(answer) { _ in answer.json.indented }
        }
    }

    struct Undo: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Start again what it stopped, thaw what it froze.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws {
            show(try await server.send(.post, "/v1/alerts/\(Remote.escaped(id))/undo")) { _ in "Undone." }
        }
    }

    struct Delete: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Remove an alert.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws {
            show(try await server.send(.delete, "/v1/alerts/" + Remote.escaped(id))) { _ in "Removed \(id)." }
        }
    }
}
