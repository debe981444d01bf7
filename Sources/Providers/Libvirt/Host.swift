import Clibvirt
import Kernel
import Provider

/// A hypervisor as one installation sees it during one call; it stays on the thread of its connection.
final class Host {
    let hypervisor: Hypervisor
    let site: Site
    /// Read once a call: every machine asks for its own.
    var reservations: [String: [String: String]] = [:]

    init(_ hypervisor: Hypervisor, _ site: Site) {
        self.hypervisor = hypervisor
        self.site = site
    }

    /// The addresses that a network keeps for cards; none for a network that is not there.
    func reservations(of name: String) throws(ProviderError) -> [String: String] {
        if let known = reservations[name] { return known }
        guard let network = try hypervisor.network(named: name) else { return [:] }
        let found = NetworkDefinition.reservations(in: try network.definition())
        reservations[name] = found
        return found
    }

    /// All machines with how they are defined. One that went while it was looked at is left out.
    func definedMachines() throws(ProviderError) -> [(machine: Machine, definition: XMLTree)] {
        var found: [(Machine, XMLTree)] = []
        for machine in try hypervisor.machines() {
            if let definition = try present({ () throws(ProviderError) in try machine.definition() }) {
                found.append((machine, definition))
            }
        }
        return found
    }

    /// Nil for what is no longer there.
    func present<Answer>(_ work: () throws(ProviderError) -> Answer) throws(ProviderError) -> Answer? {
        do throws(ProviderError) {
            return try work()
        } catch  where error.kind == .absent {
            return nil
        }
    }

    func pool() throws(ProviderError) -> StoragePool { try hypervisor.pool(named: site.settings.pool) }
}

extension Subject {
    /// The reference when it can be one of libvirt's own ids.
    var uuid: String? {
        guard let reference, reference.utf8.count == 36,
            reference.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Character(UnicodeScalar($0)).isHexDigit })
        else { return nil }
        return reference
    }
}
