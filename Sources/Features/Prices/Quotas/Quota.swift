import Kernel
import Storage

/// How many of something an account or a project may hold at once.
package enum Quota {
    package enum Metric: String, Sendable, CaseIterable, Comparable, SQLConvertible {
        case instances
        case volumes
        case networks
        /// Thousandths of a processor.
        case milliCPUs = "milli_cpus"
        case memoryMiB = "memory_mib"
        case volumeGiB = "volume_gib"
        case buckets
        case ips
        case firewalls
        case snapshots

        package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// What a limit belongs to.
    enum Holder: Sendable, Equatable {
        case account(AccountID)
        case project(ProjectID)

        var id: String {
            switch self {
            case .account(let id): id.rawValue
            case .project(let id): id.rawValue
            }
        }

        var word: String {
            switch self {
            case .account: "account"
            case .project: "project"
            }
        }

        /// Without a limit of its own an account has the standard one, lower in the sandbox; a project has none.
        func standardLimit(of metric: Metric, in mode: Mode) -> Int? {
            guard case .account = self else { return nil }
            return switch metric {
            case .instances, .volumes, .snapshots: mode == .live ? 10_000 : 100
            case .networks, .buckets, .ips, .firewalls: mode == .live ? 1_000 : 20
            case .milliCPUs: mode == .live ? 20_000_000 : 200_000
            case .memoryMiB: mode == .live ? 40_000_000 : 400_000
            case .volumeGiB: mode == .live ? 10_000_000 : 10_000
            }
        }
    }

    /// One metric of one holder.
    struct Standing: Sendable {
        let holder: Holder
        let metric: Metric
        /// Nil for no limit.
        let limit: Int?
        let used: Int
        /// Whether somebody set it.
        let isOwn: Bool

        /// What can still be taken; nil without a limit.
        var available: Int? { limit.map { max(0, $0 - used) } }
    }
}

extension [Quota.Metric: Int] {
    /// As it stands in a column: `instances=1;milli_cpus=1000`.
    var text: String { filter { $0.value != 0 }.sorted { $0.key < $1.key }.map { "\($0.key.rawValue)=\($0.value)" }.joined(separator: ";") }

    init(text: String) throws(StorageError) {
        self = [:]
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=")
            guard sides.count == 2, let metric = Quota.Metric(rawValue: String(sides[0])), let count = Int(sides[1]) else {
                throw .corrupt("Counts cannot be \"\(text)\"")
            }
            self[metric] = count
        }
    }

    /// What has to be taken to get from `held` here.
    func difference(from held: Self) -> Self {
        let difference = merging(held.mapValues(-)) { $0 + $1 }
        return difference.filter { $0.value != 0 }
    }
}
