import HTTPTypes
import Kernel
import Storage
package import Web

package enum CostViewRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/cost-views", .scope(.costsRead), "List cost views",
                query: ListEnvelope.parameters(sort: CostView.sortFields), answers: [.list(of: CostView.schema)], handler: list),
            Route(
                .post, "/v1/cost-views", .scope(.costsWrite), "Make a cost view",
                body: .required(.object([.required("name", .name())] + CostView.writable)), answers: [.created(CostView.schema)],
                problems: [.forbidden, .nameTaken], handler: create),
            Route(.get, "/v1/cost-views/{id}", .scope(.costsRead), "Read a cost view", answers: [.ok(CostView.schema)], handler: get),
            Route(
                .patch, "/v1/cost-views/{id}", .scope(.costsWrite), "Change a cost view",
                body: .required(.object([.optional("name", .name())] + CostView.writable)), answers: [.ok(CostView.schema)],
                problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/cost-views/{id}", .scope(.costsWrite), "Delete a cost view", answers: [.noContent()],
                problems: [.forbidden, .invalidState, .preconditionFailed], handler: delete),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(try await call.read { try CostView.list(request, in: call.caller.tenant, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let view = try await call.read { try CostView.find(call.id(), in: call.caller.tenant, $0) }
        return .json(.ok, view).with(etag: view.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let by = call.attribution
            var view = CostView(id: by.makeID(), name: "", createdAt: by.at, updatedAt: by.at)
            try view.apply(call.body, in: by.tenant, connection)
            try CostView.create(view, by: by, connection)
            return .created(view, at: "/v1/cost-views/\(view.id)").with(etag: view.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let before = try CostView.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(before.etag)
            var view = before
            try view.apply(call.body, in: call.caller.tenant, connection)
            view.version += 1
            view.updatedAt = call.attribution.at
            try view.update(from: before, by: call.attribution, connection)
            return .json(.ok, view).with(etag: view.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let view = try CostView.find(call.id(), in: call.caller.tenant, connection)
            try call.requireMatch(view.etag)
            try view.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}
