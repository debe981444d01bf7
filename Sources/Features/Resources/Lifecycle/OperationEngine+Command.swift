package import Kernel
package import Storage
import Web

/// What the server itself asks of resources, admitted as a caller's request is. `wake` is to be called after the commit.
extension OperationEngine {
    /// Stops an instance. Nil when it is stopped already, or being stopped. Throws `invalid_state` for what cannot be stopped, `queue_full`.
    package func stop(_ resource: Resource, by: Attribution, _ connection: Connection) throws -> OperationID? {
        try perform(.stop, on: resource, by: by, connection)
    }

    /// Starts an instance. Nil when it runs already. Throws `invalid_state`, `quota_exceeded`, `budget_exceeded`, `project_frozen`, `queue_full`.
    package func start(_ resource: Resource, by: Attribution, _ connection: Connection) throws -> OperationID? {
        try perform(.start, on: resource, by: by, connection)
    }

    private func perform(_ action: Action, on resource: Resource, by: Attribution, _ connection: Connection) throws -> OperationID? {
        let admitting = Admitting(caller: .itself(by), by: by, identity: identity, pool: pool, connection: connection)
        let operation = try admitting.perform(action, on: resource, nil).operation
        return operation.flatMap { $0.isNoop ? nil : $0.id }
    }
}

extension Caller {
    /// The server, on behalf of who stands in the log for it; what that one may do was seen when it was asked for.
    static func itself(_ by: Attribution) -> Caller {
        Caller(
            workspace: by.tenant.workspace, mode: by.tenant.mode, credential: .init(kind: .token, id: by.actor.id, project: nil), user: nil,
            scopes: .all, reach: .workspace(.editor), profile: .cloudapi)
    }
}
