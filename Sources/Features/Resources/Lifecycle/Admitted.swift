import Kernel
import Prices
import Provider
import Storage
import Web

/// What a request has brought about: the resource as it is now, the operation that goes on with it, and what it is estimated to cost.
struct Admitted: Sendable {
    var resource: Resource
    var operation: Operation?
    var estimate: Estimate?
    /// A put made it.
    var isNew = false
    /// What policies warn of.
    var policyResults: [PolicyResult] = []
    /// Where it was put, for a create that said only what it needs.
    var placement: Placement?
}

/// Adds operations to a resource's queue; part of the transaction that changes the resource.
struct OperationQueue {
    let by: Attribution
    let actor: Actor
    let epoch: Int
    let connection: Connection

    /// Operations that may wait for one resource.
    static let limit = 8

    /// The operation that will do it: a new one, or the last waiting one when it does the same. Throws `queue_full`.
    func add(
        _ verb: Operation.Verb, to resource: inout Resource, steps: [Step], input: [JSON.Member] = [], waitsFor: [OperationID] = []
    ) throws -> Operation {
        // A resource that is just being made has none.
        let queue = verb == .create ? [] : try Operation.unfinished(of: resource.id, in: resource.tenant, connection)
        let waiting = queue.filter { $0.state == .queued }
        if let last = queue.last, last.verb == verb, last.state == .queued, last.steps.map(\.action) == steps.map(\.action) { return last }
        guard waiting.count < Self.limit else {
            throw Problem(.queueFull, "\(waiting.count) operations wait for this \(resource.kind.rawValue) already.", retryAfter: 5)
        }
        var operation = Operation(
            id: by.makeID(), tenant: resource.tenant, project: resource.project, kind: resource.kind, resource: resource.id,
            connection: resource.connection, verb: verb, state: .queued, steps: steps,
            input: .object(input + [.init("generation", JSON(resource.generation))]), error: nil, isNoop: false,
            place: (queue.last?.place ?? 0) + 1, waitsFor: waitsFor,
            supersededBy: nil, actor: actor, request: by.request, epoch: epoch, dueAt: waitsFor.isEmpty ? nil : by.at, createdAt: by.at,
            startedAt: nil, finishedAt: nil)
        if queue.isEmpty {
            resource.operation = operation.id
            if waitsFor.isEmpty {
                var change = OperationChange(operation: operation, resource: resource, by: by, epoch: epoch, connection: connection)
                change.start()
                (operation, resource) = (change.operation, change.resource)
            }
        } else if !waitsFor.isEmpty {
            operation.dueAt = nil
        }
        try operation.insert(connection)
        return operation
    }

    /// An operation for what is as it should be already.
    func noop(_ verb: Operation.Verb, on resource: Resource) throws -> Operation {
        let operation = Operation(
            id: by.makeID(), tenant: resource.tenant, project: resource.project, kind: resource.kind, resource: resource.id,
            connection: resource.connection, verb: verb, state: .succeeded, steps: [], input: .object([]), error: nil, isNoop: true,
            place: 0,
            waitsFor: [], supersededBy: nil, actor: actor, request: by.request, epoch: epoch, dueAt: nil, createdAt: by.at,
            startedAt: by.at,
            finishedAt: by.at)
        try operation.insert(connection)
        return operation
    }
}
