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
        }
    }

    package var readScope: Scope {
        switch self {
        case .instance: .instancesRead
        case .volume: .volumesRead
        case .network: .networksRead
        }
    }

    package var writeScope: Scope {
        switch self {
        case .instance: .instancesWrite
        case .volume: .volumesWrite
        case .network: .networksWrite
        }
    }

    /// As it stands among the document's schemas.
    var schemaName: String {
        switch self {
        case .instance: "Instance"
        case .volume: "Volume"
        case .network: "Network"
        }
    }

    var idPrefix: String {
        switch self {
        case .instance: InstanceKind.prefix
        case .volume: VolumeKind.prefix
        case .network: NetworkKind.prefix
        }
    }

    /// Whether it can be made again as it was; a volume's data are gone.
    var canBeUndeleted: Bool { self != .volume }

    /// What a provider must be able to do to have this kind at all.
    var feature: Capabilities.Feature {
        switch self {
        case .instance: .instances
        case .volume: .volumes
        case .network: .networks
        }
    }

    func makeID(_ by: Attribution) -> ResourceID {
        switch self {
        case .instance: ResourceID(by.makeID(InstanceKind.self).rawValue)
        case .volume: ResourceID(by.makeID(VolumeKind.self).rawValue)
        case .network: ResourceID(by.makeID(NetworkKind.self).rawValue)
        }
    }
}

extension ResourceKind: SQLConvertible {}
extension Power: SQLConvertible {}
