import Foundation
package import Kernel
package import Logging
package import Storage

/// Brings bills in: all of a file or nothing of it.
///
/// A file lies in the spool folder from before its import is acknowledged until the import is over, so that one which a crash cut off is
/// begun anew. Its segments are staged one by one, unseen, and one last transaction shows them in place of what they restate.
package struct CostImporter: Sendable {
    let store: Store
    private let surroundings: Surroundings
    private let logger: Logger
    package let folder: String

    package init(store: Store, surroundings: Surroundings, logger: Logger, folder: String) {
        self.store = store
        self.surroundings = surroundings
        self.logger = logger
        self.folder = folder
    }

    package typealias Progress = @Sendable (_ bytes: Int, _ rows: Int) -> Void

    func path(of id: CostImportID) -> String { "\(folder)/\(id).bill" }
    func lock(of id: CostImportID) -> String { "\(folder)/\(id).lock" }

    private func attribution(_ tenant: Tenant) -> Attribution {
        Attribution(tenant: tenant, actor: .system("cost imports"), address: nil, request: nil, surroundings: surroundings)
    }

    /// Runs the imports that wait, the oldest first.
    package func runQueued() async throws {
        while let (tenant, id, path) = try await oldest() { try await perform(id, in: tenant, path: path) }
    }

    private func oldest() async throws -> (Tenant, CostImportID, String)? {
        let queued = try await store.read { connection in
            try connection.rows(
                "SELECT workspace, mode, id, file FROM cost_imports WHERE status = 'queued' AND file <> '' ORDER BY created_at"
            ) { row in (try Tenant(workspace: row.get(0), mode: row.get(1)), try row.get(2, as: CostImportID.self), row.text(3)) }
        }
        // On a shared database, a bill lies with the server that took it.
        return queued.first { !store.isShared || FileManager.default.fileExists(atPath: $0.2) }
    }

    /// Reads a file where it lies, in the foreground. A lock tells other processes that it is being read: what a killed one leaves is ended by
    /// the next.
    package func read(
        file: String, name: String, size: Int, replacing: CostImport.Replacing, skipsBadRows: Bool, in tenant: Tenant, progress: Progress?
    ) async throws -> CostImport {
        let by = attribution(tenant)
        let draft = CostImport(
            id: by.makeID(), name: name, status: .queued, replacing: replacing, skipsBadRows: skipsBadRows, bytes: size, createdAt: by.at)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let lock = ImportLock(path: lock(of: draft.id))
        defer { lock?.remove() }
        try await store.write(in: tenant.workspace) { try CostImport.create(draft, file: "", by: by, $0) }
        try await perform(draft.id, in: tenant, path: file, progress: progress)
        return try await store.read { try CostImport.find(draft.id, in: tenant, $0) }
    }

    /// Reads the bill of an import that waits; nothing when somebody else has begun it.
    package func perform(_ id: CostImportID, in tenant: Tenant, path: String, progress: Progress? = nil) async throws {
        guard try await store.write({ try CostImport.begin(id, in: tenant, $0) }) else { return }
        var found = try await store.read { try CostImport.find(id, in: tenant, $0) }
        let run = ImportRun(path: path, skipsBadRows: found.skipsBadRows)
        do {
            try await stage(run, of: id, in: tenant, progress)
            await found.apply(run.report)
            try await release(found, in: tenant)
        } catch let failure as FocusFailure {
            await found.apply(run.report)
            try await refuse(found, failure, in: tenant)
        } catch  where !(error is CancellationError) {
            logger.error("import failed", metadata: ["import": "\(id)", "error": "\(error)"])
            try await refuse(found, FocusFailure(line: 0, "The rows could not be kept."), in: tenant)
        }
        if path == self.path(of: id) { try? FileManager.default.removeItem(atPath: path) }  // an orphan costs space and nothing else
    }

    private func stage(_ run: ImportRun, of id: CostImportID, in tenant: Tenant, _ progress: Progress?) async throws {
        var number = 0
        while let segment = try await run.next() {
            try Task.checkCancellation()
            try await store.write { [number] in try CostSegment.stage(segment, number, of: id, in: tenant, $0) }
            number += 1
            if let progress {
                let now = await run.progress
                progress(now.bytes, now.rows)
            }
        }
    }

    private func release(_ read: CostImport, in tenant: Tenant) async throws {
        try await store.write(in: tenant.workspace) { connection in
            var done = read
            done.periods = try CostSegment.periods(of: read.id, in: tenant, connection)
            done.replacedRows = try CostSegment.release(read, in: tenant, connection)
            done.status = .succeeded
            let by = attribution(tenant)
            done.finishedAt = by.at
            try done.end(by: by, connection)
        }
    }

    func refuse(_ read: CostImport, _ failure: FocusFailure, in tenant: Tenant) async throws {
        try await store.write { connection in
            try CostSegment.remove(of: read.id, in: tenant, connection)
            var done = read
            done.rows = 0
            done.status = .failed
            done.errors = [failure.value]
            let by = attribution(tenant)
            done.finishedAt = by.at
            try done.end(by: by, connection)
        }
    }
}

extension CostImport {
    fileprivate mutating func apply(_ report: ImportRun.Report) {
        rows = report.rows
        skippedRows = report.skipped
        errors = report.failures.map(\.value)
        warnings = report.warnings
    }
}
