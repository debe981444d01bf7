import Kernel
import Provider

// A network's name is not unique at dockerd: its check for duplicates is one of good will, and two creates at once can both succeed. So
// networks are found in a list by their exact name; the oldest of ours counts, and deleting removes every one of ours.
extension DockerProvider {
    func network(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        let named = try await networks(of: subject)
        return named.first { $0.reference == subject.reference } ?? named.first { $0.owner == .ours(subject.id) } ?? named.first
    }

    func createNetwork(_ order: Order, _ blueprint: NetworkBlueprint) async throws(ProviderError) -> Sighting {
        let ranges: [JSON] = blueprint.cidr.map { [["Subnet": .string($0)]] } ?? []
        let body: JSON = [
            "Name": .string(order.subject.name), "CheckDuplicate": true, "Driver": "bridge", "Internal": .bool(!blueprint.reachesOutside),
            "IPAM": ["Config": .array(ranges)],
            "Labels": .object(marks.labels(for: order).sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
        ]
        try await api.send(.post("networks", "create", body: body))
        guard let made = try await network(order.subject) else {
            throw ProviderError(.ambiguous, "The network is not there after it was made.")
        }
        guard made.owner == .ours(order.subject.id) else { throw .foreign(order.subject.name) }
        return made
    }

    func deleteNetworks(_ subject: Subject) async throws(ProviderError) {
        let named = try await networks(of: subject)
        let own = named.filter { $0.owner == .ours(subject.id) }
        guard !own.isEmpty || named.isEmpty else { throw .foreign(subject.name) }
        for found in own {
            try await requireUnused(found.reference)
            try await api.send(.delete("networks", found.reference))
        }
    }

    /// podman 4.3 refuses to remove a network in use by its name only; by its id it takes it away from under running containers.
    private func requireUnused(_ id: String) async throws(ProviderError) {
        let users = try await api.find(.get("networks", id))?["Containers"]?.members ?? []
        guard users.isEmpty else { throw ProviderError(.conflict, "The network is in use by \(users.count) containers.") }
    }

    func networks() async throws(ProviderError) -> [Sighting] {
        try await listed(marks.filter).map(\.1).filter { $0.owner != .foreign }
    }

    /// Oldest first. The peer's filter takes parts of names.
    private func networks(of subject: Subject) async throws(ProviderError) -> [Sighting] {
        guard subject.lookups.contains(subject.name) else { return [] }  // no name of a network
        let filter: JSON = ["name": [.string(subject.name)]]
        return try await listed(String(decoding: filter.canonicalBytes, as: UTF8.self))
            .filter { $0.0["Name"]?.string == subject.name }
            .sorted { ($0.0["Created"]?.string ?? "") < ($1.0["Created"]?.string ?? "") }
            .map(\.1)
    }

    private func listed(_ filter: String) async throws(ProviderError) -> [(JSON, Sighting)] {
        let answer = try await api.send(.get("networks", query: [("filters", filter)], timeout: .seconds(60)))
        guard let entries = answer.array else { throw ProviderError(.ambiguous, "The peer's list of networks is none.") }
        return entries.compactMap { entry in
            guard let id = entry["Id"]?.string else { return nil }
            var state = ObservedState()
            state.cidr = entry["IPAM"]?["Config"]?.array?.first?["Subnet"]?.string
            state.reachesOutside = entry["Internal"]?.bool.map { !$0 }
            return (entry, Sighting(reference: id, owner: marks.owner(entry["Labels"]), state: state))
        }
    }
}
