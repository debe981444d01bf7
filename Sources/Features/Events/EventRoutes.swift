import HTTPTypes
import Kernel
import Storage
package import Web

/// `GET /v1/events`: the log, in parts or as it grows.
package struct EventRoutes: Sendable {
    private let hub: EventHub

    package init(hub: EventHub) { self.hub = hub }

    package var all: [Route] {
        [
            Route(
                .get, "/v1/events", .scope(.eventsRead), "Read the event log, or follow it",
                details: """
                    Newest first; oldest first with `after` or `sort=seq`. With `wait` an empty answer is held back until there is something. With \
                    `Accept: text/event-stream` it stays open and sends each event once, in order, from `Last-Event-ID` or `after` on (without \
                    them: from now on), its `seq` as `id`. A client that does not keep up is cut off and goes on where it was when it comes again. \
                    A credential of single projects sees what belongs to them.
                    """,
                query: ListEnvelope.parameters(sort: ["seq"], filters: EventQuery.parameters + [.wait]),
                answers: [Route.Response.list(of: EventView.schema).orEvents()], problems: [.cursorExpired], handler: read)
        ]
    }

    private func read(_ call: Call) async throws -> Answer {
        if call.wantsEvents { return try await follow(call) }
        let query = try EventQuery(call)
        let request = try call.pageRequest()
        func page() async throws -> Page<EventView> {
            try await call.read { connection in
                try query.requireKept(connection)
                return try query.page(request, connection).map { try EventView($0, showsPersonal: query.showsPersonal) }
            }
        }
        let found = try await page()
        guard found.items.isEmpty, call.wait > .zero, let after = query.after else { return call.answer(found) }
        try await waitForMore(query, after: after, atMost: call.wait, call)
        return call.answer(try await page())
    }

    private func waitForMore(_ query: EventQuery, after: Int64, atMost time: Duration, _ call: Call) async throws {
        try await hub.listen(to: query.tenant, matching: query.filter) { position, events in
            let missed = try await call.peek { connection in
                try EventLog.events(
                    in: query.tenant, .init(after: after, before: position + 1, limit: 1), matching: query.filter, connection)
            }
            guard missed.isEmpty else { return }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in events { return } }
                group.addTask { try? await call.surroundings.sleep(time) }  // cancelled when an event comes
                await group.next()
                group.cancelAll()
            }
        }
    }

    // MARK: Live

    private func follow(_ call: Call) async throws -> Answer {
        let resumed = try call.lastEventID.map { text in
            guard let sequence = Int64(text), sequence >= 0 else {
                throw Problem(.invalidHeader, "Last-Event-ID must be the id of an event of this stream.")
            }
            return sequence
        }
        let query = try EventQuery(call, after: resumed)
        let start = try await call.read { connection in
            try query.requireKept(connection)
            return try query.after ?? EventLog.head(of: query.tenant, connection)?.sequence ?? 0
        }
        return .events { stream in
            var follower = EventFollower(query: query, hub: hub, call: call, stream: stream, last: start)
            try await follower.run()
        }
    }
}
