import ArgumentParser
import Kernel

struct Snapshots: Resources {
    static let noun = "snapshot"
    static var columns: [TextTable.Column] {
        commonColumns + [.init("GIB", "spec.size_gib", right: true), .init("VOLUME", "spec.volume_id")] + costColumns
    }
    static let configuration = CommandConfiguration(
        abstract: "List, make and delete snapshots of volumes.",
        subcommands: [ResourceList<Snapshots>.self, ResourceShow<Snapshots>.self, Create.self, ResourceDelete<Snapshots>.self],
        defaultSubcommand: ResourceList<Snapshots>.self)

    struct Create: RemoteCommand {
        static let configuration = CommandConfiguration(abstract: "Keep what is on a volume now.")
        @OptionGroup var remote: RemoteOptions
        @OptionGroup var waiting: Waiting
        @OptionGroup var common: NewResource
        @Option(help: "The volume, by id or name.")
        var volume: String

        func run(_ server: Remote) async throws {
            show(try await common.create("snapshots", ["volume_id": .string(volume)], waiting, server), Snapshots.columns)
        }
    }
}
