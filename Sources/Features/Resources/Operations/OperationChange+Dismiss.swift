// A delete cancels what waits: nothing of it is begun on something that goes. That holds for what waited when the delete was admitted, and for
// what was asked for while the delete itself waited for others to go first.

import Kernel
import Prices
import Provider
import Storage

extension OperationChange {
    /// Ends an operation that waits, because its resource is being deleted, and takes back what it had made of the spec. Of several the
    /// newest comes first.
    mutating func dismiss() throws {
        operation.state = .canceled
        operation.error = .init(code: .canceled, detail: "The resource is being deleted; what waited for it was not begun.")
        (operation.finishedAt, operation.dueAt) = (by.at, nil)
        if resource.operation == operation.id { resource.operation = nil }
        try takeBackSpec()
        try closeDrifts()
        tell("operation.canceled", ending)
        try operation.save(connection)
    }

    private mutating func takeBackSpec() throws {
        guard let before = operation.input["before"].flatMap({ Spec(resource.kind, $0) }), before != resource.spec else { return }
        resource.spec = before
        resource.generation += 1
        resource.observedGeneration = resource.generation
        try resource.replaceLinks(connection)
        do {
            try connection.savepoint {
                _ = try Admission.reserve(before.demand, for: resource.consumer, alternatives: [], by: by, connection)
            }
        } catch is Problem {
            // What it held before may be more than there is left to take: a deletion is not refused for that.
        }
    }
}

extension Resource {
    /// Ends those of its operations that wait, because it is being deleted.
    mutating func dismiss(_ unfinished: [Operation], by: Attribution, _ connection: Connection) throws {
        for waiting in unfinished.reversed() where waiting.state == .queued {
            var change = OperationChange(operation: waiting, resource: self, by: by, epoch: waiting.epoch, connection: connection)
            try change.dismiss()
            self = change.resource
        }
    }
}
