import HTTPTypes
import Identity
import Kernel
import Prices
package import Provider
import Storage
package import Web

/// The calls that every kind of resource has alike: `/v1/instances`, `/v1/volumes`, `/v1/networks`, `/v1/buckets`, `/v1/ips`,
/// `/v1/firewalls`, `/v1/snapshots`.
package struct ResourceRoutes: Sendable {
    private let kind: ResourceKind
    private let engine: OperationEngine

    package init(_ kind: ResourceKind, engine: OperationEngine) {
        self.kind = kind
        self.engine = engine
    }

    private static let project = Query.Parameter("project_id", .string(1...100, .text, "Where to look for a name."))
    private var path: String { "/v1/" + kind.collection }
    private var article: String { kind.oneOf }
    private var changed: Schema { ResourceView.changedSchema(kind) }
    private var accepted: Route.Response {
        .init(status: 202, description: "Accepted; `operation` says how far it is.", schema: changed)
    }

    package var all: [Route] {
        ([list, create, read, update, put, delete] + (kind.canBeUndeleted ? [undelete] : []) + Action.all(of: kind).map(action))
            .map { $0.heedingLeases() }
    }

    private var list: Route {
        Route(
            .get, path, .scope(kind.readScope), "List \(kind.collection)",
            query: ListEnvelope.parameters(sort: Resource.sortFields, filters: ResourceFilter.parameters(kind: kind)),
            answers: [.list(of: ResourceView.schema(kind))]
        ) { call in
            let request = try call.pageRequest()
            let filter = try ResourceFilter([kind], call.query)
            return call.answer(
                try await call.read { try Resource.list(request, filter, at: call.at, for: call.caller, $0) }, capacity: 65_536
            ) {
                json, item in item.write(to: &json)
            }
        }
    }

    private static let admissionProblems: [Problem.Code] = [
        .forbidden, .notFound, .nameTaken, .projectArchived, .projectFrozen, .policyDenied, .quotaExceeded, .budgetExceeded,
        .providerRequired, .invalidReference, .unsupportedByProvider, .alreadyAttached, .cidrOverlap,
    ]

    private var create: Route {
        Route(
            .post, path, .scope(kind.writeScope), "Make \(article)",
            details:
                "Priced, and taken off quotas and budgets, in the transaction that admits it; `operation` goes on with the provider. `dry_run=true` answers 200 with what would happen, or the exact problem.",
            query: [.wait, .init("dry_run", .choice(["true", "false"]))],
            body: .required(
                .object(
                    [
                        .required("name", ResourceDraft.nameSchema),
                        .optional(
                            "placement",
                            PlacementRequirements.schema.described(
                                "What its place must have, instead of `provider` and `location`: it is made where that is cheapest.")),
                    ] + ResourceDraft.fields(kind))),
            answers: [.created(changed), .ok(Self.dryRunSchema, "What would happen.")],
            problems: Self.admissionProblems + [.providerUnreachable]
        ) { call in
            let draft = try ResourceDraft(kind, named: call.body?["name"]?.string ?? "", call.body, at: call.at)
            if call.query["dry_run"] == "true" { return try await dryRun(draft, call) }
            return try await change(call) { admitting in
                try admitting.create(draft, in: try admitting.project(call.body?["project_id"]?.string))
            }
        }
    }

    private static let dryRunSchema = Schema.object([
        .required("would_status", .integer(200...299)), .required("resource", ResourceView.schema(nil)),
        .required("estimate", Estimate.schema), .required("policy_results", PolicyResult.list), .optional("placement", Placement.schema),
    ])

    private func dryRun(_ draft: ResourceDraft, _ call: Call) async throws -> Answer {
        return try await call.read { connection in
            let admitting = Admitting(call, engine, connection)
            let admitted = try admitting.create(draft, in: try admitting.project(call.body?["project_id"]?.string), isDryRun: true)
            let view = try admitted.resource.view(at: call.at, connection)
            var json = JSONWriter(capacity: 2048)
            json.object { json in
                json.field("would_status", 201)
                json.field("resource", view)
                json.field("estimate", admitted.estimate)
                json.field("policy_results", JSON.array(admitted.policyResults.map(\.json)))
                if let placement = admitted.placement { json.field("placement", placement.json) }
            }
            return Answer(status: .ok, headers: .json, body: json.bytes)
        }
    }

    private var read: Route {
        Route(
            .get, path + "/{id}", .scope(kind.readScope), "Read \(article)",
            details: "By id or by name; with `as_of` as it was then, also after it was purged.", query: [Self.project, .asOf],
            answers: [.ok(ResourceView.schema(kind))], problems: [.purged, .cursorExpired]
        ) { call in
            if let past = try await PastResource.read(
                call, { try find(call, includingPurged: true, $0) })
            {
                return .json(.ok, past, capacity: 2048)
            }
            let view = try await call.read { connection in
                try find(call, connection).view(at: call.at, connection)
            }
            return .json(.ok, view, capacity: 2048).with(etag: view.resource.etag)
        }
    }

    private var update: Route {
        Route(
            .patch, path + "/{id}", .scope(kind.writeScope), "Change \(article)",
            details: "A merge-patch. Labels, protection and expiry answer 200; a change of `spec` answers 202 with its operation.",
            query: [.wait, Self.project],
            body: .required(
                .object(
                    [
                        .optional("labels", ResourceDraft.labelsSchema), .optional("deletion_protection", .boolean()),
                        .optional("expires_at", Schema.timestamp().nullable), .optional("ttl_s", .integer(60...31_536_000)),
                        .optional("spec", kind.changeSchema),
                    ] + SyncDraft.fields)), answers: [.ok(changed), accepted],
            problems: [
                .forbidden, .projectFrozen, .policyDenied, .preconditionFailed, .invalidState, .quotaExceeded, .budgetExceeded,
                .unsupportedByProvider, .queueFull, .purged,
            ]
        ) { call in
            let wanted = Admitting.Wanted(
                labels: try call.body?["labels"].map { try ResourceDraft.labels($0) }, isProtected: call.body?["deletion_protection"]?.bool,
                expiresAt: try ResourceDraft.expiry(call.body, at: call.at), sync: SyncDraft(call.body), spec: call.body?["spec"])
            return try await change(call) { admitting in
                let resource = try writable(call, admitting)
                try call.requireMatch(resource.etag)
                return try admitting.update(resource, to: wanted)
            }
        }
    }

    private var put: Route {
        Route(
            .put, path + "/{id}", .scope(kind.writeScope), "Make \(article) of this name, or bring it in line",
            details: "The path names it. 201 when it was made, 202 when its spec changes, 200 otherwise: one call for scripts.",
            query: [.wait], body: .required(.object(ResourceDraft.fields(kind))), answers: [.created(changed), accepted, .ok(changed)],
            problems: Self.admissionProblems + [.immutableField, .invalidState, .preconditionFailed, .queueFull]
        ) { call in
            let name = call.parameter("id")
            if let complaint = ResourceDraft.nameSchema.violations(in: .string(name)).first {
                throw Problem.invalid(parameter: "id", "The name in the path \(complaint.detail).")
            }
            let draft = try ResourceDraft(kind, named: name, call.body, at: call.at)
            return try await change(call) { admitting in
                let project = try admitting.project(call.body?["project_id"]?.string)
                if let known = try Resource.find(named: name, kind, in: project.id, call.caller.tenant, admitting.connection) {
                    try call.requireMatch(known.etag)
                }
                return try admitting.put(draft, in: project)
            }
        }
    }

    private var delete: Route {
        let flag = Schema.choice(["true", "false"])
        return Route(
            .delete, path + "/{id}", .scope(kind.writeScope), "Delete \(article)",
            details: """
                \(kind.isKeptWhenDeleted ? "Its data are kept at the provider, and charged as before," : "It is removed at the provider and kept here") \
                for \(Resource.retention) days, or `retain_days`, with its name; `purge=true` keeps nothing, also of what was deleted before. \
                `cascade=true` deletes what depends on it first, `allow_missing=true` answers 204 for what is not there.
                """,
            query: [
                .wait, Self.project, .init("purge", flag), .init("cascade", flag), .init("allow_missing", flag),
                .init("retain_days", .integer(Resource.retentions, "How long it can be undeleted; \(Resource.retention) when left out.")),
            ], answers: [accepted, .ok(changed, "It was deleted before."), .noContent("There is none.")],
            problems: [.forbidden, .deletionProtected, .inUse, .invalidState, .preconditionFailed, .purged]
        ) { call in
            do {
                return try await change(call) { admitting in
                    let resource = try writable(call, admitting)
                    try call.requireMatch(resource.etag)
                    return try admitting.delete(
                        resource,
                        .init(
                            purges: call.query["purge"] == "true",
                            retention: call.query.integer("retain_days").map { Int64($0) } ?? Resource.retention,
                            cascades: call.query["cascade"] == "true"))
                }
            } catch let problem as Problem where call.query["allow_missing"] == "true" && [.notFound, .purged].contains(problem.code) {
                return .noContent
            }
        }
    }

    private var undelete: Route {
        Route(
            .post, path + "/{id}/undelete", .scope(kind.writeScope), "Undelete \(article)",
            details: kind.isKeptWhenDeleted
                ? "As it was, with its data, under its old id and name; 409 `invalid_state` when the provider has lost it."
                : "Made again from its spec, under its old id and name.",
            query: [.wait, Self.project], answers: [accepted],
            problems: [
                .forbidden, .projectFrozen, .policyDenied, .notDeleted, .invalidState, .quotaExceeded, .budgetExceeded, .invalidReference,
                .purged,
            ]
        ) { call in
            try await change(call) { admitting in try admitting.undelete(try writable(call, admitting)) }
        }
    }

    private func action(_ action: Action) -> Route {
        Route(
            .post, path + "/{id}/actions/" + action.rawValue, .scope(kind.writeScope), action.summary(kind), details: action.details,
            query: [.wait, Self.project], body: action.body(kind), answers: [accepted],
            problems: [
                .forbidden, .projectFrozen, .policyDenied, .preconditionFailed, .invalidState, .quotaExceeded, .budgetExceeded,
                .unsupportedByProvider, .invalidReference, .alreadyAttached, .queueFull, .purged,
            ] + action.problems
        ) { call in
            try await change(call) { admitting in
                let resource = try writable(call, admitting)
                try call.requireMatch(resource.etag)
                var admitted = try admitting.perform(action, on: resource, call.body)
                // An attach runs as an operation of the instance, a snapshot as its own; the answer is about what the path names.
                if admitted.resource.id != resource.id {
                    admitted.resource = try Resource.find(resource.id, in: resource.tenant, admitting.connection)
                }
                return admitted
            }
        }
    }

    // MARK: Parts

    private func find(_ call: Call, includingPurged: Bool = false, _ connection: Connection) throws -> Resource {
        try Resource.find(
            call.parameter("id"), kind, project: call.query["project_id"].map { ProjectID($0) }, includingPurged: includingPurged,
            for: call.caller, connection)
    }

    private func writable(_ call: Call, _ admitting: Admitting) throws -> Resource {
        let resource = try find(call, admitting.connection)
        try call.caller.require(.editor, in: resource.project)
        return resource
    }

    /// Admits a change in one transaction and lets the engine go on; with `wait`, answers when it has ended or the time is up.
    private func change(_ call: Call, _ body: @escaping @Sendable (Admitting) throws -> Admitted) async throws -> Answer {
        let kept = AdmittedOperation()
        let answer = try await call.commitUnderPolicies { connection in
            let admitted = try body(Admitting(call, engine, connection))
            kept.set(admitted)
            if call.body?["sync_interval_s"] != nil, let interval = admitted.resource.sync.interval {
                engine.look(at: .unit(SyncUnit(admitted.resource), by: call.at.adding(seconds: interval)))
            }
            return try self.answer(admitted, at: call.at, connection)
        }
        engine.wake()
        guard call.wait > .zero, let kept = kept.value else { return answer }
        try await engine.wait(for: kept.operation, in: call.caller.tenant, atMost: call.wait)
        return try await call.read { connection in
            let operation = try Operation.find(kept.operation, in: call.caller.tenant, connection)
            var view = try Resource.find(kept.resource, in: call.caller.tenant, connection)
                .view(at: call.at, operation: operation, estimate: kept.estimate, connection)
            (view.policyResults, view.placement) = (kept.policyResults, kept.placement)
            var current = Answer.json(answer.status, view, capacity: 2048)
            current.headers = answer.headers
            current.headers[.eTag] = view.resource.etag.text
            return current
        }
    }

    private func answer(_ admitted: Admitted, at now: Timestamp, _ connection: Connection) throws -> Answer {
        var view =
            if admitted.isNew, let estimate = admitted.estimate, !admitted.resource.spec.demand.lines.isEmpty {
                try admitted.resource.view(ofNew: admitted.operation, estimate, connection)
            } else {
                try admitted.resource.view(at: now, operation: admitted.operation, estimate: admitted.estimate, connection)
            }
        (view.policyResults, view.placement) = (admitted.policyResults, admitted.placement)
        let status: HTTPResponse.Status = admitted.isNew ? .created : admitted.operation == nil ? .ok : .accepted
        var answer = Answer.json(status, view, capacity: 2048).with(etag: admitted.resource.etag)
        if admitted.isNew { answer.headers[.location] = "\(path)/\(admitted.resource.id)" }
        if let operation = admitted.operation { answer.headers[.operationLocation] = "/v1/operations/\(operation.id)" }
        return answer
    }
}
