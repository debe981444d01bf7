import Foundation
import Kernel
import Storage

// What stopped processes left. A bill that came over HTTP lies in the spool folder and its import begins anew; one that was read where it lay
// cannot be begun by anybody else, so its import has failed. Files that belong to no import are swept.

extension CostImporter {
    /// To be called before the first request: takes everything in the spool folder that no import waits for as left behind.
    package func open() async throws {
        try await beginAnew()
        try await endWhatWasCut()
        try await sweep()
    }

    private func beginAnew() async throws {
        let cut = try await imports("status = 'running' AND file <> ''")
        for (tenant, id) in cut where !store.isShared || FileManager.default.fileExists(atPath: path(of: id)) {
            try await store.write { connection in
                try CostSegment.remove(of: id, in: tenant, connection)
                try connection.execute(
                    "UPDATE cost_imports SET status = 'queued' WHERE workspace = ? AND mode = ? AND id = ?", tenant.workspace, tenant.mode,
                    id)
            }
        }
    }

    /// Fails the imports of foreground processes on this machine that are gone: their lock lies there and nobody holds it.
    package func endWhatWasCut() async throws {
        for (tenant, id) in try await imports("status IN ('queued', 'running') AND file = ''") {
            guard FileManager.default.fileExists(atPath: lock(of: id)), let lock = ImportLock(path: lock(of: id)) else { continue }
            defer { lock.remove() }
            _ = try await store.write { try CostImport.begin(id, in: tenant, $0) }
            let found = try await store.read { try CostImport.find(id, in: tenant, $0) }
            guard found.status == .running else { continue }
            try await refuse(found, FocusFailure(line: 0, "The process that read it was stopped; nothing of it was kept."), in: tenant)
        }
    }

    private func imports(_ condition: String) async throws -> [(Tenant, CostImportID)] {
        try await store.read { connection in
            try connection.rows("SELECT workspace, mode, id FROM cost_imports WHERE \(condition) ORDER BY id") { row in
                (try Tenant(workspace: row.get(0), mode: row.get(1)), try row.get(2))
            }
        }
    }

    /// Bodies whose request is gone, bills whose import is over, locks that nobody holds. Other files are left alone.
    private func sweep() async throws {
        let awaited = Set(try await imports("status IN ('queued', 'running') AND file <> ''").map { "\($0.1).bill" })
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let path = "\(folder)/\(name)"
            switch URL(fileURLWithPath: name).pathExtension {
            case "body": try? FileManager.default.removeItem(atPath: path)  // an orphan costs space and nothing else
            case "bill": if !awaited.contains(name) { try? FileManager.default.removeItem(atPath: path) }
            case "lock": ImportLock(path: path)?.remove()
            default: break
            }
        }
    }

    /// Makes sure that a file's new name survives a loss of power.
    func syncFolder() {
        let descriptor = Foundation.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}

/// A file that is locked for as long as this process reads a bill; the system lets go of it when the process ends, however it does.
final class ImportLock: Sendable {
    private let path: String
    private let descriptor: CInt

    /// Nil when somebody else holds it, or it cannot be made.
    init?(path: String) {
        self.path = path
        descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    func remove() { unlink(path) }
}
