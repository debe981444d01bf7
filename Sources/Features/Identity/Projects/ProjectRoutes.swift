import HTTPTypes
import Kernel
import Storage
package import Web

package struct ProjectRoutes: Sendable {
    private let activity: any ProjectActivity

    package init(activity: any ProjectActivity) { self.activity = activity }

    private static let filters: [Query.Parameter] = [
        .init("status", .choice(of: Project.Status.self)), .init("env", .choice(of: Project.Environment.self)),
        .init("account_id", .string(1...100)), .init("name", .string(1...120)),
    ]
    private static let fields: [Schema.Field] = [
        .optional("description", ProjectDraft.descriptionSchema), .optional("env", .choice(of: Project.Environment.self)),
        .optional("account_id", .id("acc", "The account it belongs to; the default one when left out.")),
        .optional("quota_requests", Account.amount.nullable),
    ]

    package var all: [Route] {
        [
            Route(
                .get, "/v1/projects", .scope(.projectsRead), "List projects",
                query: ListEnvelope.parameters(sort: Project.sortFields, filters: Self.filters), answers: [.list(of: Project.schema)],
                handler: list),
            Route(
                .post, "/v1/projects", .scope(.projectsWrite), "Make a project",
                body: .required(.object([.required("name", ProjectDraft.nameSchema)] + Self.fields)),
                answers: [.created(Project.Detail.schema)],
                problems: [.forbidden], handler: create),
            Route(
                .get, "/v1/projects/{id}", .scope(.projectsRead), "Read a project", answers: [.ok(Project.Detail.schema)], project: "id",
                handler: get),
            Route(
                .patch, "/v1/projects/{id}", .scope(.projectsWrite), "Change, archive or restore a project",
                body: .required(
                    .object(
                        [.optional("name", ProjectDraft.nameSchema), .optional("status", .choice(of: Project.Status.self))] + Self.fields)),
                answers: [.ok(Project.Detail.schema)], problems: [.forbidden, .projectArchived, .preconditionFailed], project: "id",
                handler: update),
            Route(
                .delete, "/v1/projects/{id}", .scope(.projectsWrite), "Archive a project",
                details: "A project is kept for its history, so deleting archives it; PATCH `status` to `active` restores it.",
                answers: [.ok(Project.Detail.schema)], problems: [.forbidden, .preconditionFailed], project: "id", handler: archive),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        var filter = Project.Filter()
        filter.status = call.query["status"]
        filter.env = call.query["env"]
        filter.account = call.query["account_id"]
        filter.name = call.query["name"]
        return call.answer(
            try await call.peek { [filter] in try Project.writtenList(request, as: call.listMember, filter, for: call.caller, $0) })
    }

    private func get(_ call: Call) async throws -> Answer {
        let detail = try await call.read { connection in
            let project = try Project.find(call.id(), for: call.caller, connection)
            let requests = try activity.requestsInLastDay(of: project.id, in: call.caller.tenant, at: call.at, connection)
            return Project.Detail(project: project, requestsInLastDay: requests)
        }
        return .json(.ok, detail).with(etag: detail.project.etag)
    }

    private func create(_ call: Call) async throws -> Answer {
        try ProjectDraft.requireMaker(call.caller)
        var draft = ProjectDraft(name: "")
        draft.apply(call.body)
        return try await call.commit { [draft] connection in
            let project = try Project.create(draft, by: call.attribution, connection)
            return .created(Project.Detail(project: project, requestsInLastDay: 0), at: "/v1/projects/\(project.id)").with(
                etag: project.etag)
        }
    }

    private func update(_ call: Call) async throws -> Answer {
        try await change(call) { project, connection in
            var draft = ProjectDraft(project)
            draft.apply(call.body)
            return try project.update(draft, by: call.attribution, connection)
        }
    }

    private func archive(_ call: Call) async throws -> Answer {
        try await change(call) { project, connection in try project.archive(by: call.attribution, connection) }
    }

    private func change(_ call: Call, _ body: @escaping @Sendable (Project, Connection) throws -> Project) async throws -> Answer {
        try call.caller.require(.editor, in: call.id())
        return try await call.commit { connection in
            let project = try Project.find(call.id(), for: call.caller, connection)
            try call.requireMatch(project.etag)
            let changed = try body(project, connection)
            let requests = try activity.requestsInLastDay(of: changed.id, in: call.caller.tenant, at: call.at, connection)
            return .json(.ok, Project.Detail(project: changed, requestsInLastDay: requests)).with(etag: changed.etag)
        }
    }
}

extension ProjectDraft {
    /// Merge-patch: what is there replaces, `null` clears.
    mutating func apply(_ body: JSON?) {
        if let name = body?["name"]?.string { self.name = name }
        if let description = body?["description"]?.string { self.description = description }
        if let env = body?["env"]?.string.flatMap(Project.Environment.init) { self.env = env }
        if let status = body?["status"]?.string.flatMap(Project.Status.init) { self.status = status }
        if let account = body?["account_id"]?.string { self.account = AccountID(account) }
        if let quota = body?["quota_requests"] { quotaRequests = quota.integer.map { Int($0) } }
    }
}
