import HTTPTypes
import Kernel
import Storage
package import Web

package enum CostColumnRoutes {
    package static var all: [Route] {
        [
            Route(
                .get, "/v1/cost-columns", .scope(.costsRead), "List cost columns",
                query: ListEnvelope.parameters(sort: CostColumn.sortFields), answers: [.list(of: CostColumn.schema)], handler: list),
            Route(
                .post, "/v1/cost-columns", .scope(.costsWrite), "Make a cost column",
                details: "Its id is a `cost_type` of views. The formula is worked out for each row; divided by zero is zero.",
                body: .required(.object([.required("name", .name()), .required("formula", CostColumn.formulaSchema)])),
                answers: [.created(CostColumn.schema)], problems: [.forbidden, .nameTaken], handler: create),
            Route(.get, "/v1/cost-columns/{id}", .scope(.costsRead), "Read a cost column", answers: [.ok(CostColumn.schema)], handler: get),
            Route(
                .patch, "/v1/cost-columns/{id}", .scope(.costsWrite), "Change a cost column",
                body: .required(.object([.optional("name", .name()), .optional("formula", CostColumn.formulaSchema)])),
                answers: [.ok(CostColumn.schema)], problems: [.forbidden, .nameTaken, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/cost-columns/{id}", .scope(.costsWrite), "Delete a cost column", answers: [.noContent()],
                problems: [.forbidden, .invalidState, .preconditionFailed], handler: delete),
        ]
    }

    private static func find(_ call: Call, _ connection: Connection) throws -> CostColumn {
        guard let id = Int64(call.parameter("id")), let found = try CostColumn.find(id, in: call.caller.tenant, connection) else {
            throw Problem.notFound("cost column")
        }
        return found
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        return call.answer(try await call.read { try CostColumn.list(request, in: call.caller.tenant, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        let column = try await call.read { try find(call, $0) }
        return .json(.ok, column).with(etag: column.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        let (name, formula) = (call.body?["name"]?.string ?? "", call.body?["formula"]?.string ?? "")
        _ = try CostFormula(formula)
        return try await call.commit { connection in
            let column = try CostColumn.create(name: name, formula: formula, by: call.attribution, connection)
            return .created(column, at: "/v1/cost-columns/\(column.id)").with(etag: column.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let before = try find(call, connection)
            try call.requireMatch(before.etag)
            var column = before
            if let name = call.body?["name"]?.string { column.name = name }
            if let formula = call.body?["formula"]?.string { column.formula = try CostFormula(formula).source }
            column.version += 1
            column.updatedAt = call.attribution.at
            try column.update(from: before, by: call.attribution, connection)
            return .json(.ok, column).with(etag: column.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let column = try find(call, connection)
            try call.requireMatch(column.etag)
            try column.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}
