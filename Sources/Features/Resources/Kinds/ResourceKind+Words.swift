package import Kernel
package import Provider
import Storage

extension ResourceKind {
    /// As it stands in paths: `/v1/instances`.
    package var collection: String {
        switch self {
        case .instance: "instances"
        case .volume: "volumes"
        case .network: "networks"
        case .bucket: "buckets"
        case .address: "ips"
        case .firewall: "firewalls"
        case .snapshot: "snapshots"
        }
    }

    package var readScope: Scope {
        switch self {
        case .instance: .instancesRead
        case .volume: .volumesRead
        case .network: .networksRead
        case .bucket: .bucketsRead
        case .address: .ipsRead
        case .firewall: .firewallsRead
        case .snapshot: .snapshotsRead
        }
    }

    package var writeScope: Scope {
        switch self {
        case .instance: .instancesWrite
        case .volume: .volumesWrite
        case .network: .networksWrite
        case .bucket: .bucketsWrite
        case .address: .ipsWrite
        case .firewall: .firewallsWrite
        case .snapshot: .snapshotsWrite
        }
    }

    /// As it stands among the document's schemas.
    var schemaName: String {
        switch self {
        case .instance: "Instance"
        case .volume: "Volume"
        case .network: "Network"
        case .bucket: "Bucket"
        case .address: "Address"
        case .firewall: "Firewall"
        case .snapshot: "Snapshot"
        }
    }

    var idPrefix: String {
        switch self {
        case .instance: InstanceKind.prefix
        case .volume: VolumeKind.prefix
        case .network: NetworkKind.prefix
        case .bucket: BucketKind.prefix
        case .address: AddressKind.prefix
        case .firewall: FirewallKind.prefix
        case .snapshot: SnapshotKind.prefix
        }
    }

    /// In a sentence.
    var noun: String { self == .address ? "address" : rawValue }
    /// With its article.
    var oneOf: String { (self == .instance || self == .address ? "an " : "a ") + noun }

    /// Whether a deleted one can come back: made again as it was, or because it was kept. An address is somebody else's by
    /// then, and the data of a snapshot are gone.
    var canBeUndeleted: Bool { self != .address && self != .snapshot }

    /// Whether a deletion leaves its object at the provider until it is purged. What is in a bucket is not touched by a deletion: it has to
    /// be empty.
    var isKeptWhenDeleted: Bool { self == .volume }

    /// Whether making it again brings back all of it, so that nothing is lost with it.
    var isStateless: Bool { self != .volume && self != .snapshot && self != .address && self != .bucket }

    /// Whether one instance at a time can have it.
    var isHeld: Bool { self == .volume || self == .address }

    /// The member of a spec that names what it is made from, and that one's kind.
    var madeFrom: (member: String, kind: ResourceKind)? {
        switch self {
        case .snapshot: ("volume_id", .volume)
        case .volume: ("from_snapshot", .snapshot)
        default: nil
        }
    }

    func makeID(_ by: Attribution) -> ResourceID {
        switch self {
        case .instance: ResourceID(by.makeID(InstanceKind.self).rawValue)
        case .volume: ResourceID(by.makeID(VolumeKind.self).rawValue)
        case .network: ResourceID(by.makeID(NetworkKind.self).rawValue)
        case .bucket: ResourceID(by.makeID(BucketKind.self).rawValue)
        case .address: ResourceID(by.makeID(AddressKind.self).rawValue)
        case .firewall: ResourceID(by.makeID(FirewallKind.self).rawValue)
        case .snapshot: ResourceID(by.makeID(SnapshotKind.self).rawValue)
        }
    }
}

extension ResourceKind: SQLConvertible {}
extension Power: SQLConvertible {}
