import HTTPTypes
import Kernel
import Prices
import Provider
import Resources
import Server
import Simulator
import Storage
import TestKit

/// A simulated cloud as a test uses it, through the front door.
struct Cloud: Sendable {
    let installation: Installation
    /// A workspace key, live, with every scope.
    var key: String { installation.home.liveKey }
    var project: String { installation.home.project.rawValue }

    /// Connects a simulator that answers at once.
    static func connect(_ installation: Installation, _ settings: JSON = ["latency_ms": 0], name: String = "sim") async throws -> Cloud {
        let cloud = Cloud(installation: installation)
        let reply = try await installation.moving {
            try await cloud.post("/v1/connections", ["name": .string(name), "provider": "simulator", "settings": settings])
        }
        _ = try reply.expecting(201)
        return cloud
    }

    func post(_ path: String, _ body: JSON? = nil, headers: [String: String] = [:]) async throws -> Reply {
        try await installation.post(path, as: key, body, headers: headers)
    }

    func get(_ path: String) async throws -> Reply { try await installation.get(path, as: key) }
    func patch(_ path: String, _ body: JSON, headers: [String: String] = [:]) async throws -> Reply {
        try await installation.patch(path, as: key, body, headers: headers)
    }
    func put(_ path: String, _ body: JSON) async throws -> Reply { try await installation.put(path, as: key, body) }
    func delete(_ path: String) async throws -> Reply { try await installation.delete(path, as: key) }

    /// The body of a create, in the first project.
    func body(_ name: String, _ spec: JSON = .object([]), _ more: [JSON.Member] = []) -> JSON {
        .object([.init("name", .string(name)), .init("project_id", .string(project)), .init("spec", spec)] + more)
    }

    /// Makes something and lets the engine finish it; answers it as it is then.
    @discardableResult
    func make(_ collection: String, _ name: String, _ spec: JSON = .object([]), _ more: [JSON.Member] = []) async throws -> Reply {
        let made = try await post("/v1/\(collection)", body(name, spec, more)).expecting(201)
        try await installation.settle()
        return try await get("/v1/\(collection)/\(made.text("id"))").expecting(200)
    }

    /// Does something that the engine has to finish, and lets it.
    func act(_ id: String, _ verb: String, _ body: JSON? = nil) async throws -> Reply {
        let collection = Self.collection(of: id)
        _ = try await post("/v1/\(collection)/\(id)/actions/\(verb)", body).expecting(202)
        try await installation.settle()
        return try await get("/v1/\(collection)/\(id)").expecting(200)
    }

    /// As it stands in the paths of that resource.
    static func collection(of id: String) -> String {
        let collections = [
            "inst": "instances", "vol": "volumes", "net": "networks", "bkt": "buckets", "ip": "ips", "fw": "firewalls", "snap": "snapshots",
        ]
        return collections[String(id.prefix { $0 != "_" })] ?? ""
    }

    /// What the simulated provider has, counted there and not with us.
    func objects() async throws -> Int {
        try await installation.store.read { connection in
            try connection.row("SELECT count(*) FROM simulator_objects WHERE mode = 'live'") { $0.integer(0) } ?? -1
        }
    }

    /// How often the log says that of a resource.
    func events(_ type: String, of id: String? = nil) async throws -> Int {
        try await installation.store.read { connection in
            try connection.row(
                "SELECT count(*) FROM events WHERE mode = 'live' AND type = ? AND subject = COALESCE(?, subject)", type, id
            ) { $0.integer(0) } ?? -1
        }
    }
}

extension Cloud {
    /// The simulated cloud that a resource is at.
    func simulator(of id: String) async throws -> (Simulator, Subject)? {
        let tenant = Tenant(workspace: installation.home.workspace, mode: .live)
        let (account, subject) = try await installation.store.read { connection in
            let resource = try Resource.find(ResourceID(id), in: tenant, connection)
            return (try ProviderConnection.find(resource.connection, in: tenant, connection), resource.subject)
        }
        let engine = installation.parts.engine
        let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
        return (provider as? Simulator).map { ($0, subject) }
    }

    /// Puts an object of somebody else where the provider would have the instance's.
    func plantForeign(for id: String) async throws {
        let tenant = Tenant(workspace: installation.home.workspace, mode: .live)
        let account = try await installation.store.read { connection in
            try ProviderConnection.find(Resource.find(ResourceID(id), in: tenant, connection).connection, in: tenant, connection)
        }
        let engine = installation.parts.engine
        let provider = try engine.pool.provider(for: account, installation: engine.identity.installation)
        guard let simulator = provider as? Simulator else { return }
        _ = try await simulator.plantForeign(named: Subject(kind: .instance, id: id).name, kind: .instance)
    }
}

extension Reply {
    var phase: String? { json["status"]?["phase"]?.string }
    var power: String? { json["status"]?["power"]?.string }
    func spec(_ name: String) -> JSON? { json["spec"]?[name] }
    /// What went wrong with the operation of this answer.
    var operation: JSON { json["operation"] ?? .null }
}
