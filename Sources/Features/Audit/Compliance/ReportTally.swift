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

    /// Answers the rows that came of the events.
    mutating func take(_ events: [ReportedEvent]) -> [ReportRow] {
        var rows: [ReportRow] = []
        for event in events { collector?.take(event, &rows) }
        return count(rows)
    }

    mutating func end() -> [ReportRow] {
        var rows: [ReportRow] = []
        collector?.end(&rows)
        return count(rows)
    }

    private mutating func count(_ rows: [ReportRow]) -> [ReportRow] {
        for row in rows {
            hash.update(data: row.canonical)
            hash.update(data: Self.lineFeed)
        }
        count += rows.count
        return rows
    }

    static let lineFeed: [UInt8] = [UInt8(ascii: "\n")]

    /// What the manifest says of it.
    var json: JSON {
        [
            "name": .string(section.name), "title": .string(section.title), "criteria": .array(section.criteria.map(JSON.string)),
            "query": .string(section.query), "status": section.collector == nil ? "no_data" : "complete", "rows": JSON(count),
            "sha256": .string(EventLog.hexadecimal(Array(hash.finalize()))), "gaps": .array(section.gaps.map(JSON.string)),
        ]
    }
}

/// Some sections of a report that is only counted and hashed; two of these work beside each other.
actor ReportDesk {
    private let queue = OwnQueue("report")
    private var tallies: [ReportTally]

    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    init(_ sections: some Sequence<ReportSection>, _ period: ReportPeriod) { tallies = sections.map { ReportTally($0, period) } }

    func take(_ events: [ReportedEvent]) {
        for index in tallies.indices { _ = tallies[index].take(events) }
    }

    func end() -> [ReportTally] {
        for index in tallies.indices { _ = tallies[index].end() }
        return tallies
    }
}
