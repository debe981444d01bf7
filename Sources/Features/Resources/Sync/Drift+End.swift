import Kernel
import Provider
import Storage

extension Drift {
    mutating func resolve(
        _ resolution: Resolution, _ phase: Resource.Phase?, by: Attribution, _ connection: Connection
    ) throws {
        status = .resolved
        self.resolution = resolution
        resolvedAt = by.at
        updatedAt = by.at
        try save(connection)
        connection.append(event("resolved", phase, [.init("resolution", .string(resolution.rawValue))]), by: by)
    }

    // MARK: Operations

    /// What an operation carries to say which drifts it reverts.
    static func input(_ drifts: [DriftID]) -> JSON.Member { .init("drift_ids", .array(drifts.map { JSON($0) })) }
}

extension OperationChange {
    /// Ends the drifts that this operation was to revert; what it could not revert is open again.
    mutating func closeDrifts() throws {
        let ids = (operation.input["drift_ids"]?.array ?? []).compactMap(\.string).map { DriftID($0) }
        guard !ids.isEmpty else { return }
        let isReverted = operation.state == .succeeded
        for id in ids {
            var drift = try Drift.find(id, in: operation.tenant, connection)
            guard drift.isOpen else { continue }
            if isReverted {
                try drift.resolve(.reverted, resource.phase, by: by, connection)
            } else {
                drift.status = .open
                drift.message = operation.error?.detail ?? ""
                drift.updatedAt = by.at
                try drift.save(connection)
            }
        }
        if isReverted { resource.set(.synced, true, "Reverted", at: by.at) }
    }

    /// Nothing is wanted of what was deleted.
    func dropDrifts() throws {
        for var drift in try Drift.open(of: resource.id, in: resource.tenant, connection) {
            try drift.resolve(.deleted, resource.phase, by: by, connection)
        }
    }
}
