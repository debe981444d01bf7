import Kernel
import Provider

/// One account, one region, one zone, as one installation sees it. What there is stands at AWS.
struct AWSProvider: Provider {
    let ec2: EC2
    let buckets: S3Buckets
    let marks: AWSMarks
    /// Where everything is: a volume can be attached in its own zone only.
    let zone: String
    let images: AWSImages
    let now: @Sendable () -> Timestamp

    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        switch order.blueprint {
        case .instance(let blueprint): try await createInstance(order, blueprint)
        case .volume(let blueprint): try await createVolume(order, blueprint)
        case .network(let blueprint): try await createNetwork(order, blueprint)
        case .bucket(let blueprint): try await buckets.create(order, blueprint)
        case .address(let blueprint): try await createAddress(order, blueprint)
        case .firewall(let blueprint): try await createFirewall(order, blueprint)
        case .snapshot(let blueprint): try await createSnapshot(order, blueprint)
        }
    }

    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        switch subject.kind {
        case .instance:
            guard let found = try await instance(subject) else { return nil }
            return try await sightings(of: [found]).first
        case .volume: return try await volume(subject)?.sighting
        case .network: return try await network(subject)?.sighting
        case .bucket: return try await buckets.find(subject)
        case .address: return try await address(subject)?.sighting(marks)
        case .firewall: return try await firewall(subject)
        case .snapshot: return try await snapshot(subject)?.sighting(marks)
        }
    }

    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        switch change {
        case .join, .leave: throw ProviderError(.unsupported(.joinNetwork), "An EC2 instance stays in the VPC it was made in.")
        case .grow(let size): try await grow(subject, to: size)
        case .attach(let mount): try await attach(mount.volume, to: try await ownInstance(subject))
        case .detach(let volume): try await detach(volume, from: try await ownInstance(subject))
        case .configure(.bucket(let blueprint)): try await buckets.configure(subject, blueprint)
        case .empty: try await buckets.empty(subject)
        case .assign(let address): try await assign(address, to: try await ownInstance(subject))
        case .unassign(let address): try await unassign(address, from: try await ownInstance(subject))
        case .configure(.address(let blueprint)): try await configure(subject, blueprint)
        case .configure(.firewall(let blueprint)): try await configure(subject, blueprint)
        case .configure: throw ProviderError(.rejected, "These are no settings of a \(subject.kind.rawValue).")
        case .start, .stop, .restart, .resize: try await make(change, of: try await ownInstance(subject))
        }
    }

    func delete(_ subject: Subject) async throws(ProviderError) {
        do throws(ProviderError) {
            switch subject.kind {
            case .instance: try await deleteInstances(subject)
            case .volume: try await deleteVolumes(subject)
            case .network: try await deleteNetworks(subject)
            case .bucket: try await buckets.delete(subject)
            case .address: try await deleteAddresses(subject)
            case .firewall: try await deleteFirewall(subject)
            case .snapshot: try await deleteSnapshots(subject)
            }
        } catch  where error.kind == .absent {}  // somebody was quicker
    }

    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] {
        switch kind {
        case .instance: try await sightings(of: try await instances([marks.filter])).filter { $0.owner != .foreign }
        case .volume: try await volumes([marks.filter]).map(\.sighting).filter { $0.owner != .foreign }
        case .network: try await networks([marks.filter]).map(\.sighting).filter { $0.owner != .foreign }
        case .bucket: try await buckets.list()
        case .address: try await addresses([marks.filter]).map { $0.sighting(marks) }.filter { $0.owner != .foreign }
        case .firewall: try await firewalls()
        case .snapshot: try await snapshots([marks.filter]).map { $0.sighting(marks) }.filter { $0.owner != .foreign }
        }
    }
}

extension AWSProvider {
    /// What is under the reference and ours, else what has our tags, else what is under the reference, whosever it is.
    func located<Found>(
        _ subject: Subject, _ filter: String, _ prefix: String, _ list: ([EC2Filter]) async throws(ProviderError) -> [Found],
        owner: (Found) -> Sighting.Owner
    ) async throws(ProviderError) -> Found? {
        var other: Found?
        if let reference = subject.reference(prefix) {
            other = try await list([EC2Filter(filter, [reference])]).first
            if let other, owner(other) == .ours(subject.id) { return other }
        }
        return try await list(marks.filters(subject)).first ?? other
    }

    /// What is gone already is as good as removed.
    func passing(_ work: () async throws(ProviderError) -> XMLTree) async throws(ProviderError) {
        do throws(ProviderError) { _ = try await work() } catch  where error.kind == .absent {}
    }

    /// Does what is left of a create once something is made. An error that the engine takes for final takes back what is made; any other
    /// leaves it for the next attempt, and says that something may be there.
    func completing(
        _ work: () async throws(ProviderError) -> Sighting, orElse undo: () async throws(ProviderError) -> Void
    ) async throws(ProviderError) -> Sighting {
        do throws(ProviderError) {
            return try await work()
        } catch {
            switch error.kind {
            case .rejected, .unauthorized, .unsupported:
                do throws(ProviderError) {
                    try await undo()
                } catch let failure {
                    throw ProviderError(.ambiguous, "\(error.detail) What was made could not be removed: \(failure.detail)")
                }
                throw error
            default: throw ProviderError(.ambiguous, error.detail, retryAfter: error.retryAfter)
            }
        }
    }
}

extension ProviderError {
    /// It is there and does not have our tags.
    static func notOurs(_ id: String) -> ProviderError {
        ProviderError(.conflict, "\(id) was not made by this installation for that resource.")
    }

    static func missing(_ subject: Subject) -> ProviderError { ProviderError(.absent, "There is no \(subject.name).") }
}
