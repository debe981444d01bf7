import Kernel
import Server
import Storage
import TestKit

extension Estate {
    /// The connection that bodies name: the sandbox has one of this name from the start, the live side gets one.
    static let provider = "simulator"

    /// The body of a create; of a put, whose name stands in the path, without a name.
    static func draft(_ name: String?, in project: String, at provider: String = Estate.provider, spec: JSON? = nil) -> JSON {
        .object(
            (name.map { [.init("name", .string($0))] } ?? []) + [
                .init("project_id", .string(project)), .init("provider", .string(provider)),
            ] + (spec.map { [.init("spec", $0)] } ?? []))
    }

    /// The spec of a snapshot of that volume.
    static func snapshot(of volume: String) -> JSON { ["volume_id": .string(volume)] }

    /// Everything a cloud has, on the side of the credential: simulators that answer at once, resources in each of the states a route
    /// asks for, and an operation that is blocked.
    static func cloud(of outcome: Setup.Outcome, in installation: Installation, as secret: String) async throws -> [Noun: String] {
        let builder = CloudBuilder(installation: installation, project: outcome.project.rawValue, secret: secret)
        try await builder.provide()
        let source = try await builder.make("volumes", "source")
        let ids: [Noun: String] = [
            .connection: try await builder.connect("spare"), .instance: try await builder.make("instances", "spare"),
            .runningInstance: try await builder.make("instances", "running"), .volume: try await builder.make("volumes", "spare"),
            .sourceVolume: source,
            .deletedVolume: try await builder.make("volumes", "deleted"),
            .snapshot: try await builder.make("snapshots", "spare", Self.snapshot(of: source)),
            .network: try await builder.make("networks", "spare"), .deletedInstance: try await builder.make("instances", "deleted"),
            .deletedNetwork: try await builder.make("networks", "deleted"), .bucket: try await builder.make("buckets", "spare"),
            .deletedBucket: try await builder.make("buckets", "deleted"), .address: try await builder.make("ips", "spare"),
            .firewall: try await builder.make("firewalls", "spare"), .deletedFirewall: try await builder.make("firewalls", "deleted"),
            .stack: try await builder.stack("spare"), .plan: try await builder.plan("other"), .schedule: try await builder.schedule(),
            .policy: try await builder.policy(), .template: try await builder.template("spare"),
            .leasedAddress: try await builder.make("ips", "leased"),
            .leasedSnapshot: try await builder.make("snapshots", "leased", Self.snapshot(of: source)),
        ]
        try await installation.settle()
        let deleted: [(String, Noun)] = [
            ("instances", .deletedInstance), ("volumes", .deletedVolume), ("networks", .deletedNetwork), ("buckets", .deletedBucket),
            ("firewalls", .deletedFirewall),
        ]
        for (collection, noun) in deleted {
            _ = try await installation.delete("/v1/\(collection)/\(ids[noun] ?? "")", as: secret).expecting(202)
        }
        let lossy: JSON = [
            "latency_ms": 0, "identification": "none", "faults": [["step": "create", "kind": "lost_answer", "times": 1]],
        ]
        let blocked = try await builder.begin("blocked", at: try await builder.connect("lossy", lossy))
        try await installation.settle()
        let drifts: [Noun: String] = [
            .drift: try await builder.drift(of: "volumes", "drifting", "size_gib = 99"),
            .ignorableDrift: try await builder.drift(of: "volumes", "ignorable", "size_gib = 99"),
            .revertibleDrift: try await builder.drift(of: "instances", "stopped-elsewhere", "power = 'stopped'"),
            .discovery: try await builder.discover(try await builder.connect("found")),
        ]
        let adopted: [Noun: String] = [
            .adoptedInstance: try await builder.adopted("instances"), .adoptedVolume: try await builder.adopted("volumes"),
            .adoptedNetwork: try await builder.adopted("networks"), .adoptedBucket: try await builder.adopted("buckets"),
            .adoptedAddress: try await builder.adopted("ips"), .adoptedFirewall: try await builder.adopted("firewalls"),
            .adoptedSnapshot: try await builder.adopted("snapshots", Self.snapshot(of: source)),
        ]
        return ids.merging([.blockedOperation: blocked]) { one, _ in one }.merging(drifts) { one, _ in one }.merging(adopted) { one, _ in
            one
        }
    }

    /// An operation that runs until somebody lets the engine finish it.
    static func begin(of outcome: Setup.Outcome, in installation: Installation, as secret: String) async throws -> [Noun: String] {
        let builder = CloudBuilder(installation: installation, project: outcome.project.rawValue, secret: secret)
        return [.operation: try await builder.begin("slow")]
    }
}

/// Makes what a cloud has, by the calls anybody would use.
private struct CloudBuilder {
    let installation: Installation
    let project: String
    let secret: String

    /// Makes sure of the connection that bodies name, and that it answers at once.
    func provide() async throws {
        let known = try await installation.get("/v1/connections", as: secret).expecting(200).items
        guard let simulator = known.first(where: { $0["name"]?.string == Estate.provider })?["id"]?.string else {
            _ = try await connect(Estate.provider)
            return
        }
        _ = try await installation.patch("/v1/connections/\(simulator)", as: secret, ["settings": ["latency_ms": 0]]).expecting(200)
    }

    func connect(_ name: String, _ settings: JSON = ["latency_ms": 0]) async throws -> String {
        let body: JSON = ["name": .string(name), "provider": "simulator", "settings": settings]
        return try await installation.post("/v1/connections", as: secret, body).expecting(201).text("id")
    }

    func make(_ collection: String, _ name: String, _ spec: JSON? = nil) async throws -> String {
        try await installation.post("/v1/" + collection, as: secret, Estate.draft(name, in: project, spec: spec)).expecting(201).text("id")
    }

    /// Makes something that somebody then changes at its provider, and lets that be found; answers the drift.
    func drift(of collection: String, _ name: String, _ change: String) async throws -> String {
        let id = try await make(collection, name)
        try await installation.settle()
        _ = try await installation.patch("/v1/\(collection)/\(id)", as: secret, ["drift_policy": "report"]).expecting(200)
        _ = try await installation.store.write { connection in
            try connection.execute("UPDATE simulator_objects SET \(change) WHERE resource = ?", id)
        }
        _ = try await installation.post("/v1/\(collection)/\(id)/actions/refresh", as: secret).expecting(202)
        try await installation.lookDue()
        return try await installation.get("/v1/drift?resource=\(id)", as: secret).expecting(200).ids.first ?? ""
    }

    /// Of nothing yet.
    func stack(_ name: String) async throws -> String {
        try await installation.post("/v1/stacks", as: secret, ["name": .string(name), "project_id": .string(project)]).expecting(201).text(
            "id")
    }

    func template(_ name: String) async throws -> String {
        try await installation.post("/v1/templates", as: secret, ["name": .string(name), "project_id": .string(project)]).expecting(201)
            .text("id")
    }

    func schedule() async throws -> String {
        try await installation.post("/v1/schedules", as: secret, RouteCase.schedule(for: project, ["selector": "spare"])).expecting(201)
            .text("id")
    }

    /// One that only warns.
    func policy() async throws -> String {
        try await installation.post("/v1/policies", as: secret, RouteCase.policy("Spare", for: project)).expecting(201).text("id")
    }

    /// Of a stack of its own.
    func plan(_ name: String) async throws -> String {
        let stack = try await stack(name)
        return try await installation.post("/v1/plans", as: secret, ["stack_id": .string(stack)]).expecting(201).text("id")
    }

    /// Makes something that counts as having been there before.
    func adopted(_ collection: String, _ spec: JSON? = nil) async throws -> String {
        let id = try await make(collection, "adopted", spec)
        try await installation.settle()
        _ = try await installation.store.write { connection in
            try connection.execute(#"UPDATE resources SET sync = '{"adoption":"marked"}' WHERE id = ?"#, id)
        }
        return id
    }

    /// Looks for what nobody manages, where there is a volume; answers the discovery.
    func discover(_ connection: String) async throws -> String {
        _ = try await installation.store.write { store in
            try store.execute(
                """
                INSERT INTO simulator_objects (workspace, mode, connection, labels, kind, reference, name, made_at, size_gib)
                SELECT workspace, mode, id, '{}', 'volume', 'stranger', 'stranger', 0, 1 FROM connections WHERE id = ?
                """, connection)
        }
        let begun = try await installation.post("/v1/discoveries", as: secret, ["connection": .string(connection)]).expecting(202)
        try await installation.discover()
        return begun.text("id")
    }

    /// Begins to make an instance; answers the operation.
    func begin(_ name: String, at provider: String = Estate.provider) async throws -> String {
        let made = try await installation.post("/v1/instances", as: secret, Estate.draft(name, in: project, at: provider)).expecting(201)
        return made["operation"]?["id"]?.string ?? ""
    }
}
