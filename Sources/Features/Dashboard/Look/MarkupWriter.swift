/// Writes SVG, tables and forms, element by element. Text and attributes are escaped here, so nothing that is drawn can become markup.
///
/// Bytes until the end: a chart of a year is some ten thousand small pieces, and as strings they cost more than what they say.
struct MarkupWriter: Sendable {
    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Attributes in their order, without those that are nil.
    typealias Attributes = KeyValuePairs<StaticString, String?>

    /// An element with what `body` writes inside.
    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], _ body: (inout MarkupWriter) -> Void) {
        open(name, attributes)
        write(">")
        body(&self)
        write("</")
        write(name)
        write(">")
    }

    /// An element without content.
    mutating func element(_ name: StaticString, _ attributes: Attributes = [:]) {
        open(name, attributes)
        write("/>")
    }

    /// An element with a text.
    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], text content: String) {
        element(name, attributes) { Markup.escape(content, into: &$0.bytes) }
    }

    /// A text between elements.
    mutating func add(_ content: String) { Markup.escape(content, into: &bytes) }

    /// An element with a text that is in UTF-8 already.
    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], utf8 content: [UInt8]) {
        element(name, attributes) { markup in content.withUnsafeBufferPointer { Markup.escape($0, into: &markup.bytes) } }
    }

    private mutating func open(_ name: StaticString, _ attributes: Attributes) {
        write("<")
        write(name)
        for (name, value) in attributes {
            guard let value else { continue }
            write(" ")
            write(name)
            write("=\"")
            Markup.escape(value, into: &bytes)
            write("\"")
        }
    }

    private mutating func write(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
