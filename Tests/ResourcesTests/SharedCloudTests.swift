import Kernel
import Provider
import Server
import Simulator
import Storage
import Synchronization
import TestKit
import Testing

/// Two workspaces of one server that have connected the same daemon.
@Suite struct `A cloud that two workspaces share` {
    private static let disks = (1...12).map { "disk-\($0)" }

    private static func run(_ body: @escaping @Sendable (Installation, Setup.Outcome, Setup.Outcome) async throws -> Void) async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            try await Installation.open(
                in: place, home: home, drivers: { [SharedDriver(SimulatorDriver(store: $0), disks)] }
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

    private static func discover(_ installation: Installation, _ outcome: Setup.Outcome) async throws -> String {
        let begun = try await installation.post("/v1/discoveries", as: outcome.liveKey, ["connection": "daemon", "kinds": ["volume"]])
            .expecting(202)
        try await installation.discover()
        return begun.text("id")
    }

    /// Takes what a discovery has found, under the name it has there.
    private static func adopt(
        _ disk: String, of discovery: String, _ installation: Installation, _ outcome: Setup.Outcome
    ) async throws -> Reply {
        let item: JSON = ["provider_ref": .string(disk), "name": .string(disk), "project_id": .string(outcome.project.rawValue)]
        return try await installation.post("/v1/discoveries/\(discovery)/adopt", as: outcome.liveKey, ["items": [item]])
    }

    private static func adopt(_ installation: Installation, _ outcome: Setup.Outcome) async throws -> Reply {
        let discovery = try await discover(installation, outcome)
        return try await installation.moving { try await adopt(Self.disks[0], of: discovery, installation, outcome) }
    }

    @Test func `gives an object to one of them, and to the other once it is let go`() async throws {
        try await Self.run { installation, one, other in
            _ = try await Self.adopt(installation, one).expecting(200)
            let refused = try await Self.adopt(installation, other)
            #expect(refused.status == 409 && refused.code == "conflict", "\(refused.text)")
            #expect(!refused.text.contains(one.workspace.rawValue), "whose it is is nobody else's business")
            #expect(try await installation.get("/v1/volumes", as: other.liveKey).expecting(200).items.isEmpty)
            _ = try await installation.post("/v1/volumes/\(Self.disks[0])/actions/release", as: one.liveKey).expecting(200)
            _ = try await Self.adopt(installation, other).expecting(200)
            let late = try await Self.adopt(installation, one)
            #expect(late.status == 409 && late.code == "conflict")
        }
    }

    /// On PostgreSQL both transactions are open at once: the first time over a claim that nobody has, then over one that was let go.
    @Test func `gives an object to one of them when both ask at once`() async throws {
        try await Self.run { installation, one, other in
            for _ in 0..<2 {
                let (ours, theirs) = (try await Self.discover(installation, one), try await Self.discover(installation, other))
                for disk in Self.disks {
                    let (mine, yours) = try await installation.moving {
                        async let mine = Self.adopt(disk, of: ours, installation, one)
                        async let yours = Self.adopt(disk, of: theirs, installation, other)
                        return try await (mine, yours)
                    }
                    #expect([mine.status, yours.status].sorted() == [200, 409], "\(mine.text) \(yours.text)")
                    let (winner, loser) = mine.status == 200 ? (one, yours) : (other, mine)
                    #expect(loser.code == "conflict", "\(loser.text)")
                    let claims = try await installation.store.read { connection in
                        try connection.rows("SELECT workspace FROM adoptions WHERE reference = ?", disk) { $0.text(0) }
                    }
                    #expect(claims == [winner.workspace.rawValue])
                    _ = try await installation.post("/v1/volumes/\(disk)/actions/release", as: winner.liveKey).expecting(200)
                }
            }
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

/// One daemon, whoever connects it: it lists what all of them have made, and objects that nobody has, on which no mark can be put.
private final class SharedDriver: ProviderDriver {
    let name = "simulator"
    let inner: any ProviderDriver
    let disks: [String]
    let made = Mutex<[Sighting]>([])

    init(_ inner: any ProviderDriver, _ disks: [String]) { (self.inner, self.disks) = (inner, disks) }

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
        return daemon.disks.map { Stranger(reference: $0, name: $0, state: state, isMarked: false) }
    }
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) { try await inner.apply(change, to: subject) }
    func delete(_ subject: Subject) async throws(ProviderError) { try await inner.delete(subject) }
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { try await inner.sample(subject) }
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        try await inner.logs(subject, request)
    }
}
