import Kernel
import Provider
import Simulator
import Synchronization
import TestKit
import Testing

/// Some clouds make one of our objects out of several of theirs, and start what they make.
@Suite struct `What a cloud makes in its own way` {
    @Test(arguments: ["name", "label"])
    func `is not taken for made while parts are missing, and the same order completes it`(identification: String) async throws {
        try await Place.fresh { place in
            let home = try await Installation.prepare(place)
            let parts = PartwiseDriver.Parts()
            try await Installation.open(
                in: place, home: home, drivers: { [PartwiseDriver(inner: SimulatorDriver(store: $0), parts: parts)] }
            ) {
                installation in
                let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "identification": .string(identification)])
                let made = try await cloud.make("networks", "net")
                #expect(made["status"]?["phase"] == "ready")
                #expect(parts.creates == 2)
                #expect(try await cloud.objects() == 1)
                #expect(try await cloud.events("network.ready") == 1)
            }
        }
    }

    @Test func `is stopped right after, where making starts it and it is wanted stopped`() async throws {
        try await Installation.run { installation in
            let cloud = try await Cloud.connect(installation, ["latency_ms": 0, "capabilities": ["instances"]])
            let made = try await cloud.post("/v1/instances", cloud.body("still", ["power": "stopped"])).expecting(201)
            let steps = made["operation"]?["steps"]?.array?.compactMap { $0["name"]?.string }
            #expect(steps == ["provider.create", "provider.stop", "wait_stopped"])
            try await installation.settle()
            #expect(try await cloud.get("/v1/instances/still")["status"]?["power"] == "stopped")
        }
    }
}

/// A simulator whose networks need a second order before they are whole.
private struct PartwiseDriver: ProviderDriver {
    let inner: SimulatorDriver
    let parts: Parts
    var name: String { inner.name }

    final class Parts: Sendable {
        private let count = Mutex(0)
        var creates: Int { count.withLock { $0 } }
        /// How many there were, with this one.
        func add() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    func violations(settings: JSON, secret: JSON?) -> [Problem.Violation] { inner.violations(settings: settings, secret: secret) }
    func open(_ account: ProviderAccount) throws -> any Provider { PartwiseProvider(inner: try inner.open(account), parts: parts) }
}

private struct PartwiseProvider: Provider {
    let inner: any Provider
    let parts: PartwiseDriver.Parts

    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        guard parts.add() > 1 else {
            _ = try await inner.create(order)
            throw ProviderError(.ambiguous, "The second part could not be made.")
        }
        guard let made = try await inner.find(order.subject) else { throw ProviderError(.rejected, "The first part is gone.") }
        return made
    }

    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        try await inner.find(subject).map {
            Sighting(reference: $0.reference, owner: $0.owner, state: $0.state, isWhole: parts.creates > 1)
        }
    }

    func probe() async throws(ProviderError) -> Capabilities { try await inner.probe() }
    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) { try await inner.apply(change, to: subject) }
    func delete(_ subject: Subject) async throws(ProviderError) { try await inner.delete(subject) }
    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] { try await inner.list(kind) }
    func sample(_ subject: Subject) async throws(ProviderError) -> Sample { try await inner.sample(subject) }
    func logs(_ subject: Subject, _ request: LogRequest) async throws(ProviderError) -> AsyncThrowingStream<LogLine, any Error> {
        try await inner.logs(subject, request)
    }
}
