import Kernel

/// The breakdown table, largest first; a value leads one step down.
struct CostsBreakdown: Sendable {
    struct Row: Sendable {
        let swatch: String
        let name: String
        let link: String?
        let current: Figure
        let previous: Figure?
        let difference: Figure?
        let change: String
        /// Of the total, 0 to 100.
        let share: Int
    }

    /// A number for the eye, and as it is.
    struct Figure: Sendable {
        let text: String
        let exact: String

        init(_ value: ExactDecimal, _ amount: Amount, signed: Bool = false) {
            text = signed ? amount.signed(value) : amount.text(value)
            exact = value.description
        }
    }

    let dimension: String
    let rows: [Row]
    let isCompared: Bool

    /// Nil when nothing is broken down.
    init?(_ answer: CostsAnswer, _ choice: CostsChoice) {
        guard let first = answer.groupBy.first else { return nil }
        let amount = Amount(currency: answer.currency)
        dimension = answer.groupBy.map(Self.label).joined(separator: " · ")
        isCompared = answer.total.previous != nil
        let whole = answer.groups.map(\.total.current.drawn).filter { $0 > 0 }.reduce(0, +) + max(0, answer.other?.total.current.drawn ?? 0)
        func row(_ group: CostsAnswer.Group, _ name: String, _ swatch: String, _ link: String?) -> Row {
            Row(
                swatch: swatch, name: name, link: link, current: Figure(group.total.current, amount),
                previous: group.total.previous.map { Figure($0, amount) },
                difference: group.total.difference.map { Figure($0, amount, signed: true) },
                change: group.total.change.map(Amount.percent) ?? (answer.total.previous == nil ? "" : "new"),
                share: whole > 0 ? Int((max(0, group.total.current.drawn) / whole * 100).rounded()) : 0)
        }
        var rows = answer.groups.enumerated().map { index, group in
            var link: String?
            if answer.groupBy.count == 1, CostsChoice.steps.contains(first), let value = group.key.first.flatMap(\.self), !value.isEmpty {
                link = choice.address { $0.drill(into: value, of: first, next: answer.nextDimension) }
            }
            return row(group, Self.name(of: group.key), index < Chart.colours ? "s\(index + 1)" : "s0", link)
        }
        if let other = answer.other { rows.append(row(other, "\(answer.groupCount - answer.groups.count) more", "s0", nil)) }
        self.rows = rows
    }

    static func name(of key: [String?]) -> String {
        key.map { $0.flatMap { $0.isEmpty ? nil : $0 } ?? "no value" }.joined(separator: " · ")
    }

    /// `usage_type` → `Usage type`.
    static func label(_ dimension: String) -> String {
        if dimension.hasPrefix("tag:") { return "Tag \(dimension.dropFirst(4))" }
        let words = dimension.replacing("_", with: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    static let template = """
        <section class="card table-card" aria-label="Breakdown"><div class="card-head"><h2>By {{dimension}}</h2></div>
        <div class="wide-table"><table><thead><tr><th scope="col">{{dimension}}</th><th scope="col">Share</th><th scope="col" class="number">Cost</th>{{#isCompared}}<th scope="col" class="number">Before</th><th scope="col" class="number">Difference</th><th scope="col" class="number">Change</th>{{/isCompared}}</tr></thead><tbody>
        {{#rows}}
        <tr><td class="name"><span class="swatch {{swatch}}"></span> {{#link}}<a href="{{.}}">{{name}}</a>{{/link}}{{^link}}{{name}}{{/link}}</td>
        <td><svg class="bar-cell" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{{share}} %"><rect class="track" width="100" height="6" rx="2"/><rect width="{{share}}" height="6" rx="2"/></svg></td>
        <td class="number"><data value="{{current.exact}}" title="{{current.exact}}">{{current.text}}</data></td>
        {{#isCompared}}<td class="number">{{#previous}}<data value="{{exact}}" title="{{exact}}">{{text}}</data>{{/previous}}</td><td class="number">{{#difference}}<data value="{{exact}}" title="{{exact}}">{{text}}</data>{{/difference}}</td><td class="number">{{change}}</td>{{/isCompared}}</tr>
        {{/rows}}
        {{^rows}}<tr><td class="muted">No costs in this period.</td></tr>{{/rows}}
        </tbody></table></div></section>
        """
}
