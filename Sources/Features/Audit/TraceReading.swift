import Events
import Kernel
import Storage
import Web

/// Finds what a request did: its own events; those of the operations it began, which happen later; and those that name what it made as
/// their cause, such as an alert that fires over what a resource costs, with what that alert then did to the resource.
struct TraceReading {
    /// Events one trace holds at most; a request that began more is told to be cut.
    static let limit = 1000

    let trace: Trace
    let isCut: Bool
    let links: [TraceLink]

    /// Throws `not_found` for a request that changed nothing, or nothing the caller may see.
    static func read(
        _ request: RequestID, _ query: EventQuery, for caller: Caller, at now: Timestamp, _ sources: [any TraceSource],
        _ connection: Connection
    ) throws -> TraceReading {
        var filter = query.filter
        filter.request = request
        let own = try EventLog.events(in: query.tenant, .init(limit: limit), matching: filter, connection)
        guard let first = own.first else { throw Problem.notFound("request") }
        let begun = try own.compactMap { event in try event.operation.map { (event.subject, $0) } }
        let operations = begun.map(\.1).unique
        let later = try events(of: operations, about: begun.map(\.0).unique, after: first, query, connection)
        let resources = try (own + later).filter { try $0.operation != nil }.map(\.subject).unique
        let consequences = try consequences(of: own + later, to: resources, after: first, query, connection)
        var known: Set<Int64> = []
        let all = (own + later + consequences.events).filter { known.insert($0.sequence).inserted }.sorted { $0.sequence < $1.sequence }
        let trace = Trace(
            caller: caller, at: now, request: request, events: Array(all.prefix(limit)), resources: resources,
            operations: (operations + consequences.operations).unique)
        return TraceReading(
            trace: trace, isCut: own.count == limit || all.count > limit, links: try sources.flatMap { try $0.links(of: trace, connection) }
        )
    }

    /// What names the resources, or the events, as its cause; and what those who said so then did to the resources by themselves.
    private static func consequences(
        of events: [Event], to resources: [String], after first: Event, _ query: EventQuery, _ connection: Connection
    ) throws -> (events: [Event], operations: [OperationID]) {
        var filter = query.filter
        filter.causes = Array((resources + events.map(\.subject) + events.map(\.id.rawValue)).unique.prefix(200))
        let caused = try EventLog.events(in: query.tenant, .init(after: first.sequence, limit: limit), matching: filter, connection)
        var acts: [Event] = []
        for agent in caused.map(\.subject).unique.prefix(20) where !resources.isEmpty {
            var filter = query.filter
            filter.subjects = Array(resources.prefix(100))
            filter.actor = agent
            acts += try EventLog.events(in: query.tenant, .init(after: first.sequence, limit: limit), matching: filter, connection)
        }
        let operations = try acts.compactMap { try $0.operation }.unique
        let later = try self.events(of: operations, about: resources, after: first, query, connection)
        return (caused + acts + later, operations)
    }

    private static func events(
        of operations: [OperationID], about subjects: [String], after first: Event, _ query: EventQuery, _ connection: Connection
    ) throws -> [Event] {
        guard !operations.isEmpty else { return [] }
        var filter = query.filter
        filter.subjects = Array(subjects.prefix(100))
        let wanted = Set(operations)
        return try EventLog.events(in: query.tenant, .init(after: first.sequence, limit: 5 * limit), matching: filter, connection)
            .filter { try $0.operation.map(wanted.contains) ?? false }
    }
}

extension Event {
    /// The operation that did it, or that it began.
    fileprivate var operation: OperationID? {
        get throws { try row["data"]?["operation_id"]?.string.map { OperationID($0) } }
    }
}

extension Array where Element: Hashable {
    fileprivate var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
