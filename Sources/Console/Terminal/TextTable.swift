package import Kernel

/// Rows under headings, aligned. What a server sent is never let through to the terminal as a control sequence.
package struct TextTable: Sendable {
    package struct Column: Sendable {
        let title: String
        let path: [String]
        let isRight: Bool
        /// Ids are for copying: they are whole, whatever room there is.
        let isWhole: Bool

        /// `path` leads into an object: `status.phase`.
        package init(_ title: String, _ path: String, right: Bool = false, whole: Bool = false) {
            self.title = title
            self.path = path.split(separator: ".").map(String.init)
            isRight = right
            isWhole = whole
        }

        func text(of row: JSON) -> String {
            TextTable.printable(TextTable.text(path.reduce(row) { $0[$1] ?? .null })).replacing("\n", with: " ")
        }
    }

    let columns: [Column]
    let cells: [[String]]

    package init(_ columns: [Column], _ rows: [JSON]) {
        self.columns = columns
        cells = rows.map { row in columns.map { $0.text(of: row) } }
    }

    /// No blanks at the ends of lines. `width` nil is as wide as it needs.
    package func text(width: Int?, colours: Bool = false) -> String {
        let widths = fitted(to: width)
        let head = line(columns.map(\.title), widths)
        let body = cells.map { row in line(row, widths, colours: colours) }
        return ([colours ? "\u{1B}[1m\(head)\u{1B}[0m" : head] + body).joined(separator: "\n")
    }

    private static let gap = 2

    private func line(_ texts: [String], _ widths: [Int], colours: Bool = false) -> String {
        let parts = zip(texts, widths).enumerated().map { index, part in
            let text = part.0.count > part.1 ? part.0.prefix(max(part.1 - 1, 0)) + "…" : part.0
            let blanks = String(repeating: " ", count: max(part.1 - text.count, 0))
            let shown = colours ? Self.coloured(String(text)) : String(text)
            return columns[index].isRight ? blanks + shown : shown + blanks
        }
        var line = parts.joined(separator: String(repeating: " ", count: Self.gap))
        while line.last == " " { line.removeLast() }
        return line
    }

    /// As wide as its widest cell; where that is too much, the widest columns that may be cut give way, down to eight characters.
    private func fitted(to width: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            cells.reduce(columns[index].title.count) { max($0, $1[index].count) }
        }
        guard let width else { return widths }
        var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
        while excess > 0, let widest = columns.indices.filter({ !columns[$0].isWhole }).max(by: { widths[$0] < widths[$1] }),
            widths[widest] > 8
        {
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    static func text(_ value: JSON) -> String {
        switch value {
        case .null: "-"
        case .bool(let value): value ? "yes" : "no"
        case .string(let text): text
        case .array(let values): values.isEmpty ? "-" : values.map(text).joined(separator: ",")
        case .object(let members): members.isEmpty ? "-" : members.map { "\($0.name)=\(text($0.value))" }.joined(separator: ",")
        case .integer, .double: value.indented
        }
    }

    package static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) || $0.value > 0x9F || $0 == "\n" ? $0 : "\u{FFFD}" }))
    }

    private static func coloured(_ text: String) -> String {
        let colour: Int? =
            switch text {
            case "ready", "running", "active", "succeeded", "delivered", "inactive", "connected": 32
            case "failed", "firing", "stuck", "blocked", "dead": 31
            case "creating", "updating", "deleting", "queued", "pending", "recovering": 33
            default: nil
            }
        return colour.map { "\u{1B}[\($0)m\(text)\u{1B}[0m" } ?? text
    }
}

extension TextTable {
    /// One object, a line for each of its members.
    package static func object(_ json: JSON, _ columns: [Column]) -> String {
        let width = columns.map(\.title.count).max() ?? 0
        return columns.map { column in
            column.title + String(repeating: " ", count: width - column.title.count + gap) + column.text(of: json)
        }.joined(separator: "\n")
    }
}
