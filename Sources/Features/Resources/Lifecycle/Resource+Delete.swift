import Kernel
import Prices
import Provider
import Storage
import Web

extension Admitting {
    struct Deletion {
        /// Frees the name as soon as the object is gone, instead of keeping the resource for a while.
        var purges = false
        /// Days that it is kept for.
        var retention = Resource.retention
        /// Deletes what depends on it first.
        var cascades = false
    }

    /// Throws `lease_held`, `deletion_protected`, `in_use`. What is being deleted already answers with the operation that does it.
    func delete(_ resource: Resource, _ deletion: Deletion) throws -> Admitted {
        let unfinished = try Operation.unfinished(of: resource.id, in: resource.tenant, connection)
        if let running = unfinished.last(where: { $0.verb == .delete }), !(running.isKeeping && deletion.purges) {
            return Admitted(resource: resource, operation: running)
        }
        if resource.phase == .deleted { return try purge(resource, deletion) }
        try requireUnleased(resource)
        guard !resource.isProtected else {
            throw Problem(.deletionProtected, "The \(resource.kind.rawValue) \(resource.name) is protected from deletion.")
        }
        try resource.requireManaged(for: .delete)
        let waitsFor = try deleteDependents(of: resource, deletion)
        var resource = resource
        try supersede(unfinished, &resource)
        let operation = try remove(&resource, deletion, waitsFor: waitsFor)
        try link(unfinished, to: operation)
        return Admitted(resource: resource, operation: operation)
    }

    /// What was deleted before goes for good: its object too, by an operation, where that was kept.
    private func purge(_ resource: Resource, _ deletion: Deletion) throws -> Admitted {
        guard deletion.purges else { return Admitted(resource: resource) }
        try requireUnleased(resource)
        var resource = resource
        if resource.isKept { return Admitted(resource: resource, operation: try remove(&resource, deletion)) }
        try resource.purge(by: by, connection)
        return Admitted(resource: resource)
    }

    private func remove(_ resource: inout Resource, _ deletion: Deletion, waitsFor: [OperationID] = []) throws -> Operation {
        let operation = try queue.add(
            .delete, to: &resource, steps: resource.removal(purges: deletion.purges),
            input: [.init("purge", .bool(deletion.purges)), .init("retain_days", .integer(deletion.retention))], waitsFor: waitsFor)
        resource.updatedAt = by.at
        try resource.save(connection)
        log("delete_requested", resource, operation)
        return operation
    }

    private func deleteDependents(of resource: Resource, _ deletion: Deletion) throws -> [OperationID] {
        let dependents = try resource.dependents(connection).filter { $0.phase != .deleting }
        let going = try resource.dependents(connection).filter { $0.phase == .deleting }.compactMap(\.operation)
        guard !dependents.isEmpty else { return going }
        guard deletion.cascades else {
            throw Problem(
                .inUse, "\(dependents.count) other \(dependents.count == 1 ? "resource needs" : "resources need") it.",
                members: [
                    "dependents": .array(
                        dependents.prefix(100).map { ["id": JSON($0.id), "kind": .string($0.kind.rawValue), "name": .string($0.name)] })
                ])
        }
        return try going + dependents.compactMap { try delete($0, deletion).operation?.id }
    }

    /// What waits is not begun any more; what runs ends at its next step.
    private func supersede(_ unfinished: [Operation], _ resource: inout Resource) throws {
        if let halted = unfinished.first(where: { $0.state == .blocked || $0.state == .stuck }) {
            throw Problem(
                .invalidState, "The operation \(halted.id) is \(halted.state.rawValue); resolve it first.",
                members: ["operation_id": JSON(halted.id)])
        }
        try resource.dismiss(unfinished, by: by, connection)
    }

    private func link(_ unfinished: [Operation], to deletion: Operation) throws {
        for var operation in unfinished where operation.state == .running {
            operation.supersededBy = deletion.id
            operation.state = .canceling
            try operation.save(connection)
        }
    }
}

extension Resource {
    /// The calls that delete it: none for what is kept.
    func removal(purges: Bool) -> [Step] { holdsData && !purges ? [Step(.keep)] : [Step(.delete), Step(.await(.absent))] }

    /// Whether there is something in it that a deletion keeps. What was never ready is empty; one that is being undeleted was.
    private var holdsData: Bool {
        guard kind.isKeptWhenDeleted, reference != nil else { return false }
        return deletedAt != nil || ![.pending, .creating, .failed, .missing].contains(phase)
    }

    /// Forgets it but for its row, which says that it is gone; its name is free.
    mutating func purge(by: Attribution, _ connection: Connection) throws {
        phase = .purged
        purgeAt = nil
        sealed = nil
        updatedAt = by.at
        try save(connection)
        connection.append(
            EventDraft(
                "\(kind.rawValue).purged", subject: id.rawValue,
                data: ["name": .string(name), "project_id": JSON(project), "state": state]), by: by)
    }
}
