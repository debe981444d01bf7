import Kernel
import Provider
import Simulator
import Storage
import TestKit

/// A place with a simulated cloud, which a test may open with other settings, or anew as after a restart.
struct SimulatedAccount: Sendable {
    let place: Place
    let store: Store
    static let tenant = Tenant(workspace: ID("wsp_1"), mode: .live)

    static func run(_ body: (SimulatedAccount) async throws -> Void) async throws {
        try await Place.fresh { place in try await reopen(place, body) }
    }

    /// Opens what is in a place, as a server that starts does.
    static func reopen(_ place: Place, _ body: (SimulatedAccount) async throws -> Void) async throws {
        let store = try Store(sqlite: .init(path: place.databasePath, synchronous: .off))
        _ = try await Migrator(SimulatorSchema.migrations + SimulatorSchema.moreKinds).migrate(store, at: place.clock.now)
        try await body(SimulatedAccount(place: place, store: store))
        try store.close()
    }

    var clock: StoppedClock { place.clock }

    func open(_ settings: JSON = ["latency_ms": 0], connection: String = "con_1", tenant: Tenant = tenant, installation: String = "inst-a")
        -> Simulator
    {
        let account = ProviderAccount(
            tenant: tenant, id: connection, installation: installation, settings: settings, secret: nil, surroundings: place.surroundings)
        return Simulator(account, store: store)
    }

    /// A cloud with one fault on one step.
    func faulty(_ step: String, _ kind: String, times: Int64 = 1, ms: Int64? = nil, _ more: [JSON.Member] = []) -> Simulator {
        var fault: [JSON.Member] = [.init("step", .string(step)), .init("kind", .string(kind)), .init("times", .integer(times))]
        if let ms { fault.append(.init("ms", .integer(ms))) }
        return open(.object([.init("latency_ms", 0), .init("faults", [.object(fault)])] + more))
    }

    /// Waits until a call waits for the clock.
    func sleeping() async throws {
        while clock.sleepers == 0 {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    func count(_ kind: String = "instance") async throws -> Int {
        try await store.read { connection in
            try connection.row("SELECT count(*) FROM simulator_objects WHERE kind = ?", kind) { $0.integer(0) } ?? -1
        }
    }
}

extension Subject {
    static let web = Subject(kind: .instance, id: "inst_web")
    static let disk = Subject(kind: .volume, id: "vol_disk")
    static let net = Subject(kind: .network, id: "net_one")

    func known(as reference: String) -> Subject { Subject(kind: kind, id: id, reference: reference) }
}

extension Order {
    static func instance(
        _ subject: Subject = .web, token: String = "token-1", cpus: Int = 1000, memory: Int = 1024, networks: [Subject] = [],
        volumes: [Mount] = []
    ) -> Order {
        let blueprint = InstanceBlueprint(
            size: Capacity(milliCPUs: cpus, memoryMiB: memory), image: "debian-12", networks: networks, volumes: volumes)
        return Order(subject: subject, token: token, blueprint: .instance(blueprint), labels: ["team": "core"])
    }

    static func volume(_ subject: Subject = .disk, gib: Int = 10) -> Order {
        Order(subject: subject, token: "token-v", blueprint: .volume(VolumeBlueprint(sizeGiB: gib, type: "ssd", isEncrypted: true)))
    }

    static func network(_ subject: Subject = .net, cidr: String? = "10.8.0.0/24") -> Order {
        Order(subject: subject, token: "token-n", blueprint: .network(NetworkBlueprint(cidr: cidr, reachesOutside: true)))
    }
}

/// The kind of error a call ends in; nil when it does not.
func failure(_ body: () async throws -> Void) async -> ProviderError.Kind? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? ProviderError)?.kind
    }
}
