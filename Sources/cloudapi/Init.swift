import ArgumentParser
import Kernel
import Server
import Storage

struct SetupOptions: ParsableArguments {
    @Option(help: "The first admin's e-mail address.")
    var email = "admin@example.com"
    @Option(help: "Their password; made up when left out.")
    var password: String?
    @Option(help: "Requests in any 60 seconds for the keys made here, instead of the default.")
    var rateLimit: Int?
    @Flag(help: "Print what was made as one JSON object.")
    var json = false

    func run(workspace: String, _ configuration: ServerConfiguration, _ opened: OpenedStore) async throws {
        let setup = Setup(workspace: workspace, email: email, password: password, rateLimit: rateLimit)
        if let complaint = setup.complaint { throw Failure(complaint) }
        let parts = Parts(store: opened.store, vault: opened.vault, configuration: configuration, surroundings: opened.surroundings)
        let outcome = try await setup.run(parts)
        try await setup.complete(parts)
        print(json ? outcome.jsonText : Welcome.text(outcome, configuration))
        try opened.store.close()
    }
}

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make the database, a workspace, an admin and keys, without serving.")

    @OptionGroup var store: StoreOptions
    @OptionGroup var options: SetupOptions
    @Option(help: "The workspace's name.")
    var workspace = "Default"

    func run() async throws {
        let configuration = try await store.resolve()
        let opened = try await OpenedStore.open(configuration, migrates: true, creates: true)
        guard try await opened.isEmpty() else {
            throw Failure("The store is initialised already. cloudapi workspaces create makes another workspace.")
        }
        try await options.run(workspace: workspace, configuration, opened)
    }
}

extension JSONRepresentable {
    var jsonText: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
