import ArgumentParser
import Kernel

struct IPs: Resources {
    static let noun = "ip"
    static var columns: [TextTable.Column] {
        commonColumns + [.init("ADDRESSES", "status.addresses"), .init("ATTACHED TO", "status.attached_to")] + costColumns
    }
    static let configuration = CommandConfiguration(
        commandName: "ips", abstract: "List, make, attach and delete public addresses.",
        subcommands: [
            ResourceList<IPs>.self, ResourceShow<IPs>.self, Create.self, Attach.self, Detach.self, ResourceDelete<IPs>.self,
        ], defaultSubcommand: ResourceList<IPs>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a public address.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Option(help: "ipv4 or ipv6.")
        var family: String?
        @Option(help: "The name its PTR record says.")
        var reverseDNS: String?

        func run(_ server: Remote) async throws {
            let spec = JSON.given([("family", family.map { .string($0) }), ("reverse_dns", reverseDNS.map { .string($0) })])
            show(try await common.create("ips", spec, waiting, server), IPs.columns)
        }
    }

    struct Attach: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Give a public address to an instance.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
        @Option(help: "Id or name.") var instance: String
        @Option(help: "Id or name; needed for a name that several projects have.") var project: String?

        func run(_ server: Remote) async throws {
            let project = try await project.asyncMap { try await server.project($0) }
            let answer = try await server.send(
                .post, "/v1/ips/\(Remote.escaped(name))/actions/attach", [("project_id", project)],
                .object([.init("instance_id", .string(instance))]))
            try await waiting.follow(answer, server)
            show(answer) { _ in "\(name): attach \(waiting.wait ? "done" : "begun")." }
        }
    }

    struct Detach: ResourceAction {
        static let kind = "ip"
        static let verb = "detach"
        static let abstract = "Take a public address from its instance."
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
        @Option(help: "Id or name; needed for a name that several projects have.") var project: String?
    }
}

struct Firewalls: Resources {
    static let noun = "firewall"
    static var columns: [TextTable.Column] {
        commonColumns + [.init("RULES", "spec.rules"), .init("STANDS BEFORE", "status.applied_to")] + costColumns
    }
    static let configuration = CommandConfiguration(
        abstract: "List, make, apply and delete firewalls.",
        subcommands: [
            ResourceList<Firewalls>.self, ResourceShow<Firewalls>.self, Create.self, Apply.self, ResourceDelete<Firewalls>.self,
        ], defaultSubcommand: ResourceList<Firewalls>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a firewall.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Option(
            name: .customLong("allow"),
            help: "protocol:ports:range, such as tcp:443:0.0.0.0/0 or icmp::10.0.0.0/8; may be given several times.")
        var rules: [Rule] = []
        @Option(help: "Instances it stands before, by their labels.")
        var applyTo: String?

        func run(_ server: Remote) async throws {
            let spec = JSON.given([
                ("rules", .array(rules.map(\.json))), ("apply_to", applyTo.map { .object([.init("selector", .string($0))]) }),
            ])
            show(try await common.create("firewalls", spec, waiting, server), Firewalls.columns)
        }
    }

    /// What may come in, in one word.
    struct Rule: ExpressibleByArgument {
        let json: JSON

        init?(argument: String) {
            let parts = argument.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, !parts[0].isEmpty, !parts[2].isEmpty else { return nil }
            json = .given([
                ("direction", "ingress"), ("protocol", .string(parts[0])), ("ports", parts[1].isEmpty ? nil : .array([.string(parts[1])])),
                ("cidrs", .array([.string(parts[2])])),
            ])
        }
    }

    struct Apply: ResourceAction {
        static let kind = "firewall"
        static let verb = "apply"
        static let abstract = "Put a firewall before the instances that fit now."
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @Argument(help: "Id or name.") var name: String
        @Option(help: "Id or name; needed for a name that several projects have.") var project: String?
    }
}
