import Kernel
import Provider

// Disks and cards, plugged in and pulled out. A machine that runs has to let go of a device itself, and one that still boots does not hear
// that it is asked to; so a device is forgotten for the next time first, and asked for again until it is gone.
extension Host {
    func attach(_ volume: Subject, to subject: Subject) throws(ProviderError) {
        let (machine, definition) = try ownMachine(subject)
        let path = try freePath(of: volume, for: subject)
        let disks = MachineDefinition.disks(in: definition)
        guard !disks.contains(where: { $0.path == path }) else { return }
        let taken = Set((disks + MachineDefinition.disks(in: try machine.nextDefinition())).map(\.target))
        // The first is the root's, also where there is none.
        guard let target = (1..<26).map(Self.target).first(where: { !taken.contains($0) }) else {
            throw ProviderError(.capacity, "The machine has no room for another disk.")
        }
        try machine.attach(MachineDefinition.DiskDevice(path: path, target: target, serial: volume.id).device)
    }

    func join(_ network: Subject, _ subject: Subject) throws(ProviderError) {
        let (machine, definition) = try ownMachine(subject)
        let name = try ownNetwork(network)
        guard !MachineDefinition.cards(in: definition).contains(where: { $0.network == name }) else { return }
        let card = MachineDefinition.Card(address: site.hardwareAddress(of: subject, on: name), network: name)
        try reserve(card, for: subject)
        try machine.attach(card.device)
    }

    /// Asks for a disk back; whether it is still there.
    func detach(_ volume: Subject, from subject: Subject) throws(ProviderError) -> Bool {
        try pull(out: subject) { [site] definition in
            MachineDefinition.disks(in: definition).first { site.id(ofFile: $0.path.lastPart, kind: .volume) == volume.id }?.device
        }
    }

    /// Asks for a card back; whether it is still there.
    func leave(_ network: Subject, _ subject: Subject) throws(ProviderError) -> Bool {
        let cards = MachineDefinition.cards(in: try ownMachine(subject).definition).filter { $0.network == network.name }
        let isLeft = try pull(out: subject) { definition in
            MachineDefinition.cards(in: definition).first { $0.network == network.name }?.device
        }
        if !isLeft { for card in cards { try release(card) } }
        return isLeft
    }

    private func pull(out subject: Subject, _ device: (XMLTree) -> XMLTree?) throws(ProviderError) -> Bool {
        let (machine, _) = try ownMachine(subject)
        if let kept = device(try machine.nextDefinition()) { try machine.forget(kept) }
        guard machine.isActive, let held = device(try machine.definition()) else { return false }
        try machine.askFor(held)
        return try device(machine.definition()) != nil
    }
}
