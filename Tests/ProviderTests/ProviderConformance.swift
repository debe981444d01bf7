// What the lifecycle engine relies on, whatever the cloud: rules that each take a fresh scene and clean up after themselves. A driver joins
// with one test in ConformanceTests; what a cloud cannot do (by its own `probe`) it must refuse by name.

import Kernel
import Provider
import Synchronization
import Testing

struct ProviderConformance: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// A cloud without one of these has nothing to show here.
    private let needs: Set<Capabilities.Feature>
    private let body: @Sendable (Scene) async throws -> Void

    init(
        _ sentence: String, needs: Set<Capabilities.Feature> = [.instances], _ body: @escaping @Sendable (Scene) async throws -> Void
    ) {
        self.testDescription = sentence
        self.needs = needs
        self.body = body
    }

    func check(_ peer: Peer) async throws {
        let scene = try await Scene(peer)
        guard scene.capabilities.features.isSuperset(of: needs) else { return }
        do {
            try await body(scene)
        } catch {
            try? await scene.clear()
            throw error
        }
        try await scene.clear()
    }

    static let all = identity + ownership + running + changes + monitoring + refusals + buckets + addresses + firewalls + snapshots
}

/// One rule's view of a cloud: our installation and another one on it, with what both have made removed at the end.
struct Scene: Sendable {
    let peer: Peer
    let ours: any Provider
    let stranger: any Provider
    let capabilities: Capabilities

    init(_ peer: Peer) async throws {
        self.peer = peer
        let name = "conformance-\(peer.surroundings.random())"
        ours = try peer.open(installation: name)
        stranger = try peer.open(installation: name + "-stranger")
        capabilities = try await ours.probe()
    }

    func can(_ feature: Capabilities.Feature) -> Bool { capabilities.features.contains(feature) }

    func clear() async throws {
        for provider in [ours, stranger] {
            for kind in [ResourceKind.instance, .network, .volume, .bucket, .address, .firewall, .snapshot] where can(kind.feature) {
                for sighting in try await provider.list(kind) {
                    guard case .ours(let id) = sighting.owner else { continue }
                    if sighting.state.isEmpty == false {
                        try await provider.apply(.empty, to: Subject(kind: kind, id: id, reference: sighting.reference))
                    }
                    try await provider.delete(Subject(kind: kind, id: id, reference: sighting.reference))
                }
            }
        }
    }
}

extension Scene {
    /// Runs until it is told to end, and ends then.
    static let waits = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"]

    func order(_ blueprint: Blueprint, labels: [String: String] = [:]) -> Order {
        let subject =
            switch blueprint {
            case .instance: Subject(kind: .instance, id: peer.surroundings.makeID(InstanceKind.self).rawValue)
            case .volume: Subject(kind: .volume, id: peer.surroundings.makeID(VolumeKind.self).rawValue)
            case .network: Subject(kind: .network, id: peer.surroundings.makeID(NetworkKind.self).rawValue)
            case .bucket: Subject(kind: .bucket, id: peer.surroundings.makeID(BucketKind.self).rawValue)
            case .address: Subject(kind: .address, id: peer.surroundings.makeID(AddressKind.self).rawValue)
            case .firewall: Subject(kind: .firewall, id: peer.surroundings.makeID(FirewallKind.self).rawValue)
            case .snapshot: Subject(kind: .snapshot, id: peer.surroundings.makeID(SnapshotKind.self).rawValue)
            }
        return Order(subject: subject, token: "token-" + subject.id, blueprint: blueprint, labels: labels)
    }

    func instance(
        _ command: [String]? = nil, environment: [String: String] = [:], networks: [Subject] = [], volumes: [Mount] = []
    ) -> Order {
        order(
            .instance(
                InstanceBlueprint(
                    size: peer.size, image: peer.image, command: can(.command) ? command ?? Self.waits : [], environment: environment,
                    networks: networks, volumes: volumes)),
            labels: ["team": "core"])
    }

    func volume() -> Order { order(.volume(VolumeBlueprint(sizeGiB: 3, type: "standard", isEncrypted: false))) }

    private static let networksOrdered = Atomic(0)

    /// A range of its own each time, since clouds refuse those that overlap; away from podman's own (10.88.0.0/16 and upwards by /24 from 10.89) and
    /// from the bridge of the daemon under test (10.78.0.0/24).
    func network(reachesOutside: Bool = true) -> Order {
        let number = Self.networksOrdered.add(1, ordering: .relaxed).oldValue
        return order(.network(NetworkBlueprint(cidr: "10.\(100 + number / 256 % 28).\(number % 256).0/24", reachesOutside: reachesOutside)))
    }

    func bucket(_ blueprint: BucketBlueprint = BucketBlueprint()) -> Order { order(.bucket(blueprint), labels: ["team": "core"]) }

    func address(_ blueprint: AddressBlueprint = AddressBlueprint(family: .v4)) -> Order { order(.address(blueprint)) }

    static let web = FirewallRule(direction: .ingress, networkProtocol: .tcp, ports: 443...443, cidr: "0.0.0.0/0")

    func firewall(_ rules: [FirewallRule] = [Scene.web], targets: [Subject] = []) -> Order {
        order(.firewall(FirewallBlueprint(rules: rules, targets: targets)))
    }

    func snapshot(of volume: Subject) -> Order { order(.snapshot(SnapshotBlueprint(volume: volume)), labels: ["team": "core"]) }

    /// Of the kinds the cloud has and that need no other.
    var oneOfEach: [Order] {
        [instance(), volume(), network(), bucket(), address(), firewall()].filter { can($0.subject.kind.feature) }
    }

    /// Makes it, stops an instance that making it has started, and gives its subject with the cloud's reference.
    @discardableResult func made(_ order: Order) async throws -> Subject {
        let subject = Subject(kind: order.subject.kind, id: order.subject.id, reference: try await whole(order).reference)
        if order.subject.kind == .instance, !can(.madeStopped) {
            try await eventually(subject, "runs") { $0.power == .running }
            try await ours.apply(.stop, to: subject)
            try await eventually(subject, "is stopped") { $0.power == .stopped }
        }
        return subject
    }

    /// What was not all there at once is asked for again, as the engine does.
    func whole(_ order: Order) async throws -> Sighting {
        for _ in 1...20 {
            do throws(ProviderError) {
                return try await ours.create(order)
            } catch {
                guard error.kind == .ambiguous else { throw error }
            }
            try await peer.pause()
        }
        return try await ours.create(order)
    }

    func running(_ order: Order) async throws -> Subject {
        let subject = try await made(order)
        try await ours.apply(.start, to: subject)
        try await eventually(subject, "runs") { $0.power == .running }
        return subject
    }

    /// Looks until the state is as it should be, at most two hundred times.
    @discardableResult func eventually(
        _ subject: Subject, _ what: Comment, location: SourceLocation = #_sourceLocation, _ isSo: (ObservedState) -> Bool
    ) async throws -> ObservedState {
        var last: ObservedState?
        for _ in 1...200 {
            last = try await ours.find(subject)?.state
            if let last, isSo(last) { return last }
            try await peer.pause()
        }
        Issue.record("It never \(what); last seen: \(String(describing: last))", sourceLocation: location)
        return last ?? ObservedState()
    }

    func expectNothing(of subject: Subject, location: SourceLocation = #_sourceLocation) async throws {
        let found = try await ours.find(subject)
        #expect(found == nil, sourceLocation: location)
    }

    /// The error of a call that must not succeed.
    func failure(_ work: () async throws(ProviderError) -> Void) async -> ProviderError? {
        do throws(ProviderError) {
            try await work()
            return nil
        } catch {
            return error
        }
    }
}
