import Crypto
import Kernel
import Storage
import Web

/// A section while it is made: how many rows it has, and the SHA-256 over them, each in RFC 8785 form with a line feed behind it.
struct ReportTally {
    let section: ReportSection
    private(set) var count = 0
    private var collector: (any ReportCollector)?
    private var hash = SHA256()

    init(_ section: ReportSection, _ period: ReportPeriod) {
        self.section = section
        collector = section.collector?(period)
    }

    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow]) {
        let known = rows.count
        collector?.take(event, &rows)
        count(rows, after: known)
    }

    mutating func end() -> [ReportRow] {
        var rows: [ReportRow] = []
        collector?.end(&rows)
        count(rows, after: 0)
        return rows
    }

    private mutating func count(_ rows: [ReportRow], after known: Int) {
        for index in known..<rows.count {
            hash.update(data: rows[index].canonical)
            hash.update(data: Self.lineFeed)
        }
        count += rows.count - known
    }

    static let lineFeed: [UInt8] = [UInt8(ascii: "\n")]

    /// What the manifest says of it.
    var json: JSON {
        [
            "name": .string(section.name), "version": JSON(section.version), "title": .string(section.title),
            "criteria": .array(section.criteria.map(JSON.string)),
            "query": .string(section.query), "status": section.collector == nil ? "no_data" : "complete", "rows": JSON(count),
            "sha256": .string(EventLog.hexadecimal(Array(hash.finalize()))), "gaps": .array(section.gaps.map(JSON.string)),
        ]
    }
}

/// Sections that are made beside each other. Each event goes to those that take its type, which is looked up once for each type.
struct ReportTallies {
    private(set) var all: [ReportTally]
    private var takers: [String: [Int]] = [:]

    init(_ sections: some Sequence<ReportSection>, _ period: ReportPeriod) { all = sections.map { ReportTally($0, period) } }

    /// Answers the rows that came of the events, by section.
    mutating func take(_ events: [ReportedEvent]) -> [[ReportRow]] {
        var rows = [[ReportRow]](repeating: [], count: all.count)
        for event in events {
            for index in takers(of: event.type) { all[index].take(event, &rows[index]) }
        }
        return rows
    }

    /// What is known at the end, by section.
    mutating func end() -> [[ReportRow]] { all.indices.map { all[$0].end() } }

    private mutating func takers(of type: String) -> [Int] {
        if let known = takers[type] { return known }
        let found = all.indices.filter { all[$0].section.types?.contains(where: type.hasPrefix) ?? true }
        takers[type] = found
        return found
    }
}

/// Some sections of a report that is only counted and hashed; two of these work beside each other.
actor ReportDesk {
    private let queue = OwnQueue("report")
    private var tallies: ReportTallies

    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    init(_ sections: some Sequence<ReportSection>, _ period: ReportPeriod) { tallies = ReportTallies(sections, period) }

    func take(_ events: [ReportedEvent]) { _ = tallies.take(events) }

    func end() -> [ReportTally] {
        _ = tallies.end()
        return tallies.all
    }
}
