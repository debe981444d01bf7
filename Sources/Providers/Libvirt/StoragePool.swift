import Clibvirt
import Foundation
import Provider

/// Where disks are kept at libvirt.
final class StoragePool {
    private let pointer: OpaquePointer

    fileprivate init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { virStoragePoolFree(pointer) }

    func disks() throws(ProviderError) -> [Disk] { try list({ virStoragePoolListAllVolumes(pointer, $0, 0) }, Disk.init) }

    func disk(named name: String) throws(ProviderError) -> Disk? { try find(virStorageVolLookupByName(pointer, name)).map(Disk.init) }

    func make(_ disk: XMLTree) throws(ProviderError) -> Disk { Disk(try check(virStorageVolCreateXML(pointer, disk.markup, 0))) }

    /// Another with the same content; ends when all of it is written.
    func copy(_ source: Disk, as disk: XMLTree) throws(ProviderError) -> Disk {
        Disk(try check(virStorageVolCreateXMLFrom(pointer, disk.markup, source.pointer, 0)))
    }

    /// Looks at what lies there: files that came or went by themselves are not seen before.
    func refresh() throws(ProviderError) { try check(virStoragePoolRefresh(pointer, 0)) }
}

/// A file in a pool.
final class Disk {
    fileprivate let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { virStorageVolFree(pointer) }

    var name: String { virStorageVolGetName(pointer).map { String(cString: $0) } ?? "" }

    func definition() throws(ProviderError) -> XMLTree { try tree(virStorageVolGetXMLDesc(pointer, 0)) }

    /// At the host.
    func path() throws(ProviderError) -> String {
        guard let path = virStorageVolGetPath(pointer) else { throw .last() }
        defer { free(path) }
        return String(cString: path)
    }

    /// How large its user sees it.
    func bytes() throws(ProviderError) -> UInt64 {
        var information = virStorageVolInfo()
        try check(virStorageVolGetInfo(pointer, &information))
        return information.capacity
    }

    func grow(toBytes size: UInt64) throws(ProviderError) { try check(virStorageVolResize(pointer, size, 0)) }
    func remove() throws(ProviderError) { try check(virStorageVolDelete(pointer, 0)) }
}

extension Hypervisor {
    /// Throws `.rejected`, never `.absent`: where there is no pool, nothing is known of what was in it.
    func pool(named name: String) throws(ProviderError) -> StoragePool {
        guard let pool = try find(virStoragePoolLookupByName(pointer, name)) else {
            throw ProviderError(.rejected, "The host has no storage pool named \(name).")
        }
        guard virStoragePoolIsActive(pool) == 1 else {
            virStoragePoolFree(pool)
            throw ProviderError(.conflict, "The storage pool \(name) is not active.")
        }
        return StoragePool(pool)
    }
}
