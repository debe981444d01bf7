import Kernel
import Provider
import Server
import Simulator
import Synchronization
import TestKit
import Testing

/// Two workspaces of one server that have connected the same daemon.
@Suite struct `A cloud that two workspaces share` {
    private static let disk = "disk-1"

    private static func run(_ body: @escaping @Sendable (Installation, Setup.Outcome, Setup.Outcome) async throws -> Void) async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            try await Installation.open(
                in: place, home: home, drivers: { [SharedDriver(SimulatorDriver(store: $0), disk)] }
            ) { installation in
                let other = try await installation.makeWorkspace()
                for outcome in [installation.home, other] {
                    let body: JSON = ["name": "daemon", "provider": "simulator", "settings": ["latency_ms": 0]]
                    _ = try await installation.moving {
                        try await installation.post("/v1/connections", as: outcome.liveKey, body).expecting(201)
                    }
                }
                try await body(installation, installation.home, other)
            }
        }
    }

    private static func adopt(_ installation: Installation, _ outcome: Setup.Outcome) async throws -> Reply {
        let begun = try await installation.post("/v1/discoveries", as: outcome.liveKey, ["connection": "daemon", "kinds": ["volume"]])
            .expecting(202)
        try await installation.discover()
        let item: JSON = ["provider_ref": .string(disk), "name": "disk", "project_id": .string(outcome.project.rawValue)]
        let path = "/v1/discoveries/\(begun.text("id"))/adopt"
        return try await installation.moving { try await installation.post(path, as: outcome.liveKey, ["items": [item]]) }
    }

    @Test func `gives an object to one of them, and to the other once it is let go`() async throws {
        try await Self.run { installation, one, other in
            _ = try await Self.adopt(installation, one).expecting(200)
            let refused = try await Self.adopt(installation, other)
            #expect(refused.status == 409 && refused.code == "conflict", "\(refused.text)")
            #expect(!refused.text.contains(one.workspace.rawValue), "whose it is is nobody else's business")
            #expect(try await installation.get("/v1/volumes", as: other.liveKey).expecting(200).items.isEmpty)
            _ = try await installation.post("/v1/volumes/disk/actions/release", as: one.liveKey).expecting(200)
            _ = try await Self.adopt(installation, other).expecting(200)
            let late = try await Self.adopt(installation, one)
            #expect(late.status == 409 && late.code == "conflict")
        }
    }

    @Test func `shows neither what the other has made, and lets neither delete it`() async throws {
        try await Self.run { installation, one, other in
            let draft: JSON = ["name": "data", "project_id": .string(one.project.rawValue), "spec": ["size_gib": 1]]
            let made = try await installation.post("/v1/volumes", as: one.liveKey, draft).expecting(201).text("id")
            try await installation.settle()
            installation.clock.advance(seconds: 120)
            try await installation.sync()
            #expect(try await installation.get("/v1/drift", as: other.liveKey).expecting(200).items.isEmpty)
            #expect(try await installation.get("/v1/drift", as: one.liveKey).expecting(200).items.isEmpty)
            let seen = try await installation.get("/v1/volumes/\(made)", as: one.liveKey).expecting(200)
            #expect(seen.phase == "ready" && seen.condition("Synced")?["status"] == "true")
        }
    }
}

/// One daemon, whoever connects it: it lists what all of them have made, and one object that nobody has, on which no mark can be put.
private final class SharedDriver: ProviderDriver {
    let name = "simulator"
    let inner: any ProviderDriver
    let disk: String
    let made = Mutex<[Sighting]>([])

    init(_ inner: any ProviderDriver, _ disk: String) { (self.inner, self.disk) = (inner, disk) }

    func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] { inner.violations(settings: settings, secret: secret) }
    func open(_ account: ProviderAccount) throws -> any Provider {
        // The sandbox has a cloud of its own.
        guard account.tenant.mode == .live else { return try inner.open(account) }
        return SharedProvider(inner: try inner.open(account), daemon: self)
    }
}

private struct SharedProvider: Provider {
    let inner: any Provider
    let daemon: SharedDriver

    func identity() async throws(ProviderError) -> String? { "one daemon" }
    func probe() async throws(ProviderError) -> Capabilities { try await inner.probe() }
    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        let sighting = try await inner.create(order)
        daemon.made.withLock { $0.append(sighting) }
        return sighting
    }
    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        daemon.made.withLock { $0.first { $0.owner == .ours(subject.id) } }
    }
    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] {
        kind == .volume ? daemon.made.withLock { $0 } : []
    }
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        guard kind == .volume else { return [] }
        var state = ObservedState()
        state.sizeGiB = 10
        return [Stranger(reference: daemon.disk, name: "disk", state: state, isMarked: false)]
    }
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) { try await inner.apply(change, to: subject) }
    func delete(_ subject: Subject) async throws(ProviderError) { try await inner.delete(subject) }
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { try await inner.sample(subject) }
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        try await inner.logs(subject, request)
    }
}
