import ArgumentParser
import Kernel

struct Instances: Resources {
    static let noun = "instance"
    static var columns: [TextTable.Column] {
        commonColumns + [.init("POWER", "status.power"), .init("SIZE", "spec.size"), .init("IMAGE", "spec.image")] + costColumns
    }
    static let configuration = CommandConfiguration(
        abstract: "List, make, start, stop and delete instances.",
        subcommands: [
            ResourceList<Instances>.self, ResourceShow<Instances>.self, Create.self, Start.self, Stop.self, Restart.self, Logs.self,
            ResourceDelete<Instances>.self,
        ], defaultSubcommand: ResourceList<Instances>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an instance. It is priced, and taken off quotas and budgets, before the provider hears of it.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Option(help: "Such as s-1; GET /v1/sizes has them with their prices.")
        var size: String
        @Option(help: "Such as debian-12.")
        var image: String
        @Option(name: .customLong("command"), parsing: .upToNextOption, help: "What it runs, word by word.")
        var words: [String] = []

        func run(_ server: Remote) async throws {
            let spec = JSON.given([
                ("size", .string(size)), ("image", .string(image)), ("command", words.isEmpty ? nil : .array(words.map { .string($0) })),
            ])
            let answer = try await common.create("instances", spec, waiting, server)
            show(answer, Instances.columns)
        }
    }

    struct Start: InstanceAction {
        static let verb = "start"
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
    }

    struct Stop: InstanceAction {
        static let verb = "stop"
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
    }

    struct Restart: InstanceAction {
        static let verb = "restart"
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
    }

    struct Logs: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Print the last lines an instance wrote.")
        @OptionGroup var remote: RemoteOptions
        @Argument(help: "Id or name.") var name: String
        @Option(help: "How many lines.")
        var tail = 100

        func run(_ server: Remote) async throws {
            let answer = try await server.get("/v1/instances/\(Remote.escaped(name))/logs", [("tail", String(tail))])
            show(answer) { _ in
                (answer.json["data"]?.array ?? []).map { $0["message"]?.string ?? "" }.joined(separator: "\n")
            }
        }
    }
}

/// Something that is done to an instance and changes its power.
protocol InstanceAction: RemoteCommand {
    static var verb: String { get }
    var waiting: Waiting { get }
    var name: String { get }
}

extension InstanceAction {
    static var configuration: CommandConfiguration {
        .init(commandName: verb, abstract: "\(verb.prefix(1).uppercased() + verb.dropFirst()) an instance.")
    }

    func run(_ server: Remote) async throws {
        let answer = try await server.send(.post, "/v1/instances/\(Remote.escaped(name))/actions/\(Self.verb)")
        try await waiting.follow(answer, server)
        show(answer) { _ in "\(name): \(Self.verb) \(waiting.wait ? "done" : "begun")." }
    }
}

/// What every new resource is told.
struct NewResource: ParsableArguments {
    @Argument(help: "Lower-case letters, digits and -.")
    var name: String
    @Option(help: "Id or name; not needed where there is only one.")
    var project: String?
    @Option(help: "A connection to a provider, by id or name.")
    var provider: String?
    @Option(name: .customLong("label"), help: "key=value; may be given several times.")
    var labels: [String] = []
    @Flag(help: "Say what it would cost and make nothing.")
    var dryRun = false

    func validate() throws {
        guard labels.allSatisfy({ $0.contains("=") }) else { throw ValidationError("--label takes key=value.") }
    }

    /// With --wait the answer is the resource as it is then.
    func create(_ kind: String, _ spec: JSON, _ waiting: Waiting, _ server: Remote) async throws -> Remote.Answer {
        let pairs = labels.map { label in
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return JSON.Member(parts[0], .string(parts[1]))
        }
        let body = JSON.given([
            ("name", .string(name)), ("project_id", .string(try await server.project(project))), ("provider", provider.map { .string($0) }),
            ("labels", pairs.isEmpty ? nil : .object(pairs)), ("spec", spec),
        ])
        let answer = try await server.send(.post, "/v1/" + kind, [("dry_run", dryRun ? "true" : nil)], body)
        guard waiting.wait, !dryRun, let id = answer.json["id"]?.string else { return answer }
        try await waiting.follow(answer, server)
        return try await server.get("/v1/\(kind)/\(id)")
    }
}
