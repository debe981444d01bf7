import Kernel
import Prices
import Provider
import Storage

extension OperationChange {
    /// Ends the operation and brings resource, charges, quota and budget in line with what is there now; then the next in the queue begins.
    mutating func end(_ state: Operation.State, _ failure: Operation.Failure?) throws {
        operation.state = state
        operation.error = failure
        operation.finishedAt = by.at
        operation.dueAt = nil
        resource.clear(.operationStuck)
        if state == .succeeded, operation.verb == .delete { try dismissQueue() }
        if state == .succeeded { try succeed() } else { try giveUp() }
        if operation.makesTheObject, resource.spec.references != resource.spec.standingReferences {
            try resource.replaceLinks(connection)
        }
        try closeDrifts()
        let next = try Operation.unfinished(of: resource.id, in: operation.tenant, connection).first { $0.id != operation.id }
        resource.operation = next?.id
        log(succeeded: state == .succeeded)
        if let next { try begin(next) }
    }

    /// Nothing that was asked for while the delete waited or ran is begun any more, but for a purge.
    private mutating func dismissQueue() throws {
        let queue = try Operation.unfinished(of: resource.id, in: operation.tenant, connection)
        for waiting in queue.reversed() where waiting.id != operation.id && waiting.verb != .delete {
            var change = OperationChange(operation: waiting, resource: resource, by: by, epoch: waiting.epoch, connection: connection)
            try change.dismiss()
            dismissed.append(waiting.id)
            follow(change)
        }
    }

    private mutating func succeed() throws {
        switch operation.verb {
        case .delete: try leave()
        default:
            resource.phase = .ready
            (resource.deletedAt, resource.purgeAt) = (nil, nil)
            resource.observedGeneration = max(resource.observedGeneration, Int(operation.input["generation"]?.integer ?? 0))
            resource.set(.ready, resource.power != .crashed, resource.power?.reason ?? "Present", at: by.at)
            try settle()
        }
    }

    /// Nothing is needed any more, and nothing is charged or held once the object is gone. The row stays for a while.
    private mutating func leave() throws {
        let isPurged = operation.input["purge"]?.bool ?? false
        resource.phase = isPurged ? .purged : .deleted
        resource.power = nil
        resource.conditions = []
        try dropDrifts()
        resource.deletedAt = isPurged ? resource.deletedAt ?? by.at : by.at
        resource.purgeAt = isPurged ? nil : by.at.adding(days: operation.input["retain_days"]?.integer ?? Resource.retention)
        resource.expiresAt = nil
        try resource.removeLinks(connection)
        guard !operation.isKeeping else { return }
        resource.observed = Resource.Observed()
        try lose()
    }

    /// The object is gone.
    private mutating func lose() throws {
        resource.reference = nil
        try MeteredTime.set([], for: resource.consumer, at: by.at, connection)
        try Admission.release(resource.id.rawValue, by: by, connection)
    }

    /// As it was before somebody tried to purge it or to bring it back; for a day at least, so that what fails is not tried all the time.
    private mutating func keepOn() {
        resource.phase = .deleted
        resource.purgeAt = max(resource.purgeAt ?? by.at, by.at.adding(days: 1))
    }

    /// What was wanted and could not be had is wanted no more.
    private mutating func giveUp() throws {
        switch operation.verb {
        case .undelete where !operation.makesTheObject:
            keepOn()
            resource.set(.ready, false, "Failed", operation.error?.detail ?? "", at: by.at)
            try resource.removeLinks(connection)
        case .create, .undelete:
            resource.phase = .failed
            resource.set(.ready, false, "Failed", operation.error?.detail ?? "", at: by.at)
            guard resource.reference == nil || operation.steps.contains(where: { $0.action == .delete && $0.state == .done }) else {
                return try settle()
            }
            resource.power = nil
            try lose()
        case .delete:
            if resource.deletedAt != nil { keepOn() } else { resource.phase = resource.reference == nil ? .failed : .ready }
            resource.set(.ready, false, "DeleteFailed", operation.error?.detail ?? "", at: by.at)
        default:
            resource.phase = .ready
            if let before = operation.input["before"], let spec = Spec(resource.kind, before),
                Int(operation.input["generation"]?.integer ?? 0) == resource.generation
            {
                resource.spec = spec
                resource.generation += 1
                resource.observedGeneration = resource.generation
                try resource.replaceLinks(connection)
            }
            try settle()
        }
    }

    /// Charges what runs, holds what is wanted.
    private mutating func settle() throws {
        try MeteredTime.set(resource.chargedLines, for: resource.consumer, at: by.at, connection)
        _ = try Admission.reserve(resource.spec.demand, for: resource.consumer, alternatives: [], by: by, connection)
    }

    private mutating func log(succeeded: Bool) {
        if succeeded, resource.phase == .purged, told.phase == .deleted {
            return tell(
                "\(operation.kind.rawValue).purged",
                [
                    .init("operation_id", JSON(operation.id)), .init("name", .string(resource.name)),
                    .init("project_id", JSON(resource.project)),
                ])
        }
        let type =
            succeeded
            ? "\(operation.kind.rawValue).\(operation.verb.pastTense)" : "\(operation.kind.rawValue).\(operation.verb.rawValue)_failed"
        tell(operation.state == .canceled ? "operation.canceled" : type, ending)
    }

    /// What the log says of every end.
    var ending: [JSON.Member] {
        [
            .init("operation_id", JSON(operation.id)), .init("name", .string(resource.name)),
            .init("project_id", JSON(resource.project)), .init("phase", .string(resource.phase.rawValue)),
            .init("power", JSON(resource.power?.rawValue)), .init("error", operation.error?.json ?? .null),
        ]
    }

    private mutating func begin(_ next: Operation) throws {
        guard next.state == .queued else { return }
        try operation.save(connection)
        var change = OperationChange(operation: next, resource: resource, by: by, epoch: epoch, connection: connection)
        _ = try change.beginIfReady()
        change.operation.epoch = epoch
        try change.operation.save(connection)
        follow(change)
    }
}

extension Resource {
    /// Whose it is, for prices, quotas, budgets and charges.
    var consumer: Consumer {
        Consumer(
            tenant: tenant, account: account, project: project, resource: id.rawValue, kind: kind.rawValue, name: name,
            provider: provider, location: location, labels: labels)
    }

    /// What is charged for it as it is now: an instance only while it runs.
    var chargedLines: [Demand.Line] {
        guard let instance = spec.instance else { return spec.demand.lines }
        guard power == .running else { return [] }
        return [.init(sku: "instance." + instance.size, units: 1)]
    }
}

extension Power {
    /// As the reason of a condition.
    fileprivate var reason: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}
