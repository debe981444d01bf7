import Kernel
import Provider

/// Buckets, addresses, firewalls and copies: what they are set to, as it stands in one column.
extension SimulatedObject {
    mutating func set(_ bucket: BucketBlueprint) {
        settings = [
            "public": .bool(bucket.isPublic), "versioning": .bool(bucket.isVersioned), "encryption": .bool(bucket.isEncrypted),
            "expire_days": JSON(bucket.expireDays), "quota_bytes": JSON(bucket.quotaBytes), "objects": JSON(objects),
        ]
    }

    mutating func set(_ address: AddressBlueprint, ip: String) {
        settings = ["family": .string(address.family.rawValue), "ip": .string(ip), "reverse_dns": JSON(address.reverseDNS)]
    }

    mutating func set(_ rules: [FirewallRule]) {
        settings = [
            "rules": .array(
                rules.map { rule in
                    [
                        "direction": .string(rule.direction.rawValue), "protocol": .string(rule.networkProtocol.rawValue),
                        "from": JSON(rule.ports?.lowerBound), "to": JSON(rule.ports?.upperBound), "cidr": .string(rule.cidr),
                    ]
                })
        ]
    }

    /// What a volume or a snapshot was copied from, by its reference: all that the simulated cloud knows of what is on one.
    mutating func set(copyOf source: SimulatedObject) { settings = ["copy_of": .string(source.reference)] }

    /// How many objects are in a bucket.
    var objects: Int {
        get { Int(settings?["objects"]?.integer ?? 0) }
        set {
            let others = (settings?.members ?? []).filter { $0.name != "objects" }
            settings = .object(others + [.init("objects", JSON(newValue))])
        }
    }

    var bucket: BucketBlueprint {
        BucketBlueprint(
            isPublic: settings?["public"]?.bool ?? false, isVersioned: settings?["versioning"]?.bool ?? false,
            isEncrypted: settings?["encryption"]?.bool ?? false, expireDays: settings?["expire_days"]?.integer.map { Int($0) },
            quotaBytes: settings?["quota_bytes"]?.integer.map { Int($0) })
    }

    var address: (blueprint: AddressBlueprint, ip: String) {
        let family = settings?["family"]?.string.flatMap(AddressBlueprint.Family.init) ?? .v4
        return (AddressBlueprint(family: family, reverseDNS: settings?["reverse_dns"]?.string), settings?["ip"]?.string ?? "")
    }

    var rules: [FirewallRule] {
        (settings?["rules"]?.array ?? []).compactMap { rule in
            guard let direction = rule["direction"]?.string.flatMap(FirewallRule.Direction.init),
                let networkProtocol = rule["protocol"]?.string.flatMap(FirewallRule.NetworkProtocol.init), let cidr = rule["cidr"]?.string
            else { return nil }
            let first = rule["from"]?.integer.map { Int($0) }
            let last = rule["to"]?.integer.map { Int($0) }
            return FirewallRule(
                direction: direction, networkProtocol: networkProtocol,
                ports: first.flatMap { first in last.map { first...max(first, $0) } }, cidr: cidr)
        }
    }

    func describe(in state: inout ObservedState, _ members: [String]) {
        switch kind {
        case .bucket:
            state.bucket = bucket
            state.isEmpty = objects == 0
        case .address:
            state.publicAddresses = [address.ip]
            state.reverseDNS = address.blueprint.reverseDNS
        case .firewall: state.firewall = FirewallState(rules: rules, targets: members)
        case .snapshot: state.progress = .done
        case .instance, .volume, .network: break
        }
    }
}
