import ArgumentParser
import Kernel

/// The kinds of resources, which are listed, shown and deleted alike.
protocol Resources: AsyncParsableCommand {
    static var noun: String { get }
    static var columns: [TextTable.Column] { get }
}

extension Resources {
    static var plural: String { noun + "s" }
    /// In a sentence.
    static var word: String { noun == "ip" ? "address" : noun }
    static var words: String { noun == "ip" ? "addresses" : plural }

    static var commonColumns: [TextTable.Column] {
        [.init("ID", "id", whole: true), .init("NAME", "name"), .init("PHASE", "status.phase")]
    }

    static var costColumns: [TextTable.Column] {
        [.init("AN HOUR", "cost.hourly", right: true), .init("THIS MONTH", "cost.month_to_date", right: true), .init("LABELS", "labels")]
    }
}

struct ResourceList<Kind: Resources>: RemoteCommand {
    static var configuration: CommandConfiguration { .init(commandName: "list", abstract: "List \(Kind.words).") }
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var paging: Paging
    @Option(help: "Id or name.")
    var project: String?
    @Option(help: "Labels, such as team=core,tier!=dev.")
    var selector: String?

    func run(_ server: Remote) async throws {
        let project = try await project.asyncMap { try await server.project($0) }
        try await list(server, "/v1/" + Kind.plural, [("project_id", project), ("selector", selector)], paging, Kind.columns)
    }
}

struct ResourceShow<Kind: Resources>: RemoteCommand {
    static var configuration: CommandConfiguration { .init(commandName: "show", abstract: "Show one \(Kind.word).") }
    @OptionGroup var remote: RemoteOptions
    @Argument(help: "Id or name.")
    var name: String
    @Option(help: "Id or name; needed for a name that several projects have.")
    var project: String?

    func run(_ server: Remote) async throws {
        let project = try await project.asyncMap { try await server.project($0) }
        let answer = try await server.get("/v1/\(Kind.plural)/\(Remote.escaped(name))", [("project_id", project)])
        show(answer, Kind.columns + [.init("SPEC", "spec"), .init("CREATED", "created_at")])
    }
}

struct ResourceDelete<Kind: Resources>: RemoteCommand {
    static var configuration: CommandConfiguration {
        .init(commandName: "delete", abstract: "Delete one \(Kind.word); it can be restored for a week unless it is purged.")
    }
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var waiting: Waiting
    @Argument(help: "Id or name.")
    var name: String
    @Option(help: "Id or name; needed for a name that several projects have.")
    var project: String?
    @Flag(help: "Free its name at once.")
    var purge = false

    func run(_ server: Remote) async throws {
        let project = try await project.asyncMap { try await server.project($0) }
        let answer = try await server.send(
            .delete, "/v1/\(Kind.plural)/\(Remote.escaped(name))", [("project_id", project), ("purge", purge ? "true" : nil)])
        try await waiting.follow(answer, server)
        show(answer) { _ in waiting.wait ? "Deleted \(name)." : "Deleting \(name)." }
    }
}

extension Optional where Wrapped: Sendable {
    func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
