package import Kernel
package import Provider
import Storage
import Synchronization
package import Vault

/// Opens connections: joins a row, its secret and the driver into a provider that can be asked.
///
/// Providers are kept by connection and version, so that one that was edited is opened anew.
package final class ProviderPool: Sendable {
    package let drivers: [any ProviderDriver]
    private let vault: Vault
    private let surroundings: Surroundings
    private let open = Mutex<[ConnectionID: Entry]>([:])

    private struct Entry {
        let version: Int
        let installation: String
        let provider: any Provider
    }

    package init(drivers: [any ProviderDriver], vault: Vault, surroundings: Surroundings) {
        self.drivers = drivers
        self.vault = vault
        self.surroundings = surroundings
    }

    /// Throws `validation_failed` for a provider there is no driver for.
    package func driver(_ name: String) throws -> any ProviderDriver {
        guard let driver = drivers.first(where: { $0.name == name }) else {
            throw Problem.invalid("provider", "There is no driver for \(name).", code: "unknown")
        }
        return driver
    }

    package func provider(for connection: ProviderConnection, installation: String) throws -> any Provider {
        if let entry = open.withLock({ $0[connection.id] }), entry.version == connection.version, entry.installation == installation {
            return entry.provider
        }
        let provider = try driver(connection.provider).open(
            ProviderAccount(
                tenant: connection.tenant, id: connection.id.rawValue, installation: installation, settings: connection.settings,
                secret: try secret(of: connection), surroundings: surroundings))
        open.withLock { $0[connection.id] = Entry(version: connection.version, installation: installation, provider: provider) }
        return provider
    }

    /// Opened for a driver alone.
    func secret(of connection: ProviderConnection) throws -> JSON? {
        guard let sealed = connection.secret else { return nil }
        return try JSONParser.parse(vault.open(sealed, context: Self.context(connection.id)))
    }

    func seal(_ secret: JSON, for id: ConnectionID) throws -> [UInt8] {
        try vault.seal(secret.canonicalBytes, context: Self.context(id))
    }

    private static func context(_ id: ConnectionID) -> String { "connection " + id.rawValue }

    // MARK: What a spec hides

    /// Values of an instance's environment and its user data.
    func seal(hidden: JSON, for id: ResourceID) throws -> [UInt8] { try vault.seal(hidden.canonicalBytes, context: "spec " + id.rawValue) }

    func open(hidden: [UInt8], for id: ResourceID) throws -> JSON {
        try JSONParser.parse(vault.open(hidden, context: "spec " + id.rawValue))
    }
}
