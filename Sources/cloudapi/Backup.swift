import ArgumentParser
import Foundation
import Kernel
import Server
import Storage

struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy the database into a file while the server runs. The vault key is not in it: keep <data>/key apart.")

    @OptionGroup var store: StoreOptions
    @Argument(help: "The file to write; it must not exist.")
    var file: String

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: file) else { throw Failure("\(file) exists already.") }
        let opened = try await OpenedStore.open(store.resolve(), migrates: false)
        let partial = file + ".partial"
        // Its owner's alone: it holds the hashes of passwords and everything the vault sealed.
        guard FileManager.default.createFile(atPath: partial, contents: nil, attributes: [.posixPermissions: 0o600]) else {
            throw Failure("\(file) cannot be written.")
        }
        do {
            try await opened.store.backUp(to: partial)
            try FileManager.default.moveItem(atPath: partial, toPath: file)
        } catch {
            try? FileManager.default.removeItem(atPath: partial)  // what went wrong before counts
            if case StorageError.failed(let sentence) = error { throw Failure(sentence) }
            throw Failure("The backup failed: \(error)")
        }
        print("Wrote \(file). Keep the vault key (<data>/key) apart from it.")
    }
}

struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Put a backup into an empty data folder, and check it.")

    @OptionGroup var store: StoreOptions
    @Argument(help: "A file that cloudapi backup wrote.")
    var file: String

    func run() async throws {
        let configuration = try await store.resolve()
        let files = FileManager.default
        guard files.fileExists(atPath: file) else { throw Failure("There is no file \(file).") }
        guard !files.fileExists(atPath: configuration.databasePath) else {
            throw Failure("\(configuration.databasePath) exists already; restore into an empty folder.")
        }
        try files.createDirectory(atPath: configuration.data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try files.copyItem(atPath: file, toPath: configuration.databasePath)
        let opened = try await OpenedStore.open(configuration, migrates: true)
        let verified = try await AuditReport.make(opened.store, trusted: [:])
        guard verified.findings.isEmpty else { throw Failure("Restored, but the event log does not verify:\n" + verified.text) }
        print(
            "Restored to \(configuration.databasePath).\n" + verified.text
                + "Put the vault key that belongs to it at \(configuration.data)/key if it is not there.")
        try opened.store.close()
    }
}
