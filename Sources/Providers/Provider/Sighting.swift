package import Kernel

/// An object as a cloud showed it.
package struct Sighting: Sendable, Equatable {
    /// The cloud's own id.
    package let reference: String
    package let owner: Owner
    package let state: ObservedState
    /// False while parts of it are missing: making it was cut off, and the same order again completes it.
    package let isWhole: Bool

    package init(reference: String, owner: Owner, state: ObservedState, isWhole: Bool = true) {
        self.reference = reference
        self.owner = owner
        self.state = state
        self.isWhole = isWhole
    }

    /// Whose marks it carries.
    package enum Owner: Sendable, Equatable {
        /// This installation's, for the resource of that id.
        case ours(String)
        /// Another's, or nobody's.
        case foreign
    }
}

/// What can be seen of an object. What a kind does not have is nil or empty.
package struct ObservedState: Sendable, Equatable {
    package var power: Power?
    package var runningSince: Timestamp?
    package var exitCode: Int?
    package var addresses: [String] = []
    package var capacity: Capacity?
    /// What the cloud calls an instance of a size that cannot be told in numbers.
    package var machine: String?
    package var sizeGiB: Int?
    package var cidr: String?
    /// Whether what is on a network reaches the world outside.
    package var reachesOutside: Bool?
    /// Our ids of the volumes and networks an instance has.
    package var volumes: [String] = []
    package var networks: [String] = []
    /// An address's own, or those an instance has; with our ids of the latter.
    package var publicAddresses: [String] = []
    package var publicAddressIDs: [String] = []
    package var reverseDNS: String?
    package var bucket: BucketBlueprint?
    /// Whether a bucket has nothing in it, no old version either; nil when that was not looked at.
    package var isEmpty: Bool?
    package var firewall: FirewallState?
    /// How far a snapshot is.
    package var progress: Progress?

    package init() {}

    /// How far a cloud is with what takes its time.
    package enum Progress: Sendable {
        case going
        case done
        /// It ended without success, and will not go on.
        case failed
    }
}

/// The rules of a firewall and our ids of the instances it is in force for, both in an order of their own.
package struct FirewallState: Sendable, Equatable {
    package let rules: [FirewallRule]
    package let targets: [String]

    package init(rules: [FirewallRule], targets: [String]) {
        self.rules = FirewallRule.canonical(rules)
        self.targets = targets.sorted()
    }

    package init(_ blueprint: FirewallBlueprint) { self.init(rules: blueprint.rules, targets: blueprint.targets.map(\.id)) }
}

/// Whether an instance runs.
package enum Power: String, Sendable, CaseIterable {
    case running
    case stopped
    case starting
    case stopping
    case restarting
    /// It ended by itself, with an error.
    case crashed
}

/// How busy an instance was at one moment.
package struct Sample: Sendable, Equatable {
    package var at: Timestamp
    /// Of one processor: 150 is one and a half.
    package var cpuPercent: Double
    package var memoryBytes: Int
    /// What it may use.
    package var memoryLimitBytes: Int
    /// Since it started; counts only grow.
    package var networkReceivedBytes: Int
    package var networkSentBytes: Int
    package var diskReadBytes: Int
    package var diskWrittenBytes: Int

    package init(
        at: Timestamp, cpuPercent: Double, memoryBytes: Int, memoryLimitBytes: Int, networkReceivedBytes: Int, networkSentBytes: Int,
        diskReadBytes: Int, diskWrittenBytes: Int
    ) {
        self.at = at
        self.cpuPercent = cpuPercent
        self.memoryBytes = memoryBytes
        self.memoryLimitBytes = memoryLimitBytes
        self.networkReceivedBytes = networkReceivedBytes
        self.networkSentBytes = networkSentBytes
        self.diskReadBytes = diskReadBytes
        self.diskWrittenBytes = diskWrittenBytes
    }
}

package struct LogRequest: Sendable {
    /// At most so many of the last lines; nil for all that are kept.
    package var tail: Int?
    /// Only lines written after this moment.
    package var since: Timestamp?
    package var follow: Bool

    package init(tail: Int? = nil, since: Timestamp? = nil, follow: Bool = false) {
        self.tail = tail
        self.since = since
        self.follow = follow
    }
}

package struct LogLine: Sendable, Equatable {
    package let at: Timestamp
    package let stream: Stream
    package let message: String

    package init(at: Timestamp, stream: Stream, message: String) {
        self.at = at
        self.stream = stream
        self.message = message
    }

    package enum Stream: String, Sendable, CaseIterable {
        case stdout
        case stderr
    }
}
