import Kernel
import Prices
import Provider
import Storage

extension OperationEngine {
    /// Deletes what has outlived its time, and purges what was kept long enough after its deletion; what is being purged is left to its
    /// operation, and what is leased until that ends. A bounded number a time.
    package func expire() async throws {
        let now = surroundings.now()
        let due = try await store.read { connection in
            try connection.rows(
                "\(Resource.selection) WHERE expires_at <= ? AND \(Resource.isUnleased) ORDER BY expires_at LIMIT 100", now, now,
                as: Resource.read)
        }
        for resource in due { try await expire(resource) }
        let kept = try await store.read { connection in
            try connection.rows(
                "\(Resource.selection) WHERE purge_at <= ? AND operation IS NULL AND \(Resource.isUnleased) ORDER BY purge_at LIMIT 100",
                now, now, as: Resource.read)
        }
        for resource in kept { try await purge(resource) }
        if !due.isEmpty || !kept.isEmpty { wake() }
    }

    private func attribution(_ tenant: Tenant, _ part: String) -> Attribution {
        Attribution(tenant: tenant, actor: .system(part), address: nil, request: nil, surroundings: surroundings)
    }

    /// What others need, or what is protected, stays and says so.
    private func expire(_ expired: Resource) async throws {
        let by = attribution(expired.tenant, "expiry")
        let epoch = identity.epoch
        try await store.write(in: by.tenant.workspace) { connection in
            var resource = try Resource.find(expired.id, in: expired.tenant, connection)
            guard let expiry = resource.expiresAt, expiry <= by.at, resource.lease(at: by.at) == nil else { return }
            resource.expiresAt = nil
            let dependents = try resource.dependents(connection)
            guard !resource.isProtected, dependents.isEmpty else {
                resource.set(
                    .expiring, false, resource.isProtected ? "Protected" : "InUse", "It has expired and could not be deleted.", at: by.at)
                resource.updatedAt = by.at
                try resource.save(connection)
                resource.tellObserved(by: by, connection)
                return
            }
            let queue = OperationQueue(by: by, actor: by.actor, epoch: epoch, connection: connection)
            guard !(resource.isGone || resource.phase == .deleting) else { return try resource.save(connection) }
            try resource.dismiss(Operation.unfinished(of: resource.id, in: resource.tenant, connection), by: by, connection)
            let operation = try queue.add(.delete, to: &resource, steps: resource.removal(purges: false))
            resource.updatedAt = by.at
            try resource.save(connection)
            connection.append(
                EventDraft(
                    "\(resource.kind.rawValue).expired", subject: resource.id.rawValue,
                    data: [
                        "name": .string(resource.name), "project_id": JSON(resource.project), "operation_id": JSON(operation.id),
                        "after": resource.snapshot, "state": resource.state,
                    ]), by: by)
        }
    }

    private func purge(_ kept: Resource) async throws {
        let by = attribution(kept.tenant, "retention")
        try await store.write(in: by.tenant.workspace) { connection in
            let resource = try Resource.find(kept.id, in: kept.tenant, connection)
            guard resource.phase == .deleted, let due = resource.purgeAt, due <= by.at, resource.lease(at: by.at) == nil else { return }
            _ = try self.admitting(by: by, connection).delete(resource, .init(purges: true))
        }
    }
}
