import Kernel
import Provider
import Resources

/// What was found of a resource.
enum SavingsRule: Sendable {
    case unattachedVolume
    case volumeOfStoppedInstance(ResourceID)
    /// With the 95th percentile of how busy its processor was, in percent of one.
    case idleInstance(ExactDecimal)

    var type: String {
        switch self {
        case .unattachedVolume: "UNATTACHED_VOLUME"
        case .volumeOfStoppedInstance: "VOLUME_OF_STOPPED_INSTANCE"
        case .idleInstance: "IDLE_INSTANCE"
        }
    }

    var category: String {
        switch self {
        case .unattachedVolume: "Unattached Volume"
        case .volumeOfStoppedInstance: "Volume Attached To Stopped Instance"
        case .idleInstance: "Idle Instance"
        }
    }

    var difficulty: Opportunity.Difficulty {
        switch self {
        case .unattachedVolume, .volumeOfStoppedInstance: .easy
        case .idleInstance: .hard
        }
    }

    var details: [JSON.Member] {
        switch self {
        case .unattachedVolume: [.init("recommendation", "Delete the volume if nobody needs what is on it.")]
        case .volumeOfStoppedInstance(let instance):
            [
                .init("recommendation", "Delete the volume, or the instance with it, if nobody needs it."),
                .init("instance_id", JSON(instance)),
            ]
        case .idleInstance(let percentile):
            [.init("recommendation", "Stop the instance, or take a smaller size."), .init("cpu_percent_p95", JSON(percentile))]
        }
    }
}

extension Finding {
    init(_ rule: SavingsRule, _ resource: Resource, hourly: ExactDecimal) {
        self.init(
            source: SavingsDetector.source, type: rule.type, recordID: resource.id.rawValue,
            impact: (hourly * ExactDecimal(24 * 365)).divided(by: 12))
        place.platform = resource.provider
        place.account = resource.project.rawValue
        place.region = resource.location
        place.service = resource.kind.rawValue
        place.category = rule.category
        place.project = resource.project
        place.tags = resource.labels
        difficulty = rule.difficulty
        details = .object(rule.details + [.init("name", .string(resource.name))])
    }
}
