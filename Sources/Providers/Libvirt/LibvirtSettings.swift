import Kernel

/// A connection's settings: which daemon, and what of its host our objects are made in. Pools, networks and images are named, never paths.
struct LibvirtSettings: Sendable, Equatable {
    /// The daemon's unix socket, an absolute path.
    let socket: String
    /// The pool that disks are made in.
    let pool: String
    /// The pool that images lie in.
    let imagePool: String
    /// The network of instances that name none.
    let network: String
    let emulation: Emulation
    /// Seconds that a machine may take to end when it is asked to, before it is switched off.
    let patience: Int

    enum Emulation: String, Sendable, CaseIterable {
        /// The processor's own virtualisation.
        case kvm
        /// QEMU's interpreter: slow, and runs everywhere.
        case qemu
    }

    struct Invalid: Error {
        let violations: [Problem.Violation]
    }

    init(_ json: JSON) throws(Invalid) {
        let found = Self.violations(json)
        guard found.isEmpty, let socket = Self.socket(json["uri"]?.string ?? "qemu:///system") else { throw Invalid(violations: found) }
        self.socket = socket
        pool = json["storage_pool"]?.string ?? "default"
        imagePool = json["image_pool"]?.string ?? pool
        network = json["network"]?.string ?? "default"
        emulation = (json["domain_type"]?.string).flatMap(Emulation.init) ?? .kvm
        patience = json["stop_seconds"]?.integer.map { Int($0) } ?? 30
    }

    static func violations(_ settings: JSON) -> [Problem.Violation] {
        guard let members = settings.members else { return [violation("", "type", "must be an object")] }
        return members.compactMap { member in
            let pointer = "/" + member.name.replacing("~", with: "~0").replacing("/", with: "~1")
            let text = member.value.string
            switch member.name {
            case "uri":
                guard text.flatMap(socket) == nil else { return nil }
                return violation(pointer, "format", "must be qemu:///system, or qemu+unix:///system?socket= and an absolute path")
            case "storage_pool", "image_pool", "network":
                guard text.map(isName) != true else { return nil }
                return violation(pointer, "format", "must be a name at the host: letters, digits and ._- (at most 100)")
            case "domain_type":
                guard text.flatMap(Emulation.init) == nil else { return nil }
                return violation(pointer, "choice", "must be kvm or qemu")
            case "stop_seconds":
                guard let seconds = member.value.integer, (0...300).contains(seconds) else {
                    return violation(pointer, "range", "must be a whole number from 0 to 300")
                }
                return nil
            default: return violation(pointer, "unknown", "is not known")
            }
        }
    }

    private static func violation(_ pointer: String, _ code: String, _ detail: String) -> Problem.Violation {
        .init(pointer: "/settings" + pointer, code: code, detail: detail)
    }

    /// Of the URIs that libvirt knows, those that reach a daemon through a socket: others start programs, or make a hypervisor of this process.
    private static func socket(_ uri: String) -> String? {
        if uri == "qemu:///system" { return "/run/libvirt/libvirt-sock" }
        let prefix = "qemu+unix:///system?socket="
        guard uri.hasPrefix(prefix) else { return nil }
        let path = String(uri.dropFirst(prefix.count))
        let isPlain = path.utf8.allSatisfy { byte in isWord(byte) || "/._-+@".utf8.contains(byte) }
        return path.hasPrefix("/") && path.utf8.count > 1 && isPlain ? path : nil
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWord(first), text.utf8.count <= 100 else { return false }
        return text.utf8.allSatisfy { isWord($0) || "._-".utf8.contains($0) }
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
