import ArgumentParser
import Kernel

struct Volumes: Resources {
    static let noun = "volume"
    static var columns: [TextTable.Column] {
        commonColumns + [.init("GIB", "spec.size_gib", right: true), .init("TYPE", "spec.type")] + costColumns
    }
    static let configuration = CommandConfiguration(
        abstract: "List, make and delete volumes.",
        subcommands: [ResourceList<Volumes>.self, ResourceShow<Volumes>.self, Create.self, ResourceDelete<Volumes>.self],
        defaultSubcommand: ResourceList<Volumes>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a volume.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Option(help: "GiB; the snapshot's when left out.")
        var size: Int?
        @Option(help: "A snapshot that is on it from the start, by id or name.")
        var fromSnapshot: String?

        func validate() throws {
            if size == nil, fromSnapshot == nil { throw ValidationError("Say --size, or --from-snapshot.") }
        }

        func run(_ server: Remote) async throws {
            let spec = JSON.given([
                ("size_gib", size.map { .integer(Int64($0)) }), ("from_snapshot", fromSnapshot.map { .string($0) }),
            ])
            show(try await common.create("volumes", spec, waiting, server), Volumes.columns)
        }
    }
}

struct Networks: Resources {
    static let noun = "network"
    static var columns: [TextTable.Column] { commonColumns + [.init("CIDR", "status.cidr"), .init("NAT", "spec.nat")] + costColumns }
    static let configuration = CommandConfiguration(
        abstract: "List, make and delete networks.",
        subcommands: [ResourceList<Networks>.self, ResourceShow<Networks>.self, Create.self, ResourceDelete<Networks>.self],
        defaultSubcommand: ResourceList<Networks>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Make a network.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Option(help: "Such as 10.1.0.0/24; chosen when left out.")
        var cidr: String?

        func run(_ server: Remote) async throws {
            show(try await common.create("networks", .given([("cidr", cidr.map { .string($0) })]), waiting, server), Networks.columns)
        }
    }
}
