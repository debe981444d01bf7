import Clibvirt
import Foundation
import Provider

/// A network at libvirt.
final class VirtualNetwork {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { virNetworkFree(pointer) }

    var name: String { virNetworkGetName(pointer).map { String(cString: $0) } ?? "" }

    func definition() throws(ProviderError) -> XMLTree { try tree(virNetworkGetXMLDesc(pointer, VIR_NETWORK_XML_INACTIVE.rawValue)) }

    var isActive: Bool { virNetworkIsActive(pointer) == 1 }

    func start() throws(ProviderError) { try check(virNetworkCreate(pointer)) }
    func startsWithTheHost() throws(ProviderError) { try check(virNetworkSetAutostart(pointer, 1)) }
    func stop() throws(ProviderError) { try check(virNetworkDestroy(pointer)) }
    func undefine() throws(ProviderError) { try check(virNetworkUndefine(pointer)) }

    /// Keeps an address for a card, or keeps it no longer.
    func update(_ command: virNetworkUpdateCommand, _ host: XMLTree) throws(ProviderError) {
        let extent = VIR_NETWORK_UPDATE_AFFECT_CONFIG.rawValue | (isActive ? VIR_NETWORK_UPDATE_AFFECT_LIVE.rawValue : 0)
        try check(
            virNetworkUpdate(pointer, command.rawValue, VIR_NETWORK_SECTION_IP_DHCP_HOST.rawValue, -1, host.markup, extent))
    }

    /// The addresses that are given out at the moment, with the cards that have them.
    func leases() throws(ProviderError) -> [(card: String, address: String)] {
        var leases: UnsafeMutablePointer<virNetworkDHCPLeasePtr?>?
        let count = try check(virNetworkGetDHCPLeases(pointer, nil, &leases, 0))
        defer { free(leases) }
        guard let leases else { return [] }
        return (0..<Int(count)).compactMap { index in
            guard let lease = leases[index] else { return nil }
            defer { virNetworkDHCPLeaseFree(lease) }
            guard let card = lease.pointee.mac, let address = lease.pointee.ipaddr else { return nil }
            return (String(cString: card), String(cString: address))
        }
    }
}

extension Hypervisor {
    func networks() throws(ProviderError) -> [VirtualNetwork] {
        try list({ virConnectListAllNetworks(pointer, $0, 0) }, VirtualNetwork.init)
    }

    func network(named name: String) throws(ProviderError) -> VirtualNetwork? {
        try find(virNetworkLookupByName(pointer, name)).map(VirtualNetwork.init)
    }

    func network(uuid: String) throws(ProviderError) -> VirtualNetwork? {
        try find(virNetworkLookupByUUIDString(pointer, uuid)).map(VirtualNetwork.init)
    }

    func define(network: XMLTree) throws(ProviderError) -> VirtualNetwork {
        VirtualNetwork(try check(virNetworkDefineXML(pointer, network.markup)))
    }
}
