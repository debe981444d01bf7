import HTTPTypes
import Kernel
import Storage
package import Web

package enum OpportunityThreadRoutes {
    package static var all: [Route] {
        let answer = Route.Response.ok(OpportunityThread.View.schema)
        return [
            Route(
                .get, "/v1/opportunity-threads", .scope(.costsRead), "List savings threads",
                query: ListEnvelope.parameters(sort: ["created_at"]), answers: [.list(of: OpportunityThread.View.schema)],
                problems: [.forbidden], handler: list),
            Route(
                .post, "/v1/opportunity-threads", .scope(.costsWrite), "Make a savings thread",
                details: "Opportunities join it by their `thread_id`, and go along with its status.",
                body: .required(.object([.required("name", .name()), .optional("description", .string(0...1000))])),
                answers: [.created(OpportunityThread.View.schema)], problems: [.forbidden], handler: create),
            Route(
                .get, "/v1/opportunity-threads/{id}", .scope(.costsRead), "Read a savings thread", answers: [answer],
                problems: [.forbidden], handler: get),
            Route(
                .patch, "/v1/opportunity-threads/{id}", .scope(.costsWrite), "Change a savings thread",
                details: "`Done` is done for its opportunities too; `Rejected` archives them.",
                body: .required(
                    .object([
                        .optional("name", .name()), .optional("description", .string(0...1000)),
                        .optional("status", .choice(of: OpportunityThread.Status.self)),
                    ])), answers: [answer], problems: [.forbidden, .preconditionFailed], handler: update),
            Route(
                .delete, "/v1/opportunity-threads/{id}", .scope(.costsWrite), "Delete a savings thread",
                details: "Its opportunities stay, and are open again unless they are done.", answers: [.noContent()],
                problems: [.forbidden, .preconditionFailed], handler: delete),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let request = try call.pageRequest()
        let page = try await call.read { connection in
            try OpportunityThread.list(request, in: call.caller.tenant, connection).map { try $0.view(in: call.caller.tenant, connection) }
        }
        return call.answer(page)
    }

    private static func get(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.viewer)
        let view = try await call.read { connection in try call.thread(connection).view(in: call.caller.tenant, connection) }
        return .json(.ok, view).with(etag: view.thread.etag)
    }

    private static func create(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let made = try OpportunityThread.create(
                name: call.body?["name"]?.string ?? "", description: call.body?["description"]?.string ?? "", by: call.attribution,
                connection)
            return .created(try made.view(in: call.caller.tenant, connection), at: "/v1/opportunity-threads/\(made.id)").with(
                etag: made.etag)
        }
    }

    private static func update(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let thread = try call.thread(connection)
            try call.requireMatch(thread.etag)
            let updated = try thread.update(
                name: call.body?["name"]?.string, description: call.body?["description"]?.string,
                status: call.body?["status"]?.string.flatMap { OpportunityThread.Status(rawValue: $0) }, by: call.attribution, connection)
            return .json(.ok, try updated.view(in: call.caller.tenant, connection)).with(etag: updated.etag)
        }
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            let thread = try call.thread(connection)
            try call.requireMatch(thread.etag)
            try thread.delete(by: call.attribution, connection)
            return .noContent
        }
    }
}

extension Call {
    fileprivate func thread(_ connection: Connection) throws -> OpportunityThread {
        guard let thread = try OpportunityThread.find(number, in: caller.tenant, connection) else {
            throw Problem.notFound("savings thread")
        }
        return thread
    }
}
