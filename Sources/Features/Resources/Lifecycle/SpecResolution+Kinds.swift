import Kernel
import Provider
import Web

// Buckets, addresses and firewalls.
extension SpecResolution {
    func bucket(_ json: JSON) throws -> Resolved {
        var spec = BucketSpec(json)
        if json["encryption"] == nil { spec.isEncrypted = account.capabilities?.features.contains(.bucketEncryption) ?? false }
        for feature in spec.features { try account.require(feature) }
        return Resolved(spec: .bucket(spec))
    }

    func address(_ json: JSON) throws -> Resolved {
        let spec = AddressSpec(json)
        for feature in spec.features { try account.require(feature) }
        return Resolved(spec: .address(spec))
    }

    func firewall(_ json: JSON) throws -> Resolved {
        var resolved = Resolved(spec: .firewall(FirewallSpec(.object([]))))
        var spec = try checked(FirewallSpec(json))
        spec.ids = try instances(json["apply_to"]?["ids"], &resolved.waitsFor)
        resolved.spec = .firewall(spec)
        return resolved
    }

    /// Ids of the instances that are named, each once, and the operations that have to end before they can be reached.
    func instances(_ named: JSON?, _ waitsFor: inout [OperationID]) throws -> [ResourceID] {
        var found: [ResourceID] = []
        for (index, name) in (named?.array ?? []).compactMap(\.string).enumerated() {
            let instance = try reference(name, .instance, at: "/spec/apply_to/ids/\(index)")
            if instance.reference == nil, let running = instance.operation { waitsFor.append(running) }
            if !found.contains(instance.id) { found.append(instance.id) }
        }
        return found
    }

    /// Throws `validation_failed` for rules that cannot be, that say the same twice, or are too many when they are spread out.
    func checked(_ spec: FirewallSpec) throws -> FirewallSpec {
        for (place, rule) in spec.rules.enumerated() {
            try check(rule, at: "/spec/rules/\(place)")
        }
        let spread = spec.rules.enumerated().flatMap { place, rule in
            FirewallSpec(rules: [rule]).spread.map { (place, $0) }
        }
        guard spread.count <= FirewallSpec.mostRules else {
            throw invalid(
                "/spec/rules", "too_many",
                "They are \(spread.count) when each port and range is counted; a firewall has at most \(FirewallSpec.mostRules).")
        }
        for (index, (place, rule)) in spread.enumerated() {
            guard let (other, same) = spread.prefix(index).first(where: { rule.overlaps($0.1) }) else { continue }
            throw invalid("/spec/rules/\(place)", "overlap", "It overlaps /spec/rules/\(other), which has \(same.text).")
        }
        if let selector = spec.selector {
            do {
                _ = try LabelSelector(selector)
            } catch let problem as Problem {
                throw invalid("/spec/apply_to/selector", "selector", problem.detail)
            }
        }
        return spec
    }

    private func check(_ rule: FirewallSpec.Rule, at pointer: String) throws {
        guard rule.networkProtocol.hasPorts || rule.ports.isEmpty else {
            throw invalid(pointer + "/ports", "combination", "\(rule.networkProtocol.rawValue) has no ports.")
        }
        for (place, ports) in rule.ports.enumerated() where FirewallSpec.range(ports) == nil {
            throw invalid("\(pointer)/ports/\(place)", "backwards", "The range \(ports) must begin at its lower end.")
        }
        for (place, cidr) in rule.cidrs.enumerated() {
            guard let range = AddressRange(cidr), cidr.contains("/") else {
                throw invalid("\(pointer)/cidrs/\(place)", "cidr", "\(cidr) must have a prefix, such as \(cidr)/32.")
            }
            guard IPAddress(String(cidr.prefix { $0 != "/" })) == range.first else {
                throw invalid("\(pointer)/cidrs/\(place)", "cidr", "The range must begin at its first address: \(range).")
            }
        }
    }

    func invalid(_ pointer: String, _ code: String, _ detail: String) -> Problem {
        Problem(.validationFailed, detail, violations: [.init(pointer: pointer, code: code, detail: detail)])
    }
}

extension FirewallSpec {
    fileprivate init(rules: [Rule]) {
        self.init(.object([]))
        self.rules = rules
    }
}

extension FirewallRule {
    /// Whether there is anything that both let through.
    fileprivate func overlaps(_ other: FirewallRule) -> Bool {
        guard direction == other.direction,
            networkProtocol == other.networkProtocol || networkProtocol == .all || other.networkProtocol == .all
        else { return false }
        if let ports, let others = other.ports, !ports.overlaps(others) { return false }
        guard let range = AddressRange(cidr), let wider = AddressRange(other.cidr), range.first.isV4 == wider.first.isV4 else {
            return false
        }
        return range.contains(wider.first) || wider.contains(range.first)
    }

    fileprivate var text: String {
        let ports = ports.map { " \($0.lowerBound)-\($0.upperBound)" } ?? ""
        return "\(direction.rawValue) \(networkProtocol.rawValue)\(ports) \(cidr)"
    }
}
