package import Identity
package import Kernel
import Provider
package import Storage

/// The sandbox's connection: a simulator, the only provider there is in test mode.
package struct SandboxResources: SandboxSeed {
    package init() {}

    private static let tables = [
        "project_freezes", "instance_samples", "operations", "resource_links", "resource_labels", "resources", "connections",
    ]

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in Self.tables {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {
        let simulator = ProviderConnection(
            id: by.makeID(), tenant: by.tenant, name: "simulator", provider: "simulator", settings: .object([]), secret: nil, projects: nil,
            state: .connected, stateDetail: "", capabilities: nil, verifiedAt: nil, version: 1, createdAt: by.at, updatedAt: by.at)
        try simulator.insert(by: by, connection)
    }
}
