import Kernel
import Provider

/// One host as one installation sees it. A value without state: what there is stands at the host.
struct LibvirtProvider: Provider {
    let lanes: Lanes
    let site: Site
    let surroundings: Surroundings

    /// Seconds that a running machine may take to let go of a device; a machine that boots cannot before it has booted.
    static let patience = 30

    func create(_ order: Order) async throws(ProviderError) -> Sighting {
        let random = surroundings.random()
        return try await lanes.run(for: order.subject.id, isLong: order.isCopy, surroundings) {
            [site] hypervisor throws(ProviderError) -> Sighting in
            let host = Host(hypervisor, site)
            return switch order.blueprint {
            case .instance(let blueprint): try host.createInstance(order, blueprint)
            case .volume(let blueprint): try host.createVolume(order, blueprint, random: random)
            case .network(let blueprint): try host.createNetwork(order, blueprint, random: random)
            case .snapshot(let blueprint): try host.createSnapshot(order, blueprint, random: random)
            case .bucket, .address, .firewall: throw .cannot(order.subject.kind)
            }
        }
    }

    func find(_ subject: Subject) async throws(ProviderError) -> Sighting? {
        try await at(subject.id) { host throws(ProviderError) in
            switch subject.kind {
            case .instance: try host.instance(subject)
            case .volume, .snapshot: try host.volume(subject)
            case .network: try host.network(subject)
            case .bucket, .address, .firewall: nil
            }
        }
    }

    func apply(_ change: Change, to subject: Subject) async throws(ProviderError) {
        switch change {
        case .start: try await start(subject)
        case .stop: try await stop(subject)
        case .restart:
            try await stop(subject)
            try await start(subject)
        case .resize(let size): try await at(subject.id) { host throws(ProviderError) in try host.resize(subject, to: size) }
        case .grow(let size): try await at(subject.id) { host throws(ProviderError) in try host.grow(subject, toGiB: size) }
        case .attach(let mount): try await at(subject.id) { host throws(ProviderError) in try host.attach(mount.volume, to: subject) }
        case .join(let network): try await at(subject.id) { host throws(ProviderError) in try host.join(network, subject) }
        case .detach(let volume):
            try await untilGone { () throws(ProviderError) in
                try await at(subject.id) { host throws(ProviderError) in try host.detach(volume, from: subject) }
            }
        case .leave(let network):
            try await untilGone { () throws(ProviderError) in
                try await at(subject.id) { host throws(ProviderError) in try host.leave(network, subject) }
            }
        case .assign, .unassign: throw .unsupported(.attachAddress, "A machine here has no public addresses.")
        case .configure, .empty: throw .cannot(subject.kind)
        }
    }

    func delete(_ subject: Subject) async throws(ProviderError) {
        do throws(ProviderError) {
            try await at(subject.id) { host throws(ProviderError) in
                switch subject.kind {
                case .instance: try host.deleteInstance(subject)
                case .volume, .snapshot: try host.deleteVolume(subject)
                case .network: try host.deleteNetwork(subject)
                case .bucket, .address, .firewall: break
                }
            }
        } catch  where error.kind == .absent {}  // somebody was quicker
    }

    func list(_ kind: ResourceKind) async throws(ProviderError) -> [Sighting] {
        try await at("list") { host throws(ProviderError) in
            switch kind {
            case .instance: try host.instances()
            case .volume, .snapshot: try host.volumes(kind)
            case .network: try host.networks()
            case .bucket, .address, .firewall: []
            }
        }
    }
}

extension LibvirtProvider {
    /// Does that with the host, on the thread for the object of that id.
    func at<Answer: Sendable>(
        _ id: String, _ work: @escaping @Sendable (Host) throws(ProviderError) -> Answer
    ) async throws(ProviderError) -> Answer {
        try await lanes.run(for: id, surroundings) { [site] hypervisor throws(ProviderError) in try work(Host(hypervisor, site)) }
    }

    private func start(_ subject: Subject) async throws(ProviderError) {
        let now = surroundings.now
        try await at(subject.id) { host throws(ProviderError) in try host.start(subject, at: now()) }
    }

    /// Asks it to end, every few seconds since a machine that boots does not hear it, and switches it off in the end.
    private func stop(_ subject: Subject) async throws(ProviderError) {
        for second in 0..<site.settings.patience {
            let isActive = try await at(subject.id) { host throws(ProviderError) in
                try second % 3 == 0 ? host.askToEnd(subject) : host.isActive(subject)
            }
            guard isActive else { return }
            try await pause()
        }
        try await at(subject.id) { host throws(ProviderError) in try host.switchOff(subject) }
    }

    private func untilGone(_ ask: () async throws(ProviderError) -> Bool) async throws(ProviderError) {
        for _ in 0..<Self.patience {
            guard try await ask() else { return }
            try await pause()
        }
        throw ProviderError(.conflict, "The machine runs and does not let go of it; it can be taken away when it is stopped.")
    }

    private func pause() async throws(ProviderError) {
        do {
            try await surroundings.sleep(.seconds(1))
        } catch {
            throw ProviderError(.ambiguous, "The request was given up.")
        }
    }
}

extension Order {
    /// Whether libvirt has to copy a whole disk for it.
    fileprivate var isCopy: Bool {
        switch blueprint {
        case .snapshot: true
        case .volume(let blueprint): blueprint.source != nil
        default: false
        }
    }
}
