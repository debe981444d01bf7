/// Writes SVG and tables, element by element. Text and attributes are escaped here, so nothing that is drawn can become markup.
struct MarkupWriter: Sendable {
    private(set) var text = ""

    /// Attributes in their order.
    typealias Attributes = KeyValuePairs<String, String>

    /// An element with what `body` writes inside.
    mutating func element(_ name: String, _ attributes: Attributes = [:], _ body: (inout MarkupWriter) -> Void) {
        open(name, attributes)
        text += ">"
        body(&self)
        text += "</\(name)>"
    }

    /// An element without content.
    mutating func element(_ name: String, _ attributes: Attributes = [:]) {
        open(name, attributes)
        text += "/>"
    }

    /// An element with a text.
    mutating func element(_ name: String, _ attributes: Attributes = [:], text content: String) {
        element(name, attributes) { $0.text += Markup().escapeText(content) }
    }

    private mutating func open(_ name: String, _ attributes: Attributes) {
        text += "<\(name)"
        for (name, value) in attributes { text += " \(name)=\"\(Markup().escapeText(value))\"" }
    }
}

extension Double {
    /// A coordinate: to a tenth, without `.0`.
    var drawn: String {
        // Far off the paper is off the paper; what is no number, too.
        guard magnitude < 1e9 else { return self < 0 ? "-1000000" : "1000000" }
        let tenths = Int((self * 10).rounded())
        let whole = tenths.magnitude / 10
        let rest = tenths.magnitude % 10
        return (tenths < 0 ? "-" : "") + (rest == 0 ? "\(whole)" : "\(whole).\(rest)")
    }
}
