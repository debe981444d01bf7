import Kernel
import Provider

/// One rule of a security group: one protocol, one range of ports, one peer.
struct EC2Permission: Sendable, Hashable {
    let direction: FirewallRule.Direction
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all of them, or a number.
    let ipProtocol: String
    /// Of ICMP the type and the code, -1 for any; nil where a protocol has neither.
    let from: Int?
    let to: Int?
    let peer: Peer

    enum Peer: Sendable, Hashable {
        case range(String)
        case rangeV6(String)
        case group(String)
        case list(String)

        var text: String {
            switch self {
            case .range(let text), .rangeV6(let text), .group(let text), .list(let text): text
            }
        }
    }

    /// The permissions that an item of `ipPermissions` or `ipPermissionsEgress` stands for, one of each peer.
    static func all(_ item: XMLTree, _ direction: FirewallRule.Direction) -> [EC2Permission] {
        let ipProtocol = known(item.string("ipProtocol") ?? "")
        let hasPorts = ipProtocol != "-1"
        let from = hasPorts ? item.string("fromPort").flatMap { Int($0) } : nil
        let to = hasPorts ? item.string("toPort").flatMap { Int($0) } : nil
        let peers =
            item.items("ipRanges").compactMap { $0.string("cidrIp") }.map { Peer.range(Self.canonical($0)) }
            + item.items("ipv6Ranges").compactMap { $0.string("cidrIpv6") }.map { Peer.rangeV6(Self.canonical($0)) }
            + item.items("groups").compactMap { $0.string("groupId") }.map { Peer.group($0) }
            + item.items("prefixListIds").compactMap { $0.string("prefixListId") }.map { Peer.list($0) }
        return peers.map { EC2Permission(direction: direction, ipProtocol: ipProtocol, from: from, to: to, peer: $0) }
    }

    /// An item of `DescribeSecurityGroupRules`: one rule, one peer.
    init?(listed item: XMLTree) {
        let peers = [
            item.string("cidrIpv4").map { Peer.range(Self.canonical($0)) },
            item.string("cidrIpv6").map { Peer.rangeV6(Self.canonical($0)) },
            item["referencedGroupInfo"]?.string("groupId").map { Peer.group($0) }, item.string("prefixListId").map { Peer.list($0) },
        ].compactMap { $0 }
        guard let peer = peers.first else { return nil }
        let ipProtocol = Self.known(item.string("ipProtocol") ?? "")
        let hasPorts = ipProtocol != "-1"
        self.init(
            direction: item.string("isEgress") == "true" ? .egress : .ingress, ipProtocol: ipProtocol,
            from: hasPorts ? item.string("fromPort").flatMap { Int($0) } : nil,
            to: hasPorts ? item.string("toPort").flatMap { Int($0) } : nil, peer: peer)
    }

    private static func known(_ said: String) -> String { ["6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"][said] ?? said }

    private static func canonical(_ cidr: String) -> String { AddressRange(cidr)?.description ?? cidr }

    private init(direction: FirewallRule.Direction, ipProtocol: String, from: Int?, to: Int?, peer: Peer) {
        (self.direction, self.ipProtocol, self.from, self.to, self.peer) = (direction, ipProtocol, from, to, peer)
    }

    init(_ rule: FirewallRule) {
        let isV6 = AddressRange(rule.cidr).map { !$0.first.isV4 } ?? false
        direction = rule.direction
        peer = isV6 ? .rangeV6(rule.cidr) : .range(rule.cidr)
        switch rule.networkProtocol {
        case .tcp, .udp:
            let ports = rule.ports ?? Self.ports
            (ipProtocol, from, to) = (rule.networkProtocol.rawValue, ports.lowerBound, ports.upperBound)
        case .icmp: (ipProtocol, from, to) = (isV6 ? "icmpv6" : "icmp", -1, -1)
        case .all: (ipProtocol, from, to) = ("-1", nil, nil)
        }
    }

    /// What "every port" is here.
    private static let ports = 0...65_535

    /// As a spec would say it; what none can say is told in words where its range would stand, and so is never what is wanted.
    var rule: FirewallRule {
        let networkProtocol = FirewallRule.NetworkProtocol(rawValue: ipProtocol)
        switch (networkProtocol, peer) {
        case (.tcp?, .range(let cidr)), (.udp?, .range(let cidr)), (.tcp?, .rangeV6(let cidr)), (.udp?, .rangeV6(let cidr)):
            guard let networkProtocol, let from, let to, from <= to else { return unsayable }
            let isEvery = from == Self.ports.lowerBound && to == Self.ports.upperBound
            return FirewallRule(direction: direction, networkProtocol: networkProtocol, ports: isEvery ? nil : from...to, cidr: cidr)
        case (.icmp?, .range(let cidr)) where from == -1:
            return FirewallRule(direction: direction, networkProtocol: .icmp, ports: nil, cidr: cidr)
        case (nil, .rangeV6(let cidr)) where ipProtocol == "icmpv6" && from == -1:
            return FirewallRule(direction: direction, networkProtocol: .icmp, ports: nil, cidr: cidr)
        case (nil, .range(let cidr)) where ipProtocol == "-1", (nil, .rangeV6(let cidr)) where ipProtocol == "-1":
            return FirewallRule(direction: direction, networkProtocol: .all, ports: nil, cidr: cidr)
        default: return unsayable
        }
    }

    private var unsayable: FirewallRule {
        let words = [ipProtocol == "-1" ? nil : ipProtocol, from.map { "\($0)-\(to ?? $0)" }, peer.text]
        let text = words.compactMap { $0 }.joined(separator: " ")
        return FirewallRule(direction: direction, networkProtocol: .all, ports: nil, cidr: text)
    }

    /// As `IpPermissions.n` takes it.
    func parameters(_ number: Int) -> [AWSParameter] {
        let prefix = "IpPermissions.\(number)."
        let whom: AWSParameter =
            switch peer {
            case .range(let cidr): (prefix + "IpRanges.1.CidrIp", cidr)
            case .rangeV6(let cidr): (prefix + "Ipv6Ranges.1.CidrIpv6", cidr)
            case .group(let id): (prefix + "Groups.1.GroupId", id)
            case .list(let id): (prefix + "PrefixListIds.1.PrefixListId", id)
            }
        let ports = [from.map { (prefix + "FromPort", String($0)) }, to.map { (prefix + "ToPort", String($0)) }].compactMap { $0 }
        return [(prefix + "IpProtocol", ipProtocol)] + ports.map { (name: $0.0, value: $0.1) } + [whom]
    }
}

extension FirewallBlueprint {
    /// Every rule a group of it has. Where a firewall says nothing of what goes out, everything does, and a group has to say so.
    var permissions: Set<EC2Permission> {
        let said = FirewallRule.canonical(rules)
        let isOpen = !said.contains { $0.direction == .egress }
        return Set((said + (isOpen ? Array(FirewallRule.everythingOut) : [])).map { EC2Permission($0) })
    }
}

extension Set<EC2Permission> {
    /// As a firewall would say it. A group without a rule for what goes out lets nothing out, which a firewall says with a range nobody has.
    var rules: [FirewallRule] {
        let isShut = !contains { $0.direction == .egress }
        let nowhere = FirewallRule(direction: .egress, networkProtocol: .all, ports: nil, cidr: "255.255.255.255/32")
        return FirewallRule.canonical(map(\.rule) + (isShut ? [nowhere] : []))
    }
}
