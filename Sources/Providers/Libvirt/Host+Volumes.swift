import Kernel
import Provider

// A volume's reference is the name of its file: libvirt has no other that is not a path.
extension Host {
    /// By its file's name, else by ours; else any installation's of that name, which is then foreign.
    private func disk(_ subject: Subject) throws(ProviderError) -> Disk? {
        let pool = try pool()
        if let reference = subject.reference, Self.isFileName(reference), let known = try pool.disk(named: reference) { return known }
        if let known = try pool.disk(named: site.fileName(subject)) { return known }
        return try pool.disks().first { $0.name.hasPrefix(subject.name + ".") }
    }

    private static func isFileName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255 && !text.hasPrefix(".")
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    }

    func ownDisk(_ subject: Subject) throws(ProviderError) -> Disk {
        guard let found = try disk(subject) else { throw .absent(subject.name) }
        guard site.id(ofFile: found.name, kind: .volume) == subject.id else { throw .foreign(subject.name) }
        return found
    }

    func volume(_ subject: Subject) throws(ProviderError) -> Sighting? {
        guard let found = try disk(subject) else { return nil }
        return try present { () throws(ProviderError) in try sighting(found) }
    }

    /// Files that somebody removed are seen after a look at the pool. That fails while another one is going on, and what is known is told.
    func volumes() throws(ProviderError) -> [Sighting] {
        let pool = try pool()
        try? pool.refresh()
        var found: [Sighting] = []
        for disk in try pool.disks() where site.id(ofFile: disk.name, kind: .volume) != nil {
            if let sighting = try present({ () throws(ProviderError) in try sighting(disk) }) { found.append(sighting) }
        }
        return found
    }

    private func sighting(_ disk: Disk) throws(ProviderError) -> Sighting {
        var state = ObservedState()
        state.sizeGiB = Int(clamping: try disk.bytes() >> 30)
        let owner = site.id(ofFile: disk.name, kind: .volume).map(Sighting.Owner.ours) ?? .foreign
        return Sighting(reference: disk.name, owner: owner, state: state)
    }

    func createVolume(_ order: Order, _ blueprint: VolumeBlueprint) throws(ProviderError) -> Sighting {
        guard !blueprint.isEncrypted else { throw .unsupported(.encryption, "Volumes here are not encrypted.") }
        if let known = try volume(order.subject) {
            guard known.owner == .ours(order.subject.id) else { throw .foreign(order.subject.name) }
            return known
        }
        let definition = XMLTree(
            "volume",
            [
                XMLTree("name", text: site.fileName(order.subject)), XMLTree("capacity", ["unit": "GiB"], text: String(blueprint.sizeGiB)),
                XMLTree("allocation", text: "0"), XMLTree("target", [XMLTree("format", ["type": "qcow2"])]),
            ])
        return try sighting(try pool().make(definition))
    }

    /// A disk that is in use is grown by the machine that has it; else by libvirt.
    func grow(_ subject: Subject, toGiB size: Int) throws(ProviderError) {
        let disk = try ownDisk(subject)
        let (path, bytes) = (try disk.path(), UInt64(size) << 30)
        guard try disk.bytes() < bytes else { return }
        if let user = try users(of: path).first(where: \.isActive) {
            try user.grow(path, toBytes: bytes)
        } else {
            try disk.grow(toBytes: bytes)
        }
    }

    func deleteVolume(_ subject: Subject) throws(ProviderError) {
        guard let found = try disk(subject) else { return }
        guard site.id(ofFile: found.name, kind: .volume) == subject.id else { throw .foreign(subject.name) }
        let users = try users(of: try found.path())
        guard users.isEmpty else { throw ProviderError(.conflict, "The volume is in use by \(users.count) machines.") }
        try found.remove()
    }

    private func users(of path: String) throws(ProviderError) -> [Machine] {
        try definedMachines().filter { machine in MachineDefinition.disks(in: machine.definition).contains { $0.path == path } }.map(
            \.machine)
    }

    /// Where a volume of ours lies that no other machine has: two that write to one file destroy it.
    func freePath(of volume: Subject, for instance: Subject) throws(ProviderError) -> String {
        let path = try ownDisk(volume).path()
        for (_, definition) in try definedMachines() where definition.string("name") != instance.name {
            if MachineDefinition.disks(in: definition).contains(where: { $0.path == path }) {
                throw ProviderError(.conflict, "The volume \(volume.name) is in use by another machine.")
            }
        }
        return path
    }
}
