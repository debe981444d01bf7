package import Kernel

/// What a cloud can do, as it was found when it was last asked.
package struct Capabilities: Sendable, Equatable {
    /// Who answered, such as `docker 20.10.24`.
    package var server: String
    package var features: Set<Feature>
    /// The largest instance it takes; nil when it does not say.
    package var largest: Capacity?
    /// How an object is found again after a lost answer, by kind.
    package var identification: [ResourceKind: Identification]

    package init(server: String, features: Set<Feature>, largest: Capacity? = nil, identification: [ResourceKind: Identification]) {
        self.server = server
        self.features = features
        self.largest = largest
        self.identification = identification
    }

    /// What not every cloud can do; a request that needs one that is missing is told its name.
    package enum Feature: String, Sendable, CaseIterable, Comparable {
        case instances
        case volumes
        case networks
        case resize = "instance.resize"
        /// Without stopping.
        case liveResize = "instance.resize.live"
        /// An instance is stopped when it was made; where this is missing, making one starts it.
        case madeStopped = "instance.made_stopped"
        /// A command of its own, and an environment for it.
        case command = "instance.command"
        case userData = "instance.user_data"
        case attachVolume = "instance.attach_volume"
        /// Any number of networks, and others while it exists; where this is missing, it is on one from the start or on none.
        case joinNetwork = "instance.join_network"
        case metrics = "instance.metrics"
        case logs = "instance.logs"
        case grow = "volume.resize"
        /// The size of a volume is a limit and not only a number.
        case volumeSize = "volume.size_enforced"
        case encryption = "volume.encryption"
        case buckets
        case publicBuckets = "bucket.public"
        case versioning = "bucket.versioning"
        case bucketEncryption = "bucket.encryption"
        case expiry = "bucket.expire_days"
        case bucketQuota = "bucket.quota_bytes"
        case addresses = "ips"
        case addressesV6 = "ip.ipv6"
        case reverseDNS = "ip.reverse_dns"
        case attachAddress = "instance.attach_ip"
        case firewalls
        /// Of volumes, and volumes made from them.
        case snapshots
        /// Of a volume that a running instance has.
        case liveSnapshots = "snapshot.live"

        package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// The classes of `resolve after a lost answer`, from the safest.
    package enum Identification: String, Sendable, CaseIterable {
        /// The same request with the same token makes nothing new.
        case token
        /// Names are unique, and looking by name is consistent.
        case name
        /// Only a list can be searched, and it may lag behind.
        case label
        /// What was made cannot be told from other objects; somebody has to look.
        case none
    }

    package var json: JSON {
        [
            "server": .string(server),
            "features": .array(features.sorted().map { .string($0.rawValue) }),
            "largest": largest.map { ["milli_cpus": JSON($0.milliCPUs), "memory_mib": JSON($0.memoryMiB)] } ?? .null,
            "identification": .object(
                ResourceKind.allCases.compactMap { kind in identification[kind].map { .init(kind.rawValue, .string($0.rawValue)) } }),
        ]
    }

    /// Reads back what `json` wrote; what this version does not know is left out.
    package init?(_ json: JSON) {
        guard let server = json["server"]?.string else { return nil }
        self.server = server
        features = Set((json["features"]?.array ?? []).compactMap { $0.string.flatMap(Feature.init) })
        if let cpus = json["largest"]?["milli_cpus"]?.integer, let memory = json["largest"]?["memory_mib"]?.integer {
            largest = Capacity(milliCPUs: Int(cpus), memoryMiB: Int(memory))
        }
        identification = [:]
        for member in json["identification"]?.members ?? [] {
            guard let kind = ResourceKind(rawValue: member.name) else { continue }
            identification[kind] = member.value.string.flatMap(Identification.init)
        }
    }
}
