import Kernel
import Provider

/// What the sandbox has from the start: a small shop. Web servers that grew with it, workers of which one stands idle, databases with their
/// volumes, and a backup that nobody has needed for weeks.
enum SandboxFleet {
    struct Member: Sendable {
        let kind: ResourceKind
        let name: String
        let labels: [String: String]
        /// Whole days before the seed.
        let age: Int64
        let make: Make
        /// What happened to it since, the oldest first.
        var changes: [Change] = []
    }

    enum Make: Sendable {
        case instance(size: String, image: String, network: String, volume: String?)
        case volume(sizeGiB: Int, type: String)
        case network(cidr: String)
    }

    /// So many whole days before the seed.
    enum Change: Sendable {
        case resize(String, age: Int64)
        case stop(age: Int64)
    }

    /// What others need comes first.
    static let members = networks + volumes + web + workers + databases

    /// As far back as the sandbox's usage goes.
    static let days: Int64 = 90

    private static let networks = [
        network("edge", "10.20.0.0/24", ["tier": "web"]), network("jobs", "10.20.1.0/24", ["tier": "worker"]),
        network("data", "10.20.2.0/24", ["tier": "database"]),
    ]
    private static let volumes = [
        volume("db-1-data", 200, "fast", age: days), volume("db-2-data", 200, "fast", age: days),
        volume("backup", 500, "standard", age: 62),
    ]
    private static let web = [
        instance("web-1", "s-1", "edge", age: days, [.resize("s-2", age: 41)]),
        instance("web-2", "s-1", "edge", age: days, [.resize("s-2", age: 40)]), instance("web-3", "s-2", "edge", age: 76),
        instance("web-4", "s-2", "edge", age: 47), instance("web-5", "s-2", "edge", age: 19), instance("web-6", "s-2", "edge", age: 6),
    ]
    private static let workers = [
        instance("worker-1", "s-1", "jobs", age: days), instance("worker-2", "s-1", "jobs", age: days),
        instance("worker-3", "s-1", "jobs", age: 55), instance("worker-4", "s-4", "jobs", age: 55, [.stop(age: 12)]),
    ]
    private static let databases = [
        instance("db-1", "s-8", "data", age: days, volume: "db-1-data"), instance("db-2", "s-8", "data", age: days, volume: "db-2-data"),
    ]

    private static func network(_ name: String, _ cidr: String, _ labels: [String: String]) -> Member {
        Member(kind: .network, name: name, labels: ["app": "shop"].merging(labels) { $1 }, age: days, make: .network(cidr: cidr))
    }

    private static func volume(_ name: String, _ sizeGiB: Int, _ type: String, age: Int64) -> Member {
        Member(
            kind: .volume, name: name, labels: ["app": "shop", "tier": "database", "team": "data"], age: age,
            make: .volume(sizeGiB: sizeGiB, type: type))
    }

    private static func instance(
        _ name: String, _ size: String, _ network: String, age: Int64, _ changes: [Change] = [], volume: String? = nil
    ) -> Member {
        let (tier, team) =
            switch network {
            case "edge": ("web", "storefront")
            case "jobs": ("worker", "fulfilment")
            default: ("database", "data")
            }
        return Member(
            kind: .instance, name: name, labels: ["app": "shop", "tier": tier, "team": team], age: age,
            make: .instance(size: size, image: "debian-12", network: network, volume: volume), changes: changes)
    }
}
