package import Identity
package import Kernel
package import Provider
package import Storage

/// The sandbox's connection, a simulator, which is the only provider there is in test mode, and what runs there from the start.
///
/// Resources, what they hold, what they are metered by and their objects at the simulator are written as the engine would have left them, so
/// that everything can be done with them. Their closed hours are cut afterwards, as everybody's are.
package struct SandboxResources: SandboxSeed {
    private let cloud: Cloud

    package init(cloud: Cloud) { self.cloud = cloud }

    /// The simulator as the seed needs it.
    package struct Cloud: Sendable {
        /// Has the order carried out at an earlier moment.
        let plant: @Sendable (Order, _ isRunning: Bool, Timestamp, ProviderAccount, Connection) throws -> Sighting
        let clear: @Sendable (Tenant, Connection) throws -> Void

        package init(
            plant: @escaping @Sendable (Order, _ isRunning: Bool, Timestamp, ProviderAccount, Connection) throws -> Sighting,
            clear: @escaping @Sendable (Tenant, Connection) throws -> Void
        ) {
            self.plant = plant
            self.clear = clear
        }
    }

    private static let tables = [
        "policies", "schedule_stops", "schedules", "stack_members", "stack_plans", "stack_runs", "stack_templates", "stacks",
        "project_freezes", "instance_samples", "operations", "resource_links", "resource_labels", "resources", "capacity_failures",
        "connections",
    ]

    package func clear(_ tenant: Tenant, _ connection: Connection) throws {
        for table in Self.tables {
            try connection.execute("DELETE FROM \(table) WHERE workspace = ? AND mode = ?", tenant.workspace, tenant.mode)
        }
        try cloud.clear(tenant, connection)
    }

    package func plant(_ project: Project, by: Attribution, _ connection: Connection) throws {
        let simulator = ProviderConnection(
            id: by.makeID(), tenant: by.tenant, name: "simulator", provider: "simulator", settings: .object([]), secret: nil, labels: [:],
            projects: nil,
            state: .connected, stateDetail: "", capabilities: nil, verifiedAt: nil, version: 1, createdAt: by.at, updatedAt: by.at)
        try simulator.insert(by: by, connection)
        let account = ProviderAccount(
            tenant: by.tenant, id: simulator.id.rawValue, installation: try EngineIdentity.installation(by.surroundings, connection),
            settings: simulator.settings, secret: nil, surroundings: by.surroundings)
        var planting = SandboxPlanting(project: project, account: account, by: by, cloud: cloud, connection: connection)
        for member in SandboxFleet.members { try planting.plant(member) }
        try planting.tellHistory()
    }
}
