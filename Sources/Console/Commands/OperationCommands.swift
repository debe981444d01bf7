import ArgumentParser
import Kernel

struct OperationCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operations", abstract: "List operations, follow one, and decide about one that cannot go on.",
        subcommands: [List.self, Show.self, Cancel.self, Retry.self, Resolve.self], defaultSubcommand: List.self)

    private static let columns: [TextTable.Column] = [
        .init("ID", "id", whole: true), .init("TYPE", "type"), .init("RESOURCE", "resource.id", whole: true), .init("STATE", "state"),
        .init("DONE %", "progress_percent", right: true), .init("MADE", "created_at"), .init("ENDED", "finished_at"),
    ]
    private static let details: [TextTable.Column] = [
        .init("Id", "id"), .init("Type", "type"), .init("Resource", "resource.id"), .init("Project", "project_id"),
        .init("State", "state"), .init("Done %", "progress_percent"), .init("Problem", "error.detail"), .init("By", "actor"),
        .init("Made", "created_at"), .init("Begun", "started_at"), .init("Next attempt", "next_attempt_at"),
        .init("Given up at", "deadline"), .init("Ended", "finished_at"), .init("Request", "request_id"),
    ]
    private static let steps: [TextTable.Column] = [
        .init("STEP", "name"), .init("STATE", "state"), .init("ATTEMPTS", "attempt", right: true), .init("BEGUN", "started_at"),
        .init("TROUBLE", "trouble"),
    ]

    struct List: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List operations, the newest first.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var paging: Paging
        @Flag(help: "Only those that have not ended.")
        var open = false
        @Option(help: "queued, running, canceling, undoing, succeeded, failed, canceled, blocked or stuck.")
        var state: String?
        @Option(help: "Of one resource, by its id.")
        var resource: String?
        @Option(help: "A project's id or name.")
        var project: String?

        func run(_ server: Remote) async throws {
            let project = try await project.asyncMap { try await server.project($0) }
            try await list(
                server, "/v1/operations",
                [("open", open ? "true" : nil), ("state", state), ("resource", resource), ("project_id", project)],
                paging, OperationCommands.columns)
        }
    }

    struct Show: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Show an operation and its steps.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "An operation's id.") var id: String

        func run(_ server: Remote) async throws {
            if waiting.wait { try await Operation.end(id, server) }
            let answer = try await server.get("/v1/operations/" + Remote.escaped(id))
            show(answer) { OperationCommands.text(answer.json, $0) }
        }
    }

    struct Cancel: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel an operation: what waits ends at once, what runs ends at its next step.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "An operation's id.") var id: String

        func run(_ server: Remote) async throws {
            try await act(server, id, "cancel", waiting.wait, isWell: ["canceled"])
        }
    }

    struct Retry: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Try at once, instead of at its next attempt.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "An operation's id.") var id: String

        func run(_ server: Remote) async throws { try await act(server, id, "retry", waiting.wait) }
    }

    struct Resolve: RemoteCommand {
        enum Decision: String, ExpressibleByArgument, CaseIterable { case retry, adopt, forget }

        static let configuration = CommandConfiguration(
            abstract: "Decide about a blocked or stuck operation.",
            discussion: """
                retry goes on as if nothing had happened; adopt takes the object of --provider-ref as the one that was made; forget ends it: \
                nothing of it is left at the provider, or it is taken care of by hand.
                """)
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "An operation's id.") var id: String
        @Argument(help: "retry, adopt or forget.") var decision: Decision
        @Option(help: "The provider's id of the object to adopt.")
        var providerRef: String?

        func validate() throws {
            guard (decision == .adopt) == (providerRef != nil) else {
                throw ValidationError("adopt needs --provider-ref, and nothing else does.")
            }
        }

        func run(_ server: Remote) async throws {
            let body = JSON.given([("decision", .string(decision.rawValue)), ("provider_ref", providerRef.map { .string($0) })])
            // Whoever forgets a create has it fail, and meant it.
            try await act(
                server, id, "resolve", waiting.wait, body: body,
                isWell: decision == .forget ? ["succeeded", "failed", "canceled"] : ["succeeded"])
        }
    }

    fileprivate static func text(_ operation: JSON, _ terminal: Terminal) -> String {
        let rows = operation["steps"]?.array ?? []
        let head = TextTable.object(operation, details)
        return rows.isEmpty ? head : head + "\n\n" + TextTable(steps, rows).text(width: terminal.width, colours: terminal.hasColours)
    }
}

extension RemoteCommand {
    /// Sends it and writes the operation as it is then; with `waits`, as it has ended.
    fileprivate func act(
        _ server: Remote, _ id: String, _ verb: String, _ waits: Bool, body: JSON? = nil, isWell: Set<String> = ["succeeded"]
    ) async throws {
        let path = "/v1/operations/" + Remote.escaped(id)
        var answer = try await server.send(.post, path + "/" + verb, [], body)
        if waits {
            try await Operation.end(id, server, isWell: isWell)
            answer = try await server.get(path)
        }
        show(answer) { OperationCommands.text(answer.json, $0) }
    }
}
