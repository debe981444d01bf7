import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
import Web

/// `/v1/plans`: what would be done to a stack's members, and doing it.
struct PlanRoutes: Sendable {
    let engine: OperationEngine

    var all: [Route] { [list, create, read, approve, apply.heedingLeases()] }

    private var list: Route {
        Route(
            .get, "/v1/plans", .scope(.stacksRead), "List plans", details: "Of the last 30 days, the newest first.",
            query: ListEnvelope.parameters(sort: StackPlan.sortFields, filters: [.init("stack_id", .string(1...100))]),
            answers: [.list(of: StackPlan.schema)]
        ) { call in
            let request = try call.pageRequest()
            let pool = engine.pool
            return call.answer(
                try await call.read { try StackPlan.list(request, stack: call.query["stack_id"], for: call.caller, pool, $0) },
                capacity: 16_384
            ) { json, plan in plan.write(to: &json) }
        }
    }

    private var create: Route {
        Route(
            .post, "/v1/plans", .scope(.stacksWrite), "Plan what applying a stack would do",
            details: """
                Of a stack by `stack_id`, or of one by `name`, which is made when the plan is applied unless there is one. `variables` (merged) and \
                `resources` (instead of those it has) are tried out, and become the stack's when the plan is applied. With `template_id` its resources come \
                from a template, and `variables` are what that leaves open; what the stack has already need not be said again. Each change has its fields \
                before and after, whether data are lost, and why; the plan has what it comes to by the month and for the quotas.
                """,
            body: .required(
                .object([
                    .optional("stack_id", .id("stk")), .optional("name", ResourceDraft.nameSchema), .optional("project_id", .id("proj")),
                    .optional("variables", StackDefinition.variablesSchema), .optional("resources", StackDefinition.membersSchema),
                    .optional("template_id", .id("tpl", "Instead of `resources`.")),
                ])), answers: [.created(StackPlan.schema)],
            problems: [
                .notFound, .forbidden, .insufficientScope, .projectArchived, .projectFrozen, .nameTaken, .invalidState, .invalidReference,
                .providerRequired, .cidrOverlap,
            ]
        ) { call in
            guard (call.body?["stack_id"] == nil) != (call.body?["name"] == nil) else {
                throw Problem.invalid("stack_id", "Say stack_id or name, one of the two.", code: "combination")
            }
            let engine = engine
            return try await call.commit { connection in
                let admitting = Admitting(call, engine, connection)
                let (stack, project) = try target(call, admitting)
                let definition = try self.definition(of: stack, call, connection)
                for kind in Set(definition.members.map(\.kind)) { try call.caller.require(kind.readScope) }
                let plan = try self.plan(
                    stack, named: stack?.name ?? call.body?["name"]?.string ?? "", definition, in: project, id: call.attribution.makeID(),
                    call,
                    connection)
                try plan.insert(engine.pool, by: call.attribution, connection)
                return .created(plan, at: "/v1/plans/\(plan.id)")
            }
        }
    }

    /// Throws `not_found`, `forbidden`, `project_archived`.
    private func target(_ call: Call, _ admitting: Admitting) throws -> (Stack?, Project) {
        if let id = call.body?["stack_id"]?.string {
            let stack = try Stack.find(StackID(id), for: call.caller, engine.pool, admitting.connection)
            return (stack, try admitting.project(stack.project.rawValue))
        }
        let project = try admitting.project(call.body?["project_id"]?.string)
        let name = call.body?["name"]?.string ?? ""
        return (try Stack.find(named: name, in: project.id, call.caller.tenant, engine.pool, admitting.connection), project)
    }

    /// What it is with what the call says, or what a template makes of that. Throws `not_found`, `validation_failed`.
    private func definition(of stack: Stack?, _ call: Call, _ connection: Connection) throws -> StackDefinition {
        guard let id = call.body?["template_id"]?.string else {
            return (stack?.definition ?? StackDefinition(.null)).changed(
                variables: call.body?["variables"], members: call.body?["resources"])
        }
        guard call.body?["resources"] == nil else {
            throw Problem.invalid("resources", "A template has its own resources.", code: "combination")
        }
        return try StackTemplate.find(TemplateID(id), for: call.caller, engine.pool, connection)
            .definition(filledWith: call.body?["variables"] ?? .object([]), over: stack?.definition)
    }

    private func plan(
        _ stack: Stack?, named name: String, _ definition: StackDefinition, in project: Project, id: PlanID, _ call: Call,
        _ connection: Connection
    ) throws -> StackPlan {
        let check = try PolicyCheck(of: project.id, project.env.rawValue, in: call.caller.tenant, at: call.at, connection)
        var planner = StackPlanner(
            caller: call.caller, project: project, name: name, definition: definition, stack: stack, check: check, at: call.at,
            connection: connection)
        try planner.run()
        var plan = StackPlan(
            id: id, tenant: call.caller.tenant, project: project.id, stack: stack?.id ?? call.attribution.makeID(),
            stackVersion: stack?.version ?? StackPlan.noStack, name: name, definition: definition, changes: planner.changes,
            quotas: planner.quotas, baseSequence: try EventLog.position(of: call.caller.tenant, connection), state: .open,
            maker: call.caller.actor.id, approval: nil, createdAt: call.at, expiresAt: call.at.adding(seconds: StackPlan.life))
        plan.approval = check.approval(of: plan)
        return plan
    }

    private var read: Route {
        Route(.get, "/v1/plans/{id}", .scope(.stacksRead), "Read a plan", answers: [.ok(StackPlan.schema)]) { call in
            let pool = engine.pool
            return .json(.ok, try await call.read { try StackPlan.find(call.id(), for: call.caller, pool, $0) }, capacity: 4096)
        }
    }

    private var approve: Route {
        Route(
            .post, "/v1/plans/{id}/approve", .scope(.stacksWrite), "Approve a plan",
            details: """
                Where a policy wants it (`requires_approval`): by a person with the role admin in the project, and not by who made the plan. What \
                is approved is the plan as it stands: a new one has to be approved anew.
                """,
            answers: [.ok(StackPlan.schema)], problems: [.forbidden, .invalidState, .planStale]
        ) { call in
            let pool = engine.pool
            return try await call.commit { connection in
                var plan = try StackPlan.find(call.id(), for: call.caller, pool, connection)
                try plan.approve(for: call.caller, by: call.attribution, connection)
                return .json(.ok, plan, capacity: 4096)
            }
        }
    }

    private var apply: Route {
        Route(
            .post, "/v1/plans/{id}/apply", .scope(.stacksWrite), "Apply a plan",
            details: """
                Once, within its hour, and only while what it touches is as it was: else 409 `plan_stale`. Up to ten members at a time, each after what \
                it needs; what goes, in reverse. When one fails it stops there, and applying the same plan again goes on with what is left; or, with \
                `on_failure` `rollback`, what was made and changed is taken back.
                """,
            query: [.wait],
            body: .optional(
                .object([
                    .optional("confirm_data_loss", .boolean()),
                    .optional("on_failure", .choice(["stop", "rollback"], "`stop` when left out.")),
                ])), answers: [.accepted(StackView.schema)],
            problems: [
                .forbidden, .insufficientScope, .policyDenied, .planStale, .dataLossNotConfirmed, .deletionProtected, .invalidState,
                .nameTaken, .projectArchived, .projectFrozen, .invalidReference, .providerRequired, .cidrOverlap,
            ]
        ) { call in
            let engine = engine
            let answer = try await call.commitUnderPolicies { connection in
                let plan = try StackPlan.find(call.id(), for: call.caller, engine.pool, connection)
                return try begin(plan, call, Admitting(call, engine, connection)).accepted()
            }
            return try await engine.answer(answer, to: call)
        }
    }

    private func begin(_ plan: StackPlan, _ call: Call, _ admitting: Admitting) throws -> StackView {
        let (connection, pool, by) = (admitting.connection, engine.pool, call.attribution)
        let project = try admitting.project(plan.project.rawValue)
        let stack = try Stack.find(plan.stack, in: plan.tenant, pool, connection)
        try stack?.requireQuiet(connection)
        let rest = plan.state == .open ? plan : try rest(of: plan, stack, in: project, call, connection)
        if plan.state == .open { try requireFresh(plan, stack, at: call.at, connection) }
        try plan.requireAllowed(rest)
        let doing = rest.changes.filter { $0.action != .noop }
        for kind in Set(doing.map(\.kind)) { try call.caller.require(kind.writeScope) }
        for id in doing.compactMap(\.resource) { try admitting.requireUnleased(try Resource.find(id, in: plan.tenant, connection)) }
        try Resource.requireUnprotected(
            try doing.filter { $0.action == .delete || $0.action == .replace }.compactMap { change in
                let resource = try change.resource.map { try Resource.find($0, in: plan.tenant, connection) }
                return resource.flatMap { $0.isGone ? nil : (key: change.key, resource: $0) }
            })
        let losing = doing.filter(\.destroysData)
        guard losing.isEmpty || call.body?["confirm_data_loss"]?.bool == true else {
            throw Problem(
                .dataLossNotConfirmed, "The data of \(losing.map(\.key).joined(separator: ", ")) would be lost.",
                violations: losing.map {
                    .init(pointer: "/confirm_data_loss", code: "data_loss", detail: "would lose the data of \($0.kind.rawValue) \($0.name)")
                })
        }
        var known = stack
        if known == nil {
            known = Stack(
                id: plan.stack, tenant: plan.tenant, project: plan.project, name: plan.name, definition: plan.definition, version: 1,
                run: nil,
                createdAt: by.at, updatedAt: by.at)
            try known?.insert(pool, by: by, connection)
        }
        guard var current = known else { throw Problem.notFound("stack") }
        if current.definition != plan.definition {
            current.definition = plan.definition
            current.version += 1
        }
        let steps = StackStep.steps(of: doing, plan.definition, try current.members(connection))
        try current.begin(
            plan.id, steps, rollsBack: call.body?["on_failure"] == "rollback", showing: admitting.proofs, by: by, pool, connection)
        if let run = current.run { try plan.noteApplied(by: by, run: run, connection) }
        return try StackView.of(current, connection)
    }

    /// What a plan that was stopped by a failure has still to do. Throws `plan_stale` for one that was used and did not fail.
    private func rest(
        of plan: StackPlan, _ stack: Stack?, in project: Project, _ call: Call, _ connection: Connection
    ) throws -> StackPlan {
        guard let stack, let run = try stack.run.flatMap({ try StackRun.find($0, in: plan.tenant, connection) }), run.plan == plan.id,
            run.state != .succeeded, stack.definition == plan.definition
        else { throw Problem(.planStale, "The plan was applied already.") }
        return try self.plan(stack, named: plan.name, plan.definition, in: project, id: plan.id, call, connection)
    }

    /// Throws `plan_stale` naming what has changed.
    private func requireFresh(_ plan: StackPlan, _ stack: Stack?, at now: Timestamp, _ connection: Connection) throws {
        guard now < plan.expiresAt else { throw Problem(.planStale, "The plan was good until \(plan.expiresAt).") }
        guard (stack?.version ?? StackPlan.noStack) == plan.stackVersion else {
            throw Problem(.planStale, "The stack has changed since the plan was made.")
        }
        let stale = try plan.changes.filter { change in
            guard change.action != .noop else { return false }
            if change.action == .create {
                let found = try Resource.find(named: change.name, change.kind, in: plan.project, plan.tenant, connection)
                return found?.id != change.resource || found.map { !$0.isGone } == true
            }
            guard let id = change.resource else { return false }
            return try Resource.find(id, in: plan.tenant, connection).planned != change.base
        }
        guard stale.isEmpty else {
            throw Problem(
                .planStale, "Changed since the plan was made: \(stale.map(\.key).joined(separator: ", ")).",
                violations: stale.map {
                    .init(pointer: "/changes/\($0.key)", code: "changed", detail: "\($0.kind.rawValue) \($0.name) is not as it was")
                })
        }
    }
}
