package import Kernel
import Logging
import Provider
package import Storage

/// Asks the providers how busy running instances are, and keeps the answers.
extension OperationEngine {
    /// Instances asked in one round, those not asked for longest first, and how many beside each other.
    private static let round = (instances: 1000, together: 16)

    /// One round. An instance that cannot be asked is left out of it.
    package func sample() async throws {
        let due = try await store.read { connection in
            try connection.rows(
                """
                \(Resource.selection) WHERE kind = 'instance' AND power = 'running' AND phase IN ('ready', 'updating') ORDER BY synced_at LIMIT ?
                """, Self.round.instances, as: Resource.read)
        }
        let byTenant = Dictionary(grouping: due, by: \.tenant)
        for (tenant, instances) in byTenant {
            let samples = await samples(of: instances)
            guard !samples.isEmpty else { continue }
            try await store.write(in: tenant.workspace) { try InstanceSamples.insert(samples, tenant, $0) }
        }
    }

    private func samples(of instances: [Resource]) async -> [(ResourceID, Sample)] {
        await withTaskGroup(of: (ResourceID, Sample)?.self) { group in
            var waiting = instances[...]
            for instance in waiting.prefix(Self.round.together) { group.addTask { await self.measure(instance) } }
            waiting = waiting.dropFirst(Self.round.together)
            var samples: [(ResourceID, Sample)] = []
            while let finished = await group.next() {
                if let finished { samples.append(finished) }
                if let next = waiting.popFirst() { group.addTask { await self.measure(next) } }
            }
            return samples
        }
    }

    private func measure(_ instance: Resource) async -> (ResourceID, Sample)? {
        do {
            return (instance.id, try await provider(of: instance).sample(instance.subject))
        } catch let error as ProviderError where error.kind == .conflict {
            await noteEnd(of: instance)
            return nil
        } catch {
            logger.debug("instance not measured", metadata: ["instance": "\(instance.id)", "error": "\(error)"])
            return nil
        }
    }

    /// Removes what is older than it is kept; answers how many rows went.
    package static func removeOldSamples(at now: Timestamp, limit: Int, _ connection: Connection) throws -> Int {
        try InstanceSamples.removeOld(at: now, limit: limit, connection)
    }

    func provider(of resource: Resource) async throws -> any Provider {
        let account = try await store.read { try ProviderConnection.find(resource.connection, in: resource.tenant, $0) }
        return try pool.provider(for: account, installation: identity.installation)
    }
}
