package import Kernel

package enum ResourceKind: String, Sendable, CaseIterable {
    case instance
    case volume
    case network
    case bucket
    /// A public one, which an instance can have.
    case address = "ip"
    case firewall
    /// What was on a volume at one moment.
    case snapshot
}

extension ResourceKind {
    /// What a cloud must be able to do to have this kind at all.
    package var feature: Capabilities.Feature {
        switch self {
        case .instance: .instances
        case .volume: .volumes
        case .network: .networks
        case .bucket: .buckets
        case .address: .addresses
        case .firewall: .firewalls
        case .snapshot: .snapshots
        }
    }
}

/// One object of ours at a cloud, by everything it can be found with.
package struct Subject: Sendable, Equatable {
    package let kind: ResourceKind
    /// Our own id of it (`inst_…`), which stands on the object as a label.
    package let id: String
    /// The cloud's own id, once it is known.
    package var reference: String?

    package init(kind: ResourceKind, id: String, reference: String? = nil) {
        self.kind = kind
        self.id = id
        self.reference = reference
    }

    /// The name it has at the cloud: unique, and told by our id alone, so that an attempt after a crash finds what an earlier one made.
    package var name: String { "cloudapi-" + id.replacing("_", with: "-") }

    /// The id of ours behind an object's name, as `name` makes it; nil for names that are not of that form. Ids have one `_`, after the prefix.
    package static func id(named name: String, kind: ResourceKind) -> String? {
        guard name.hasPrefix("cloudapi-") else { return nil }
        var id = String(name.dropFirst("cloudapi-".count))
        guard let dash = id.firstIndex(of: "-") else { return nil }
        id.replaceSubrange(dash...dash, with: "_")
        return Subject(kind: kind, id: id).name == name ? id : nil
    }
}

/// An object to be made. Fixed before the first attempt and the same on every one.
package struct Order: Sendable {
    package let subject: Subject
    /// The same on every attempt of the step; a cloud with idempotency tokens gets it as that.
    package let token: String
    package let blueprint: Blueprint
    /// The user's labels, for clouds that show them.
    package let labels: [String: String]

    package init(subject: Subject, token: String, blueprint: Blueprint, labels: [String: String] = [:]) {
        self.subject = subject
        self.token = token
        self.blueprint = blueprint
        self.labels = labels
    }
}

package enum Blueprint: Sendable, Equatable {
    case instance(InstanceBlueprint)
    case volume(VolumeBlueprint)
    case network(NetworkBlueprint)
    case bucket(BucketBlueprint)
    case address(AddressBlueprint)
    case firewall(FirewallBlueprint)
    case snapshot(SnapshotBlueprint)
}

package struct InstanceBlueprint: Sendable, Equatable {
    package var size: Capacity
    package var image: String
    /// Replaces the image's command; empty keeps it.
    package var command: [String]
    package var environment: [String: String]
    package var userData: String?
    /// Networks it is on from the start; none means the cloud's default one.
    package var networks: [Subject]
    package var volumes: [Mount]

    package init(
        size: Capacity, image: String, command: [String] = [], environment: [String: String] = [:], userData: String? = nil,
        networks: [Subject] = [], volumes: [Mount] = []
    ) {
        self.size = size
        self.image = image
        self.command = command
        self.environment = environment
        self.userData = userData
        self.networks = networks
        self.volumes = volumes
    }
}

/// A volume as an instance sees it.
package struct Mount: Sendable, Equatable {
    package let volume: Subject
    /// Where it appears inside, an absolute path.
    package let path: String

    package init(volume: Subject, path: String) {
        self.volume = volume
        self.path = path
    }
}

package struct Capacity: Sendable, Equatable {
    /// Thousandths of a processor.
    package let milliCPUs: Int
    package let memoryMiB: Int

    package init(milliCPUs: Int, memoryMiB: Int) {
        self.milliCPUs = milliCPUs
        self.memoryMiB = memoryMiB
    }
}

package struct VolumeBlueprint: Sendable, Equatable {
    package var sizeGiB: Int
    package var type: String
    package var isEncrypted: Bool
    /// The snapshot that is on it from the start, no larger than it.
    package var source: Subject?

    package init(sizeGiB: Int, type: String, isEncrypted: Bool, source: Subject? = nil) {
        self.sizeGiB = sizeGiB
        self.type = type
        self.isEncrypted = isEncrypted
        self.source = source
    }
}

package struct SnapshotBlueprint: Sendable, Equatable {
    package let volume: Subject

    package init(volume: Subject) { self.volume = volume }
}

package struct NetworkBlueprint: Sendable, Equatable {
    /// IPv4, such as `10.8.0.0/24`; nil lets the cloud choose.
    package var cidr: String?
    /// Whether what is on it reaches the world outside.
    package var reachesOutside: Bool

    package init(cidr: String?, reachesOutside: Bool) {
        self.cidr = cidr
        self.reachesOutside = reachesOutside
    }
}

/// One change to an object that exists. All but `restart` ask for a state, so doing them twice does no harm.
package enum Change: Sendable, Equatable {
    case start
    case stop
    case restart
    case resize(Capacity)
    case grow(toGiB: Int)
    /// A volume, to an instance.
    case attach(Mount)
    case detach(volume: Subject)
    /// An instance, to a network.
    case join(network: Subject)
    case leave(network: Subject)
    /// An address, to an instance.
    case assign(address: Subject)
    case unassign(address: Subject)
    /// Brings a bucket, an address or a firewall to these settings, whatever it has.
    case configure(Blueprint)
    /// Removes what is in a bucket, old versions included: so much as one call can, and `isSatisfied` says whether that was all.
    case empty
}

extension Change {
    /// Whether the object is already as the change would make it. A restart has happened when the instance began to run after `asked`.
    package func isSatisfied(by state: ObservedState, askedAt asked: Timestamp) -> Bool {
        switch self {
        case .start: state.power == .running
        case .stop: state.power == .stopped || state.power == .crashed
        case .restart: state.power == .running && (state.runningSince ?? .distantPast) >= asked
        case .resize(let capacity): state.capacity == capacity
        case .grow(let size): (state.sizeGiB ?? 0) >= size
        case .attach(let mount): state.volumes.contains(mount.volume.id)
        case .detach(let volume): !state.volumes.contains(volume.id)
        case .join(let network): state.networks.contains(network.id)
        case .leave(let network): !state.networks.contains(network.id)
        case .assign(let address): state.publicAddressIDs.contains(address.id)
        case .unassign(let address): !state.publicAddressIDs.contains(address.id)
        case .configure(.bucket(let wanted)): state.bucket == wanted
        case .configure(.address(let wanted)): state.reverseDNS == wanted.reverseDNS
        case .configure(.firewall(let wanted)): state.firewall == FirewallState(wanted)
        case .configure: false
        case .empty: state.isEmpty == true
        }
    }

    /// Whether one call may leave some of it to be done by the next.
    package var isGradual: Bool { self == .empty }
}

extension Timestamp {
    fileprivate static let distantPast = Timestamp(milliseconds: .min)
}
