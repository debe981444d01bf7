package import Kernel
package import Storage

/// What one request did and set in motion, as the log tells it. Features add what they know of it.
package struct Trace: Sendable {
    package let caller: Caller
    /// When it is looked at.
    package let at: Timestamp
    package let request: RequestID
    /// Events of the request, of the operations it began, and of what came of them, oldest first.
    package let events: [Event]
    /// What those operations are about.
    package let resources: [String]
    package let operations: [OperationID]

    package init(caller: Caller, at: Timestamp, request: RequestID, events: [Event], resources: [String], operations: [OperationID]) {
        self.caller = caller
        self.at = at
        self.request = request
        self.events = events
        self.resources = resources
        self.operations = operations
    }
}

/// Something that hangs on a trace, and where it can be read.
package struct TraceLink: Sendable, JSONRepresentable, SchemaDescribed {
    /// `resource`, `operation`, `usage`, `charge`, `alert`, `alert_action`, `delivery`, `audit`, ….
    package let kind: String
    package let id: String?
    /// The call that shows it.
    package let href: String
    package let at: Timestamp?
    /// What is worth saying here already.
    package let detail: JSON

    package init(_ kind: String, id: String? = nil, href: String, at: Timestamp? = nil, detail: JSON = .object([])) {
        self.kind = kind
        self.id = id
        self.href = href
        self.at = at
        self.detail = detail
    }

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("kind", kind)
            json.field("id", id)
            json.field("href", href)
            json.field("at", at)
            json.field("detail", detail)
        }
    }

    package static let schema = Schema.named(
        "TraceLink",
        .object([
            .required("kind", Schema.string(1...40).example("charge")), .required("id", Schema.string(1...200).nullable),
            .required("href", .string(1...1000, .text, "The call that shows it.")), .required("at", Schema.timestamp().nullable),
            .required("detail", Schema(.map(Schema(.any)))),
        ]))
}

/// A feature that knows more about what a request set in motion. The server joins them.
package protocol TraceSource: Sendable {
    /// Only what `trace.caller` may see.
    func links(of trace: Trace, _ connection: Connection) throws -> [TraceLink]
}
