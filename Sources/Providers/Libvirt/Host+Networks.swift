import Clibvirt
import Kernel
import Provider

extension Host {
    /// By libvirt's id, else by name; whosever it is.
    private func virtualNetwork(_ subject: Subject) throws(ProviderError) -> (network: VirtualNetwork, definition: XMLTree)? {
        let found: VirtualNetwork?
        if let uuid = subject.uuid, let known = try hypervisor.network(uuid: uuid) {
            found = known
        } else {
            found = try hypervisor.network(named: subject.name)
        }
        guard let found, let definition = try present({ () throws(ProviderError) in try found.definition() }) else { return nil }
        return (found, definition)
    }

    func network(_ subject: Subject) throws(ProviderError) -> Sighting? {
        guard let found = try virtualNetwork(subject) else { return nil }
        return try sighting(found.network, found.definition)
    }

    func networks() throws(ProviderError) -> [Sighting] {
        var found: [Sighting] = []
        for (network, definition) in try definedNetworks() where site.owner(definition) != .foreign {
            found.append(try sighting(network, definition))
        }
        return found
    }

    func definedNetworks() throws(ProviderError) -> [(network: VirtualNetwork, definition: XMLTree)] {
        var found: [(VirtualNetwork, XMLTree)] = []
        for network in try hypervisor.networks() {
            if let definition = try present({ () throws(ProviderError) in try network.definition() }) {
                found.append((network, definition))
            }
        }
        return found
    }

    private func sighting(_ network: VirtualNetwork, _ definition: XMLTree) throws(ProviderError) -> Sighting {
        guard let uuid = definition.string("uuid") else { throw ProviderError(.ambiguous, "libvirt shows a network without an id.") }
        return Sighting(
            reference: uuid, owner: site.owner(definition), state: Self.state(ofNetwork: definition), isWhole: network.isActive)
    }

    static func state(ofNetwork definition: XMLTree) -> ObservedState {
        var state = ObservedState()
        state.cidr = NetworkDefinition.range(in: definition)?.description
        state.reachesOutside = definition["forward"] != nil
        return state
    }

    /// What is refused when it is to begin is forgotten again.
    func createNetwork(_ order: Order, _ blueprint: NetworkBlueprint, random: UInt64) throws(ProviderError) -> Sighting {
        let network: VirtualNetwork
        if let known = try virtualNetwork(order.subject) {
            guard site.owner(known.definition) == .ours(order.subject.id) else { throw .foreign(order.subject.name) }
            network = known.network
        } else {
            let range = try freeRange(blueprint.cidr, random)
            let definition = NetworkDefinition(
                subject: order.subject, uuid: site.uuid(order.subject), mark: site.mark(order, isWhole: true), range: range,
                reachesOutside: blueprint.reachesOutside)
            guard let definition else { throw ProviderError(.rejected, "A network here has an IPv4 range of at least four addresses.") }
            network = try hypervisor.define(network: definition.markup)
        }
        do throws(ProviderError) {
            if !network.isActive { try network.start() }
            try network.startsWithTheHost()
        } catch {
            if !network.isActive, error.kind != .ambiguous { try? network.undefine() }
            throw error
        }
        return try sighting(network, try network.definition())
    }

    /// libvirt takes networks that overlap, and only notices when the second one begins, if at all.
    private func freeRange(_ wanted: String?, _ random: UInt64) throws(ProviderError) -> AddressRange {
        let taken = try definedNetworks().compactMap { NetworkDefinition.range(in: $0.definition) }
        if let wanted {
            guard let range = AddressRange(wanted) else { throw ProviderError(.rejected, "\(wanted) is no range of addresses.") }
            if let other = taken.first(where: { $0.overlaps(range) }) {
                throw ProviderError(.conflict, "\(range) overlaps \(other), which a network of the host has.")
            }
            return range
        }
        for step in 0..<UInt32(1 << 14) {
            let number = (UInt32(truncatingIfNeeded: random) &+ step) % (1 << 14)
            let range = AddressRange(IPAddress(v4: 0x0A80_0000 | 0x40_0000 | number << 8), prefix: 24)  // of 10.192.0.0/10
            if !taken.contains(where: { $0.overlaps(range) }) { return range }
        }
        throw ProviderError(.capacity, "The host has no range of addresses left.")
    }

    func deleteNetwork(_ subject: Subject) throws(ProviderError) {
        guard let (network, definition) = try virtualNetwork(subject) else { return }
        guard site.owner(definition) == .ours(subject.id) else { throw .foreign(subject.name) }
        let name = definition.string("name") ?? subject.name
        let users = try definedMachines().filter { machine in
            MachineDefinition.cards(in: machine.definition).contains { $0.network == name }
        }
        guard users.isEmpty else { throw ProviderError(.conflict, "The network is in use by \(users.count) machines.") }
        if network.isActive { try network.stop() }
        try network.undefine()
    }

    // MARK: Cards

    /// The names of the networks that an instance is to be on.
    func networks(for subjects: [Subject]) throws(ProviderError) -> [String] {
        var names: [String] = []
        for subject in subjects { names.append(try ownNetwork(subject)) }
        guard names.isEmpty else { return names }
        guard let standard = try hypervisor.network(named: site.settings.network), standard.isActive else {
            throw ProviderError(.rejected, "The host has no network named \(site.settings.network) that runs.")
        }
        return [site.settings.network]
    }

    /// The name of a network that is there, and ours.
    func ownNetwork(_ subject: Subject) throws(ProviderError) -> String {
        guard let (_, definition) = try virtualNetwork(subject) else { throw .absent(subject.name) }
        guard site.owner(definition) == .ours(subject.id) else { throw .foreign(subject.name) }
        return definition.string("name") ?? subject.name
    }

    /// Keeps an address for a card, so that it is known before the machine asks for it. Where addresses are not given out, there is none.
    func reserve(_ card: MachineDefinition.Card, for subject: Subject) throws(ProviderError) {
        guard let network = try hypervisor.network(named: card.network) else { throw .absent(card.network) }
        // Another process may take the same address; libvirt refuses the second.
        for attempt in 1...8 {
            let definition = try network.definition()
            let kept = NetworkDefinition.reservations(in: definition)
            guard kept[card.address] == nil, let dhcp = NetworkDefinition.address(in: definition)?["dhcp"], dhcp["range"] != nil else {
                return
            }
            let leased = try network.isActive ? network.leases().map(\.address) : []
            guard let free = Self.freeAddress(dhcp, Set(kept.values).union(leased)) else {
                throw ProviderError(.capacity, "The network \(card.network) has no address left.")
            }
            let host = XMLTree("host", ["mac": card.address, "name": subject.name, "ip": free])
            do throws(ProviderError) {
                reservations[card.network] = nil
                return try network.update(VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, host)
            } catch  where error.kind == .conflict && attempt < 8 {}
        }
    }

    func release(_ card: MachineDefinition.Card) throws(ProviderError) {
        guard let network = try hypervisor.network(named: card.network),
            let address = NetworkDefinition.reservations(in: try network.definition())[card.address]
        else { return }
        reservations[card.network] = nil
        try network.update(VIR_NETWORK_UPDATE_COMMAND_DELETE, XMLTree("host", ["mac": card.address, "ip": address]))
    }

    private static func freeAddress(_ dhcp: XMLTree, _ taken: Set<String>) -> String? {
        for range in dhcp.children where range.name == "range" {
            guard let first = range.attributes["start"].flatMap({ IPAddress($0) }),
                let last = range.attributes["end"].flatMap({ IPAddress($0) }),
                first.number <= last.number
            else { continue }
            for number in first.number...last.number {
                let address = IPAddress(v4: number).description
                if !taken.contains(address) { return address }
            }
        }
        return nil
    }
}
