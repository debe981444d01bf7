import HTTPTypes
import Kernel
import Storage
package import Web

package enum ProjectMemberRoutes {
    private static let listSchema = Schema.object([
        .required("data", .array(ProjectMember.schema, 0...100_000)), .required("request_id", .id("req")),
    ])

    package static var all: [Route] {
        [
            Route(
                .get, "/v1/projects/{id}/members", .scope(.usersRead), "List a project's members", answers: [.ok(listSchema)],
                project: "id",
                handler: list),
            Route(
                .put, "/v1/projects/{id}/members/{user_id}", .scope(.projectsWrite), "Add a member, or change their role",
                body: .required(.object([.required("role", .choice(of: Role.self))])), answers: [.ok(ProjectMember.schema)],
                problems: [.forbidden, .projectArchived, .conflict], project: "id", handler: set),
            Route(
                .delete, "/v1/projects/{id}/members/{user_id}", .scope(.projectsWrite), "Remove a member", answers: [.noContent()],
                problems: [.forbidden], project: "id", handler: remove),
        ]
    }

    private static func list(_ call: Call) async throws -> Answer {
        let members = try await call.read { connection in
            let project = try Project.find(call.id(), for: call.caller, connection)
            return try ProjectMember.list(of: project.id, in: call.caller.workspace, connection)
        }
        var json = JSONWriter(capacity: 1024)
        json.object { json in
            json.array("data", members)
            json.field("request_id", call.requestID)
        }
        return Answer(status: .ok, headers: .json, body: json.take())
    }

    private static func set(_ call: Call) async throws -> Answer {
        try call.caller.require(.admin, in: call.id())
        let role = call.body?["role"]?.string.flatMap(Role.init) ?? .viewer
        return try await call.commit { connection in
            let project = try Project.find(call.id(), for: call.caller, connection)
            let user = try User.find(call.id("user_id"), in: call.caller.workspace, connection)
            return .json(.ok, try ProjectMember.set(user, role: role, in: project, by: call.attribution, connection))
        }
    }

    private static func remove(_ call: Call) async throws -> Answer {
        try call.caller.require(.admin, in: call.id())
        return try await call.commit { connection in
            let project = try Project.find(call.id(), for: call.caller, connection)
            try ProjectMember.remove(call.id("user_id"), from: project.id, by: call.attribution, connection)
            return .noContent
        }
    }
}
