package import Kernel
package import Prices
package import Provider

/// What a user wants of a resource, by kind. Each kind says what it costs, what it needs and how it is asked of a provider.
package enum Spec: Sendable, Equatable {
    case instance(InstanceSpec)
    case volume(VolumeSpec)
    case network(NetworkSpec)
    case bucket(BucketSpec)
    case address(AddressSpec)
    case firewall(FirewallSpec)
    case snapshot(SnapshotSpec)

    package init?(_ kind: ResourceKind, _ json: JSON) {
        switch kind {
        case .instance: self = .instance(InstanceSpec(json))
        case .volume: self = .volume(VolumeSpec(json))
        case .network: self = .network(NetworkSpec(json))
        case .bucket: self = .bucket(BucketSpec(json))
        case .address: self = .address(AddressSpec(json))
        case .firewall: self = .firewall(FirewallSpec(json))
        case .snapshot: self = .snapshot(SnapshotSpec(json))
        }
    }

    package var json: JSON {
        switch self {
        case .instance(let spec): spec.json
        case .volume(let spec): spec.json
        case .network(let spec): spec.json
        case .bucket(let spec): spec.json
        case .address(let spec): spec.json
        case .firewall(let spec): spec.json
        case .snapshot(let spec): spec.json
        }
    }

    /// Other resources it names.
    package var references: [Reference] {
        switch self {
        case .instance(let spec): spec.references
        case .volume(let spec): spec.references
        case .snapshot(let spec): spec.references
        case .network, .bucket, .address, .firewall: []
        }
    }

    /// Those of them that it needs for as long as it is there.
    package var standingReferences: [Reference] { references.filter { !$0.relation.isForMaking } }

    /// What it takes of quotas, and what it costs by the hour while it is wanted like this.
    package var demand: Demand {
        switch self {
        case .instance(let spec): spec.demand
        case .volume(let spec): spec.demand
        case .network: Demand(lines: [.init(sku: "network", units: 1)], counts: [.networks: 1])
        case .bucket: Demand(lines: [.init(sku: "bucket", units: 1)], counts: [.buckets: 1])
        case .address(let spec): Demand(lines: [.init(sku: "ip." + spec.family.rawValue, units: 1)], counts: [.ips: 1])
        case .firewall: Demand(lines: [.init(sku: "firewall", units: 1)], counts: [.firewalls: 1])
        case .snapshot(let spec): spec.demand
        }
    }

    /// What it costs by the hour while it is at work: an instance as if it ran.
    package var linesAtWork: [Demand.Line] { instance.map { [.init(sku: "instance." + $0.size, units: 1)] } ?? demand.lines }

    /// The same in smaller sizes, from the largest, to say what would still fit.
    package var alternatives: [(name: String, demand: Demand)] {
        switch self {
        case .instance(let spec): spec.alternatives
        case .volume(let spec): spec.alternatives
        case .network, .bucket, .address, .firewall, .snapshot: []
        }
    }

    package var instance: InstanceSpec? {
        if case .instance(let spec) = self { spec } else { nil }
    }
}

/// Another resource that a spec names.
package struct Reference: Sendable, Equatable {
    package let id: ResourceID
    package let relation: Relation

    package enum Relation: String, Sendable {
        case network
        case volume
        case address
        /// The volume that a snapshot is of.
        case snapshotOf = "snapshot_of"
        /// The snapshot that a volume is made from.
        case fromSnapshot = "from_snapshot"

        /// Whether it is needed until the resource is made and no longer.
        var isForMaking: Bool { self == .snapshotOf || self == .fromSnapshot }
    }
}
