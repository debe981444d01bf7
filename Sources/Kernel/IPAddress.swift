import Foundation

// Addresses are compared as numbers, never as text: one address has many spellings (`::ffff:7f00:1`, `0x7f.1`, `2130706433`),
// and a rule that looks at the spelling is a rule that can be walked round. Both families share one 128-bit space, IPv4 at
// `::ffff:0:0/96` as RFC 4291 §2.5.5.2 puts it, so a range is one prefix comparison whatever it is compared with.

/// An IPv4 or IPv6 address without zone; `127.0.0.1` and `::ffff:127.0.0.1` are two values.
package struct IPAddress: Hashable, Sendable, LosslessStringConvertible {
    /// The address as a number, first byte highest; an IPv4 address is in its mapped form, under `::ffff:0:0/96`.
    package let bits: UInt128
    package let isV4: Bool

    package init(v4 bits: UInt32) {
        self.bits = 0xFFFF_0000_0000 | UInt128(bits)
        self.isV4 = true
    }

    package init(v6 bits: UInt128) {
        self.bits = bits
        self.isV4 = false
    }

    /// Four bytes are IPv4, sixteen are IPv6, in network order; nil for any other count.
    package init?(bytes: some Collection<UInt8>) {
        let number = bytes.reduce(0 as UInt128) { $0 << 8 | UInt128($1) }
        switch bytes.count {
        case 4: self.init(v4: UInt32(truncatingIfNeeded: number))
        case 16: self.init(v6: number)
        default: return nil
        }
    }

    /// Reads what inet_pton(3) reads: four plain decimals, or IPv6 text without brackets and zone; no octal, hexadecimal or short forms.
    package init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }  // C would stop reading there
        let family = text.utf8.contains(UInt8(ascii: ":")) ? AF_INET6 : AF_INET
        var bytes = [UInt8](repeating: 0, count: family == AF_INET6 ? 16 : 4)
        guard inet_pton(family, text, &bytes) == 1 else { return nil }
        self.init(bytes: bytes)
    }

    /// In network order: four of IPv4, sixteen of IPv6.
    package var bytes: [UInt8] {
        stride(from: isV4 ? 24 : 120, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> UInt128($0)) }
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(isV4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))  // fails only for a short buffer
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension IPAddress {
    /// Whether the address, and any IPv4 address inside it, is outside of every range of `AddressRange.nonPublic`.
    package var isPublic: Bool {
        !AddressRange.nonPublic.contains { $0.contains(self) } && embeddedIPv4?.isPublic != false
    }

    /// The IPv4 address a packet to this IPv6 address may end up at, by translation or tunnel; nil where there is none.
    ///
    /// IPv4-mapped and IPv4-compatible (RFC 4291), NAT64 (RFC 6052, 8215), 6to4 (RFC 3056), Teredo (RFC 4380: the client's,
    /// stored inverted) and ISATAP (RFC 5214). Of NAT64's local prefix the last four bytes are taken, though a site may cut it otherwise.
    package var embeddedIPv4: IPAddress? {
        guard !isV4 else { return nil }
        if Self.sixToFour.contains(self) { return IPAddress(v4: UInt32(truncatingIfNeeded: bits >> 80)) }
        let tail = UInt32(truncatingIfNeeded: bits)
        if Self.teredo.contains(self) { return IPAddress(v4: ~tail) }
        return endsInIPv4 ? IPAddress(v4: tail) : nil
    }

    private var endsInIPv4: Bool {
        let interface = UInt32(truncatingIfNeeded: bits >> 32)
        let isISATAP = interface == 0x0000_5EFE || interface == 0x0200_5EFE
        return isISATAP || Self.endingInIPv4.contains { $0.contains(self) }
    }

    private static let sixToFour = AddressRange(IPAddress(v6: 0x2002 << 112), prefix: 16)
    private static let teredo = AddressRange(IPAddress(v6: 0x2001 << 112), prefix: 32)
    private static let endingInIPv4 = [
        AddressRange(IPAddress(v6: 0), prefix: 96),
        AddressRange(IPAddress(v6: 0xFFFF << 32), prefix: 96),
        AddressRange(IPAddress(v6: 0x0064_FF9B << 96), prefix: 96),
        AddressRange(IPAddress(v6: 0x0064_FF9B_0001 << 80), prefix: 48),
    ]
}
