// What AWS answers and what libvirt takes and gives are small XML documents of elements, attributes and text. Foundation's parser brings
// libxml2 along, with entities, documents that name other documents, and a delegate; what is needed fits here. There is no document type, so
// there are no entities to expand; depth and size are bounded.

/// An element with its text, or with the elements in it.
package struct XMLTree: Sendable, Equatable {
    /// Without a prefix when it was read.
    package let name: String
    /// By their names as they are written, prefixes included.
    package var attributes: [String: String]
    /// What stands in it itself, without blanks at the ends.
    package var text: String
    package var children: [XMLTree]

    package struct Malformed: Error {}

    package init(_ name: String, _ attributes: [String: String] = [:], text: String = "", _ children: [XMLTree] = []) {
        self.name = name
        self.attributes = attributes
        self.text = text
        self.children = children
    }

    package init(_ name: String, _ children: [XMLTree]) { self.init(name, [:], children) }

    /// Reads a whole document. Throws `Malformed` for what is none, for a document type, and for elements nested deeper than 100.
    package static func parse(_ bytes: [UInt8]) throws(Malformed) -> XMLTree {
        var reader = XMLReader(bytes: bytes)
        return try reader.document()
    }

    /// The first element of that name in it.
    package subscript(_ name: String) -> XMLTree? { children.first { $0.name == name } }

    /// The text of the first element of that name in it; nil when there is none or it is empty.
    package func string(_ name: String) -> String? {
        guard let text = self[name]?.text, !text.isEmpty else { return nil }
        return text
    }

    /// The elements in the first one of that name: how EC2 writes a list.
    package func items(_ name: String) -> [XMLTree] { self[name]?.children.filter { $0.name == "item" } ?? [] }

    /// The first element of that name, itself included, however deep.
    package func descendant(_ name: String) -> XMLTree? {
        if self.name == name { return self }
        for child in children {
            if let found = child.descendant(name) { return found }
        }
        return nil
    }
}

extension XMLTree {
    /// The document, with every text and value escaped; the same tree is always the same text. Characters that no document may hold are left out.
    package var markup: String {
        let head = attributes.sorted { $0.key < $1.key }.map { " \($0.key)='\(Self.escaped($0.value))'" }.joined()
        let content = Self.escaped(text) + children.map(\.markup).joined()
        return content.isEmpty ? "<\(name)\(head)/>" : "<\(name)\(head)>\(content)</\(name)>"
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&apos;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"  // else a reader may make them blanks
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}

private struct XMLReader {
    let bytes: [UInt8]
    var place = 0

    private static let deepest = 100

    mutating func document() throws(XMLTree.Malformed) -> XMLTree {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
        try skipMarks()
        let root = try element(depth: 0)
        try skipMarks()
        guard place == bytes.count else { throw XMLTree.Malformed() }
        return root
    }

    /// Blanks, comments and processing instructions between elements.
    private mutating func skipMarks() throws(XMLTree.Malformed) {
        while place < bytes.count {
            if Self.isBlank(bytes[place]) {
                place += 1
            } else if isNext("<?") {
                try skip(past: "?>")
            } else if isNext("<!--") {
                try skip(past: "-->")
            } else {
                return
            }
        }
    }

    private mutating func element(depth: Int) throws(XMLTree.Malformed) -> XMLTree {
        guard depth < Self.deepest, take("<") else { throw XMLTree.Malformed() }
        let name = try self.name()
        var attributes: [String: String] = [:]
        guard try isOpen(&attributes) else { return XMLTree(Self.local(name), attributes) }
        var text: [UInt8] = []
        var children: [XMLTree] = []
        while true {
            if take("</") {
                guard try self.name() == name else { throw XMLTree.Malformed() }
                skipBlanks()
                guard take(">") else { throw XMLTree.Malformed() }
                let trimmed = String(decoding: text, as: UTF8.self).drop { $0.isWhitespace }
                let end = trimmed.lastIndex { !$0.isWhitespace }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
                return XMLTree(Self.local(name), attributes, text: String(trimmed[..<end]), children)
            } else if isNext("<!--") {
                try skip(past: "-->")
            } else if isNext("<?") {
                try skip(past: "?>")
            } else if take("<![CDATA[") {
                let start = place
                try skip(past: "]]>")
                text += bytes[start..<(place - 3)]
            } else if isNext("<") {
                children.append(try element(depth: depth + 1))
            } else {
                text += try characters(upTo: UInt8(ascii: "<"))
            }
        }
    }

    /// The rest of a start tag; false when the element is empty.
    private mutating func isOpen(_ attributes: inout [String: String]) throws(XMLTree.Malformed) -> Bool {
        while place < bytes.count {
            skipBlanks()
            if take("/>") { return false }
            if take(">") { return true }
            let name = String(decoding: try name(), as: UTF8.self)
            skipBlanks()
            guard take("=") else { throw XMLTree.Malformed() }
            skipBlanks()
            guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'") else {
                throw XMLTree.Malformed()
            }
            let quote = bytes[place]
            place += 1
            attributes[name] = String(decoding: try characters(upTo: quote), as: UTF8.self)
            place += 1
        }
        throw XMLTree.Malformed()
    }

    private mutating func name() throws(XMLTree.Malformed) -> ArraySlice<UInt8> {
        let start = place
        while place < bytes.count, Self.isPartOfName(bytes[place]) { place += 1 }
        guard place > start else { throw XMLTree.Malformed() }
        return bytes[start..<place]
    }

    /// With references replaced; that byte is left where it is.
    private mutating func characters(upTo end: UInt8) throws(XMLTree.Malformed) -> [UInt8] {
        var found: [UInt8] = []
        while place < bytes.count, bytes[place] != end {
            if take("&") {
                found += try reference()
            } else {
                found.append(bytes[place])
                place += 1
            }
        }
        guard place < bytes.count else { throw XMLTree.Malformed() }
        return found
    }

    /// After its `&`: one of the five names that XML itself has, or a number.
    private mutating func reference() throws(XMLTree.Malformed) -> [UInt8] {
        guard let end = bytes[place...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw XMLTree.Malformed() }
        let text = String(decoding: bytes[place..<end], as: UTF8.self)
        place = end + 1
        let names = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        if let known = names[text] { return Array(known.utf8) }
        guard text.hasPrefix("#") else { throw XMLTree.Malformed() }
        let number = text.hasPrefix("#x") ? UInt32(text.dropFirst(2), radix: 16) : UInt32(text.dropFirst())
        guard let scalar = number.flatMap(UnicodeScalar.init) else { throw XMLTree.Malformed() }
        return Array(String(Character(scalar)).utf8)
    }

    // MARK: Bytes

    private func isNext(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[place...].starts(with: $0) }
    }

    private mutating func take(_ text: StaticString) -> Bool {
        guard isNext(text) else { return false }
        place += text.utf8CodeUnitCount
        return true
    }

    private mutating func skip(past text: StaticString) throws(XMLTree.Malformed) {
        while place < bytes.count {
            if take(text) { return }
            place += 1
        }
        throw XMLTree.Malformed()
    }

    private mutating func skipBlanks() {
        while place < bytes.count, Self.isBlank(bytes[place]) { place += 1 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isPartOfName(_ byte: UInt8) -> Bool {
        !isBlank(byte) && !"<>/=&\"'?!".utf8.contains(byte) && byte > 0x20
    }

    private static func local(_ name: ArraySlice<UInt8>) -> String {
        let start = name.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? name.startIndex
        return String(decoding: name[start...], as: UTF8.self)
    }
}
