import Kernel
import Prices
import Provider
import Storage

/// An operation and its resource inside one transaction of the engine, and what an outcome makes of them.
struct OperationChange {
    var operation: Operation
    var resource: Resource
    let by: Attribution
    /// The start of the engine whose knowledge this is. A person's change keeps the operation's own: it says nothing of calls on their way.
    let epoch: Int
    let connection: Connection
    /// The resource as the log tells it.
    private(set) var told: Resource
    /// Operations that ended with this one, for those who wait for them.
    var dismissed: [OperationID] = []

    init(operation: Operation, resource: Resource, by: Attribution, epoch: Int, connection: Connection) {
        self.operation = operation
        self.resource = resource
        self.by = by
        self.epoch = epoch
        self.connection = connection
        told = resource
    }

    /// Writes both back; what is different from what the log tells is told.
    mutating func keep() throws {
        operation.epoch = epoch
        if !resource.looksLike(told) {
            tell(
                "\(resource.kind.rawValue).observed",
                [
                    .init("operation_id", JSON(operation.id)), .init("name", .string(resource.name)),
                    .init("project_id", JSON(resource.project)),
                ])
        }
        try operation.save(connection)
        try resource.save(connection)
    }

    /// Appends an event that tells the resource as it is now.
    mutating func tell(_ type: String, _ data: [JSON.Member]) {
        resource.updatedAt = by.at
        var data = data
        if resource.snapshot != told.snapshot { data.append(.init("after", resource.snapshot)) }
        data.append(.init("state", resource.state))
        connection.append(EventDraft(type, subject: resource.id.rawValue, data: .object(data)), by: by)
        told = resource
    }

    /// Takes over what another change of the same resource has made of it, in the same transaction.
    mutating func follow(_ other: OperationChange) { (resource, told) = (other.resource, other.told) }

    // MARK: Begin

    /// True when the operation runs now.
    mutating func beginIfReady() throws -> Bool {
        for id in operation.waitsFor {
            let other = try Operation.find(id, in: operation.tenant, connection)
            if other.state == .succeeded { continue }
            guard other.state.isOver else {
                operation.dueAt = by.at.adding(milliseconds: 250)
                return false
            }
            try end(.failed, .init(code: .notStabilized, detail: "It needs \(other.type) of \(other.resource), which did not succeed."))
            return false
        }
        start()
        return true
    }

    mutating func start() {
        operation.state = .running
        operation.startedAt = by.at
        operation.dueAt = by.at
        resource.operation = operation.id
        // What is kept stays deleted while it is being purged.
        if !(resource.isKept && operation.verb == .delete) { resource.phase = operation.verb.runningPhase }
        beginStep()
    }

    /// Writes down the intent of the next step.
    private mutating func beginStep() {
        guard let place = operation.position, operation.steps[place].state == .pending else { return }
        operation.steps[place].state = .running
        operation.steps[place].startedAt = by.at
    }

    // MARK: Outcomes

    mutating func take(_ outcome: Outcome, at place: Int) throws {
        switch outcome {
        case .done(let sighting):
            observe(sighting)
            if sighting == nil { resource.sync.forget(operation.steps[place].action) }
            noteReachable()
            operation.steps[place].attempt += 1
            operation.steps[place].state = .done
            operation.steps[place].trouble = nil
            try goOn()
        case .pending(let sighting):
            observe(sighting)
            noteReachable()
            try retry(place, after: Backoff.look(attempt: operation.steps[place].attempt))
        case .nothingYet:
            operation.steps[place].emptySearches += 1
            operation.steps[place].emptySince = operation.steps[place].emptySince ?? by.at
            try retry(place, after: .seconds(15))
        case .trouble(let error):
            note(error, at: place)
            if error.kind == .capacity { try CapacityFailure.note(resource, at: by.at, connection) }
            let wait = Backoff.afterTrouble(
                attempt: operation.steps[place].attempt, asked: error.retryAfter, random: by.surroundings.random())
            try retry(place, after: wait, for: error)
        case .failed(let failure):
            operation.steps[place].attempt += 1
            try fail(failure, at: place)
        case .ended(let failure, let sighting):
            observe(sighting)
            noteReachable()
            operation.steps[place].attempt += 1
            try fail(failure, at: place)
        case .blocked(let detail): halt(.blocked, .init(code: .ambiguousResult, detail: detail), at: place)
        }
    }

    /// To the next step, or to the end.
    mutating func goOn() throws {
        operation.dueAt = by.at
        beginStep()
        if operation.position == nil { try finish() }
    }

    private mutating func observe(_ sighting: Sighting?) {
        guard let sighting, sighting.owner == .ours(resource.id.rawValue) else { return }
        resource.reference = sighting.reference
        resource.observed = Resource.Observed(sighting.state)
        resource.sync.baseline = CanonicalState(sighting.state, of: resource.kind).withoutPower
        if resource.kind == .instance, let power = sighting.state.power { resource.power = power }
        resource.syncedAt = by.at
    }

    private mutating func noteReachable() {
        if resource.conditions.contains(where: { $0.type == .providerReachable }) {
            resource.set(.providerReachable, true, "Answered", at: by.at)
        }
    }

    private mutating func note(_ error: ProviderError, at place: Int) {
        operation.steps[place].trouble = error.detail
        switch error.kind {
        case .unreachable: resource.set(.providerReachable, false, "Unreachable", error.detail, at: by.at)
        case .unauthorized: resource.set(.credentialsValid, false, "Refused", error.detail, at: by.at)
        case .ambiguous: operation.steps[place].isInDoubt = true
        default: break
        }
    }

    /// A provider that is down is waited for: a day, and not only the time an operation may take.
    private static let patience: Int64 = 86_400

    private mutating func retry(_ place: Int, after wait: Duration, for error: ProviderError? = nil) throws {
        operation.steps[place].attempt += 1
        operation.dueAt = by.at.adding(milliseconds: wait.milliseconds)
        let limit = error?.kind == .unreachable ? operation.createdAt.adding(seconds: Self.patience) : operation.deadline
        guard by.at >= limit else { return }
        try fail(.init(givenUpAfter: error), at: place)
    }

    // MARK: Ends

    private mutating func finish() throws {
        switch operation.state {
        case .undoing: try end(.failed, operation.error)
        case .canceling where operation.error?.code == .canceled: try end(.canceled, operation.error)
        default: try end(.succeeded, nil)
        }
    }

    private mutating func fail(_ failure: Operation.Failure, at place: Int) throws {
        if failure.code == .providerAuth { resource.set(.credentialsValid, false, "Refused", failure.detail, at: by.at) }
        let wasUndoing = operation.state == .undoing || operation.error?.code == .canceled
        operation.steps[place].state = .failed
        operation.steps[place].trouble = failure.detail
        if wasUndoing {
            halt(.stuck, .init(code: .undoFailed, detail: failure.detail), at: place)
        } else if operation.makesTheObject, failure.code != .ownershipConflict, failure.code != .notStabilized,
            resource.reference != nil || operation.steps[place].isInDoubt
        {
            operation.error = failure
            undo(in: .undoing)
        } else {
            try end(.failed, failure)
        }
    }

    /// Takes back what a create may have made: the same steps as a delete.
    private mutating func undo(in state: Operation.State) {
        for place in operation.steps.indices where operation.steps[place].state == .pending || operation.steps[place].state == .running {
            operation.steps[place].state = .skipped
        }
        operation.steps += [Step(.delete), Step(.await(.absent))]
        operation.state = state
        operation.startedAt = by.at
        operation.dueAt = by.at
        beginStep()
    }

    mutating func cancelAtBoundary() throws {
        guard operation.error?.code != .canceled else { return }
        let failure = Operation.Failure(code: .canceled, detail: "It was canceled.")
        let mayExist = resource.reference != nil || operation.steps.contains { $0.attempt > 0 || $0.state == .done }
        guard operation.makesTheObject, operation.supersededBy == nil, mayExist else { return try end(.canceled, failure) }
        operation.error = failure
        undo(in: .canceling)
    }

    private mutating func halt(_ state: Operation.State, _ failure: Operation.Failure, at place: Int) {
        operation.state = state
        operation.error = failure
        operation.dueAt = nil
        resource.set(.operationStuck, true, state == .stuck ? "UndoFailed" : "Ambiguous", failure.detail, at: by.at)
        tell(
            "operation." + state.rawValue,
            [
                .init("operation_id", JSON(operation.id)), .init("project_id", JSON(resource.project)), .init("error", failure.json),
            ])
    }
}

extension Operation {
    /// A delete that leaves the object where it is.
    var isKeeping: Bool { steps.contains { $0.action == .keep } }

    /// Whether giving it up takes the object away again; what an undelete finds was there before.
    var makesTheObject: Bool { (verb == .create || verb == .undelete) && steps.contains { $0.action == .create } }
}

extension Operation.Verb {
    var runningPhase: Resource.Phase {
        switch self {
        case .create, .undelete: .creating
        case .delete: .deleting
        default: .updating
        }
    }
}

extension Operation.Failure {
    /// What to call it when there is no time left.
    fileprivate init(givenUpAfter error: ProviderError?) {
        let code: Code =
            switch error?.kind {
            case .throttled: .providerThrottled
            case .unauthorized: .providerAuth
            case .conflict: .providerConflict
            case .capacity: .capacityUnavailable
            case .ambiguous: .ambiguousResult
            case nil: .notStabilized
            default: .deadlineExceeded
            }
        self.init(
            code: code,
            detail: error.map { "It was tried until its time was up; at last: \($0.detail)" } ?? "It did not become ready in time.")
    }
}
