import ArgumentParser
import Kernel

struct WebhookCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "List, make and test webhooks, see and repeat deliveries, and listen without one.",
        subcommands: [List.self, Create.self, Delete.self, Test.self, Deliveries.self, Replay.self, Listen.self],
        defaultSubcommand: List.self)

    static let columns: [TextTable.Column] = [
        .init("ID", "id", whole: true), .init("URL", "url"), .init("EVENTS", "events"), .init("ENABLED", "enabled"),
        .init("FAILING SINCE", "failing_since"),
    ]

    struct List: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List webhooks.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var paging: Paging

        func run(_ server: Remote) async throws { try await list(server, "/v1/webhooks", [], paging, WebhookCommands.columns) }
    }

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Register an address; its secret is printed once.")
        @OptionGroup var remote: RemoteOptions
        @Argument(help: "Where letters go.")
        var url: String
        @Option(help: "Such as instance.* or *; may be given several times.")
        var event: [String] = []

        func run(_ server: Remote) async throws {
            let body = JSON.given([("url", .string(self.url)), ("events", event.isEmpty ? nil : .array(event.map { .string($0) }))])
            show(
                try await server.send(.post, "/v1/webhooks", [], body),
                [.init("Id", "id"), .init("URL", "url"), .init("Events", "events"), .init("Secret", "secret")])
        }
    }

    struct Delete: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Remove a webhook.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws {
            show(try await server.send(.delete, "/v1/webhooks/" + Remote.escaped(id))) { _ in "Removed \(id)." }
        }
    }

    struct Test: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Send a test letter.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws {
            let answer = try await server.send(.post, "/v1/webhooks/\(Remote.escaped(id))/test")
            show(answer) { _ in
                "On its way: \(answer.json["delivery_id"]?.string ?? "?"). cloudapi webhooks deliveries \(id) says what came of it."
            }
        }
    }

    struct Deliveries: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List what was sent, and what came back.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var paging: Paging
        @Argument(help: "A webhook's id.")
        var id: String
        @Option(help: "queued, delivered and others.")
        var state: String?

        func run(_ server: Remote) async throws {
            try await list(
                server, "/v1/webhooks/\(Remote.escaped(id))/deliveries", [("state", state)], paging,
                [
                    .init("ID", "id", whole: true), .init("EVENT", "event_type"), .init("STATE", "state"),
                    .init("TRIES", "attempt_count", right: true), .init("STATUS", "last_status", right: true), .init("ERROR", "last_error"),
                    .init("NEXT", "next_attempt_at"),
                ])
        }
    }

    struct Replay: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send again: one event, what came after a moment, or all since the first failure.")
        @OptionGroup var remote: RemoteOptions
        @Argument(help: "A webhook's id.")
        var id: String
        @Option(help: "One event's id.")
        var event: String?
        @Option(help: "From this moment, RFC 3339.")
        var from: String?

        func run(_ server: Remote) async throws {
            let body = JSON.given([
                ("event_id", event.map { .string($0) }), ("from", from.map { .string($0) }),
                ("since", event == nil && from == nil ? "last_failure" : nil),
            ])
            let answer = try await server.send(.post, "/v1/webhooks/\(Remote.escaped(id))/replay", [], body)
            show(answer) { _ in "On its way: \(answer.json["replay_id"]?.string ?? "?")." }
        }
    }
}
