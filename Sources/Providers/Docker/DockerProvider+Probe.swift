import Kernel
import Provider

extension DockerProvider {
    /// What a peer can do that can update containers.
    static let features: Set<Capabilities.Feature> = [
        .instances, .volumes, .networks, .madeStopped, .command, .joinNetwork, .metrics, .logs, .resize, .liveResize,
    ]
    static let identification: [ResourceKind: Capabilities.Identification] = [.instance: .name, .volume: .name, .network: .name]

    func probe() async throws(ProviderError) -> Capabilities {
        let version = try await api.send(.get("version"))
        guard let number = version["Version"]?.string, version["ApiVersion"]?.string != nil else {
            throw ProviderError(.rejected, "What listens there is no Docker Engine API.")
        }
        let information = try await api.send(.get("info"))
        let isPodman = Self.isPodman(version)
        var features = Self.features
        if try await !canUpdate() { features.subtract([.resize, .liveResize]) }
        return Capabilities(
            server: "\(isPodman ? "podman" : "docker") \(ProviderError.readable(number))", features: features,
            largest: largest(information),
            identification: Self.identification)
    }

    /// podman makes up a new id each time it is asked; what it keeps everything in is its own.
    func identity() async throws(ProviderError) -> String? {
        let information = try await api.send(.get("info"))
        let name = [information["Name"]?.string, information["DockerRootDir"]?.string].compactMap { $0 }.joined(separator: ":")
        guard try await isPodman() else { return information["ID"]?.string ?? name }
        return name
    }

    private func isPodman() async throws(ProviderError) -> Bool { Self.isPodman(try await api.send(.get("version"))) }

    private static func isPodman(_ version: JSON) -> Bool {
        version["Components"]?.array?.contains { $0["Name"]?.string == "Podman Engine" } ?? false
    }

    private func largest(_ information: JSON) -> Capacity? {
        guard let processors = information["NCPU"]?.integer, let memory = information["MemTotal"]?.integer, processors > 0, memory > 0
        else { return nil }
        return Capacity(milliCPUs: Int(processors) * 1000, memoryMiB: Int(memory >> 20))
    }

    /// Asks for the update of a container that cannot be: a peer with that route says so in JSON, one without has no such page.
    private func canUpdate() async throws(ProviderError) -> Bool {
        do {
            try await api.send(.post("containers", "cloudapi-probe", "update", body: .object([])))
            return true
        } catch {
            guard error.kind == .absent else { throw error }
            return !error.isMissingRoute
        }
    }
}

extension ProviderError {
    /// The page every router of the peers has for a route it does not know, instead of their own JSON.
    var isMissingRoute: Bool {
        kind == .absent && ["not found", "404 page not found", "page not found"].contains(detail.lowercased())
    }
}
