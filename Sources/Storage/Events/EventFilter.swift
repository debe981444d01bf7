package import Kernel

/// Which types of events are meant: `*`, `instance.*`, `instance.created`.
package struct EventPattern: Sendable, Hashable {
    package let text: String
    /// `instance.`; empty for `*`; nil when the whole type stands there.
    private let prefix: String?

    /// Nil for what is no pattern: lower-case words of letters, digits and `_` parted by dots, the last of which may be `*`.
    package init?(_ text: String) {
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        let isAll = words.last == "*"
        let isWord = { (word: Substring) in
            !word.isEmpty && word.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
        }
        guard text.utf8.count <= 120, (isAll ? words.dropLast() : words[...]).allSatisfy(isWord) else { return nil }
        self.text = text
        prefix = isAll ? String(text.dropLast()) : nil
    }

    package func matches(_ type: String) -> Bool { prefix.map(type.hasPrefix) ?? (type == text) }

    /// Every type with the prefix lies between it and the same with `.` counted up: types compare by their bytes.
    fileprivate var condition: (sql: String, values: [SQLValue])? {
        guard let prefix else { return ("type = ?", [.text(text)]) }
        if prefix.isEmpty { return nil }
        return ("(type >= ? AND type < ?)", [.text(prefix), .text(prefix.dropLast() + "/")])
    }
}

/// Which events of a tenant are meant. What is nil or empty says nothing.
package struct EventFilter: Sendable, Equatable {
    package var types: [EventPattern] = []
    package var subjects: [String] = []
    /// The id of who did it, or of the credential.
    package var actor: String?
    package var request: RequestID?
    /// Events that name one of these as their cause.
    package var causes: [String] = []
    /// Events of these projects only; what belongs to no project, or to one unknown, is not among them.
    package var projects: [ProjectID]?
    package var from: Timestamp?
    /// Not included.
    package var to: Timestamp?

    package init() {}

    package func matches(_ event: Event) -> Bool {
        if !causes.isEmpty {
            let data = (try? event.row)?["data"] ?? .null  // a row that is no JSON names no cause
            if EventDraft(event.type, subject: event.subject, data: data).causes.isDisjoint(with: causes) { return false }
        }
        if !types.isEmpty, !types.contains(where: { $0.matches(event.type) }) { return false }
        if !subjects.isEmpty, !subjects.contains(event.subject) { return false }
        if let actor, event.actorID != actor { return false }
        if let request, event.request != request { return false }
        if let projects { guard let project = event.project, projects.contains(project) else { return false } }
        if let from, event.occurredAt < from { return false }
        if let to, event.occurredAt >= to { return false }
        return true
    }

    /// Each to be joined by AND. `causes` stand in a table of their own and are not among them.
    var conditions: [(sql: String, values: [SQLValue])] {
        var found: [(sql: String, values: [SQLValue])] = []
        let patterns = types.map(\.condition)
        if !patterns.isEmpty, patterns.allSatisfy({ $0 != nil }) {
            let known = patterns.compactMap { $0 }
            found.append(("(" + known.map(\.sql).joined(separator: " OR ") + ")", known.flatMap(\.values)))
        }
        if !subjects.isEmpty { found.append(Self.isOne("subject", of: subjects)) }
        if let actor { found.append(("actor = ?", [.text(actor)])) }
        if let request { found.append(("request = ?", [request.sqlValue])) }
        if let projects { found.append(projects.isEmpty ? ("1 = 0", []) : Self.isOne("project", of: projects.map(\.rawValue))) }
        if let from { found.append(("occurred_at >= ?", [from.sqlValue])) }
        if let to { found.append(("occurred_at < ?", [to.sqlValue])) }
        return found
    }

    private static func isOne(_ column: String, of values: [String]) -> (sql: String, values: [SQLValue]) {
        if values.count == 1 { return ("\(column) = ?", [.text(values[0])]) }
        return ("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))", values.map(SQLValue.text))
    }
}
