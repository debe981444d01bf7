// A snapshot is a copy of the whole disk, a file of its own in the same pool: nothing ties it to the volume it is of. A volume made from one
// is a copy of that copy.
//
// A copy takes its time, and its file has its name from the beginning. So an empty file beside it notes that it is being made; while there is
// such a note the disk is not whole, whoever died, and the next attempt begins anew. Each has a note of its own: libvirt goes on with a copy
// whose caller has given up, and what that caller takes away in the end is not the note of another. What libvirt still writes to it lets
// nobody remove.

import Kernel
import Provider

extension Host {
    /// Throws `.rejected` for a disk that a running machine writes to: a copy of it would be of no one moment.
    func createSnapshot(_ order: Order, _ blueprint: SnapshotBlueprint, random: UInt64) throws(ProviderError) -> Sighting {
        if let known = try made(order.subject) { return known }
        let volume = try ownDisk(blueprint.volume)
        guard try !users(of: volume.path()).contains(where: \.isActive) else {
            throw ProviderError(.rejected, "A machine that runs has the volume; stop it, or detach the volume.")
        }
        return try copy(volume, to: order.subject, atLeastGiB: 0, random: random)
    }

    /// Throws `.conflict` while libvirt still writes to what an earlier attempt has begun.
    func copy(_ source: Disk, to subject: Subject, atLeastGiB size: Int, random: UInt64) throws(ProviderError) -> Sighting {
        let pool = try pool()
        let note = XMLTree(
            "volume",
            [
                XMLTree("name", text: site.copyNote(subject, random)), XMLTree("capacity", text: "0"),
                XMLTree("target", [XMLTree("format", ["type": "raw"])]),
            ])
        // Not the other way round: who cannot remove it leaves no note that its maker does not know.
        try pool.disk(named: site.fileName(subject))?.remove()
        let mine = try pool.make(note)
        try forgetCopies(to: subject, butFor: mine.name)
        let definition = XMLTree(
            "volume", [XMLTree("name", text: site.fileName(subject)), XMLTree("target", [XMLTree("format", ["type": "qcow2"])])])
        let copy = try pool.copy(source, as: definition)
        let bytes = UInt64(size) << 30
        if try copy.bytes() < bytes { try copy.grow(toBytes: bytes) }
        try mine.remove()
        guard let made = try made(subject) else { throw ProviderError(.ambiguous, "The copy is not there.") }
        return made
    }

    /// Takes the notes away that a disk is being copied.
    func forgetCopies(to subject: Subject, butFor kept: String? = nil) throws(ProviderError) {
        for note in try pool().disks() where Site.isCopyNote(note.name) && note.name.stem == subject.name && note.name != kept {
            _ = try present { () throws(ProviderError) in try note.remove() }
        }
    }
}
