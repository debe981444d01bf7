import HTTPTypes
import Kernel
import Provider
import Storage
package import Web

/// `/v1/drift`: what is not as it is wanted, and what is done about it.
package struct DriftRoutes: Sendable {
    private let engine: OperationEngine

    package init(engine: OperationEngine) { self.engine = engine }

    package var all: [Route] {
        [list, read, revert, accept, ignore] + ResourceKind.allCases.map(refresh)
    }

    private var list: Route {
        Route(
            .get, "/v1/drift", .authenticated, "List drift",
            details: "Of the kinds that the credential may read, the newest first; what is over is kept for 30 days.",
            query: ListEnvelope.parameters(
                sort: Drift.sortFields,
                filters: [
                    .init("resource", .string(1...100, .text, "Of one resource, by id.")), .init("kind", .choice(of: ResourceKind.self)),
                    .init("class", .choice(of: Drift.Sort.self)), .init("status", .choice(of: Drift.Status.self)),
                    .init("connection", .string(1...100, .text, "At one connection, by id.")), .init("project_id", .string(1...100)),
                ]), answers: [.list(of: Drift.schema)], problems: [.insufficientScope]
        ) { call in
            let request = try call.pageRequest()
            let readable = ResourceKind.allCases.filter { call.caller.scopes.contains($0.readScope) }
            if readable.isEmpty { try call.caller.require(.instancesRead) }
            let asked = call.query["kind"].flatMap(ResourceKind.init)
            if let asked { try call.caller.require(asked.readScope) }
            let filter = Drift.Filter(
                resource: call.query["resource"], kinds: asked.map { [$0] } ?? readable, sort: call.query["class"],
                status: call.query["status"], connection: call.query["connection"], project: call.query["project_id"])
            return call.answer(try await call.read { try Drift.list(request, filter, for: call.caller, $0) }) { json, item in
                item.write(to: &json)
            }
        }
    }

    private var read: Route {
        Route(
            .get, "/v1/drift/{id}", .authenticated, "Read a drift", answers: [.ok(Drift.schema)], problems: [.insufficientScope]
        ) { call in
            let found = try await call.read { try Drift.find(call.id(of: DriftKind.self), for: call.caller, $0) }
            try call.caller.require(found.kind.readScope)
            return .json(.ok, found, capacity: 1024)
        }
    }

    private static let problems: [Problem.Code] = [
        .insufficientScope, .forbidden, .invalidState, .projectFrozen, .quotaExceeded, .budgetExceeded, .unsupportedByProvider,
        .invalidReference, .inUse, .deletionProtected, .queueFull, .leaseHeld,
    ]

    private var revert: Route {
        Route(
            .post, "/v1/drift/{id}/revert", .authenticated, "Make it as it is wanted",
            details:
                "By an operation like any other: `operation_id` says which. What is missing is made again, if no data are gone with it. An orphan is deleted at the next look, if it holds no data.",
            answers: [.accepted(Drift.schema)], problems: Self.problems
        ) { call in
            let drift = try await call.read { try Drift.find(call.id(of: DriftKind.self), for: call.caller, $0) }
            let answer = try await decide(call, .accepted) { change, drift in
                var drifts = [drift]
                try change.revert(&drifts)
                return drifts[0]
            }
            if drift.sort == .orphan {
                engine.look(at: .unit(SyncUnit(tenant: drift.tenant, connection: drift.connection, kind: drift.kind), by: call.at))
            }
            engine.wake()
            return answer
        }
    }

    private var accept: Route {
        Route(
            .post, "/v1/drift/{id}/accept", .authenticated, "Take what is there for what is wanted",
            details:
                "The spec says from now on what was seen. What is missing counts as deleted. An orphan becomes the resource that its mark names, as if it had been discovered and adopted: under the old name and project unless others are said.",
            body: .optional(.object(OrphanAdoption.fields)), answers: [.ok(Drift.schema)],
            problems: Self.problems + [.conflict, .nameTaken, .projectArchived, .providerUnreachable]
        ) { call in
            let drift = try await call.read { try Drift.find(call.id(of: DriftKind.self), for: call.caller, $0) }
            if drift.sort == .orphan { return try await OrphanAdoption(engine: engine, drift: drift).accept(call) }
            if let given = call.body?.members?.first {
                throw Problem.invalid(given.name, "Only an orphan is given a name, a project and labels.", code: "combination")
            }
            return try await decide(call, .ok) { change, drift in
                var drifts = [drift]
                try change.accept(&drifts)
                return drifts[0]
            }
        }
    }

    private var ignore: Route {
        Route(
            .post, "/v1/drift/{id}/ignore", .authenticated, "Leave its fields to somebody else",
            details: "They are added to the resource's `drift_ignore` and not compared any more.", answers: [.ok(Drift.schema)],
            problems: Self.problems
        ) { call in
            try await decide(call, .ok) { change, drift in
                var drift = drift
                try change.ignore(&drift)
                return drift
            }
        }
    }

    /// What somebody decides about a drift, by its resource as it is now.
    private func decide(
        _ call: Call, _ status: HTTPResponse.Status, _ body: @escaping @Sendable (inout SyncChange, Drift) throws -> Drift
    ) async throws -> Answer {
        let engine = engine
        return try await call.commit { connection in
            let drift = try Drift.find(call.id(of: DriftKind.self), for: call.caller, connection)
            try call.caller.require(drift.kind.writeScope)
            if let project = drift.project { try call.caller.require(.editor, in: project) }
            guard drift.isOpen else {
                throw Problem(
                    .invalidState, "It is over: \(drift.resolution?.rawValue ?? "resolved").")
            }
            if drift.project == nil { try call.caller.requireWorkspace(.editor) }
            if drift.sort == .orphan, status == .accepted {
                var orphan = drift
                try SyncChange.revertOrphan(&orphan, by: call.attribution, connection)
                return .json(status, orphan, capacity: 1024)
            }
            guard let id = drift.resource, drift.sort != .ownershipConflict, drift.sort != .orphan else {
                throw Problem(
                    .invalidState, "There is no resource of ours that it could be taken for.")
            }
            let resource = try Resource.find(id, in: call.caller.tenant, connection)
            let admitting = Admitting(call, engine, connection)
            try admitting.requireUnleased(resource)
            guard resource.operation == nil else {
                throw Problem(
                    .invalidState, "An operation works on it: \(resource.operation?.rawValue ?? "").",
                    members: ["operation_id": JSON(resource.operation)])
            }
            var change = SyncChange(resource: resource, admitting: admitting)
            let decided = try body(&change, drift)
            change.resource.updatedAt = call.at
            try change.settle()
            return .json(status, decided, capacity: 1024)
        }
    }

    // MARK: Refresh

    private func refresh(_ kind: ResourceKind) -> Route {
        Route(
            .post, "/v1/\(kind.collection)/{id}/actions/refresh", .scope(kind.writeScope), "Look at it now",
            details: "It is looked at before anything else at its connection; `status.last_synced_at` says when that was.",
            query: [.init("project_id", .string(1...100, .text, "Where to look for a name."))], body: .optional(.object([])),
            answers: [.accepted(ResourceView.schema(kind))], problems: [.forbidden, .purged]
        ) { call in
            let engine = engine
            let resource = try await call.read { connection in
                try Resource.find(
                    call.parameter("id"), kind, project: call.query["project_id"].map { ProjectID($0) }, for: call.caller, connection)
            }
            try call.caller.require(.editor, in: resource.project)
            let answer = try await call.commit { connection in
                let view = try Resource.find(resource.id, in: call.caller.tenant, connection).view(at: call.at, connection)
                return .json(.accepted, view, capacity: 2048).with(etag: view.resource.etag)
            }
            if !resource.isGone {
                engine.look(at: .resource(resource.id, in: SyncUnit(resource)))
            }
            return answer
        }
    }
}

extension SyncChange {
    /// Leaves the fields to whoever changes them.
    mutating func ignore(_ drift: inout Drift) throws {
        guard drift.sort != .missing else { throw Problem(.invalidState, "What is missing cannot be ignored; revert or accept it.") }
        let before = resource.snapshot
        resource.sync.ignored = Set(resource.sync.ignored + drift.fields.map(\.path)).sorted()
        resource.metadata += 1
        admitting.log("updated", resource, nil, before: before)
        try drift.resolve(.ignored, resource.phase, by: by, connection)
    }

    /// Keeps the resource, with what is left to say of its drift.
    mutating func settle() throws {
        if !resource.isGone { describe(try Drift.open(of: resource.id, in: resource.tenant, connection)) }
        try keep()
    }
}
