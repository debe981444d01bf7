import Kernel
import Provider

// A volume's reference is its name: the peers give it no other.
extension DockerProvider {
    func volume(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        for lookup in subject.lookups {
            if let json = try await api.find(.get("volumes", lookup)), let found = sighting(ofVolume: json) { return found }
        }
        return nil
    }

    /// Creating a volume that exists answers like creating it, with the labels of its owner: they are looked at.
    func createVolume(_ order: Order, _ blueprint: VolumeBlueprint) async throws(ProviderError) -> Sighting {
        guard !blueprint.isEncrypted else { throw .unsupported(.encryption, "Volumes here are not encrypted.") }
        let body: JSON = [
            "Name": .string(order.subject.name), "Driver": "local",
            "Labels": .object(marks.labels(for: order).sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
        ]
        let answer = try await api.send(.post("volumes", "create", body: body))
        guard let made = sighting(ofVolume: answer) else { throw ProviderError(.ambiguous, "The peer did not say which volume it made.") }
        guard made.owner == .ours(order.subject.id) else { throw .foreign(order.subject.name) }
        return made
    }

    func deleteVolume(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await volume(subject) else { return }
        guard found.owner == .ours(subject.id) else { throw .foreign(subject.name) }
        try await api.send(.delete("volumes", found.reference))
    }

    func volumes() async throws(ProviderError) -> [Sighting] {
        let listed = try await api.send(.get("volumes", query: [("filters", marks.filter)], timeout: .seconds(60)))
        guard let members = listed.members else { throw ProviderError(.ambiguous, "The peer's list of volumes is none.") }
        let entries = members.first { $0.name == "Volumes" }?.value.array ?? []  // null when there are none
        return entries.compactMap(sighting(ofVolume:)).filter { $0.owner != .foreign }
    }

    private func sighting(ofVolume json: JSON) -> Sighting? {
        guard let name = json["Name"]?.string else { return nil }
        var state = ObservedState()
        state.sizeGiB = marks.sizeGiB(json["Labels"])
        return Sighting(reference: name, owner: marks.owner(json["Labels"]), state: state)
    }
}
