import HTTPTypes
import Identity
import Kernel
import Provider
import Storage
import Web

/// `/v1/templates`: descriptions of stacks with variables left open.
struct TemplateRoutes: Sendable {
    let engine: OperationEngine

    var all: [Route] { [list, create, read, update, delete] }

    private static let content: [Schema.Field] = [
        .optional("description", .string(0...2000, .echo)), .optional("variables", .array(TemplateVariable.draftSchema, 0...100)),
        .optional("resources", StackDefinition.membersSchema),
    ]

    private var list: Route {
        Route(
            .get, "/v1/templates", .scope(.stacksRead), "List templates",
            details: "Those of the whole workspace, and of the caller's projects.",
            query: ListEnvelope.parameters(
                sort: StackTemplate.sortFields, filters: [.init("project_id", .string(1...100)), .init("name", .string(1...63))]),
            answers: [.list(of: StackTemplate.schema)]
        ) { call in
            let request = try call.pageRequest()
            let pool = engine.pool
            let page = try await call.read { connection in
                try StackTemplate.list(
                    request, project: call.query["project_id"], name: call.query["name"], for: call.caller, pool, connection)
            }
            return call.answer(page, capacity: 16_384) { json, template in template.write(to: &json) }
        }
    }

    private var create: Route {
        Route(
            .post, "/v1/templates", .scope(.stacksWrite), "Make a template",
            details: """
                `resources` as a stack has them, with `${var.NAME}` for each of `variables`. Without `project_id` it is of the credential's project, or of \
                the whole workspace where the credential belongs to none. `POST /v1/plans` with `template_id` makes a stack of it.
                """,
            body: .required(
                .object(
                    [.required("name", StackTemplate.nameSchema), .optional("project_id", .id("proj", "Whose it is."))] + Self.content)),
            answers: [.created(StackTemplate.schema)],
            problems: [.notFound, .forbidden, .nameTaken, .projectArchived, .invalidReference]
        ) { call in
            let (by, body, pool) = (call.attribution, call.body ?? .null, engine.pool)
            var template = StackTemplate(
                id: by.makeID(), tenant: call.caller.tenant,
                project: body["project_id"]?.string.map { ProjectID($0) } ?? call.caller.credential.project,
                name: body["name"]?.string ?? "", description: "", variables: [], resources: .array([]), version: 1, createdAt: by.at,
                updatedAt: by.at)
            template.take(body)
            try template.check()
            return try await call.commit { [template] connection in
                try call.requireEditor(of: template)
                if let project = template.project { try Project.find(project, for: call.caller, connection).requireActive() }
                try template.insert(pool, by: by, connection)
                return .created(template, at: "/v1/templates/\(template.id)").with(etag: template.etag)
            }
        }
    }

    private var read: Route {
        Route(
            .get, "/v1/templates/{id}", .scope(.stacksRead), "Read a template", answers: [.ok(StackTemplate.schema)]
        ) { call in
            let pool = engine.pool
            let template = try await call.read { try StackTemplate.find(call.id(), for: call.caller, pool, $0) }
            return .json(.ok, template, capacity: 4096).with(etag: template.etag)
        }
    }

    private var update: Route {
        Route(
            .patch, "/v1/templates/{id}", .scope(.stacksWrite), "Change a template",
            details:
                "`variables` and `resources` are each replaced as a whole. Stacks that were made of it stay as they are until a plan says otherwise.",
            body: .required(.object([.optional("name", StackTemplate.nameSchema)] + Self.content)), answers: [.ok(StackTemplate.schema)],
            problems: [.forbidden, .nameTaken, .invalidReference, .preconditionFailed]
        ) { call in
            let pool = engine.pool
            return try await call.commit { connection in
                var template = try StackTemplate.find(call.id(), for: call.caller, pool, connection)
                try call.requireEditor(of: template)
                try call.requireMatch(template.etag)
                let before = template
                template.take(call.body ?? .null)
                if template != before {
                    try template.check()
                    template.version += 1
                    template.updatedAt = call.at
                    try template.save(before: before.snapshot, pool, by: call.attribution, connection)
                }
                return .json(.ok, template, capacity: 4096).with(etag: template.etag)
            }
        }
    }

    private var delete: Route {
        Route(
            .delete, "/v1/templates/{id}", .scope(.stacksWrite), "Delete a template", details: "Stacks that were made of it stay.",
            answers: [.noContent()], problems: [.forbidden, .preconditionFailed]
        ) { call in
            let pool = engine.pool
            return try await call.commit { connection in
                let template = try StackTemplate.find(call.id(), for: call.caller, pool, connection)
                try call.requireEditor(of: template)
                try call.requireMatch(template.etag)
                try template.remove(by: call.attribution, connection)
                return .noContent
            }
        }
    }
}

extension StackTemplate {
    /// What a body says of it; the rest stays.
    fileprivate mutating func take(_ body: JSON) {
        if let name = body["name"]?.string { self.name = name }
        if let description = body["description"]?.string { self.description = description }
        if let variables = body["variables"]?.array { self.variables = variables.map(TemplateVariable.init) }
        if let resources = body["resources"] { self.resources = resources }
    }
}

extension Call {
    /// Throws `not_found`, `forbidden`.
    fileprivate func requireEditor(of template: StackTemplate) throws {
        guard let project = template.project else { return try caller.requireWorkspace(.editor) }
        try caller.require(.editor, in: project)
    }
}
