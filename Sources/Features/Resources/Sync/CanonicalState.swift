package import Kernel
import Prices
package import Provider

/// The managed fields of an object in one form, whoever describes it: what a provider shows and what a spec wants can be compared member by
/// member, under the names they have in the spec.
///
/// A field that cannot be told is absent. What is computed (addresses, times, exit codes) never stands here, so it is never drift. A kind
/// takes part in sync by these two initialisers alone.
package struct CanonicalState: Sendable, Equatable {
    package var fields: [String: JSON]

    package init(fields: [String: JSON] = [:]) { self.fields = fields }

    /// The one field that says what an object does and not what it is.
    static let power = "power"

    package subscript(path: String) -> JSON? { fields[path] }

    /// What a provider showed.
    package init(_ seen: ObservedState, of kind: ResourceKind) {
        fields = [:]
        switch kind {
        case .instance:
            fields["size"] = seen.capacity.map(Self.size) ?? seen.machine.map(JSON.string)
            fields["network_ids"] = Self.set(seen.networks)
            fields["volumes"] = Self.set(seen.volumes)
            fields["ip_ids"] = Self.set(seen.publicAddressIDs)
            switch seen.power {
            case .running, .stopped, .crashed: fields[Self.power] = JSON(seen.power?.rawValue)
            case .starting, .stopping, .restarting, nil: break  // on its way
            }
        case .volume, .snapshot: fields["size_gib"] = seen.sizeGiB.map { JSON($0) }
        case .network:
            fields["cidr"] = seen.cidr.map(JSON.string)
            fields["nat"] = seen.reachesOutside.map(JSON.bool)
        case .bucket: if let bucket = seen.bucket { set(bucket) }
        case .address: fields["reverse_dns"] = JSON(seen.reverseDNS)
        case .firewall: if let firewall = seen.firewall { set(firewall.rules, targets: firewall.targets) }
        }
    }

    /// What a spec wants, as far as it says so.
    package init(_ spec: Spec) {
        fields = [:]
        switch spec {
        case .instance(let spec):
            fields["size"] = .string(spec.size)
            fields["network_ids"] = Self.set(spec.networks.map(\.rawValue))
            fields["volumes"] = Self.set(spec.volumes.map(\.volume.rawValue))
            fields["ip_ids"] = Self.set(spec.addresses.map(\.rawValue))
            fields[Self.power] = .string(spec.power.rawValue)
        case .volume(let spec): fields["size_gib"] = JSON(spec.sizeGiB)
        case .snapshot(let spec): fields["size_gib"] = JSON(spec.sizeGiB)
        case .network(let spec):
            fields["cidr"] = spec.cidr.map(JSON.string)
            fields["nat"] = .bool(spec.nat)
        case .bucket(let spec): set(spec.blueprint)
        case .address(let spec): fields["reverse_dns"] = JSON(spec.reverseDNS)
        case .firewall(let spec):
            // Whom a selector means changes with every label; what it meant when it was applied is what was seen then.
            set(FirewallRule.canonical(spec.spread), targets: spec.selector == nil ? spec.ids.map(\.rawValue) : nil)
        }
    }

    private mutating func set(_ bucket: BucketBlueprint) {
        for member in BucketSpec(bucket).json.members ?? [] { fields[member.name] = member.value }
    }

    /// Rules spread out, each as a spec could say it.
    private mutating func set(_ rules: [FirewallRule], targets: [String]?) {
        fields["rules"] = .array(rules.map { FirewallSpec.Rule($0).json })
        fields["apply_to"] = targets.map { ["selector": .null, "ids": Self.set($0)] }
    }

    /// A size by its name; what has none, by what it is.
    private static func size(_ capacity: Capacity) -> JSON {
        let known = InstanceSize.all.first { $0.milliCPUs == capacity.milliCPUs && $0.memoryMiB == capacity.memoryMiB }
        return known.map { .string($0.name) } ?? ["milli_cpus": JSON(capacity.milliCPUs), "memory_mib": JSON(capacity.memoryMiB)]
    }

    private static func set(_ ids: [String]) -> JSON { .array(Set(ids).sorted().map(JSON.string)) }
}

extension CanonicalState {
    /// The same with only those instances before which a firewall can still stand.
    func keepingTargets(where isThere: (ResourceID) throws -> Bool) rethrows -> CanonicalState {
        guard let targets = fields["apply_to"]?["ids"]?.array else { return self }
        var copy = self
        let left = try targets.compactMap(\.string).filter { try isThere(ResourceID($0)) }
        copy.fields["apply_to"] = ["selector": .null, "ids": Self.set(left)]
        return copy
    }

    /// What is there apart from what it does.
    var withoutPower: CanonicalState {
        var copy = self
        copy.fields[Self.power] = nil
        return copy
    }

    var json: JSON { .object(fields.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }) }

    init(_ json: JSON) { fields = Dictionary((json.members ?? []).map { ($0.name, $0.value) }) { $1 } }
}
