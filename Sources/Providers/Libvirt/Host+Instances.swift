import Clibvirt
import Kernel
import Provider

extension Host {
    /// By libvirt's id, else by name; whosever it is.
    func machine(_ subject: Subject) throws(ProviderError) -> (machine: Machine, definition: XMLTree)? {
        let found: Machine?
        if let uuid = subject.uuid, let known = try hypervisor.machine(uuid: uuid) {
            found = known
        } else {
            found = try hypervisor.machine(named: subject.name)
        }
        guard let found, let definition = try present({ () throws(ProviderError) in try found.definition() }) else { return nil }
        return (found, definition)
    }

    /// What may be changed: there, and ours.
    func ownMachine(_ subject: Subject) throws(ProviderError) -> (machine: Machine, definition: XMLTree) {
        guard let found = try machine(subject) else { throw .absent(subject.name) }
        guard site.owner(found.definition) == .ours(subject.id) else { throw .foreign(subject.name) }
        return found
    }

    func instance(_ subject: Subject) throws(ProviderError) -> Sighting? {
        guard let found = try machine(subject) else { return nil }
        return try present { () throws(ProviderError) in try sighting(found.machine, found.definition) }
    }

    func instances() throws(ProviderError) -> [Sighting] {
        var found: [Sighting] = []
        for (machine, definition) in try definedMachines() where site.owner(definition) != .foreign {
            if let sighting = try present({ () throws(ProviderError) in try sighting(machine, definition) }) { found.append(sighting) }
        }
        return found
    }

    func sighting(_ machine: Machine, _ definition: XMLTree) throws(ProviderError) -> Sighting {
        guard let uuid = definition.string("uuid") else { throw ProviderError(.ambiguous, "libvirt shows a machine without an id.") }
        var seen = ObservedState()
        let power = Self.power(try machine.state())
        seen.power = power
        if power == .running { seen.runningSince = RunningNote.since(definition) }
        seen.capacity = MachineDefinition.size(definition)
        let cards = MachineDefinition.cards(in: definition)
        for card in cards {
            if let address = try reservations(of: card.network)[card.address] { seen.addresses.append(address) }
        }
        seen.addresses.sort()
        seen.networks = cards.compactMap { Subject.id(named: $0.network, kind: .network) }.sorted()
        seen.volumes = MachineDefinition.disks(in: definition).compactMap { site.id(ofFile: $0.path.lastPart, kind: .volume) }.sorted()
        return Sighting(reference: uuid, owner: site.owner(definition), state: seen, isWhole: Site.isWhole(definition))
    }

    /// A paused machine does no work, and `start` makes it go on: to us it is stopped.
    static func power(_ seen: (state: virDomainState, reason: Int32)) -> Power {
        switch seen.state {
        case VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED, VIR_DOMAIN_NOSTATE: return .running
        case VIR_DOMAIN_SHUTDOWN: return .stopping
        case VIR_DOMAIN_CRASHED: return .crashed
        case VIR_DOMAIN_SHUTOFF:
            let bad = [VIR_DOMAIN_SHUTOFF_CRASHED.rawValue, VIR_DOMAIN_SHUTOFF_FAILED.rawValue]
            return bad.contains(UInt32(bitPattern: seen.reason)) ? .crashed : .stopped
        default: return .stopped
        }
    }

    // MARK: Making

    /// First the definition, which has the name and so is made once; then what belongs to it; then the mark that all of it is there. What is
    /// refused on the way is taken back.
    func createInstance(_ order: Order, _ blueprint: InstanceBlueprint) throws(ProviderError) -> Sighting {
        guard blueprint.userData == nil else {
            throw .unsupported(.userData, "A machine here takes no user data; put it into the image.")
        }
        guard blueprint.command.isEmpty, blueprint.environment.isEmpty else {
            throw .unsupported(.command, "A machine runs what its image says; it has no command and no environment.")
        }
        let known = try machine(order.subject)
        if let known {
            guard site.owner(known.definition) == .ours(order.subject.id) else { throw .foreign(order.subject.name) }
            if Site.isWhole(known.definition) { return try sighting(known.machine, known.definition) }
        }
        let image = try image(named: blueprint.image)
        let networks = try networks(for: blueprint.networks)
        var disks: [MachineDefinition.DiskDevice] = []
        for mount in blueprint.volumes {
            let path = try freePath(of: mount.volume, for: order.subject)
            disks.append(.init(path: path, target: Self.target(disks.count + 1), serial: mount.volume.id))
        }
        do throws(ProviderError) {
            let root = image.disk == nil ? nil : try rootPath(order.subject, image)
            if let root { disks.insert(.init(path: root, target: Self.target(0), serial: "root"), at: 0) }
            let cards = networks.map { MachineDefinition.Card(address: site.hardwareAddress(of: order.subject, on: $0), network: $0) }
            let definition = MachineDefinition(
                subject: order.subject, uuid: site.uuid(order.subject), mark: site.mark(order, isWhole: false),
                emulation: site.settings.emulation, architecture: try hypervisor.node().architecture, size: blueprint.size,
                boot: .init(kernel: image.kernel, initialDisk: image.initialDisk), cards: cards, disks: disks)
            let machine: Machine
            if let known { machine = known.machine } else { machine = try hypervisor.define(machine: definition.markup) }
            for card in cards { try reserve(card, for: order.subject) }
            try machine.setMark(site.mark(order, isWhole: true))
            return try sighting(machine, try machine.definition())
        } catch {
            if error.kind != .ambiguous, error.kind != .unreachable { try? deleteInstance(order.subject) }
            throw error
        }
    }

    /// The disk it starts from, made when it is not there yet: what is written goes to it, the rest comes from the image.
    private func rootPath(_ subject: Subject, _ image: Image) throws(ProviderError) -> String {
        let (pool, name) = (try pool(), site.fileName(subject))
        if let known = try pool.disk(named: name) { return try known.path() }
        guard let disk = image.disk else { throw .absent(name) }
        let definition = XMLTree(
            "volume",
            [
                XMLTree("name", text: name), XMLTree("capacity", ["unit": "bytes"], text: String(disk.bytes)),
                XMLTree("allocation", text: "0"), XMLTree("target", [XMLTree("format", ["type": "qcow2"])]),
                XMLTree("backingStore", [XMLTree("path", text: disk.path), XMLTree("format", ["type": disk.format])]),
            ])
        return try pool.make(definition).path()
    }

    /// `vda`, `vdb`, … `vdz`.
    static func target(_ number: Int) -> String { "vd" + String(UnicodeScalar(UInt8(ascii: "a") + UInt8(min(number, 25)))) }

    // MARK: Changing

    /// Lets it run, or go on; notes since when.
    func start(_ subject: Subject, at now: Timestamp) throws(ProviderError) {
        let (machine, _) = try ownMachine(subject)
        switch try machine.state().state {
        case VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED: return
        case VIR_DOMAIN_PAUSED: try machine.resume()
        default: try machine.start()
        }
        try machine.note(RunningNote.markup(now), as: RunningNote.key, in: RunningNote.space)
    }

    /// Whether it still runs, after it was told to end.
    func askToEnd(_ subject: Subject) throws(ProviderError) -> Bool {
        let (machine, _) = try ownMachine(subject)
        guard machine.isActive else { return false }
        if try machine.state().state == VIR_DOMAIN_PAUSED { try machine.resume() }
        do throws(ProviderError) {
            try machine.askToEnd()
        } catch  where error.kind == .conflict {}  // it ended at that moment
        return machine.isActive
    }

    func isActive(_ subject: Subject) throws(ProviderError) -> Bool { try ownMachine(subject).machine.isActive }

    func switchOff(_ subject: Subject) throws(ProviderError) {
        let (machine, _) = try ownMachine(subject)
        do throws(ProviderError) {
            try machine.switchOff()
        } catch {
            if machine.isActive { throw error }
        }
    }

    func resize(_ subject: Subject, to size: Capacity) throws(ProviderError) {
        let (machine, _) = try ownMachine(subject)
        guard !machine.isActive else { throw ProviderError(.conflict, "The machine runs; its size can be changed when it is stopped.") }
        try machine.setSize(size)
    }

    // MARK: Deleting

    /// The definition goes last: as long as it is there, something is left to be done.
    func deleteInstance(_ subject: Subject) throws(ProviderError) {
        guard let (machine, definition) = try machine(subject) else { return try deleteRoot(subject) }
        guard site.owner(definition) == .ours(subject.id) else { throw .foreign(subject.name) }
        if machine.isActive {
            do throws(ProviderError) {
                try machine.switchOff()
            } catch {
                if machine.isActive { throw error }
            }
        }
        for card in MachineDefinition.cards(in: definition) { try release(card) }
        try deleteRoot(subject)
        try machine.undefine()
    }

    private func deleteRoot(_ subject: Subject) throws(ProviderError) {
        guard let root = try pool().disk(named: site.fileName(subject)) else { return }
        try root.remove()
    }
}

/// When a machine began to run, which libvirt does not know. Gone by itself when it ends.
enum RunningNote {
    static let key = "cloudapi-run"
    static let space = "urn:cloudapi:run"

    static func markup(_ now: Timestamp) -> XMLTree { XMLTree("run", ["since": String(now.milliseconds)]) }

    static func since(_ definition: XMLTree) -> Timestamp? {
        let note = definition["metadata"]?.children.first { $0.name == "run" && $0.attributes.values.contains(space) }
        return note?.attributes["since"].flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
    }
}

extension String {
    /// Of a path.
    var lastPart: String { split(separator: "/").last.map(String.init) ?? "" }
}
