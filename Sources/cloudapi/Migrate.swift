import ArgumentParser
import Foundation
import Kernel
import Server
import Storage

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database to this version's schema (serve does it by itself), or move it to PostgreSQL.",
        discussion: """
            With --from and --to it copies an installation from SQLite to an empty PostgreSQL database, compares every table row by row and verifies \
            the audit chains. The server must be stopped meanwhile. The source stays as it is.
            """)

    @OptionGroup var store: StoreOptions
    @Option(help: "The data folder to move from.")
    var from: String?
    @Option(help: "The PostgreSQL database to move to, postgres://user@host/name; it must be empty.")
    var to: String?

    func run() async throws {
        if from != nil || to != nil { return try await move() }
        let configuration = try await store.resolve()
        // The key file stands in the folder whatever the database is.
        let opened = try await OpenedStore.open(configuration, migrates: true, creates: configuration.database != nil)
        print("The database is at \(MigrationOrder.all.last?.id ?? "nothing").")
        try opened.store.close()
    }

    private func move() async throws {
        guard let from, let to else { throw Failure("Moving takes both --from and --to.") }
        var old = ServerConfiguration()
        old.data = from
        var new = old
        new.database = to
        guard new.contradictions.isEmpty else { throw Failure("--to takes postgres://user@host/name.") }
        guard FileManager.default.fileExists(atPath: old.databasePath) else { throw Failure("There is no database in \(from).") }
        let lock = try DataLock(old)
        defer { lock.release() }
        let source = try OpenedStore.openStore(old, creates: false)
        let target = try OpenedStore.openStore(new, creates: false)
        let move = StoreMove(from: source, to: target, MigrationOrder.all, at: Surroundings.real.now())
        do {
            let moved = try await move.run { moved in
                // At once, also into a pipe.
                FileHandle.standardOutput.write(Data("\(moved.table): \(moved.rows) rows, the same on both sides\n".utf8))
            }
            print("\(moved.count) tables, \(moved.reduce(0) { $0 + $1.rows }) rows.")
        } catch StoreMove.Failure.sourceIsOlder(let missing) {
            throw Failure(
                "The database in \(from) is older than this program (\(missing) is missing). Run cloudapi migrate --data \(from) first.")
        } catch StoreMove.Failure.targetIsNotEmpty(let table) {
            throw Failure("The target is not empty: it has a table \(table). Make a database of its own for CloudAPI.")
        } catch StoreMove.Failure.different(let table, let detail) {
            throw Failure("The copy of \(table) is not the same: \(detail). Nothing was kept; try again.")
        } catch let error as StorageError {
            throw Failure("The move failed: \(error.sentence) It begins anew at the next attempt.")
        }
        try source.close()
        try target.close()
        // As a server opens it, with the vault key that stays in the folder.
        let opened = try await OpenedStore.open(new, migrates: false)
        let report = try await AuditReport.make(opened.store, trusted: [:])
        guard report.findings.isEmpty else { throw Failure("Moved, but the event log does not verify:\n" + report.text) }
        print(report.text + "Moved. Serve it with: cloudapi serve --data \(from) --database … (the vault key stays in \(from)/key).")
        try opened.store.close()
    }
}
