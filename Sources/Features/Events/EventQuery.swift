package import Kernel
package import Storage
package import Web

/// Which part of the log a call asks for, cut down to what its caller may see: the whole log of the workspace in the credential's mode, or
/// only what names one of the caller's projects. What names no project is shown to nobody who sees single projects.
package struct EventQuery: Sendable {
    package let tenant: Tenant
    package private(set) var filter: EventFilter
    /// Rows after this number; nil when the call does not say.
    package let after: Int64?
    /// E-mail, names and addresses are for admins of the workspace.
    package let showsPersonal: Bool

    package static let typeSchema = Schema.string(
        1...1000, .text, "A type, several parted by commas, or a group such as `instance.*`."
    ).example("instance.*")

    package static let parameters: [Query.Parameter] = [
        .init("type", typeSchema), .init("subject", .string(1...100, .text, "The id of what was changed.")),
        .init("actor", .string(1...100, .text, "The id of who did it: a user, else a credential.")),
        .init("request_id", .string(1...100, .text, "What one request did.")), .init("project_id", .string(1...100)),
        .init("from", .timestamp("What happened then or later.")), .init("to", .timestamp("What happened before.")),
        .init("after", .integer(0...Int64.max, "Events with a greater `seq`, oldest first; 0 for from the beginning.")),
    ]

    /// Throws `invalid_parameter`.
    package init(_ call: Call, after: Int64? = nil) throws {
        tenant = call.caller.tenant
        showsPersonal = call.caller.reach == .workspace(.admin)
        self.after = after ?? call.query["after"].flatMap { Int64($0) }
        filter = EventFilter()
        filter.types = try Self.patterns(call.query["type"])
        if let subject = call.query["subject"] { filter.subjects = [subject] }
        filter.actor = call.query["actor"]
        filter.request = call.query["request_id"].map { RequestID($0) }
        filter.from = call.query["from"].flatMap { Timestamp($0) }
        filter.to = call.query["to"].flatMap { Timestamp($0) }
        filter.projects = call.caller.seenProjects
        if let project = call.query["project_id"].map({ ProjectID($0) }) {
            filter.projects = filter.projects.map { $0.filter { $0 == project } } ?? [project]
        }
    }

    package static func patterns(_ text: String?) throws -> [EventPattern] {
        guard let text else { return [] }
        return try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let pattern = EventPattern(String(part)) else {
                throw Problem.invalid(parameter: "type", "\"\(part)\" is no type; examples are instance.created, instance.* and *.")
            }
            return pattern
        }
    }

    /// Throws `cursor_expired` when rows after `after` have been removed.
    package func requireKept(_ connection: Connection) throws {
        guard let after, after > 0, let oldest = try EventLog.oldest(in: tenant, connection), after < oldest - 1 else { return }
        throw Problem(
            .cursorExpired, "The log begins with number \(oldest); what was between \(after) and that is not kept any more.",
            members: ["oldest_seq": .integer(oldest)])
    }

    /// The newest first, or the oldest first when `after` or `sort` says so.
    package func page(_ request: PageRequest, _ connection: Connection) throws -> Page<Event> {
        let newestFirst = request.sort?.descending ?? (after == nil)
        var range = EventLog.Range(after: after, limit: request.limit + 1, newestFirst: newestFirst)
        switch request.position {
        case .after(let place?):
            guard let sequence = Int64(place.id) else { throw Problem(.invalidCursor, "The cursor does not fit this list.") }
            if newestFirst { range.before = sequence } else { range.after = sequence }
        case .after(nil): break
        case .page(let number): range.offset = (number - 1) * request.limit
        }
        var events = try EventLog.events(in: tenant, range, matching: filter, connection)
        guard events.count > request.limit else { return Page(items: events, next: nil) }
        events.removeLast()
        return Page(items: events, next: events.last.map { .init(value: "", id: String($0.sequence)) })
    }
}

extension Caller {
    /// Those whose events it sees; nil for all of the workspace.
    package var seenProjects: [ProjectID]? {
        switch reach {
        case .workspace: nil
        case .projects(let roles): roles.keys.sorted()
        }
    }
}
