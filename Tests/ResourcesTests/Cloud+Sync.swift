import Kernel
import Provider
import Resources
import Server
import Simulator
import Storage
import TestKit

extension Cloud {
    var tenant: Tenant { Tenant(workspace: installation.home.workspace, mode: .live) }

    func resource(_ id: String) async throws -> Resource {
        try await installation.store.read { [tenant] in try Resource.find(ResourceID(id), in: tenant, $0) }
    }

    /// The simulated cloud a resource is at as somebody else's console, whatever driver the server speaks to it with.
    func console(of id: String) async throws -> Simulator {
        let account = try await installation.store.read { [tenant] connection in
            try ProviderConnection.find(Resource.find(ResourceID(id), in: tenant, connection).connection, in: tenant, connection)
        }
        return Simulator(
            ProviderAccount(
                tenant: tenant, id: account.id.rawValue, installation: installation.parts.engine.identity.installation,
                settings: account.settings, secret: nil, surroundings: installation.place.surroundings), store: installation.store)
    }

    /// Somebody does that to an object past us.
    func tamper(_ id: String, _ deed: Simulator.Tampering) async throws {
        try await console(of: id).tamper(resource(id).subject, deed)
    }

    /// Connects a simulator, and gives `id`'s policy.
    func policy(_ id: String, _ policy: String) async throws {
        _ = try await patch("/v1/\(Self.collection(of: id))/\(id)", ["drift_policy": .string(policy)]).expecting(200)
    }

    /// What is not as it is wanted, of a resource or of all; the newest first.
    func drifts(_ query: String = "") async throws -> [JSON] { try await get("/v1/drift?limit=100&" + query).expecting(200).items }

    /// Looks, lets operations end, and looks again: what is found and done about it.
    func look() async throws {
        try await installation.sync()
        try await installation.settle()
        try await installation.sync()
    }

    /// Long enough for two complete lists, and what follows them.
    func lookTwice() async throws {
        try await installation.sync()
        installation.clock.advance(seconds: 61)
        try await look()
    }
}

extension Reply {
    func condition(_ type: String) -> JSON? {
        json["status"]?["conditions"]?.array?.first { $0["type"]?.string == type }
    }
}
