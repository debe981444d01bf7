import Foundation
package import Kernel

/// Gives a name's addresses, best first; none if there are none.
package struct NameLookup: Sendable {
    package let addresses: @Sendable (String) async throws -> [IPAddress]

    package init(_ addresses: @escaping @Sendable (String) async throws -> [IPAddress]) {
        self.addresses = addresses
    }

    /// getaddrinfo(3), so `/etc/hosts`, search domains and spellings such as `127.1` mean what they mean to any program on this machine.
    ///
    /// Each call gets a thread of its own: it blocks for as long as a name server likes to take, and a pool could be filled by the owner
    /// of a slow one. A cancelled caller leaves at once, and the thread ends by itself.
    package static let system = NameLookup { name in
        let (answers, answer) = AsyncStream.makeStream(of: [IPAddress].self)
        Thread.detachNewThread {
            answer.yield(askSystem(name))
            answer.finish()
        }
        for await found in answers { return found }
        throw CancellationError()
    }

    private static func askSystem(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)  // else each address comes once per socket type
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0, let list else { return [] }
        defer { freeaddrinfo(list) }
        return sequence(first: list, next: \.pointee.ai_next).compactMap(address)
    }

    private static func address(_ entry: UnsafeMutablePointer<addrinfo>) -> IPAddress? {
        guard let raw = UnsafeRawPointer(entry.pointee.ai_addr) else { return nil }
        switch entry.pointee.ai_family {
        case AF_INET: return IPAddress(v4: UInt32(bigEndian: raw.load(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6: return withUnsafeBytes(of: raw.load(as: sockaddr_in6.self).sin6_addr) { IPAddress(bytes: Array($0)) }
        default: return nil
        }
    }
}
