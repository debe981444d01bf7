package import Hummingbird
package import Kernel
import NIOCore

/// What Hummingbird hands from the connection to our pipeline. Nothing is decided yet.
package struct RequestScope: RequestContext {
    package var coreContext: CoreRequestContextStorage
    /// The other end of the connection, which may be a proxy.
    package var peer: String? { channel.remoteAddress?.host }
    let channel: any Channel

    package init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Finds the client behind proxies. Only what a trusted proxy says is believed, from the nearest outwards.
package struct ClientAddress: Sendable {
    private let trusted: [AddressRange]

    package init(trustedProxies: [AddressRange]) { trusted = trustedProxies }

    package func resolve(peer: String?, forwarded: @autoclosure () -> String?, forwardedFor: @autoclosure () -> String?) -> String? {
        guard !trusted.isEmpty, let peer, let address = IPAddress(peer), isTrusted(address) else { return peer }
        for candidate in Self.candidates(forwarded: forwarded(), forwardedFor: forwardedFor()).reversed() {
            guard let address = IPAddress(candidate) else { return peer }
            if !isTrusted(address) { return candidate }
        }
        return peer
    }

    private func isTrusted(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }

    /// `Forwarded` (RFC 7239) wins over `X-Forwarded-For`; nearest proxy last.
    private static func candidates(forwarded: String?, forwardedFor: String?) -> [String] {
        if let forwarded {
            return forwarded.split(separator: ",").compactMap { element in
                element.split(separator: ";").compactMap { pair -> String? in
                    let parts = pair.split(separator: "=", maxSplits: 1)
                    guard parts.count == 2, parts[0].trimmed.lowercased() == "for" else { return nil }
                    return hostOnly(parts[1].trimmed.replacing("\"", with: ""))
                }.first
            }
        }
        return (forwardedFor ?? "").split(separator: ",").map { hostOnly($0.trimmed) }
    }

    /// Without port and brackets: `[2001:db8::1]:4711` → `2001:db8::1`, `192.0.2.1:80` → `192.0.2.1`.
    private static func hostOnly(_ text: String) -> String {
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        return text.count(where: { $0 == ":" }) == 1 ? String(text.prefix { $0 != ":" }) : text
    }
}

extension SocketAddress {
    /// The address without its port. NIO writes an IPv4 address through `inet_ntop`, at a hundredth of a request.
    fileprivate var host: String? {
        guard case .v4(let address) = self else { return ipAddress }
        // Of a sockaddr_in: family, port, then the address, most significant byte first (ip(7)).
        return withUnsafeBytes(of: address.address) { "\($0[4]).\($0[5]).\($0[6]).\($0[7])" }
    }
}

extension Substring {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
