import Events
import HTTPTypes
import Kernel
import Storage
package import Web

/// `GET /v1/trace/{request_id}`: from a request to everything that came of it.
package struct TraceRoutes: Sendable {
    private let sources: [any TraceSource]

    package init(sources: [any TraceSource]) { self.sources = sources }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/trace/{request_id}", .scope(.auditRead), "Follow a request through everything that came of it",
                details: """
                    `X-Request-Id` of any change leads to its events, the resources and operations it made, what those did later, their usage and \
                    charges (those of the hour that runs too), the alerts that name them as their cause, what these did about it, who was told of \
                    any of it, and the rows of the audit log that prove it.
                    """, answers: [.ok(Self.schema)], handler: read)
        ]
    }

    private static let schema = Schema.named(
        "Trace",
        .object([
            .required("request_id", .id("req", "The request that is followed.")), .required("started_at", .timestamp()),
            .required("ended_at", .timestamp("The last event so far.")), .required("resource_ids", .array(.string(1...100))),
            .required("operation_ids", .array(.id("op"))), .required("events", .array(EventView.schema)),
            .required("cut", .boolean("Whether there are more than \(TraceReading.limit) events.")),
            .required("links", .array(TraceLink.schema, 0...100_000)),
        ]))

    private func read(_ call: Call) async throws -> Answer {
        let request = call.id("request_id", of: RequestKind.self)
        let query = try EventQuery(call)
        let (found, events) = try await call.read { [sources] connection in
            let found = try TraceReading.read(request, query, for: call.caller, at: call.at, sources, connection)
            return (found, try found.trace.events.map { try EventView($0, showsPersonal: query.showsPersonal) })
        }
        var json = JSONWriter(capacity: 16_384)
        json.object { json in
            json.field("request_id", request)
            json.field("started_at", found.trace.events.first?.occurredAt)
            json.field("ended_at", found.trace.events.last?.occurredAt)
            json.array("resource_ids", found.trace.resources)
            json.array("operation_ids", found.trace.operations.map(\.rawValue))
            json.array("events", events)
            json.field("cut", found.isCut)
            json.array("links", found.links + [found.trace.auditLink])
        }
        return Answer(status: .ok, headers: .json, body: json.bytes)
    }
}

extension Trace {
    /// The rows of the log themselves: `events` shows them, with their hashes.
    fileprivate var auditLink: TraceLink {
        TraceLink(
            "audit", href: "/v1/audit?request_id=\(request)", at: events.last?.occurredAt,
            detail: [
                "rows": JSON(events.count), "first_seq": JSON(events.first?.sequence), "last_seq": JSON(events.last?.sequence),
                "last_hash": JSON((events.last?.hash).map(EventLog.hexadecimal)),
            ])
    }
}
