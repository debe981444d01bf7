import Kernel
import Provider
import Storage
import Web

/// An operation as it is answered.
struct OperationView: JSONRepresentable, SchemaDescribed {
    let operation: Operation
    /// How many of the same resource run before it.
    var queuePosition = 0

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", operation.id)
            json.field("type", operation.type)
            json.object("resource") { json in
                json.field("kind", operation.kind.rawValue)
                json.field("id", operation.resource)
            }
            json.field("project_id", operation.project)
            json.field("state", operation.state.rawValue)
            json.field("progress_percent", operation.progress)
            json.array("steps", operation.steps) { json, step in
                json.object { json in
                    json.field("name", step.name)
                    json.field("state", step.state.rawValue)
                    json.field("attempt", step.attempt)
                    json.field("trouble", step.trouble)
                    json.field("started_at", step.startedAt)
                }
            }
            json.field("queue_position", queuePosition)
            json.field("superseded_by", operation.supersededBy)
            json.field("error", operation.error?.json)
            json.field("noop", operation.isNoop)
            json.field("actor", operation.actor.id)
            json.field("request_id", operation.request)
            json.field("created_at", operation.createdAt)
            json.field("started_at", operation.startedAt)
            json.field("deadline", operation.finishedAt == nil ? operation.startedAt.map { _ in operation.deadline } : nil)
            json.field("next_attempt_at", operation.state.isActive ? operation.dueAt : nil)
            json.field("finished_at", operation.finishedAt)
        }
    }

    private static let kinds = Schema.choice(ResourceKind.allCases.map(\.rawValue) + ["stack"])
    private static let step = Schema.object([
        .required("name", .string(1...100).example("provider.create")), .required("state", .choice(of: Step.State.self)),
        .required("attempt", .integer(0...Int64.max, "How often the provider was called for it.")),
        .required("trouble", Schema.string(0...2000, .echo, "What the last attempt ran into.").nullable),
        .required("started_at", Schema.timestamp().nullable),
        .optional("resource_id", Schema.string(1...100, .text, "Of a stack: which resource the step is about.").nullable),
        .optional("operation_id", Schema.id("op", "Of a stack: the operation of that resource.").nullable),
    ])

    static let schema = Schema.named(
        "Operation",
        .object([
            .required("id", .id("op")), .required("type", .string(1...60).example("instance.create")),
            .required("resource", .object([.required("kind", kinds), .required("id", .id("inst"))])),
            .required("project_id", .id("proj")), .required("state", .choice(of: Operation.State.self)),
            .required("progress_percent", .integer(0...100)), .required("steps", .array(step)),
            .required("queue_position", .integer(0...Int64.max, "How many operations of the same resource run before it.")),
            .required("superseded_by", Schema.id("op").nullable),
            .required(
                "error",
                Schema.object([.required("code", .choice(of: Operation.Failure.Code.self)), .required("detail", .string(0...2000, .echo))])
                    .nullable),
            .required("noop", .boolean("Everything was as asked for already.")), .required("actor", .string(0...200)),
            .required("request_id", Schema.id("req").nullable), .required("created_at", .timestamp()),
            .required("started_at", Schema.timestamp().nullable), .required("deadline", Schema.timestamp().nullable),
            .required("next_attempt_at", Schema.timestamp("When the engine looks at it next, while it runs.").nullable),
            .required("finished_at", Schema.timestamp().nullable),
        ]))
}
