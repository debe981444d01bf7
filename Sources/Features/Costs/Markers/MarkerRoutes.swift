import HTTPTypes
import Kernel
import Storage
package import Web

package enum MarkerRoutes {
    package static var all: [Route] {
        [
            Route(
                .post, "/events", .scope(.markersWrite), "Add markers to the charts",
                details: """
                    All of them or none. `created` counts those that were not there before. With a `team_id` a marker is seen by the team's \
                    members and by admins, without one by everybody.
                    """, body: .required(MarkerBatch.schema),
                answers: [.created(.object([.required("created", .integer(0...10_000))]), "How many were made.")], problems: [.notFound],
                handler: create
            ).onCloudthread("create_events"),
            Route(
                .get, "/v1/markers", .scope(.markersRead), "List markers",
                details: "Newest hour first. A person who is no admin sees those of everybody and of their teams.",
                query: ListEnvelope.parameters(
                    sort: Marker.sortFields,
                    filters: [
                        .init("type", .string(1...255)), .init("team_id", .string(1...255)),
                        .init("from", .timestamp("The first hour.")), .init("to", .timestamp("The hour after the last.")),
                    ]), answers: [.list(of: Marker.schema)], handler: list),
            Route(.get, "/v1/markers/{id}", .scope(.markersRead), "Read a marker", answers: [.ok(Marker.schema)], handler: get),
            Route(
                .delete, "/v1/markers/{id}", .scope(.markersWrite), "Delete a marker", answers: [.noContent()], problems: [.forbidden],
                handler: delete),
        ]
    }

    private static func create(_ call: Call) async throws -> Answer {
        let drafts = try MarkerBatch.read(call.body)
        return try await call.commit { connection in
            let made = try Marker.create(drafts, for: call.caller, by: call.attribution, connection)
            return .json(.created, JSON.object([.init("created", JSON(made))]))
        }
    }

    private static func list(_ call: Call) async throws -> Answer {
        let request = try call.pageRequest()
        let filter = Marker.Filter(
            type: call.query["type"], team: call.query["team_id"], from: call.query["from"].flatMap { Timestamp($0) },
            to: call.query["to"].flatMap { Timestamp($0) })
        return call.answer(try await call.read { try Marker.list(request, filter, for: call.caller, $0) })
    }

    private static func get(_ call: Call) async throws -> Answer {
        .json(.ok, try await call.read { try Marker.find(call.id(), for: call.caller, $0) })
    }

    private static func delete(_ call: Call) async throws -> Answer {
        try call.caller.requireWorkspace(.editor)
        return try await call.commit { connection in
            try Marker.find(call.id(), for: call.caller, connection).delete(by: call.attribution, connection)
            return .noContent
        }
    }
}
