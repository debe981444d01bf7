// The answers of the query APIs and of S3 are small XML documents of elements and text. Foundation's parser brings libxml2 along, with
// entities, documents that name other documents, and a delegate; what is needed fits here. There is no document type, so there are no entities to
// expand; depth and size are bounded.

/// An element with its text, or with the elements in it.
package struct XMLTree: Sendable, Equatable {
    /// Without a prefix.
    package let name: String
    /// What stands in it itself, without blanks at the ends.
    package var text: String
    package var children: [XMLTree]

    package struct Malformed: Error {}

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
        guard try isOpen() else { return XMLTree(name: Self.local(name), text: "", children: []) }
        var text: [UInt8] = []
        var children: [XMLTree] = []
        while true {
            if take("</") {
                guard try self.name() == name else { throw XMLTree.Malformed() }
                skipBlanks()
                guard take(">") else { throw XMLTree.Malformed() }
                let trimmed = String(decoding: text, as: UTF8.self).drop { $0.isWhitespace }
                let end = trimmed.lastIndex { !$0.isWhitespace }.map { trimmed.index(after: $0) } ?? trimmed.startIndex
                return XMLTree(name: Self.local(name), text: String(trimmed[..<end]), children: children)
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
                text += try characters()
            }
        }
    }

    /// The rest of a start tag; false when the element is empty. What stands in attributes is of no use here.
    private mutating func isOpen() throws(XMLTree.Malformed) -> Bool {
        while place < bytes.count {
            skipBlanks()
            if take("/>") { return false }
            if take(">") { return true }
            _ = try name()
            skipBlanks()
            guard take("=") else { throw XMLTree.Malformed() }
            skipBlanks()
            guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") || bytes[place] == UInt8(ascii: "'") else {
                throw XMLTree.Malformed()
            }
            let quote = bytes[place]
            guard let end = bytes[(place + 1)...].firstIndex(of: quote) else { throw XMLTree.Malformed() }
            place = end + 1
        }
        throw XMLTree.Malformed()
    }

    private mutating func name() throws(XMLTree.Malformed) -> ArraySlice<UInt8> {
        let start = place
        while place < bytes.count, Self.isPartOfName(bytes[place]) { place += 1 }
        guard place > start else { throw XMLTree.Malformed() }
        return bytes[start..<place]
    }

    private mutating func characters() throws(XMLTree.Malformed) -> [UInt8] {
        var found: [UInt8] = []
        while place < bytes.count, bytes[place] != UInt8(ascii: "<") {
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
