package import Kernel
package import Storage

/// A part of the compliance report that a feature can prove from the log. The server joins them, as it joins routes and trace sources.
///
/// Rows are made from the events up to the end of the period and from nothing else: so the same log gives the same bytes, today or in a
/// year, and who has the log can make them again.
package struct ReportSection: Sendable {
    /// `key_inventory`.
    package let name: String
    package let title: String
    /// Of the AICPA's Trust Services Criteria, such as `CC6.1`.
    package let criteria: [String]
    /// What of the log the rows are made from, in words.
    package let query: String
    /// Members of a row, in the order in which tables show them.
    package let columns: [String]
    /// What an auditor may look for here and will not find.
    package let gaps: [String]
    /// How the types of the events begin that its collector takes; nil for all of them.
    package let types: [String]?
    /// What it was before it had other rows or members, oldest first: a report that was signed then is made again as it was.
    package let earlier: [ReportSection]
    /// Nil for a section that nothing is known for.
    package let collector: (@Sendable (ReportPeriod) -> any ReportCollector)?

    package init(
        _ name: String, _ title: String, criteria: [String], query: String, columns: [String], gaps: [String] = [],
        types: [String]? = nil, earlier: [ReportSection] = [], collector: (@Sendable (ReportPeriod) -> any ReportCollector)?
    ) {
        self.name = name
        self.title = title
        self.criteria = criteria
        self.query = query
        self.columns = columns
        self.gaps = gaps
        self.types = types
        self.earlier = earlier
        self.collector = collector
    }

    package var version: Int { earlier.count + 1 }
}

/// What a report is about.
package struct ReportPeriod: Sendable, Equatable {
    package let from: Timestamp
    /// Not included.
    package let to: Timestamp
    /// Nil for the whole workspace.
    package let projects: Set<ProjectID>?

    package init(from: Timestamp, to: Timestamp, projects: Set<ProjectID>?) {
        self.from = from
        self.to = to
        self.projects = projects
    }

    /// What belongs to no project is in a report of the whole workspace only.
    package func covers(_ project: ProjectID?) -> Bool { projects.map { projects in project.map(projects.contains) ?? false } ?? true }

    package func contains(_ moment: Timestamp) -> Bool { from <= moment && moment < to }
}

/// An event on its way through the collectors. A class, since a dozen of them take each of a million; its row is read where it stands, since
/// most of them look at its type and pass.
package final class ReportedEvent: Sendable {
    package let event: EventRow
    package let isInPeriod: Bool
    package let actor: ReportedActor

    /// `last` is the actor of an event before this one: a log names the same one many times in a row.
    package init(_ event: consuming EventRow, in period: ReportPeriod, last: ReportedActor?) {
        isInPeriod = period.contains(event.occurredAt)
        let said = event.stored[.actor] ?? .null
        if let last, last.said == said { actor = last } else { actor = ReportedActor(said) }
        self.event = event
    }

    package var sequence: Int64 { event.sequence }
    package var type: String { event.type }
    package var subject: String { row[.subject]?.string ?? "" }
    package var project: ProjectID? { event.project }
    package var request: RequestID? { row[.request]?.string.map { RequestID($0) } }
    package var at: Timestamp { event.occurredAt }
    package var row: StoredRow { event.stored }
    package var data: CompactJSON { row[.data] ?? .null }
    package var after: CompactJSON? { data["after"] }
    package var before: CompactJSON? { data["before"] }
}

/// Who did what an event tells.
package final class ReportedActor: Sendable {
    /// As the row has it.
    fileprivate let said: CompactJSON
    /// Empty where the row names none.
    package let type: String
    package let id: String
    package let credential: String?

    fileprivate init(_ said: CompactJSON) {
        self.said = said
        type = said["type"]?.string ?? ""
        id = said["id"]?.string ?? ""
        credential = said["credential"]?.string
    }
}

/// When each of many was last seen. Who is seen many times in a row is looked up once.
package struct LastSeen: Sendable {
    private var moments: [String: Timestamp] = [:]
    private var current: (name: String, at: Timestamp)?

    package init() {}

    package mutating func note(_ name: String, at moment: Timestamp) {
        if current?.name != name, let current { moments[current.name] = current.at }
        current = (name, moment)
    }

    package subscript(_ name: String) -> Timestamp? { current?.name == name ? current?.at : moments[name] }
}

/// Makes the rows of one section while the log goes by.
package protocol ReportCollector: Sendable {
    /// Every event of the section's types until the end of the period, oldest first, those before the period too.
    mutating func take(_ event: ReportedEvent, _ rows: inout [ReportRow])
    /// What is known at the end of the period.
    mutating func end(_ rows: inout [ReportRow])
}

/// A row of a section: the RFC 8785 form of an object, which is what is hashed.
package struct ReportRow: Sendable {
    package let canonical: [UInt8]

    package init(_ row: JSON) { canonical = row.canonicalBytes }

    /// `canonical` must be in RFC 8785 form already.
    package init(canonical: [UInt8]) { self.canonical = canonical }
}
