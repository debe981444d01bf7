import Events
import Kernel
import Server
import Storage

/// Whatever a test did, the log may only say what the catalogue of event types knows.
enum EventCheck {
    struct UnknownEvent: Error, CustomStringConvertible {
        let description: String
    }

    /// Throws for the first event that is not in the catalogue or has data of another shape.
    static func run(on store: Store) async throws {
        let complaint: String? = try await store.read { connection in
            for tenant in try EventLog.tenants(connection) {
                var after: Int64 = 0
                while true {
                    let events = try EventLog.events(in: tenant, after: after, limit: 500, connection)
                    guard let last = events.last else { break }
                    for event in events where !event.type.hasPrefix("note.") {
                        if let found = try EventTypes.catalogue.complaint(about: event) { return found }
                    }
                    after = last.sequence
                }
            }
            return nil
        }
        if let complaint { throw UnknownEvent(description: complaint) }
    }
}
