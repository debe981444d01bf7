import Kernel
import Provider

typealias AWSParameter = (name: String, value: String)

/// The tags that say whose an object is, and what EC2 itself does not keep.
struct AWSMarks: Sendable {
    let installation: String

    private static let installationKey = "cloudapi.installation"
    private static let resourceKey = "cloudapi.resource"
    private static let tokenKey = "cloudapi.token"
    private static let userPrefix = "cloudapi.label."
    private static let sizeKey = "cloudapi.size"
    private static let networkKey = "cloudapi.network"
    private static let wholeKey = "cloudapi.whole"
    private static let restartKey = "cloudapi.restarted_at"
    /// EC2 takes fifty tags on one object.
    private static let mostLabels = 40

    func tags(for order: Order) -> [(String, String)] {
        var tags = [
            ("Name", order.subject.name), (Self.installationKey, installation), (Self.resourceKey, order.subject.id),
            (Self.tokenKey, order.token),
        ]
        if case .instance(let blueprint) = order.blueprint {
            tags.append(Self.size(blueprint.size))
            if let network = blueprint.networks.first { tags.append((Self.networkKey, network.id)) }
        }
        return tags + order.labels.sorted { $0.key < $1.key }.prefix(Self.mostLabels).map { (Self.userPrefix + $0.key, $0.value) }
    }

    /// On what was there before: whose it is.
    func tags(of subject: Subject) -> [(String, String)] { [(Self.resourceKey, subject.id), (Self.installationKey, installation)] }

    /// And what an instance counts as, where nothing says that yet.
    static func standing(_ instance: EC2Instance) -> [(String, String)] {
        AWSInstanceType.named(instance.type).map { capacity(instance.tags, type: instance.type) == $0.capacity ? [size($0.standing)] : [] }
            ?? []
    }

    /// The keys of what `tags(of:)` and `standing(_:)` have put there.
    static func keys(on instance: EC2Instance?) -> [String] {
        let standing = instance.flatMap { AWSInstanceType.named($0.type) }.map { size($0.standing) }
        let isStanding = standing.map { instance?.tags[$0.0] == $0.1 } ?? false
        return [resourceKey, installationKey] + (isStanding ? [sizeKey] : [])
    }

    /// Whether an installation, whichever it is, has made it.
    static func isMarked(_ tags: [String: String]) -> Bool { tags[installationKey] != nil }

    /// As `TagSpecification` takes them, so that the object never is without them.
    func specification(_ type: String, for order: Order) -> [AWSParameter] { Self.specification(type, tags(for: order)) }

    static func specification(_ type: String, _ tags: [(String, String)]) -> [AWSParameter] {
        let tags = tags.enumerated().flatMap { index, tag -> [AWSParameter] in
            [("TagSpecification.1.Tag.\(index + 1).Key", tag.0), ("TagSpecification.1.Tag.\(index + 1).Value", tag.1)]
        }
        return [("TagSpecification.1.ResourceType", type)] + tags
    }

    func owner(_ tags: [String: String]) -> Sighting.Owner {
        guard tags[Self.installationKey] == installation, let id = tags[Self.resourceKey], !id.isEmpty else { return .foreign }
        return .ours(id)
    }

    /// Everything of this installation.
    var filter: EC2Filter { EC2Filter("tag:" + Self.installationKey, [installation]) }

    func filters(_ subject: Subject) -> [EC2Filter] { [filter, EC2Filter("tag:" + Self.resourceKey, [subject.id])] }

    // MARK: What is kept in tags

    /// A type has more than was ordered, so what was ordered is written down.
    static func size(_ size: Capacity) -> (String, String) { (sizeKey, "\(size.milliCPUs)/\(size.memoryMiB)") }

    /// What was ordered, while the type still is the one for that; else what the type has. Nil for a type that no order becomes.
    static func capacity(_ tags: [String: String], type: String) -> Capacity? {
        let parts = (tags[sizeKey] ?? "").split(separator: "/").map { Int($0) ?? 0 }
        if parts.count == 2, parts.allSatisfy({ $0 > 0 }) {
            let ordered = Capacity(milliCPUs: parts[0], memoryMiB: parts[1])
            if AWSInstanceType.fitting(ordered)?.name == type { return ordered }
        }
        return AWSInstanceType.named(type)?.capacity
    }

    /// An instance stays in its VPC for life, so what was ordered is what is.
    static func network(_ tags: [String: String]) -> String? { tags[networkKey] }

    /// On the VPC once all parts of a network are there, and on a group once it has its rules.
    static let whole = (wholeKey, "true")

    static func isWhole(_ tags: [String: String]) -> Bool { tags[wholeKey] == "true" }

    /// EC2 tells when an instance was started and not when it was restarted.
    static func restart(at time: Timestamp) -> (String, String) { (restartKey, time.description) }

    static func restart(_ tags: [String: String]) -> Timestamp? { tags[restartKey].flatMap { Timestamp($0) } }
}
