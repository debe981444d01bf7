import Kernel
import Provider

// A machine's metadata can be written while it exists. A network's can not with libvirt before 9.7, and a disk has none: those stay without
// our mark when they are adopted, and are told by their reference.
extension LibvirtProvider {
    func strangers(_ kind: ResourceKind) async throws(ProviderError) -> [Stranger] {
        try await at("list") { host throws(ProviderError) in
            switch kind {
            case .instance: try host.strangeMachines()
            case .volume: try host.strangeDisks()
            case .network: try host.strangeNetworks()
            case .bucket, .address, .firewall, .snapshot: []  // a copy is told from a disk by its name alone
            }
        }
    }

    func mark(_ subject: Subject) async throws(ProviderError) -> Bool {
        guard subject.kind == .instance else { return false }
        return try await at(subject.id) { [site] host throws(ProviderError) in
            guard let (machine, definition) = try host.machine(subject) else { throw .absent(subject.name) }
            if site.owner(definition) == .ours(subject.id) { return true }
            guard !Site.isMarked(definition) else { throw .foreign(subject.name) }
            try machine.setMark(site.mark(subject, isWhole: true))
            return true
        }
    }

    func unmark(_ subject: Subject) async throws(ProviderError) {
        guard subject.kind == .instance else { return }
        try await at(subject.id) { [site] host throws(ProviderError) in
            guard let (machine, definition) = try host.machine(subject), site.owner(definition) == .ours(subject.id) else { return }
            try machine.setMark(nil)
        }
    }
}

extension Host {
    fileprivate func strangeMachines() throws(ProviderError) -> [Stranger] {
        var found: [Stranger] = []
        for (machine, definition) in try definedMachines() where site.owner(definition) == .foreign {
            guard let sighting = try present({ () throws(ProviderError) in try sighting(machine, definition) }) else { continue }
            found.append(
                Stranger(
                    reference: sighting.reference, name: definition.string("name") ?? "", state: sighting.state,
                    isMarked: Site.isMarked(definition)))
        }
        return found
    }

    /// Without the disks that a machine of some installation began from, and without snapshots.
    fileprivate func strangeDisks() throws(ProviderError) -> [Stranger] {
        let pool = try pool()
        try? pool.refresh()
        var found: [Stranger] = []
        for disk in try pool.disks() {
            let name = disk.name
            guard site.id(ofFile: name, kind: .volume) == nil, !Site.isCopyNote(name), Site.id(ofStem: name.stem, kind: .instance) == nil,
                Site.id(ofStem: name.stem, kind: .snapshot) == nil
            else { continue }
            var state = ObservedState()
            guard let bytes = try present({ () throws(ProviderError) in try disk.bytes() }) else { continue }
            state.sizeGiB = Int(clamping: bytes >> 30)
            found.append(
                Stranger(
                    reference: name, name: name, state: state, known: ["encrypted": false],
                    isMarked: Site.id(ofStem: name.stem, kind: .volume) != nil))
        }
        return found
    }

    fileprivate func strangeNetworks() throws(ProviderError) -> [Stranger] {
        try definedNetworks().compactMap { _, definition in
            guard site.owner(definition) == .foreign, let id = definition.string("uuid"), let name = definition.string("name"),
                name != site.settings.network
            else { return nil }
            return Stranger(reference: id, name: name, state: Host.state(ofNetwork: definition), isMarked: Site.isMarked(definition))
        }
    }
}
