import ArgumentParser
import Identity
import Kernel
import Server
import Storage

struct Workspaces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make and list workspaces.", subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make another workspace, with an admin and keys.")

        @OptionGroup var store: StoreOptions
        @OptionGroup var options: SetupOptions
        @Option(help: "The workspace's name.")
        var name: String

        func run() async throws {
            let configuration = try await store.resolve()
            try await options.run(workspace: name, configuration, OpenedStore.open(configuration, migrates: false))
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the workspaces of this installation.")

        @OptionGroup var store: StoreOptions
        @Flag(help: "Print one JSON object a line.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(store.resolve(), migrates: false)
            for workspace in try await opened.store.read({ try Workspace.all($0) }) {
                print(json ? workspace.jsonText : "\(workspace.id)  \(workspace.createdAt)  \(workspace.name)")
            }
        }
    }
}
