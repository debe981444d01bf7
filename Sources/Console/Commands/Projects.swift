import ArgumentParser
import Kernel

struct Projects: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, make, show and archive projects.", subcommands: [List.self, Create.self, Show.self, Delete.self],
        defaultSubcommand: List.self)

    static let columns: [TextTable.Column] = [
        .init("ID", "id", whole: true), .init("NAME", "name"), .init("ENV", "env"), .init("STATUS", "status"),
        .init("CREATED", "created_at"),
    ]

    struct List: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "List projects.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var paging: Paging

        func run(_ server: Remote) async throws { try await list(server, "/v1/projects", [], paging, Projects.columns) }
    }

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a project.")
        @OptionGroup var remote: RemoteOptions
        @Argument var name: String
        @Option(help: "prod, staging or dev.")
        var env: String?

        func run(_ server: Remote) async throws {
            let body = JSON.given([("name", .string(name)), ("env", env.map { .string($0) })])
            show(try await server.send(.post, "/v1/projects", [], body), Projects.columns)
        }
    }

    struct Show: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Show a project.")
        @OptionGroup var remote: RemoteOptions
        @Argument(help: "Id or name.")
        var project: String

        func run(_ server: Remote) async throws {
            show(try await server.get("/v1/projects/" + Remote.escaped(server.project(project))), Projects.columns)
        }
    }

    struct Delete: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Archive a project.")
        @OptionGroup var remote: RemoteOptions
        @Argument(help: "Id or name.")
        var project: String

        func run(_ server: Remote) async throws {
            let answer = try await server.send(.delete, "/v1/projects/" + Remote.escaped(server.project(project)))
            show(answer) { _ in "Archived \(project)." }
        }
    }
}

extension Remote {
    /// The id of a project that may be named; where none is, the only one there is.
    func project(_ named: String?) async throws -> String {
        if let named, named.hasPrefix("proj_") { return named }
        let found = try await get("/v1/projects", [("limit", "2"), ("status", "active"), ("name", named)]).json["data"]?.array ?? []
        if found.count == 1, let id = found[0]["id"]?.string { return id }
        guard let named else { throw RemoteFailure(.usage, "Error: Say which project: --project.") }
        throw found.isEmpty
            ? RemoteFailure(.notFound, "Error: There is no project \(named).")
            : RemoteFailure(.usage, "Error: Several projects are named \(named); use the id.")
    }
}

extension JSON {
    /// An object of what was given.
    static func given(_ members: [(String, JSON?)]) -> JSON {
        .object(members.compactMap { name, value in value.map { .init(name, $0) } })
    }
}
