import Kernel
import Prices
import Provider
import Storage
import Web

/// One event about a resource, and what it made different.
struct HistoryEntry: JSONRepresentable, Sendable {
    let event: Event
    let row: JSON
    let changes: [FieldChange]
    let cost: HourlyChange

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("seq", event.sequence)
            json.field("event_id", event.id)
            json.field("type", event.type)
            json.field("at", event.occurredAt)
            json.object("actor") { json in
                json.field("type", row["actor"]?["type"]?.string ?? "")
                json.field("id", row["actor"]?["id"]?.string ?? "")
                json.field("credential", row["actor"]?["credential"]?.string)
            }
            json.field("request_id", event.request)
            json.field("operation_id", row["data"]?["operation_id"]?.string)
            json.array("changes", changes)
            json.field("cost", cost)
        }
    }

    static let schema = Schema.named(
        "ResourceChange",
        .object([
            .required("seq", .integer(1...Int64.max, "Its place in the log.")), .required("event_id", .id("evt")),
            .required("type", .string(1...120).example("instance.resized")), .required("at", .timestamp()),
            .required(
                "actor",
                .object([
                    .required("type", .string(1...20)), .required("id", .string(0...200)),
                    .required("credential", Schema.string(1...200).nullable),
                ])),
            .required("request_id", Schema.id("req").nullable), .required("operation_id", Schema.id("op").nullable),
            .required("changes", .array(FieldChange.schema)), .required("cost", HourlyChange.schema),
        ]))
}

enum ResourceHistory {
    static let sortFields = ["seq"]

    /// The newest first, unless `sort=seq`.
    static func page(
        of resource: Resource, _ request: PageRequest, from: Timestamp?, to: Timestamp?, _ connection: Connection
    ) throws -> Page<HistoryEntry> {
        let newestFirst = request.sort?.descending ?? true
        var filter = EventFilter()
        filter.subjects = [resource.id.rawValue]
        (filter.from, filter.to) = (from, to)
        var range = EventLog.Range(limit: request.limit + 1, newestFirst: newestFirst)
        switch request.position {
        case .after(let place?):
            guard let sequence = Int64(place.id) else { throw Problem(.invalidCursor, "The cursor does not fit this list.") }
            if newestFirst { range.before = sequence } else { range.after = sequence }
        case .after(nil): break
        case .page(let number): range.offset = (number - 1) * request.limit
        }
        var events = try EventLog.events(in: resource.tenant, range, matching: filter, connection)
        let hasMore = events.count > request.limit
        if hasMore { events.removeLast() }
        let entries = try self.entries(events.sorted { $0.sequence < $1.sequence }, of: resource, connection)
        return Page(
            items: newestFirst ? entries.reversed() : entries,
            next: hasMore ? events.last.map { .init(value: "", id: String($0.sequence)) } : nil)
    }

    /// Of events in the order of the log.
    private static func entries(_ events: [Event], of resource: Resource, _ connection: Connection) throws -> [HistoryEntry] {
        guard let oldest = events.first else { return [] }
        var known = try ResourceState.last(of: resource, before: oldest.sequence, connection)
        let first = known
        let states = try events.map { event in
            known = try known.after(event)
            return known
        }
        let prices = try HourlyPrices(([first] + states).flatMap { $0.lines(resource.kind) }, for: resource.consumer, connection)
        return try events.indices.map { place in
            let (event, before, after) = (events[place], place == 0 ? first : states[place - 1], states[place])
            return HistoryEntry(
                event: event, row: try event.row, changes: FieldChange.between(before.told, after.told),
                cost: prices.change(from: before, to: after, of: resource.kind, event.occurredAt, event.occurredAt))
        }
    }
}

extension HourlyPrices {
    func change(
        from before: ResourceState, to after: ResourceState, of kind: ResourceKind, _ then: Timestamp, _ now: Timestamp
    ) -> HourlyChange {
        let old = hourly(before.lines(kind), at: then)
        let new = hourly(after.lines(kind), at: now)
        return HourlyChange(currency: new.currency ?? old.currency ?? "USD", before: old.amount, after: new.amount)
    }
}
