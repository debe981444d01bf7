import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
package import Web

/// `/v1/stacks`: resources that belong together, described in one place.
package struct StackRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    package var all: [Route] {
        [list, create, read, update, delete.heedingLeases()] + PlanRoutes(engine: engine).all + TemplateRoutes(engine: engine).all
    }

    private var list: Route {
        Route(
            .get, "/v1/stacks", .scope(.stacksRead), "List stacks",
            query: ListEnvelope.parameters(
                sort: Stack.sortFields, filters: [.init("project_id", .string(1...100)), .init("name", .string(1...63))]),
            answers: [.list(of: StackView.schema)]
        ) { call in
            let request = try call.pageRequest()
            let pool = engine.pool
            let page = try await call.read { connection in
                try Stack.list(request, project: call.query["project_id"], name: call.query["name"], for: call.caller, pool, connection)
                    .map { try StackView.of($0, connection) }
            }
            return call.answer(page)
        }
    }

    private var create: Route {
        Route(
            .post, "/v1/stacks", .scope(.stacksWrite), "Describe a stack",
            details: "Nothing is made yet: `POST /v1/plans` says what that would be, and its `apply` does it.",
            body: .required(
                .object([
                    .required("name", ResourceDraft.nameSchema), .optional("project_id", .id("proj")),
                    .optional("variables", StackDefinition.variablesSchema), .optional("resources", StackDefinition.membersSchema),
                ])), answers: [.created(StackView.schema)],
            problems: [.notFound, .forbidden, .nameTaken, .projectArchived, .projectFrozen, .invalidReference]
        ) { call in
            let definition = StackDefinition(call.body ?? .null)
            try definition.check()
            let engine = engine
            return try await call.commit { connection in
                let project = try Admitting(call, engine, connection).project(call.body?["project_id"]?.string)
                let by = call.attribution
                let stack = Stack(
                    id: by.makeID(), tenant: call.caller.tenant, project: project.id, name: call.body?["name"]?.string ?? "",
                    definition: definition, version: 1, run: nil, createdAt: by.at, updatedAt: by.at)
                try stack.insert(engine.pool, by: by, connection)
                return .created(StackView(stack: stack, members: [], run: nil), at: "/v1/stacks/\(stack.id)").with(etag: stack.etag)
            }
        }
    }

    private var read: Route {
        Route(
            .get, "/v1/stacks/{id}", .scope(.stacksRead), "Read a stack", details: "With its members and its last operation.",
            answers: [.ok(StackView.schema)]
        ) { call in
            let pool = engine.pool
            let view = try await call.read { try StackView.of(Stack.find(call.id(), for: call.caller, pool, $0), $0) }
            return .json(.ok, view, capacity: 4096).with(etag: view.stack.etag)
        }
    }

    private var update: Route {
        Route(
            .patch, "/v1/stacks/{id}", .scope(.stacksWrite), "Change what a stack is to be",
            details: "`variables` are merged, `resources` replaced. Nothing is done to its members before a plan is applied.",
            body: .required(
                .object([
                    .optional("variables", StackDefinition.variablesSchema), .optional("resources", StackDefinition.membersSchema),
                ])), answers: [.ok(StackView.schema)], problems: [.forbidden, .invalidReference, .invalidState, .preconditionFailed]
        ) { call in
            let engine = engine
            return try await call.commit { connection in
                var stack = try Stack.find(call.id(), for: call.caller, engine.pool, connection)
                try call.caller.require(.editor, in: stack.project)
                try call.requireMatch(stack.etag)
                try stack.requireQuiet(connection)
                let before = stack.snapshot
                let definition = stack.definition.changed(variables: call.body?["variables"], members: call.body?["resources"])
                if definition != stack.definition {
                    try definition.check()
                    stack.definition = definition
                    stack.version += 1
                    stack.updatedAt = call.at
                    try stack.save(engine.pool, connection)
                    connection.append(
                        EventDraft("stack.updated", subject: stack.id.rawValue, data: ["before": before, "after": stack.snapshot]),
                        by: call.attribution)
                }
                return .json(.ok, try StackView.of(stack, connection), capacity: 4096).with(etag: stack.etag)
            }
        }
    }

    private var delete: Route {
        Route(
            .delete, "/v1/stacks/{id}", .scope(.stacksWrite), "Delete a stack with all its members",
            details: """
                In reverse: what needs others goes first. Members are kept for \(Resource.retention) days as any deleted resource, or not with \
                `purge=true`. A protected member keeps the whole stack.
                """,
            query: [.wait, .init("purge", .choice(["true", "false"]))], answers: [.accepted(StackView.schema)],
            problems: [.forbidden, .deletionProtected, .invalidState, .preconditionFailed, .insufficientScope]
        ) { call in
            let engine = engine
            let answer = try await call.commit { connection in
                var stack = try Stack.find(call.id(), for: call.caller, engine.pool, connection)
                try call.caller.require(.editor, in: stack.project)
                try call.requireMatch(stack.etag)
                let view = try StackView.of(stack, connection)
                if let run = view.run, !run.isOver, run.plan == nil { return view.accepted() }
                try stack.requireQuiet(connection)
                for kind in Set(view.members.map(\.resource.kind)) { try call.caller.require(kind.writeScope) }
                for member in view.members { try member.resource.requireUnleased(showing: call.leaseProofs, at: call.at) }
                let changes = view.members.map { member, resource in
                    var change = PlannedChange(key: member.key, kind: resource.kind, name: resource.name, action: .delete)
                    change.resource = resource.id
                    return change
                }
                try Resource.requireUnprotected(
                    view.members.filter { !$0.resource.isGone }.map { (key: $0.member.key, resource: $0.resource) })
                var steps = StackStep.steps(of: changes, StackDefinition(.null), view.members.map(\.member))
                if call.query["purge"] == "true" { for place in steps.indices { steps[place].purges = true } }
                try stack.begin(nil, steps, rollsBack: false, showing: call.leaseProofs, by: call.attribution, engine.pool, connection)
                connection.append(
                    EventDraft(
                        "stack.delete_requested", subject: stack.id.rawValue,
                        data: ["before": stack.snapshot, "operation_id": JSON(stack.run)]), by: call.attribution)
                return try StackView.of(stack, connection).accepted()
            }
            return try await engine.answer(answer, to: call)
        }
    }
}

extension Admitting {
    init(_ call: Call, _ engine: OperationEngine, _ connection: Connection) {
        self.init(
            caller: call.caller, by: call.attribution, identity: engine.identity, pool: engine.pool, connection: connection,
            proofs: call.leaseProofs)
    }
}

extension Stack {
    /// Throws `invalid_state` while something is done to it.
    func requireQuiet(_ connection: Connection) throws {
        guard let run, let current = try StackRun.find(run, in: tenant, connection), !current.isOver else { return }
        throw Problem(
            .invalidState, "The stack \(name) has an operation that is \(current.state.rawValue).",
            members: ["operation_id": JSON(current.id)])
    }

    /// Writes down what is to be done; the engine does it after the commit.
    mutating func begin(
        _ plan: PlanID?, _ steps: [StackStep], rollsBack: Bool, showing proofs: Set<String>, by: Attribution, _ pool: ProviderPool,
        _ connection: Connection
    ) throws {
        let run = StackRun(
            id: by.makeID(), tenant: tenant, project: project, stack: id, plan: plan, rollsBack: rollsBack, proofs: proofs, state: .running,
            steps: steps,
            error: nil, actor: by.actor, request: by.request, createdAt: by.at, finishedAt: nil)
        try run.insert(connection)
        self.run = run.id
        updatedAt = by.at
        try save(pool, connection)
    }
}

extension Resource {
    /// Throws `deletion_protected` naming each.
    static func requireUnprotected(_ members: [(key: String, resource: Resource)]) throws {
        let protected = members.filter(\.resource.isProtected)
        guard !protected.isEmpty else { return }
        throw Problem(
            .deletionProtected, "Protected from deletion: \(protected.map(\.key).joined(separator: ", ")).",
            violations: protected.map {
                .init(
                    pointer: "/members/\($0.key)", code: "deletion_protected",
                    detail: "\($0.resource.kind.rawValue) \($0.resource.name) (\($0.resource.id)) is protected from deletion")
            })
    }
}

extension StackView {
    func accepted() -> Answer {
        var answer = Answer.json(.accepted, self, capacity: 4096).with(etag: stack.etag)
        if let run { answer.headers[.operationLocation] = "/v1/operations/\(run.id)" }
        return answer
    }
}

extension OperationEngine {
    /// Holds the answer about a stack back as long as the call asks for, and tells it as it is then.
    func answer(_ answer: Answer, to call: Call) async throws -> Answer {
        guard call.wait > .zero, let location = answer.headers[.operationLocation], let id = location.split(separator: "/").last else {
            return answer
        }
        let run = OperationID(String(id))
        try await wait(forStack: run, in: call.caller.tenant, atMost: call.wait)
        let pool = pool
        return try await call.read { connection in
            guard let run = try StackRun.find(run, in: call.caller.tenant, connection),
                let stack = try Stack.find(run.stack, in: call.caller.tenant, pool, connection)
            else { return answer }
            var current = Answer.json(answer.status, try StackView.of(stack, connection), capacity: 4096)
            current.headers = answer.headers
            return current
        }
    }

    /// Until it is over, at most so long.
    func wait(forStack id: OperationID, in tenant: Tenant, atMost limit: Duration) async throws {
        let end = surroundings.now().adding(milliseconds: limit.milliseconds)
        while surroundings.now() < end {
            guard let run = try await store.read({ try StackRun.find(id, in: tenant, $0) }), !run.isOver else { return }
            try await surroundings.sleep(.milliseconds(100))
        }
    }
}
