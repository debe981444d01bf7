// A cloud that lives in tables of its own. Every call is what a remote's would be: it takes its time, has its effect in a transaction that
// the engine knows nothing of, and may then say something else than what happened. So what survives a kill -9 of the server is exactly
// what would survive at a remote, and the engine's promises can be counted in `simulator_objects`.
//
// The effect comes after the wait, but for a lost answer, where it comes before: a caller that dies while it waits has then left something
// behind that it never heard of.

package import Kernel
package import Provider
package import Storage

package struct Simulator: Provider {
    let account: ProviderAccount
    let settings: SimulatorSettings
    let store: Store
    let cloud: SimulatedCloud

    package init(_ account: ProviderAccount, store: Store) {
        self.account = account
        self.store = store
        settings = SimulatorSettings(account.settings)
        cloud = SimulatedCloud(account: account, settings: settings)
    }

    package func probe() async throws(ProviderError) -> Capabilities {
        try await call(.probe) { _ in settings.capabilities }
    }

    /// Each connection has a cloud of its own.
    package func identity() async throws(ProviderError) -> String? {
        "\(account.tenant.workspace.rawValue) \(account.tenant.mode.rawValue) \(account.id)"
    }

    package func create(_ order: Order) async throws(ProviderError) -> Sighting {
        try await call(.create, order.subject) { try cloud.create(order, $0) }
    }

    package func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        try await call(.find, subject) { try cloud.find(subject, $0) }
    }

    package func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        try await call(SimulatedStep(change), subject) { try cloud.apply(change, to: subject, $0) }
    }

    package func delete(_ subject: Subject) async throws(ProviderError) {
        try await call(.delete, subject) { try cloud.delete(subject, $0) }
    }

    package func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] {
        try await call(.list) { try cloud.list(kind, $0) }
    }

    package func sample(_ subject: Subject) async throws(ProviderError) -> Sample {
        try await call(.sample, subject) { scene in
            try settings.require(.metrics)
            return try SimulatedLoad(cloud.existing(subject, scene)).sample(at: scene.now)
        }
    }

    package func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        let object = try await call(.logs, subject) { scene in
            try settings.require(.logs)
            return try cloud.existing(subject, scene)
        }
        let reader = SimulatedLogReader(object, request, now: account.surroundings.now()) {
            try await store.read { try cloud.object(object.kind, object.reference, $0) }
        }
        return AsyncThrowingStream { try await reader.next(account.surroundings) }
    }

    /// Empties the simulated clouds of a connection, and forgets which faults have fired.
    package static func clear(_ tenant: Tenant, _ connection: String, _ database: Connection) throws {
        for table in ["simulator_objects", "simulator_links", "simulator_faults"] {
            try database.execute(
                "DELETE FROM \(table) WHERE workspace = ? AND mode = ? AND connection = ?", tenant.workspace, tenant.mode, connection)
        }
    }

    /// Empties the simulated clouds of all connections of a tenant.
    package static func clear(_ tenant: Tenant, _ database: Connection) throws {
        for table in ["simulator_objects", "simulator_links", "simulator_faults"] {
            try database.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    /// Carries out an order at an earlier moment, in the caller's transaction: what the sandbox has from the start.
    package static func plant(
        _ order: Order, isRunning: Bool, at moment: Timestamp, for account: ProviderAccount, _ database: Connection
    ) throws -> Sighting {
        let cloud = SimulatedCloud(account: account, settings: SimulatorSettings(account.settings))
        let scene = Scene(connection: database, now: moment, hiddenAfter: nil, isChanging: true)
        let made = try cloud.create(order, scene)
        guard isRunning else { return made }
        try cloud.apply(.start, to: order.subject, scene)
        return try cloud.find(order.subject, scene) ?? made
    }

    /// Makes an object that somebody else made; for tests. It bears the marks of another installation, or none. Answers its reference.
    @discardableResult
    package func plantForeign(named name: String, kind: ResourceKind = .instance, installation: String? = nil) async throws -> String {
        let now = account.surroundings.now()
        return try await store.write { try cloud.plant(name, kind, installation, at: now, $0) }
    }
}
