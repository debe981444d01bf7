/// A block of addresses in CIDR form: `10.0.0.0/8`, `fd00::/8`; a bare address is the block of just itself.
///
/// A block of IPv4 addresses also holds their IPv4-mapped spellings; a block of IPv6 addresses holds no IPv4 address, so `::/0` does
/// not open `10.0.0.1`. Bits after the prefix are dropped: `10.1.2.3/8` is, and prints as, `10.0.0.0/8`.
package struct AddressRange: Hashable, Sendable, LosslessStringConvertible {
    package let first: IPAddress
    /// How many leading bits are fixed: 0…32 of IPv4, 0…128 of IPv6.
    package let prefix: Int

    /// - Precondition: `prefix` fits the address's family.
    package init(_ address: IPAddress, prefix: Int) {
        precondition((0...address.width).contains(prefix), "no /\(prefix) of \(address)")
        let fixed = address.bits & Self.mask(prefix + 128 - address.width)
        self.first = address.isV4 ? IPAddress(v4: UInt32(truncatingIfNeeded: fixed)) : IPAddress(v6: fixed)
        self.prefix = prefix
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(address, prefix: address.width)
            return
        }
        guard let prefix = Self.decimal(parts[1]), prefix <= address.width else { return nil }
        self.init(address, prefix: prefix)
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard first.isV4 || !address.isV4 else { return false }
        return (address.bits ^ first.bits) & Self.mask(prefix + 128 - first.width) == 0
    }

    package var description: String { "\(first)/\(prefix)" }

    /// Only digits and no leading zero, so that `/+8` and `/08` are typing errors rather than guesses.
    private static func decimal(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return text.count > 1 && text.hasPrefix("0") ? nil : Int(text)
    }

    /// The highest `count` of 128 bits set.
    private static func mask(_ count: Int) -> UInt128 {
        count == 0 ? 0 : ~0 << UInt128(128 - count)
    }
}

extension AddressRange: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let range = AddressRange(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no address range like 10.0.0.0/8.")
        }
        self = range
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension AddressRange {
    /// Where no server of the public Internet is found.
    ///
    /// The IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and its updates): all that is not "globally reachable", with
    /// the whole of 192.0.0.0/24 and 2001::/23, whose few reachable exceptions are anycast relays; the multicast registries; site-local
    /// addresses (RFC 3879); and 168.63.129.16, which Azure answers on inside every virtual machine though it looks public.
    /// NAT64's 64:ff9b::/96 and 6to4's 2002::/16 are judged by the IPv4 address inside them: see `IPAddress.isPublic`.
    package static let nonPublic: [AddressRange] = (nonPublicIPv4 + nonPublicIPv6).map { AddressRange($0)! }  // literals, below

    private static let nonPublicIPv4 = [
        "0.0.0.0/8",  // this network
        "10.0.0.0/8",  // private
        "100.64.0.0/10",  // carrier-grade NAT; 100.100.100.200 is Alibaba's metadata
        "127.0.0.0/8",  // loopback
        "168.63.129.16/32",  // Azure's host
        "169.254.0.0/16",  // link-local; 169.254.169.254 is cloud metadata
        "172.16.0.0/12",  // private
        "192.0.0.0/24",  // IETF protocols
        "192.0.2.0/24",  // documentation
        "192.88.99.0/24",  // 6to4 relays, withdrawn
        "192.168.0.0/16",  // private
        "198.18.0.0/15",  // benchmarking
        "198.51.100.0/24",  // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, and the broadcast address
    ]

    private static let nonPublicIPv6 = [
        "::/128",  // unspecified
        "::1/128",  // loopback
        "64:ff9b:1::/48",  // NAT64 of the local site
        "100::/64",  // discard
        "100:0:0:1::/64",  // dummy prefix
        "2001::/23",  // IETF protocols: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  // documentation
        "3fff::/20",  // documentation
        "5f00::/16",  // segment routing
        "fc00::/7",  // unique local; fd00:ec2::254 is cloud metadata
        "fe80::/10",  // link-local
        "fec0::/10",  // site-local, withdrawn
        "ff00::/8",  // multicast
    ]
}

extension IPAddress {
    /// Bits of an address of this family.
    fileprivate var width: Int { isV4 ? 32 : 128 }
}
