import Kernel
import Provider

extension DockerProvider {
    /// By the peer's id, else by name; whosever it is.
    func container(_ subject: Subject) async throws(ProviderError) -> Container? {
        for lookup in subject.lookups {
            guard let json = try await api.find(.get("containers", lookup, "json")) else { continue }
            guard let found = Container(json, marks: marks) else {
                throw ProviderError(.ambiguous, "The peer shows a container without a state.")
            }
            if found.id == lookup || found.name == lookup { return found }  // not by the beginning of an id
        }
        return nil
    }

    /// What may be changed: there, and ours.
    func ownContainer(_ subject: Subject) async throws(ProviderError) -> Container {
        guard let found = try await container(subject) else { throw .absent(subject.name) }
        guard found.sighting.owner == .ours(subject.id) else { throw .foreign(subject.name) }
        return found
    }

    /// The peer makes a volume that is missing, without our labels, so volumes are looked at before; and takes one network at most, so the
    /// others are joined after. If that fails the container goes again: either all of the order is there or nothing.
    func createContainer(_ order: Order, _ blueprint: InstanceBlueprint) async throws(ProviderError) -> Sighting {
        guard blueprint.userData == nil else {
            throw .unsupported(.userData, "A container has no user data; give it a command or environment.")
        }
        guard let image = images.image(blueprint.image) else {
            throw ProviderError(.rejected, ProviderError.readable("\(blueprint.image) cannot be the name of an image."))
        }
        for mount in blueprint.volumes { try requireOwn(mount.volume, await volume(mount.volume)) }
        for subject in blueprint.networks { try requireOwn(subject, await network(subject)) }
        let body = ContainerBody(
            image: image.reference, command: blueprint.command, environment: blueprint.environment, labels: marks.labels(for: order),
            size: blueprint.size, volumes: blueprint.volumes, network: blueprint.networks.first)
        let id = try await makeContainer(named: order.subject.name, body, image)
        do throws(ProviderError) {
            for subject in blueprint.networks.dropFirst() { try await connect(id, to: subject) }
        } catch {
            try? await removeContainer(id)
            throw error
        }
        return try await ownContainer(Subject(kind: .instance, id: order.subject.id, reference: id)).sighting
    }

    private func requireOwn(_ subject: Subject, _ found: Sighting?) throws(ProviderError) {
        guard let found else { throw .absent(subject.name) }
        guard found.owner == .ours(subject.id) else { throw .foreign(subject.name) }
    }

    /// A 404 means that the image is missing, so nothing was made: it is fetched and the same is asked again.
    private func makeContainer(named name: String, _ body: ContainerBody, _ image: ImageName) async throws(ProviderError) -> String {
        let call = DockerAPI.Call.post("containers", "create", query: [("name", name)], body: body.json)
        var answer: JSON
        do throws(ProviderError) {
            answer = try await api.send(call)
        } catch  where error.kind == .absent {
            try await fetch(image, unlessThere: error)
            answer = try await api.send(call)
        }
        guard let id = answer["Id"]?.string else { throw ProviderError(.ambiguous, "The peer did not say which container it made.") }
        return id
    }

    func make(_ change: Change, of container: Container) async throws(ProviderError) {
        let (id, patience) = (container.id, String(Self.patience))
        let timeout = Duration.seconds(Self.patience + 30)
        switch change {
        case .start:
            try await api.send(.post("containers", id, container.status == "paused" ? "unpause" : "start"))
            await settle()
        case .stop:
            if container.status == "paused" { try await api.send(.post("containers", id, "unpause")) }
            try await api.send(.post("containers", id, "stop", query: [("t", patience)], timeout: timeout))
        case .restart:
            if container.status == "paused" { try await api.send(.post("containers", id, "unpause")) }
            try await api.send(.post("containers", id, "restart", query: [("t", patience)], timeout: timeout))
            await settle()
        case .resize(let size): try await resize(id, to: size)
        case .join(let subject):
            guard !container.networks.contains(subject.name) else { return }
            try requireOwn(subject, await network(subject))
            try await connect(id, to: subject)
        case .leave(let subject):
            guard container.networks.contains(subject.name) else { return }
            try await api.send(
                .post("networks", subject.name, "disconnect", body: ["Container": .string(id), "Force": true]))
        case .grow, .attach, .detach, .assign, .unassign, .configure, .empty: break  // refused before
        }
    }

    /// A command that ends at once is shown as running for up to 20 ms (dockerd 20.10, podman 4.3); who looks then believes that it runs.
    private func settle() async { try? await surroundings.sleep(.milliseconds(40)) }

    private func connect(_ id: String, to network: Subject) async throws(ProviderError) {
        try await api.send(.post("networks", network.name, "connect", body: ["Container": .string(id)]))
    }

    private func resize(_ id: String, to size: Capacity) async throws(ProviderError) {
        do throws(ProviderError) {
            try await api.send(.post("containers", id, "update", body: .object(ContainerBody.limits(size))))
        } catch  where error.isMissingRoute {
            throw .unsupported(.resize, "This peer cannot change the limits of a container.")
        }
    }

    func deleteContainer(_ subject: Subject) async throws(ProviderError) {
        guard let found = try await container(subject) else { return }
        guard found.sighting.owner == .ours(subject.id) else { throw .foreign(subject.name) }
        try await removeContainer(found.id)
    }

    /// `v` takes the anonymous volumes of the image along, never named ones.
    private func removeContainer(_ id: String) async throws(ProviderError) {
        try await api.send(.delete("containers", id, query: [("force", "true"), ("v", "true")]))
    }

    /// The list lacks limits, exit codes and starting times, so each one is looked at, a few at a time.
    func containers() async throws(ProviderError) -> [Sighting] {
        let listed = try await api.send(
            .get("containers", "json", query: [("all", "true"), ("filters", marks.filter)], timeout: .seconds(60)))
        guard let entries = listed.array else { throw ProviderError(.ambiguous, "The peer's list of containers is none.") }
        let ids = entries.compactMap { $0["Id"]?.string }
        var found: [Sighting] = []
        for start in stride(from: 0, to: ids.count, by: 8) {
            found += try await look(at: ids[start..<min(start + 8, ids.count)])
        }
        return found
    }

    private func look(at ids: ArraySlice<String>) async throws(ProviderError) -> [Sighting] {
        let results = await withTaskGroup(of: Result<Sighting?, ProviderError>.self) { group in
            for id in ids {
                group.addTask {
                    do throws(ProviderError) {
                        let json = try await api.find(.get("containers", id, "json"))
                        return .success(json.flatMap { Container($0, marks: marks) }?.sighting)
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var found: [Sighting] = []
        for result in results {
            guard let sighting = try result.get(), sighting.owner != .foreign else { continue }
            found.append(sighting)
        }
        return found
    }
}
