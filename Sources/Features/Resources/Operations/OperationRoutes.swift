import HTTPTypes
import Kernel
import Provider
import Storage
package import Web

/// `/v1/operations`: what goes on, what went wrong, and what somebody has to decide.
package struct OperationRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    package var all: [Route] { [list, read] + [cancel, retry, resolve].map { $0.heedingLeases() } }

    private var list: Route {
        Route(
            .get, "/v1/operations", .scope(.operationsRead), "List operations",
            query: ListEnvelope.parameters(
                sort: Operation.sortFields,
                filters: [
                    .init("resource", .string(1...100, .text, "Of one resource, by id.")),
                    .init("state", .choice(of: Operation.State.self)),
                    .init(
                        "open",
                        .choice(
                            ["true", "false"],
                            "Only those that have not ended, blocked and stuck ones among them; with `false`, only those that have.")),
                    .init("project_id", .string(1...100)),
                ]), answers: [.list(of: OperationView.schema)]
        ) { call in
            let request = try call.pageRequest()
            let page = try await call.read { connection in
                try Operation.list(
                    request, resource: call.query["resource"], state: call.query["state"], isOpen: call.query["open"].map { $0 == "true" },
                    project: call.query["project_id"], for: call.caller, connection)
            }
            return call.answer(page.map { OperationView(operation: $0) })
        }
    }

    private var read: Route {
        Route(
            .get, "/v1/operations/{id}", .scope(.operationsRead), "Read an operation",
            details: "With `wait=30s`, answers when it has ended or the time is up.", query: [.wait],
            answers: [.ok(OperationView.schema)]
        ) { call in
            let id = call.id(of: OperationKind.self)
            if try await call.read({ try StackRun.find(id, for: call.caller, $0) }) != nil {
                try await engine.wait(forStack: id, in: call.caller.tenant, atMost: call.wait)
                guard let run = try await call.read({ try StackRun.find(id, for: call.caller, $0) }) else {
                    throw Problem.notFound("operation")
                }
                return .json(.ok, run, capacity: 2048)
            }
            _ = try await call.read { try Operation.find(id, for: call.caller, $0) }
            if call.wait > .zero { try await engine.wait(for: id, in: call.caller.tenant, atMost: call.wait) }
            return .json(.ok, try await call.read { try OperationView.of(Operation.find(id, for: call.caller, $0), $0) }, capacity: 1024)
        }
    }

    private var cancel: Route {
        Route(
            .post, "/v1/operations/{id}/cancel", .scope(.operationsWrite), "Cancel an operation",
            details: "What waits ends at once; what runs ends at its next step, and a create takes back what it has made.", query: [.wait],
            answers: [.accepted(OperationView.schema)], problems: [.forbidden, .invalidState]
        ) { call in
            try await change(call) { change in
                switch change.operation.state {
                case .queued: try change.end(.canceled, .init(code: .canceled, detail: "It was canceled."))
                case .running:
                    guard change.operation.verb != .delete else { throw Problem(.invalidState, "A delete that runs cannot be canceled.") }
                    change.operation.state = .canceling
                    change.operation.dueAt = change.by.at
                case .canceling, .canceled: break
                default: throw Problem.state(change.operation, "be canceled")
                }
            }
        }
    }

    private var retry: Route {
        Route(
            .post, "/v1/operations/{id}/retry", .scope(.operationsWrite), "Try at once",
            details: "Instead of at `next_attempt_at`: when the provider is known to be back.", query: [.wait],
            answers: [.accepted(OperationView.schema)], problems: [.forbidden, .invalidState]
        ) { call in
            try await change(call) { change in
                guard change.operation.state.isActive else {
                    throw Problem.state(change.operation, "be tried again; only one that runs can")
                }
                change.operation.dueAt = change.by.at
            }
        }
    }

    private var resolve: Route {
        Route(
            .post, "/v1/operations/{id}/resolve", .scope(.operationsWrite), "Decide about a blocked or stuck operation",
            details:
                "`retry` goes on as if nothing had happened; `adopt` takes the object named by `provider_ref` as the one that was made; `forget` ends it: nothing of it is left at the provider, or it is taken care of by hand.",
            query: [.wait],
            body: .required(
                .object([.required("decision", .choice(of: Decision.self)), .optional("provider_ref", .string(1...500, .name))])),
            answers: [.accepted(OperationView.schema)], problems: [.forbidden, .invalidState]
        ) { call in
            let decision = call.body?["decision"]?.string.flatMap(Decision.init) ?? .retry
            let reference = call.body?["provider_ref"]?.string
            guard (decision == .adopt) == (reference != nil) else {
                throw Problem.invalid(
                    "provider_ref", "Adopting needs the provider's id of the object, and nothing else does.", code: "combination")
            }
            return try await change(call) { change in
                guard change.operation.state == .blocked || change.operation.state == .stuck else {
                    throw Problem.state(change.operation, "be resolved; only a blocked or stuck one can")
                }
                try change.resolve(decision, reference)
            }
        }
    }

    private func change(_ call: Call, _ body: @escaping @Sendable (inout OperationChange) throws -> Void) async throws -> Answer {
        let id = call.id(of: OperationKind.self)
        let answer = try await call.commit { connection in
            let operation = try Operation.find(id, for: call.caller, connection)
            try call.caller.require(.editor, in: operation.project)
            try call.caller.require(operation.kind.writeScope)
            let resource = try Resource.find(operation.resource, in: call.caller.tenant, connection)
            try resource.requireUnleased(showing: call.leaseProofs, at: call.at)
            var change = OperationChange(
                operation: operation, resource: resource, by: call.attribution, epoch: operation.epoch, connection: connection)
            try body(&change)
            try change.keep()
            return .json(.accepted, try OperationView.of(change.operation, connection), capacity: 1024)
        }
        engine.announce(id)
        engine.wake()
        guard call.wait > .zero else { return answer }
        try await engine.wait(for: id, in: call.caller.tenant, atMost: call.wait)
        return .json(.accepted, try await call.read { try OperationView.of(Operation.find(id, for: call.caller, $0), $0) }, capacity: 1024)
    }
}

/// What a person decides about an operation that cannot go on.
enum Decision: String, Sendable, CaseIterable {
    case retry
    case adopt
    case forget
}

extension OperationChange {
    mutating func resolve(_ decision: Decision, _ reference: String?) throws {
        let wasStuck = operation.state == .stuck
        let place = operation.steps.firstIndex { $0.state == .failed || $0.state == .running }
        resource.clear(.operationStuck)
        switch decision {
        case .forget:
            if operation.makesTheObject || operation.verb == .delete { resource.reference = nil }
            if operation.verb == .delete { return try end(.succeeded, nil) }
            try end(.failed, operation.error)
        case .retry:
            operation.state = wasStuck ? .undoing : .running
            if !wasStuck { operation.error = nil }
            if let place { operation.steps[place].beginAgain(at: by.at) }
            operation.startedAt = by.at
            operation.dueAt = by.at
        case .adopt:
            operation.state = .running
            operation.error = nil
            resource.reference = reference
            if let place { operation.steps[place].state = .done }
            operation.startedAt = by.at
            operation.dueAt = by.at
            try goOn()
        }
    }
}

extension Step {
    /// As if it had never been tried: somebody has looked.
    fileprivate mutating func beginAgain(at now: Timestamp) {
        (state, attempt, isInDoubt, emptySearches, emptySince, startedAt) = (.running, 0, false, 0, nil, now)
    }
}

extension OperationView {
    /// With its place in the queue of its resource.
    static func of(_ operation: Operation, _ connection: Connection) throws -> OperationView {
        guard operation.state == .queued else { return OperationView(operation: operation) }
        let queue = try Operation.unfinished(of: operation.resource, in: operation.tenant, connection)
        return OperationView(operation: operation, queuePosition: queue.firstIndex { $0.id == operation.id } ?? 0)
    }
}

extension Route.Response {
    static func accepted(_ schema: Schema) -> Self { .init(status: 202, description: "Accepted.", schema: schema) }
}

extension Problem {
    fileprivate static func state(_ operation: Operation, _ what: String) -> Problem {
        Problem(
            .invalidState, "The operation is \(operation.state.rawValue) and cannot \(what).",
            members: ["state": .string(operation.state.rawValue)])
    }
}
