import ArgumentParser
import Kernel

struct Buckets: Resources {
    static let noun = "bucket"
    static var columns: [TextTable.Column] {
        commonColumns + [
            .init("PUBLIC", "spec.public"), .init("VERSIONS", "spec.versioning"), .init("DAYS", "spec.expire_days", right: true),
        ]
            + costColumns
    }
    static let configuration = CommandConfiguration(
        abstract: "List, make, empty and delete buckets.",
        subcommands: [
            ResourceList<Buckets>.self, ResourceShow<Buckets>.self, Create.self, Empty.self, ResourceDelete<Buckets>.self,
        ], defaultSubcommand: ResourceList<Buckets>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a bucket.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Flag(name: .customLong("public"), help: "Let anybody read what is in it.")
        var isPublic = false
        @Flag(help: "Keep what is overwritten or deleted.")
        var versioning = false
        @Option(help: "Delete objects after so many days.")
        var expireDays: Int?

        func run(_ server: Remote) async throws {
            let spec = JSON.given([
                ("public", isPublic ? true : nil), ("versioning", versioning ? true : nil),
                ("expire_days", expireDays.map { .integer(Int64($0)) }),
            ])
            show(try await common.create("buckets", spec, waiting, server), Buckets.columns)
        }
    }

    struct Empty: ResourceAction {
        static let kind = "bucket"
        static let verb = "empty"
        static let abstract = "Remove everything that is in a bucket, old versions included."
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
        @Option(help: "Id or name; needed for a name that several projects have.") var project: String?
    }
}

/// Something that is done to a resource and needs no more than its name.
protocol ResourceAction: RemoteCommand {
    static var kind: String { get }
    static var verb: String { get }
    static var abstract: String { get }
    var waiting: Waiting { get }
    var name: String { get }
    var project: String? { get }
}

extension ResourceAction {
    static var configuration: CommandConfiguration { .init(commandName: verb, abstract: abstract) }

    func run(_ server: Remote) async throws {
        let project = try await project.asyncMap { try await server.project($0) }
        let answer = try await server.send(
            .post, "/v1/\(Self.kind)s/\(Remote.escaped(name))/actions/\(Self.verb)", [("project_id", project)])
        try await waiting.follow(answer, server)
        show(answer) { _ in "\(name): \(Self.verb) \(waiting.wait ? "done" : "begun")." }
    }
}
