import Events
import Kernel
import Storage
import Web

/// Finds what a request did: its own events, and those of the operations it began, which happen later and for other reasons too.
struct TraceReading {
    /// Events one trace holds at most; a request that began more is told to be cut.
    static let limit = 1000

    let trace: Trace
    let isCut: Bool
    let links: [TraceLink]

    /// Throws `not_found` for a request that changed nothing, or nothing the caller may see.
    static func read(
        _ request: RequestID, _ query: EventQuery, for caller: Caller, _ sources: [any TraceSource], _ connection: Connection
    ) throws -> TraceReading {
        var filter = query.filter
        filter.request = request
        let own = try EventLog.events(in: query.tenant, .init(limit: limit), matching: filter, connection)
        guard let first = own.first else { throw Problem.notFound("request") }
        let begun = try own.compactMap { event in try event.operation.map { (event.subject, $0) } }
        let operations = begun.map(\.1).unique
        let later = try events(of: operations, about: begun.map(\.0).unique, after: first, query, connection)
        let known = Set(own.map(\.sequence))
        let all = (own + later.filter { !known.contains($0.sequence) }).sorted { $0.sequence < $1.sequence }
        let resources = try all.filter { try $0.operation != nil }.map(\.subject).unique
        let trace = Trace(
            caller: caller, request: request, events: Array(all.prefix(limit)), resources: resources, operations: operations)
        return TraceReading(
            trace: trace, isCut: own.count == limit || all.count > limit, links: try sources.flatMap { try $0.links(of: trace, connection) }
        )
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
