import ArgumentParser
import Kernel
import Server
import Storage

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring the database to this version's schema (serve does it by itself).")

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let configuration = try await store.resolve()
        let opened = try await OpenedStore.open(configuration, migrates: true)
        print("The database is at \(MigrationOrder.all.last?.id ?? "nothing").")
        try opened.store.close()
    }
}
