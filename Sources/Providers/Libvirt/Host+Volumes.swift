import Kernel
import Provider

// A volume's reference, and a snapshot's, is the name of its file: libvirt has no other that is not a path.
extension Host {
    /// A disk, and whether all of it is there: no copy that was not finished.
    private typealias Found = (disk: Disk, isWhole: Bool)

    /// By its file's name, else by ours; else any installation's of that name, which is then foreign.
    private func disk(_ subject: Subject) throws(ProviderError) -> Found? {
        let disks = try pool().disks().filter { $0.name == subject.reference || $0.name.hasPrefix(subject.name + ".") }
        let files = disks.filter { !Site.isCopyNote($0.name) }
        guard
            let found = files.first(where: { $0.name == subject.reference }) ?? files.first(where: { $0.name == site.fileName(subject) })
                ?? files.first
        else { return nil }
        return (disk: found, isWhole: disks.count == files.count)
    }

    func ownDisk(_ subject: Subject) throws(ProviderError) -> Disk {
        guard let found = try disk(subject)?.disk else { throw .absent(subject.name) }
        guard site.id(ofFile: found.name, kind: subject.kind) == subject.id else { throw .foreign(subject.name) }
        return found
    }

    /// A volume or a snapshot.
    func volume(_ subject: Subject) throws(ProviderError) -> Sighting? {
        guard let found = try disk(subject) else { return nil }
        return try present { () throws(ProviderError) in try sighting(found, subject.kind) }
    }

    /// Files that somebody removed are seen after a look at the pool. That fails while another one is going on, and what is known is told.
    func volumes(_ kind: ResourceKind = .volume) throws(ProviderError) -> [Sighting] {
        let pool = try pool()
        try? pool.refresh()
        let disks = try pool.disks()
        let unfinished = Set(disks.map(\.name).filter(Site.isCopyNote).map(\.stem))
        var found: [Sighting] = []
        for disk in disks where site.id(ofFile: disk.name, kind: kind) != nil {
            let isWhole = !unfinished.contains(disk.name.stem)
            if let sighting = try present({ () throws(ProviderError) in try sighting((disk: disk, isWhole: isWhole), kind) }) {
                found.append(sighting)
            }
        }
        return found
    }

    /// How large a disk is that is still being written cannot be told.
    private func sighting(_ found: Found, _ kind: ResourceKind) throws(ProviderError) -> Sighting {
        var state = ObservedState()
        if found.isWhole { state.sizeGiB = Int(clamping: try found.disk.bytes() >> 30) }
        if kind == .snapshot { state.progress = found.isWhole ? .done : .going }
        let owner = site.id(ofFile: found.disk.name, kind: kind).map(Sighting.Owner.ours) ?? .foreign
        return Sighting(reference: found.disk.name, owner: owner, state: state, isWhole: found.isWhole)
    }

    func createVolume(_ order: Order, _ blueprint: VolumeBlueprint, random: UInt64) throws(ProviderError) -> Sighting {
        guard !blueprint.isEncrypted else { throw .unsupported(.encryption, "Volumes here are not encrypted.") }
        if let known = try made(order.subject) { return known }
        if let source = blueprint.source {
            return try copy(try ownDisk(source), to: order.subject, atLeastGiB: blueprint.sizeGiB, random: random)
        }
        let definition = XMLTree(
            "volume",
            [
                XMLTree("name", text: site.fileName(order.subject)), XMLTree("capacity", ["unit": "GiB"], text: String(blueprint.sizeGiB)),
                XMLTree("allocation", text: "0"), XMLTree("target", [XMLTree("format", ["type": "qcow2"])]),
            ])
        return try sighting((disk: try pool().make(definition), isWhole: true), .volume)
    }

    /// What an earlier attempt has finished.
    func made(_ subject: Subject) throws(ProviderError) -> Sighting? {
        guard let known = try volume(subject) else { return nil }
        guard known.owner == .ours(subject.id) else { throw .foreign(subject.name) }
        return known.isWhole ? known : nil
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
        guard let found = try disk(subject)?.disk else { return }
        guard site.id(ofFile: found.name, kind: subject.kind) == subject.id else { throw .foreign(subject.name) }
        let users = try users(of: try found.path())
        guard users.isEmpty else { throw ProviderError(.conflict, "The volume is in use by \(users.count) machines.") }
        try found.remove()
        try forgetCopies(to: subject)
    }

    func users(of path: String) throws(ProviderError) -> [Machine] {
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
