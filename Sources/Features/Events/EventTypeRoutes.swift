import HTTPTypes
import Kernel
import Storage
package import Web

/// `/v1/event-types`: what the log can say.
package struct EventTypeRoutes: Sendable {
    private let catalogue: EventCatalogue

    package init(catalogue: EventCatalogue) { self.catalogue = catalogue }

    private static let schema = Schema.named(
        "EventType",
        .object([
            .required("name", Schema.string(1...120, .text, "`noun.happened`.").example("instance.created")),
            .required("description", .string(1...1000)), .required("since", .string(1...20, .text, "The version that said it first.")),
            .required("schema", Schema(.map(Schema(.any)), "The shape of `data`, as JSON Schema 2020-12.")),
        ]))

    package var all: [Route] {
        [
            Route(
                .get, "/v1/event-types", .scope(.eventsRead), "List event types",
                details: "All of them at once. `type` names one, several parted by commas, or a group such as `instance.*`.",
                query: [.init("type", EventQuery.typeSchema)],
                answers: [
                    .ok(
                        .object([
                            .required("data", .array(Self.schema)), .required("has_more", .boolean()), .required("request_id", .id("req")),
                        ]))
                ], handler: list),
            Route(
                .get, "/v1/event-types/{name}", .scope(.eventsRead), "Read an event type", answers: [.ok(Self.schema)], handler: get),
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        let patterns = try EventQuery.patterns(call.query["type"])
        let chosen = catalogue.types.filter { type in patterns.isEmpty || patterns.contains { $0.matches(type.name) } }
        var json = JSONWriter(capacity: 65_536)
        json.object { json in
            json.array("data", chosen) { json, type in Self.write(type, to: &json) }
            json.field("has_more", false)
            json.field("request_id", call.requestID)
        }
        return Answer(status: .ok, headers: .json, body: json.take())
    }

    private func get(_ call: Call) async throws -> Answer {
        guard let type = catalogue[call.parameter("name")] else { throw Problem.notFound("event type") }
        var json = JSONWriter(capacity: 4096)
        Self.write(type, to: &json)
        return Answer(status: .ok, headers: .json, body: json.take())
    }

    private static func write(_ type: EventType, to json: inout JSONWriter) {
        json.object { json in
            json.field("name", type.name)
            json.field("description", type.description)
            json.field("since", type.since)
            json.field("schema", type.data.inlined.openAPI)
        }
    }
}
