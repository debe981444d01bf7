import Kernel
import Storage
import Web

/// Reads the log from its beginning to the end of a report, page by page: what is held is one page and what the collectors keep.
struct ReportPass: Sendable {
    /// Rows of one read: little enough that nobody who shares the thread is held up.
    private static let page = 1000

    let tenant: Tenant
    let period: ReportPeriod
    let chain: ReportChain

    /// Hands over page after page, each in order; the next one is read meanwhile.
    func run(_ call: Call, _ body: ([ReportedEvent]) async throws -> Void) async throws {
        var page = try await read(call, after: chain.first - 1)
        while let last = page.last {
            async let next = read(call, after: last.sequence)
            try await body(page)
            page = try await next
        }
    }

    private func read(_ call: Call, after: Int64) async throws -> [ReportedEvent] {
        guard after < chain.to.sequence else { return [] }
        return try await call.scan { connection in
            var actor: ReportedActor?
            return try EventLog.rows(in: tenant, .init(after: after, before: chain.to.sequence + 1, limit: Self.page), connection) {
                let event = ReportedEvent($0, in: period, last: actor)
                actor = event.actor
                return event
            }
        }
    }
}

/// The part of the chain that a report was made from.
struct ReportChain: Sendable, Equatable {
    /// The first row that was kept when it was made.
    let first: Int64
    /// The row before the first of the period: its number and hash.
    let from: EventLog.Head
    /// The last row before the end of the period.
    let to: EventLog.Head

    static func find(_ period: ReportPeriod, in tenant: Tenant, _ connection: Connection) throws -> ReportChain {
        var until = EventFilter()
        until.to = period.to
        let nothing = EventLog.Head(sequence: 0, hash: EventLog.noHash)
        let last = try EventLog.events(in: tenant, .init(limit: 1, newestFirst: true), matching: until, connection).first
        let to = last.map { EventLog.Head(sequence: $0.sequence, hash: $0.hash) } ?? nothing
        var since = until
        since.from = period.from
        let opening = try EventLog.events(in: tenant, .init(limit: 1), matching: since, connection).first
        let from = try opening.map { event in
            EventLog.Head(
                sequence: event.sequence - 1, hash: try event.stored[.previousHash]?.string.flatMap(EventLog.bytes(hexadecimal:)) ?? [])
        }
        return ReportChain(first: try EventLog.oldest(in: tenant, connection) ?? 1, from: from ?? to, to: to)
    }

    /// Throws `cursor_expired` when rows it was made from have been removed, or are not those any more.
    func requireKept(in tenant: Tenant, _ connection: Connection) throws {
        let oldest = try EventLog.oldest(in: tenant, connection) ?? 1
        let isThere = try to.sequence == 0 || EventLog.head(of: tenant, at: to.sequence, connection) == to
        guard isThere, oldest <= first else {
            throw Problem(
                .cursorExpired, "The log begins with number \(oldest) now; what this report was made from is not kept any more.",
                members: ["oldest_seq": .integer(oldest)])
        }
    }

    var json: JSON {
        [
            "first_seq": .integer(first), "from_seq": .integer(from.sequence), "from_hash": .string(EventLog.hexadecimal(from.hash)),
            "to_seq": .integer(to.sequence), "to_hash": .string(EventLog.hexadecimal(to.hash)),
        ]
    }

    init(first: Int64, from: EventLog.Head, to: EventLog.Head) {
        self.first = first
        self.from = from
        self.to = to
    }

    init?(_ json: JSON?) {
        guard let first = json?["first_seq"]?.integer, let from = Self.head(json, "from_seq", "from_hash"),
            let to = Self.head(json, "to_seq", "to_hash")
        else { return nil }
        self.init(first: first, from: from, to: to)
    }

    private static func head(_ json: JSON?, _ sequence: String, _ hash: String) -> EventLog.Head? {
        guard let sequence = json?[sequence]?.integer, let hash = json?[hash]?.string.flatMap(EventLog.bytes(hexadecimal:)) else {
            return nil
        }
        return EventLog.Head(sequence: sequence, hash: hash)
    }
}
