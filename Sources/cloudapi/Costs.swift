import ArgumentParser
import Console
import Costs
import Foundation
import Kernel
import Logging
import Server
import Storage

struct Costs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what this month comes to, read cost views, import bills and export cost rows.",
        discussion: """
            Import and export work on the data of this machine when --data, --database or --config names it, or when nobody is signed in to a \
            server; else on that server.
            """, subcommands: ConsoleCommands.costs + [Import.self, Export.self],
        defaultSubcommand: ConsoleCommands.costOverview)

    struct Place: ParsableArguments {
        @OptionGroup var store: StoreOptions
        @Option(help: "The workspace's id; not needed where there is only one.")
        var workspace: String?
        @Flag(help: "The test side.")
        var test = false

        @OptionGroup var remote: RemoteOptions

        var isRemote: Bool {
            if remote.url != nil || remote.profile != nil { return true }
            let environment = ProcessInfo.processInfo.environment
            let isLocal =
                store.data != nil || store.database != nil || store.config != nil || workspace != nil || test
                || environment["CLOUDAPI_DATA"] != nil || environment["CLOUDAPI_DATABASE"] != nil
            return !isLocal && remote.namesServer()
        }

        func open() async throws -> (OpenedStore, ServerConfiguration, Tenant) {
            let configuration = try await store.resolve()
            let opened = try await OpenedStore.open(configuration, migrates: false)
            let all = try await opened.store.read { connection in
                try connection.rows("SELECT id FROM workspaces ORDER BY id") { try $0.get(0, as: WorkspaceID.self) }
            }
            guard let id = workspace.map({ WorkspaceID($0) }) ?? (all.count == 1 ? all[0] : nil), all.contains(id) else {
                throw Failure("Name one of the workspaces with --workspace; cloudapi workspaces list shows them.")
            }
            return (opened, configuration, Tenant(workspace: id, mode: test ? .test : .live))
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read bills (CSV of FOCUS 1.0 to 1.2, plain or in gzip), each whole or not.")

        @OptionGroup var place: Place
        @Argument(help: "The files.")
        var files: [String]
        @Flag(help: "Leave out rows that cannot be read, and list them.")
        var skipBadRows = false
        @Option(help: "period takes the place of the same bills, name only of imports of the same file name.")
        var replaces = "period"

        func run() async throws {
            guard let replacing = CostImport.Replacing(rawValue: replaces) else {
                throw ValidationError("--replaces takes period or name.")
            }
            if place.isRemote { return try await send() }
            let (opened, configuration, tenant) = try await place.open()
            let importer = CostImporter(
                store: opened.store, surroundings: opened.surroundings, logger: Logger(label: "cloudapi"),
                folder: configuration.data + "/spool")
            try await importer.endWhatWasCut()
            var failed = false
            for file in files {
                let done = try await importer.read(file, replacing: replacing, skipsBadRows: skipBadRows, in: tenant, opened.surroundings)
                failed = failed || done.status == .failed
                print(Terminal.safe(ImportText.summary(done, file)))
            }
            try opened.store.close()
            if failed { throw ExitCode(1) }
        }

        private func send() async throws {
            try await place.remote.session { server in
                var failed = false
                for file in files {
                    guard let opened = FileHandle(forReadingAtPath: file), let size = CostImporter.size(of: file) else {
                        throw Failure("There is no file \(file).")
                    }
                    let bar = ImportText.Bar(total: size)
                    let done = try await RemoteBills(server).upload(
                        opened, size: size, name: URL(fileURLWithPath: file).lastPathComponent, replaces: replaces,
                        skipsBadRows: skipBadRows
                    ) { bar.show($0, nil) }
                    failed = failed || done["status"]?.string == "failed"
                    print(place.remote.json ? done.jsonText : Terminal.safe(ImportText.summary(done, file)))
                }
                if failed { throw ExitCode(1) }
            }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write cost rows as CSV of FOCUS 1.2 to the standard output.")

        @OptionGroup var place: Place
        @Option(help: "The first day, YYYY-MM-DD.")
        var from: String
        @Option(help: "The last day, included.")
        var to: String

        func run() async throws {
            guard let first = Timestamp(from + "T00:00:00Z"), let last = Timestamp(to + "T00:00:00Z"), first <= last else {
                throw ValidationError("--from and --to are days such as 2026-03-01, in order.")
            }
            if place.isRemote {
                return try await place.remote.session { server in
                    try await RemoteBills(server).export(from: from, to: to, into: .standardOutput)
                }
            }
            let (opened, _, tenant) = try await place.open()
            let export = try await opened.store.read { connection in
                try CostExport(from: first, to: last.adding(days: 1), in: tenant, visible: [], ColumnCache(limit: 1 << 25), connection)
            }
            let output = FileHandle.standardOutput
            try output.write(contentsOf: Data(export.header))
            for part in 0..<(try await opened.store.read { try export.parts($0) }) {
                try output.write(contentsOf: Data(try await opened.store.read { try export.lines(part: part, $0) }))
            }
            try opened.store.close()
        }
    }
}

extension CostImporter {
    fileprivate static func size(of file: String) -> Int? {
        try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
    }

    /// Reads a file where it lies, with a bar on the terminal.
    fileprivate func read(
        _ file: String, replacing: CostImport.Replacing, skipsBadRows: Bool, in tenant: Tenant, _ surroundings: Surroundings
    ) async throws -> CostImport {
        guard let size = Self.size(of: file) else {
            throw Failure("There is no file \(file).")
        }
        let bar = ImportText.Bar(total: size)
        return try await read(
            file: file, name: URL(fileURLWithPath: file).lastPathComponent, size: size, replacing: replacing, skipsBadRows: skipsBadRows,
            in: tenant, progress: bar.show)
    }
}

enum ImportText {
    /// A line on the error output, when that is a terminal.
    struct Bar: Sendable {
        let total: Int

        func show(_ bytes: Int, _ rows: Int?) {
            guard isatty(2) == 1 else { return }
            let part = total > 0 ? min(1, Double(bytes) / Double(total)) : 1
            let filled = Int(part * 30)
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
            let end = bytes >= total ? "\n" : ""
            FileHandle.standardError.write(Data("\r[\(bar)] \(Int(part * 100)) %\(rows.map { "  \($0) rows" } ?? "")\(end)".utf8))
        }
    }

    /// The same of an import as the API writes it.
    static func summary(_ done: JSON, _ file: String) -> String {
        text(
            file, failed: done["status"]?.string == "failed", rows: done["rows"]?.integer ?? 0,
            replaced: done["replaced_rows"]?.integer ?? 0,
            skipped: done["skipped_rows"]?.integer ?? 0, errors: done["errors"]?.array ?? [], warnings: done["warnings"]?.array ?? [])
    }

    static func summary(_ done: CostImport, _ file: String) -> String {
        text(
            file, failed: done.status == .failed, rows: Int64(done.rows), replaced: Int64(done.replacedRows),
            skipped: Int64(done.skippedRows),
            errors: done.errors, warnings: done.warnings)
    }

    private static func text(
        _ file: String, failed: Bool, rows: Int64, replaced: Int64, skipped: Int64, errors: [JSON], warnings: [JSON]
    ) -> String {
        let places = errors.map { error in
            "\n  line \(error["line"]?.integer ?? 0)\(error["column"]?.string.map { ", \($0)" } ?? ""): \(error["detail"]?.string ?? "")"
        }.joined()
        guard !failed else { return "\(file): refused, nothing was kept\(places)" }
        let counts = (replaced > 0 ? ", \(replaced) replaced" : "") + (skipped > 0 ? ", \(skipped) skipped" : "")
        let notes = warnings.map { "\n  warning: \($0["detail"]?.string ?? "")" }.joined()
        return "\(file): \(rows) rows\(counts)\(notes)\(places)"
    }
}
