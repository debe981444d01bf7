import Kernel
import Provider

extension LibvirtProvider {
    static let features: Set<Capabilities.Feature> = [
        .instances, .volumes, .networks, .madeStopped, .resize, .attachVolume, .joinNetwork, .metrics, .grow, .volumeSize, .snapshots,
    ]
    static let identification: [ResourceKind: Capabilities.Identification] = [
        .instance: .name, .volume: .name, .network: .name, .snapshot: .name,
    ]

    /// The pools have to be there; a network that is missing is told to those who need it.
    func probe() async throws(ProviderError) -> Capabilities {
        try await at("probe") { [site] host throws(ProviderError) in
            _ = try host.pool()
            _ = try host.hypervisor.pool(named: site.settings.imagePool)
            let node = try host.hypervisor.node()
            let (library, emulator) = (try host.hypervisor.libraryVersion(), try host.hypervisor.emulatorVersion())
            return Capabilities(
                server: "libvirt \(Self.version(library)), qemu \(Self.version(emulator))",
                features: Self.features,
                largest: Capacity(milliCPUs: node.processors * 1000, memoryMiB: node.memoryMiB),
                identification: Self.identification)
        }
    }

    private static func version(_ number: UInt) -> String { "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)" }
}
