package import Kernel
package import Provider
import Web

/// What may come in and go out, and for which instances.
package struct FirewallSpec: Sendable, Equatable {
    package var rules: [Rule]
    /// Instances by label, looked for when the firewall is made, changed or applied.
    package var selector: String?
    /// Instances by id.
    package var ids: [ResourceID]

    /// One rule as a user says it: several ports, several ranges.
    package struct Rule: Sendable, Equatable {
        package let direction: FirewallRule.Direction
        package let networkProtocol: FirewallRule.NetworkProtocol
        package let ports: [String]
        package let cidrs: [String]
    }

    package init(_ json: JSON) {
        rules = (json["rules"]?.array ?? []).map { Rule($0) }
        selector = json["apply_to"]?["selector"]?.string
        ids = (json["apply_to"]?["ids"]?.array ?? []).compactMap(\.string).map { ResourceID($0) }
    }

    package var json: JSON {
        [
            "rules": .array(rules.map(\.json)),
            "apply_to": ["selector": JSON(selector), "ids": .array(ids.map { .string($0.rawValue) })],
        ]
    }

    /// Every rule spread out: one range of ports, one range of addresses each. What a provider shows and no rule can say is none.
    package var spread: [FirewallRule] {
        rules.flatMap { rule in
            rule.cidrs.compactMap { AddressRange($0) }.flatMap { range in
                (rule.ports.isEmpty ? [nil] : rule.ports.map { FirewallSpec.range($0) }).map { ports in
                    FirewallRule(
                        direction: rule.direction, networkProtocol: rule.networkProtocol, ports: ports, cidr: range.description)
                }
            }
        }
    }

    /// `443` or `8000-8100`; nil for what is neither, or goes backwards.
    static func range(_ text: String) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-").compactMap { Int($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return nil }
        return first...last
    }

    /// Rules that providers take for one firewall, spread out.
    static let mostRules = 60
    /// Instances one firewall can stand before.
    static let mostTargets = 200

    private static let ruleSchema = Schema.object([
        .required("direction", .choice(of: FirewallRule.Direction.self)),
        .required("protocol", .choice(of: FirewallRule.NetworkProtocol.self)),
        .optional(
            "ports",
            .array(
                Schema.string(1...11, .ports).example("443"), 0...20, "Of tcp and udp: `443`, `8000-8100`; every port when left out.")),
        .required(
            "cidrs",
            .array(
                Schema.string(2...49, .addressRange).example("203.0.113.0/24"), 1...20,
                "Where it comes from or goes to: ranges in CIDR form, `0.0.0.0/0` for everywhere.")),
    ])
    private static let rulesSchema = Schema.array(
        ruleSchema, 0...mostRules,
        "What is let through. What no rule lets in stays out; everything may go out until there is a rule for egress.")
    private static let selectorSchema = Schema.string(1...1000, .text, "Labels of instances: `team=core,tier!=dev`.").nullable

    static let draftSchema = Schema.object([
        .optional("rules", rulesSchema),
        .optional(
            "apply_to",
            .object([
                .optional("selector", selectorSchema),
                .optional("ids", .array(.string(1...100, .name), 0...mostTargets, "Instances, by id or name.")),
            ])),
    ])
    static let changeSchema = draftSchema
    static let schema = Schema.object([
        .required(
            "rules",
            .array(
                .object([
                    .required("direction", .choice(of: FirewallRule.Direction.self)),
                    .required("protocol", .choice(of: FirewallRule.NetworkProtocol.self)),
                    .required("ports", .array(.string(1...11, .ports), 0...20)), .required("cidrs", .array(.string(2...49), 1...20)),
                ]), 0...mostRules)),
        .required(
            "apply_to", .object([.required("selector", selectorSchema), .required("ids", .array(.id("inst"), 0...mostTargets))])),
    ])
}

extension FirewallSpec.Rule {
    init(_ json: JSON) {
        direction = json["direction"]?.string.flatMap(FirewallRule.Direction.init) ?? .ingress
        networkProtocol = json["protocol"]?.string.flatMap(FirewallRule.NetworkProtocol.init) ?? .tcp
        ports = (json["ports"]?.array ?? []).compactMap(\.string)
        cidrs = (json["cidrs"]?.array ?? []).compactMap(\.string)
    }

    /// One that is spread out, as a user would say it.
    init(_ rule: FirewallRule) {
        direction = rule.direction
        networkProtocol = rule.networkProtocol
        ports = rule.ports.map { [$0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"] } ?? []
        cidrs = [rule.cidr]
    }

    var json: JSON {
        [
            "direction": .string(direction.rawValue), "protocol": .string(networkProtocol.rawValue),
            "ports": .array(ports.map(JSON.string)), "cidrs": .array(cidrs.map(JSON.string)),
        ]
    }
}
