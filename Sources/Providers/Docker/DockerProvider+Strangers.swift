import Kernel
import Provider

// Labels cannot be added to a container or a network that exists, so what is adopted stays without our mark and is told by its reference.
extension DockerProvider {
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        switch kind {
        case .instance: try await strangeContainers()
        case .volume: try await strangeVolumes()
        case .network: try await strangeNetworks()
        case .bucket, .address, .firewall, .snapshot: []
        }
    }

    /// The list lacks limits, so each one is looked at.
    private func strangeContainers() async throws(ProviderError) -> [Stranger] {
        let listed = try await api.send(.get("containers", "json", query: [("all", "true")], timeout: .seconds(60)))
        guard let entries = listed.array else { throw ProviderError(.ambiguous, "The peer's list of containers is none.") }
        var found: [Stranger] = []
        for entry in entries where marks.owner(entry["Labels"]) == .foreign {
            guard let id = entry["Id"]?.string, let json = try await api.find(.get("containers", id, "json")),
                let container = Container(json, marks: marks)
            else { continue }
            found.append(
                Stranger(
                    reference: container.id, name: container.name, state: container.sighting.state,
                    known: (json["Config"]?["Image"]).map { ["image": $0] } ?? [:], isMarked: marks.isMarked(json["Config"]?["Labels"])))
        }
        return found
    }

    /// Without those that have no name of their own: they belong to a container.
    private func strangeVolumes() async throws(ProviderError) -> [Stranger] {
        let listed = try await api.send(.get("volumes", timeout: .seconds(60)))
        guard let members = listed.members else { throw ProviderError(.ambiguous, "The peer's list of volumes is none.") }
        let entries = members.first { $0.name == "Volumes" }?.value.array ?? []  // null when there are none
        return entries.compactMap { entry in
            guard let name = entry["Name"]?.string, marks.owner(entry["Labels"]) == .foreign,
                !(name.utf8.count == 64 && name.allSatisfy(\.isHexDigit))
            else { return nil }
            return Stranger(
                reference: name, name: name, state: ObservedState(), known: ["encrypted": false], isMarked: marks.isMarked(entry["Labels"]))
        }
    }

    /// Without those that every daemon has.
    private func strangeNetworks() async throws(ProviderError) -> [Stranger] {
        let listed = try await api.send(.get("networks", timeout: .seconds(60)))
        guard let entries = listed.array else { throw ProviderError(.ambiguous, "The peer's list of networks is none.") }
        return entries.compactMap { entry in
            guard let id = entry["Id"]?.string, let name = entry["Name"]?.string, marks.owner(entry["Labels"]) == .foreign,
                !["bridge", "host", "none", "podman"].contains(name)
            else { return nil }
            var state = ObservedState()
            state.cidr = entry["IPAM"]?["Config"]?.array?.first?["Subnet"]?.string
            state.reachesOutside = entry["Internal"]?.bool.map { !$0 }
            return Stranger(reference: id, name: name, state: state, isMarked: marks.isMarked(entry["Labels"]))
        }
    }
}
