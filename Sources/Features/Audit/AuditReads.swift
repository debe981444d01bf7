import Kernel
import Storage
import Synchronization
import Web

/// Logs that the log was read: once for each credential and minute, however often it asks. Where it cannot be logged, it is not read.
package final class AuditReads: Sendable {
    /// Which of these were asked for is logged, not what for: a caller's own words do not belong into rows that nobody can erase.
    private static let words = ["type", "subject", "actor", "request_id", "project_id", "from", "to"]

    /// Which credentials were logged in which minute; spares the look into the database.
    private let seen = Mutex<(minute: Int64, credentials: Set<String>)>((0, []))

    package init() {}

    func note(_ call: Call, _ name: String) async throws {
        let minute = call.at.floored(toSeconds: 60)
        let credential = "\(call.caller.mode.rawValue) \(call.caller.credential.id)"
        let isKnown = seen.withLock { $0.minute == minute.milliseconds && $0.credentials.contains(credential) }
        if isKnown { return }
        try await log(call, name, since: minute)
        seen.withLock { seen in
            if seen.minute != minute.milliseconds { seen = (minute.milliseconds, []) }
            seen.credentials.insert(credential)
        }
    }

    private func log(_ call: Call, _ name: String, since minute: Timestamp) async throws {
        let by = call.attribution
        var filter = EventFilter()
        filter.subjects = [call.caller.credential.id]
        filter.types = [EventPattern("audit.read")!]  // a good pattern
        filter.from = minute
        let filters = Self.words.filter { call.query[$0] != nil }.map(JSON.string)
        _ = try await call.commit { [filter] connection in
            let logged = try EventLog.events(in: by.tenant, .init(limit: 1, newestFirst: true), matching: filter, connection)
            if logged.isEmpty {
                connection.append(
                    EventDraft(
                        "audit.read", subject: call.caller.credential.id, data: ["call": .string(name), "filters": .array(filters)]),
                    by: by)
            }
            return .noContent
        }
    }
}
