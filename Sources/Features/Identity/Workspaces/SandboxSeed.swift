package import Kernel
package import Storage

/// What a feature keeps in the sandbox: how to empty it, and the data that is there from the start.
package protocol SandboxSeed: Sendable {
    /// Removes everything of the tenant, which is always a test side.
    func clear(_ tenant: Tenant, _ connection: Connection) throws
    /// Puts back the first data, into the workspace's oldest project.
    func plant(_ project: Project, by: Attribution, _ connection: Connection) throws
    /// Does what is too much for the transaction of a reset. It would be done by a background task anyway, only later.
    func complete(_ store: Store, _ surroundings: Surroundings) async throws
}

extension SandboxSeed {
    package func complete(_ store: Store, _ surroundings: Surroundings) async throws {}
}
