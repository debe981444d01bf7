import Clibvirt
import Foundation
import Glibc
import Provider

/// A connection of the library. Every call waits for the daemon's answer on the thread it is made on; see `Lane`.
final class Hypervisor {
    let pointer: OpaquePointer

    /// Throws `.unreachable` when nobody answers there, and `.unauthorized` when who answers does not let us in.
    init(socket: String) throws(ProviderError) {
        guard Library.isOpen else { throw ProviderError(.unreachable, Library.missing) }
        virSetErrorFunc(nil, { _, _ in })  // it would write to our standard error
        guard let pointer = virConnectOpen("qemu+unix:///system?socket=" + socket) else {
            let error = ProviderError.last()
            throw error.kind == .unauthorized ? error : ProviderError(.unreachable, error.detail)
        }
        self.pointer = pointer
    }

    deinit { virConnectClose(pointer) }

    /// Whether its socket is open, as far as is known.
    var isAlive: Bool { virConnectIsAlive(pointer) == 1 }

    var answers: Bool { (try? libraryVersion()) != nil }

    /// 9.0.1 is 9_000_001.
    func libraryVersion() throws(ProviderError) -> UInt {
        var version: UInt = 0
        try check(virConnectGetLibVersion(pointer, &version))
        return version
    }

    func emulatorVersion() throws(ProviderError) -> UInt {
        var version: UInt = 0
        try check(virConnectGetVersion(pointer, &version))
        return version
    }

    /// The host's processors, memory and architecture.
    func node() throws(ProviderError) -> (processors: Int, memoryMiB: Int, architecture: String) {
        var information = virNodeInfo()
        try check(virNodeGetInfo(pointer, &information))
        let model = withUnsafeBytes(of: &information.model) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return (Int(information.cpus), Int(information.memory >> 10), model)
    }
}

/// libvirt's own library, which is opened when it is first needed.
private enum Library {
    /// What it is called in libvirt 1 to 11.
    private static let name = "libvirt.so.0"
    static let missing = "This machine has no \(name); install libvirt's client library (Debian: libvirt0)."
    /// Global, so that its functions are found by their names, as those of a linked library are.
    static let isOpen = dlopen(name, RTLD_LAZY | RTLD_GLOBAL) != nil
}

// MARK: What the library's functions give back

/// Most give a negative number when they fail.
@discardableResult func check(_ result: Int32) throws(ProviderError) -> Int32 {
    guard result >= 0 else { throw .last() }
    return result
}

/// Some give an object that is to be freed, or none.
func check(_ object: OpaquePointer?) throws(ProviderError) -> OpaquePointer {
    guard let object else { throw .last() }
    return object
}

/// The object, or nil when the library says that there is none.
func find(_ object: OpaquePointer?) throws(ProviderError) -> OpaquePointer? {
    if let object { return object }
    let error = ProviderError.last()
    guard error.kind == .absent else { throw error }
    return nil
}

/// Some give a text that is to be freed.
func tree(_ text: UnsafeMutablePointer<CChar>?) throws(ProviderError) -> XMLTree {
    guard let text else { throw .last() }
    defer { free(text) }
    do {
        return try XMLTree.parse(Array(String(cString: text).utf8))
    } catch {
        throw ProviderError(.ambiguous, "libvirt described an object in XML that cannot be read.")
    }
}

/// Lists of objects come in an array that is to be freed, each of them to be freed as well.
func list<Object>(
    _ fill: (UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>) -> Int32, _ make: (OpaquePointer) -> Object
) throws(ProviderError) -> [Object] {
    var array: UnsafeMutablePointer<OpaquePointer?>?
    let count = try check(fill(&array))
    defer { free(array) }
    guard let array else { return [] }
    return (0..<Int(count)).compactMap { array[$0].map(make) }
}
