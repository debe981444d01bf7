import Kernel
import Provider

/// One daemon as one installation sees it. A value without state: what there is stands at the daemon.
struct DockerProvider: Provider {
    let api: DockerAPI
    let marks: Marks
    let images: ImageAliases
    let surroundings: Surroundings

    /// How long a container may take to end by itself before it is killed.
    static let patience = 10

    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        switch order.blueprint {
        case .instance(let blueprint): try await createContainer(order, blueprint)
        case .volume(let blueprint): try await createVolume(order, blueprint)
        case .network(let blueprint): try await createNetwork(order, blueprint)
        case .bucket, .address, .firewall, .snapshot: throw .cannot(order.subject.kind)
        }
    }

    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        switch subject.kind {
        case .instance: try await container(subject)?.sighting
        case .volume: try await volume(subject)
        case .network: try await network(subject)
        case .bucket, .address, .firewall, .snapshot: nil
        }
    }

    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        switch change {
        case .grow: throw .unsupported(.grow, "A volume here has no size that could grow.")
        case .attach, .detach: throw .unsupported(.attachVolume, "The volumes of a container are fixed when it is created.")
        case .assign, .unassign: throw .unsupported(.attachAddress, "A container here has no public addresses.")
        case .configure, .empty: throw .cannot(subject.kind)
        default: try await make(change, of: try await ownContainer(subject))
        }
    }

    func delete(_ subject: Subject) async throws(ProviderError) {
        do throws(ProviderError) {
            switch subject.kind {
            case .instance: try await deleteContainer(subject)
            case .volume: try await deleteVolume(subject)
            case .network: try await deleteNetworks(subject)
            case .bucket, .address, .firewall, .snapshot: break
            }
        } catch  where error.kind == .absent {}  // somebody was quicker
    }

    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] {
        switch kind {
        case .instance: try await containers()
        case .volume: try await volumes()
        case .network: try await networks()
        case .bucket, .address, .firewall, .snapshot: []
        }
    }
}

extension ProviderError {
    static func unsupported(_ feature: Capabilities.Feature, _ detail: String) -> ProviderError {
        ProviderError(.unsupported(feature), detail)
    }

    /// The kinds of resources that a daemon knows nothing of.
    fileprivate static func cannot(_ kind: ResourceKind) -> ProviderError {
        .unsupported(kind.feature, "A container engine has no \(kind.feature.rawValue).")
    }

    /// An object has the name of ours and not our labels.
    static func foreign(_ name: String) -> ProviderError {
        ProviderError(.conflict, "There is an object named \(name) that this installation did not make.")
    }

    static func absent(_ name: String) -> ProviderError { ProviderError(.absent, "There is no \(name).") }
}
