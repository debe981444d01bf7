import ArgumentParser
import Kernel

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, make, rotate and revoke workspace keys.", subcommands: [List.self, Create.self, Rotate.self, Revoke.self],
        defaultSubcommand: List.self)

    struct List: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List keys.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var paging: Paging

        func run(_ server: Remote) async throws {
            try await list(
                server, "/v1/api-keys", [], paging,
                [
                    .init("ID", "key_id", whole: true), .init("NAME", "name"), .init("BEGINS", "prefix"), .init("ENDS", "last_four"),
                    .init("MODE", "mode"), .init("ROLE", "role"), .init("SCOPES", "scope"), .init("REVOKED", "revoked"),
                    .init("LAST USED", "last_used_at"),
                ])
        }
    }

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a key; its secret is printed once.")
        @OptionGroup var remote: RemoteOptions
        @Argument var name: String
        @Option(help: "resource:action; may be given several times. Everything the role may, when left out.")
        var scope: [String] = []
        @Option(help: "viewer, editor or admin.")
        var role: String?
        @Flag(help: "A key for the sandbox.")
        var test = false

        func run(_ server: Remote) async throws {
            let body = JSON.given([
                ("name", .string(name)), ("scopes", scope.isEmpty ? nil : .array(scope.map { .string($0) })),
                ("role", role.map { .string($0) }), ("mode", test ? "test" : nil),
            ])
            show(
                try await server.send(.post, "/v1/api-keys", [], body),
                [.init("Id", "key_id"), .init("Name", "name"), .init("Key", "key"), .init("Scopes", "scope")])
        }
    }

    struct Rotate: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Give a key a new secret; the old one works on for a while.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String
        @Option(help: "Seconds the old secret works on.")
        var overlap = 3600

        func run(_ server: Remote) async throws {
            let answer = try await server.send(
                .post, "/v1/api-keys/\(Remote.escaped(id))/rotation", [], .given([("overlap_seconds", .integer(Int64(overlap)))]))
            show(answer, [.init("Id", "key_id"), .init("Key", "key"), .init("Old until", "overlap_until")])
        }
    }

    struct Revoke: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a key; its very next request is refused.")
        @OptionGroup var remote: RemoteOptions
        @Argument var id: String

        func run(_ server: Remote) async throws {
            show(try await server.send(.delete, "/v1/keys/" + Remote.escaped(id))) { _ in "Revoked \(id)." }
        }
    }
}
