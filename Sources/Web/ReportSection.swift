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
    /// Nil for a section that nothing is known for.
    package let collector: (@Sendable (ReportPeriod) -> any ReportCollector)?

    package init(
        _ name: String, _ title: String, criteria: [String], query: String, columns: [String], gaps: [String] = [],
        collector: (@Sendable (ReportPeriod) -> any ReportCollector)?
    ) {
        self.name = name
        self.title = title
        self.criteria = criteria
        self.query = query
        self.columns = columns
        self.gaps = gaps
        self.collector = collector
    }
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
    package let event: Event
    package let row: StoredRow
    package let isInPeriod: Bool
    /// Empty where the row names none.
    package let actorType: String
    package let credential: String?

    package init(_ event: Event, in period: ReportPeriod) throws {
        self.event = event
        row = try event.stored
        isInPeriod = period.contains(event.occurredAt)
        let actor = row[.actor]
        actorType = actor?["type"]?.string ?? ""
        credential = actor?["credential"]?.string
    }

    package var type: String { event.type }
    package var subject: String { event.subject }
    package var at: Timestamp { event.occurredAt }
    package var data: CompactJSON { row[.data] ?? .null }
    package var after: CompactJSON? { data["after"] }
    package var before: CompactJSON? { data["before"] }
}

/// Makes the rows of one section while the log goes by.
package protocol ReportCollector: Sendable {
    /// Every event of the log until the end of the period, oldest first, those before the period too.
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
