/// What may come in and go out, and for which instances. What no rule lets in stays out; everything may go out unless there is a rule
/// for egress.
package struct FirewallBlueprint: Sendable, Equatable {
    package var rules: [FirewallRule]
    package var targets: [Subject]

    package init(rules: [FirewallRule], targets: [Subject] = []) {
        self.rules = rules
        self.targets = targets
    }
}

/// Lets one protocol through, on one range of ports, from or to one range of addresses. What a user writes shorter is spread out.
package struct FirewallRule: Sendable, Hashable, Comparable {
    package let direction: Direction
    package let networkProtocol: NetworkProtocol
    /// Nil for protocols that have none, and for all of them.
    package let ports: ClosedRange<Int>?
    /// `203.0.113.0/24`, in its shortest spelling, with its prefix.
    package let cidr: String

    package enum Direction: String, Sendable, CaseIterable {
        case ingress
        case egress
    }

    package enum NetworkProtocol: String, Sendable, CaseIterable {
        case tcp
        case udp
        case icmp
        case all

        package var hasPorts: Bool { self == .tcp || self == .udp }
    }

    package init(direction: Direction, networkProtocol: NetworkProtocol, ports: ClosedRange<Int>?, cidr: String) {
        self.direction = direction
        self.networkProtocol = networkProtocol
        self.ports = ports
        self.cidr = cidr
    }

    package static func < (one: Self, other: Self) -> Bool { one.order < other.order }

    private var order: (String, String, Int, Int, String) {
        (direction.rawValue, networkProtocol.rawValue, ports?.lowerBound ?? 0, ports?.upperBound ?? 0, cidr)
    }

    /// Each once, in one order: what lets the same through is the same array. That everything may go out is the same said and unsaid.
    package static func canonical(_ rules: [FirewallRule]) -> [FirewallRule] {
        let said = Set(rules)
        let isOpen = said.filter { $0.direction == .egress } == everythingOut
        return (isOpen ? said.subtracting(everythingOut) : said).sorted()
    }

    package static let everythingOut: Set<FirewallRule> = [
        FirewallRule(direction: .egress, networkProtocol: .all, ports: nil, cidr: "0.0.0.0/0"),
        FirewallRule(direction: .egress, networkProtocol: .all, ports: nil, cidr: "::/0"),
    ]
}
