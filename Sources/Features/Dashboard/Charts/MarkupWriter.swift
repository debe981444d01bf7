/// Writes SVG and tables, element by element. Text and attributes are escaped here, so nothing that is drawn can become markup.
///
/// Bytes until the end: a chart of a year is some ten thousand small pieces, and as strings they cost more than what they say.
struct MarkupWriter: Sendable {
    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Attributes in their order.
    typealias Attributes = KeyValuePairs<StaticString, String>

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

    /// An element with a text that is in UTF-8 already.
    mutating func element(_ name: StaticString, _ attributes: Attributes = [:], utf8 content: [UInt8]) {
        element(name, attributes) { markup in content.withUnsafeBufferPointer { Markup.escape($0, into: &markup.bytes) } }
    }

    private mutating func open(_ name: StaticString, _ attributes: Attributes) {
        write("<")
        write(name)
        for (name, value) in attributes {
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

/// The `d` of a path.
struct PathData: Sendable {
    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func close() { bytes.append(UInt8(ascii: "z")) }

    /// A command and its coordinate.
    mutating func add(_ command: Unicode.Scalar, _ coordinate: Double) {
        bytes.append(UInt8(ascii: command))
        coordinate.draw(into: &bytes)
    }

    /// A command and the point it leads to.
    mutating func add(_ command: Unicode.Scalar, _ x: Double, _ y: Double) {
        add(command, x)
        bytes.append(UInt8(ascii: " "))
        y.draw(into: &bytes)
    }
}

extension Double {
    /// A coordinate: to a tenth, without `.0`.
    var drawn: String {
        var bytes: [UInt8] = []
        draw(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    fileprivate func draw(into bytes: inout [UInt8]) {
        // Far off the paper is off the paper; what is no number, too.
        guard magnitude < 1e9 else { return bytes.append(contentsOf: (self < 0 ? "-1000000" : "1000000").utf8) }
        let tenths = Int((self * 10).rounded())
        if tenths < 0 { bytes.append(UInt8(ascii: "-")) }
        let whole = tenths.magnitude / 10
        var unit: UInt = 1
        while unit <= whole / 10 { unit *= 10 }
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(whole / unit % 10))
            unit /= 10
        }
        let rest = UInt8(tenths.magnitude % 10)
        if rest > 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(ascii: "0") + rest)
        }
    }
}
