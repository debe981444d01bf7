import Foundation
package import Kernel

/// What the operator opened beside the public Internet: `--allow-egress 10.0.0.0/8,unix:/var/run/docker.sock`.
package struct Egress: Sendable, Equatable {
    package var ranges: [AddressRange]
    /// Absolute paths of unix sockets.
    package var sockets: [String]

    package static let none = Egress(ranges: [])

    package init(ranges: [AddressRange], sockets: [String] = []) {
        self.ranges = ranges
        self.sockets = sockets
    }

    /// Adds `unix:/a/path`, an address or a range; false, and nothing added, for any other text.
    package mutating func open(_ entry: String) -> Bool {
        if entry.hasPrefix("unix:") {
            let path = String(entry.dropFirst("unix:".count))
            guard SocketPath.isUsable(path) else { return false }
            sockets.append(path)
        } else {
            guard let range = AddressRange(entry) else { return false }
            ranges.append(range)
        }
        return true
    }

    /// The path to connect to when `path` is one of the opened sockets, by whatever links either is spelt.
    package func socket(at path: String) throws(OutgoingError) -> String {
        guard SocketPath.isUsable(path), let real = SocketPath.resolved(path), sockets.contains(where: { SocketPath.resolved($0) == real })
        else { throw .refusedSocket(path) }
        return real
    }
}

extension Egress: ExpressibleByArrayLiteral {
    package init(arrayLiteral ranges: AddressRange...) { self.init(ranges: ranges) }
}

enum SocketPath {
    /// What fits `sockaddr_un` with its closing zero: 107 bytes on Linux, 103 on macOS; the lower holds everywhere.
    static let longest = 103

    static func isUsable(_ path: String) -> Bool {
        path.hasPrefix("/") && !path.hasSuffix("/") && path.utf8.count <= longest && !path.utf8.contains { $0 < 0x20 || $0 == 0x7F }
    }

    /// Without links and dots, as realpath(3) gives it. A socket that is not there (its server is down) is told by its folder, so that the
    /// answer is "nobody listens" and not "not allowed"; nil when that is not there either.
    static func resolved(_ path: String) -> String? {
        if let whole = real(path) { return whole }
        let name = path.suffix(while: { $0 != "/" })
        guard !name.isEmpty, name != ".", name != "..", let folder = real(String(path.dropLast(name.count))) else { return nil }
        return folder == "/" ? "/" + name : folder + "/" + name
    }

    private static func real(_ path: String) -> String? {
        guard let found = realpath(path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}

extension String {
    fileprivate func suffix(while isPart: (Character) -> Bool) -> Substring {
        self[(lastIndex { !isPart($0) }.map { index(after: $0) } ?? startIndex)...]
    }
}
