import Kernel
import Provider

/// A network as libvirt is told of it: a bridge with addresses given out by libvirt itself, and with or without a way out.
struct NetworkDefinition: Sendable {
    var subject: Subject
    var uuid: String
    var mark: XMLTree
    var range: AddressRange
    var reachesOutside: Bool

    /// The host's own address comes first, the rest is for machines. Nil for a range of less than four addresses, or of IPv6.
    init?(subject: Subject, uuid: String, mark: XMLTree, range: AddressRange, reachesOutside: Bool) {
        guard range.first.isV4, range.prefix <= 30 else { return nil }
        self.subject = subject
        self.uuid = uuid
        self.mark = mark
        self.range = range
        self.reachesOutside = reachesOutside
    }

    var markup: XMLTree {
        let first = range.first.number
        let last = first + UInt32((1 << (32 - UInt64(range.prefix))) - 1)
        let pool = XMLTree(
            "range", ["start": IPAddress(v4: first + 2).description, "end": IPAddress(v4: max(last - 1, first + 2)).description])
        let address = XMLTree(
            "ip", ["address": IPAddress(v4: first + 1).description, "prefix": String(range.prefix)], [XMLTree("dhcp", [pool])])
        let way = reachesOutside ? [XMLTree("forward", ["mode": "nat"])] : []
        return XMLTree(
            "network",
            [XMLTree("name", text: subject.name), XMLTree("uuid", text: uuid), Site.metadata(mark)] + way + [address])
    }
}

extension NetworkDefinition {
    /// The first IPv4 range a network has.
    static func range(in definition: XMLTree) -> AddressRange? {
        guard let ip = address(in: definition), let address = ip.attributes["address"].flatMap({ IPAddress($0) }) else { return nil }
        if let prefix = ip.attributes["prefix"].flatMap({ Int($0) }), (0...32).contains(prefix) {
            return AddressRange(address, prefix: prefix)
        }
        guard let mask = ip.attributes["netmask"].flatMap({ IPAddress($0) }) else { return nil }
        return AddressRange(address, prefix: mask.number.nonzeroBitCount)
    }

    static func address(in definition: XMLTree) -> XMLTree? {
        definition.children.first { $0.name == "ip" && ($0.attributes["family"] ?? "ipv4") == "ipv4" }
    }

    /// The addresses it keeps for cards, by the cards' addresses.
    static func reservations(in definition: XMLTree) -> [String: String] {
        let hosts = address(in: definition)?["dhcp"]?.children.filter { $0.name == "host" } ?? []
        return Dictionary(
            hosts.compactMap { host in
                guard let card = host.attributes["mac"], let address = host.attributes["ip"] else { return nil }
                return (card.lowercased(), address)
            }
        ) { one, _ in one }
    }
}

extension AddressRange {
    func overlaps(_ other: AddressRange) -> Bool { contains(other.first) || other.contains(first) }
}

extension IPAddress {
    /// Of IPv4.
    var number: UInt32 { UInt32(truncatingIfNeeded: bits) }
}
