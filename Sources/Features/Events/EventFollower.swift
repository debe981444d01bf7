import Kernel
import Storage
import Web

/// One client of the live stream: first what it missed, from the log; then what happens, from the hub.
struct EventFollower {
    let query: EventQuery
    let hub: EventHub
    let call: Call
    let stream: EventStream
    /// The number of the last event sent, or where it began.
    var last: Int64

    private static let batch = 200

    mutating func run() async throws {
        while try await sendKept(before: nil) {}
        let (query, hub) = (query, hub)
        try await hub.listen(to: query.tenant, matching: query.filter) { position, events in
            while try await sendKept(before: position + 1) {}
            last = max(last, position)
            try await stream.mark(id: String(last))
            for await event in events where event.sequence > last {
                try await stream.send(written: event.bytes(showsPersonal: query.showsPersonal))
                last = event.sequence
            }
        }
        try Task.checkCancellation()
        throw Problem(.overloaded, "The client does not keep up; it can go on from number \(last).", retryAfter: 1)
    }

    /// Sends a batch of what is in the log; answers whether there may be more.
    private mutating func sendKept(before end: Int64?) async throws -> Bool {
        let (query, last) = (query, last)
        let events = try await call.peek { connection in
            try EventLog.events(
                in: query.tenant, .init(after: last, before: end, limit: Self.batch), matching: query.filter, connection
            ).map { try EventHub.Live($0) }
        }
        for event in events {
            try await stream.send(written: event.bytes(showsPersonal: query.showsPersonal))
            self.last = event.sequence
        }
        return events.count == Self.batch
    }
}
