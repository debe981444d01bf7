package import Kernel
package import Provider
package import Storage

/// Work at a provider that outlives the request that asked for it. The row is the work: whoever finds it unfinished goes on with it.
package struct Operation: Sendable {
    package let id: OperationID
    package let tenant: Tenant
    package let project: ProjectID
    package let kind: ResourceKind
    package let resource: ResourceID
    package let connection: ConnectionID
    package let verb: Verb
    package var state: State
    package var steps: [Step]
    /// What was asked for, fixed for all attempts: the whole spec for a create.
    package let input: JSON
    package var error: Failure?
    /// Everything was as asked for already.
    package var isNoop: Bool
    /// Where it stands in the queue of its resource: ids made in one millisecond have no order.
    package let place: Int
    /// Operations of other resources that must have ended before this one begins.
    package var waitsFor: [OperationID]
    package var supersededBy: OperationID?
    package let actor: Actor
    package let request: RequestID?
    /// Which start of the engine last wrote it: calls of an earlier start may have been made without their answer being seen.
    package var epoch: Int
    /// When the engine has to look at it next; nil when it waits for something else, or is over.
    package var dueAt: Timestamp?
    package let createdAt: Timestamp
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?

    package enum Verb: String, Sendable, CaseIterable, SQLConvertible {
        case create
        case update
        case delete
        case undelete
        case start
        case stop
        case restart
        case resize
        case attach
        case detach
        case empty
        case apply

        /// What the log says when it has succeeded.
        var pastTense: String {
            switch self {
            case .create: "ready"
            case .update: "updated"
            case .delete: "deleted"
            case .undelete: "undeleted"
            case .start: "started"
            case .stop: "stopped"
            case .restart: "restarted"
            case .resize: "resized"
            case .attach: "attached"
            case .detach: "detached"
            case .empty: "emptied"
            case .apply: "applied"
            }
        }
    }

    package enum State: String, Sendable, CaseIterable, SQLConvertible {
        case queued
        case running
        /// Ends at the next step boundary.
        case canceling
        /// Takes back what it has done, because it cannot be finished.
        case undoing
        case succeeded
        case failed
        case canceled
        /// Nobody but a person can tell what happened; `resolve` says so.
        case blocked
        /// What was done could not be taken back.
        case stuck

        package var isOver: Bool { self == .succeeded || self == .failed || self == .canceled }
        /// Whether the engine has to do with it.
        package var isActive: Bool { self == .running || self == .canceling || self == .undoing }
    }

    package struct Failure: Sendable, Equatable {
        package let code: Code
        package let detail: String

        package enum Code: String, Sendable, CaseIterable {
            case providerAuth = "provider_auth"
            case providerThrottled = "provider_throttled"
            case providerConflict = "provider_conflict"
            case notEmpty = "not_empty"
            case providerRejected = "provider_rejected"
            case capacityUnavailable = "capacity_unavailable"
            case notStabilized = "not_stabilized"
            case deadlineExceeded = "deadline_exceeded"
            case canceled
            case ownershipConflict = "ownership_conflict"
            case ambiguousResult = "ambiguous_result"
            case undoFailed = "undo_failed"
        }
    }

    package var type: String { "\(kind.rawValue).\(verb.rawValue)" }
    /// The step it is at; nil when all are behind it.
    package var position: Int? { steps.firstIndex { $0.state == .pending || $0.state == .running } }
    package var isFirstAttempt: Bool { position.map { steps[$0].attempt == 0 } ?? false }

    /// How much of a hundred is done, by steps.
    package var progress: Int {
        if state == .succeeded { return 100 }
        guard !steps.isEmpty else { return 0 }
        return steps.count(where: { $0.state == .done || $0.state == .skipped }) * 100 / steps.count
    }

    /// How long an operation of this kind may take before it is given up.
    package var deadline: Timestamp { (startedAt ?? createdAt).adding(seconds: verb == .delete ? 1800 : 900) }
}
