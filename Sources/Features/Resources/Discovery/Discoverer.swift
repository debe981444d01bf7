import Kernel
import Logging
import Prices
import Provider
import Storage
import Web

/// What is said in the log about discoveries.
enum DiscoveryEvents {
    static let types = [
        EventType(
            "discovery.started", "Somebody has asked what a provider account has that nobody manages from here.",
            data: [.required("connection_id", .id("con")), .required("kinds", .array(.choice(of: ResourceKind.self)))]),
        EventType(
            "discovery.finished", "A provider account was looked through for what nobody manages from here.",
            data: [
                .required("connection_id", .id("con")), .required("state", .choice(of: Discovery.State.self)),
                .required("objects", .integer(0...Int64.max)), .required("error", Schema.string(0...2000, .echo).nullable),
            ]),
    ]
}

extension Synchronizer {
    /// Does the discoveries that wait. One that fails says so; it is not tried again by itself.
    package func discover() async throws {
        for discovery in try await engine.store.read({ try Discovery.waiting($0) }) { try await discover(discovery) }
    }

    private func discover(_ discovery: Discovery) async throws {
        let (tenant, kinds) = (discovery.tenant, discovery.kinds)
        var done = discovery
        do {
            let account = try await engine.store.read { try ProviderConnection.find(discovery.connection, in: tenant, $0) }
            let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
            var found: [(ResourceKind, Stranger)] = []
            for kind in kinds { found += try await provider.strangers(kind).map { (kind, $0) } }
            done.objects = try await objects(Array(found.prefix(Discovery.limit)), account)
            done.state = .succeeded
        } catch {
            done.state = .failed
            done.error =
                ((error as? ProviderError)?.detail ?? (error as? Problem)?.detail).map { String($0.prefix(2000)) }
                ?? "What was found could not be kept."
        }
        let by = attribution(tenant)
        done.finishedAt = by.at
        try await engine.store.write(in: tenant.workspace) { [done] connection in
            try done.save(connection)
            connection.append(
                EventDraft(
                    "discovery.finished", subject: done.id.rawValue,
                    data: [
                        "connection_id": JSON(done.connection), "state": .string(done.state.rawValue), "objects": JSON(done.objects.count),
                        "error": JSON(done.error),
                    ]), by: by)
        }
    }

    private func objects(_ found: [(ResourceKind, Stranger)], _ account: ProviderConnection) async throws -> [Discovery.Object] {
        let now = engine.surroundings.now()
        return try await engine.store.read { connection in
            let adopted = try Resource.adopted(at: account.id, in: account.tenant, connection)
            return try found.map { kind, stranger in
                let rate = try HourlyRate.of(
                    stranger.state.lines(of: kind), provider: account.provider, location: "local", at: now, in: account.tenant, connection)
                var object = Discovery.Object(stranger, kind, rate)
                object.resource = adopted[kind]?[stranger.reference]
                return object
            }
        }
    }
}
