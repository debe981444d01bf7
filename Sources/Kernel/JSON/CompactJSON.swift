/// JSON without white space, as we write it ourselves, read where it stands in its bytes.
///
/// Whoever looks at a few members of a million rows pays several times as much for a tree of each. Nothing is checked but what is walked over:
/// of bytes that are no such JSON a look-up finds nothing.
package struct CompactJSON: Sendable {
    private let bytes: [UInt8]
    private let place: Range<Int>

    package static let null = CompactJSON(Array("null".utf8))

    package init(_ bytes: [UInt8]) { self.init(bytes, at: 0..<bytes.count) }

    package init(_ bytes: [UInt8], at place: Range<Int>) {
        self.bytes = bytes
        self.place = place
    }

    /// The bytes of the value alone.
    package var utf8: ArraySlice<UInt8> { bytes[place] }

    /// As a tree; `null` for what is no JSON.
    package var json: JSON { (try? JSONParser.parse(utf8)) ?? .null }

    // MARK: Objects and arrays

    package struct Member: Sendable {
        package let name: String
        package let value: CompactJSON
    }

    /// In their order; nil for what is no object.
    package var members: [Member]? {
        var members: [Member] = []
        let isObject = walk { _, name, value in
            members.append(Member(name: CompactJSON(bytes, at: name).string ?? "", value: CompactJSON(bytes, at: value)))
            return true
        }
        return isObject ? members : nil
    }

    package func values(of names: [StaticString]) -> [CompactJSON?] {
        var values = [CompactJSON?](repeating: nil, count: names.count)
        var missing = names.count
        _ = walk { bytes, place, value in
            guard let name = Self.inside(place, bytes) else { return true }
            for index in names.indices where values[index] == nil && name.holds(names[index]) {
                values[index] = CompactJSON(self.bytes, at: value)
                missing -= 1
            }
            return missing > 0
        }
        return values
    }

    /// Visits the members of an object, as places in `bytes`, until `visit` answers false; false for what is no object.
    @inline(__always)
    private func walk(_ visit: (UnsafeBufferPointer<UInt8>, Range<Int>, Range<Int>) -> Bool) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var scan = JSONScan(bytes, place)
            guard scan.take(UInt8(ascii: "{")) else { return false }
            if scan.take(UInt8(ascii: "}")) { return true }
            repeat {
                guard let name = scan.string(), scan.take(UInt8(ascii: ":")), let value = scan.value() else { return false }
                if !visit(bytes, name, value) { return true }
            } while scan.take(UInt8(ascii: ","))
            return scan.take(UInt8(ascii: "}"))
        }
    }

    /// The values of an array; nil for what is none.
    package var array: [CompactJSON]? {
        bytes.withUnsafeBufferPointer { buffer in
            var scan = JSONScan(buffer, place)
            guard scan.take(UInt8(ascii: "[")) else { return nil }
            var values: [CompactJSON] = []
            if scan.take(UInt8(ascii: "]")) { return values }
            repeat {
                guard let value = scan.value() else { return nil }
                values.append(CompactJSON(bytes, at: value))
            } while scan.take(UInt8(ascii: ","))
            return scan.take(UInt8(ascii: "]")) ? values : nil
        }
    }

    // MARK: Values

    package var integer: Int64? {
        guard let first = utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first) else { return nil }
        return Int64(String(decoding: utf8, as: UTF8.self)) ?? json.integer
    }

    package var bool: Bool? { json.bool }
    package var isString: Bool { utf8.first == UInt8(ascii: "\"") }
    package var isNull: Bool { utf8.elementsEqual("null".utf8) }

    /// A string, or an integer as its decimal digits.
    package var text: String? { string ?? integer.map { String($0) } }

    /// Whether it is a string that says this.
    package func says(_ text: UnsafeBufferPointer<UInt8>) -> Bool { Self.says(text, in: bytes, at: place) }

    /// Whether the value there is a string that says this. Most texts stand in their bytes as they are.
    package static func says(_ text: UnsafeBufferPointer<UInt8>, in bytes: [UInt8], at place: Range<Int>) -> Bool {
        let (isSame, isEscaped) = bytes.withUnsafeBufferPointer { bytes in
            guard let inside = inside(place, bytes) else { return (false, false) }
            return (inside.holds(text), inside.hasEscape)
        }
        guard isEscaped else { return isSame }
        guard let plain = CompactJSON(bytes, at: place).string else { return false }
        return Array(plain.utf8).elementsEqual(text)
    }

    /// What stands between the quotes of a string.
    @inline(__always)
    private static func inside(_ place: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        guard place.count >= 2, bytes[place.lowerBound] == UInt8(ascii: "\"") else { return nil }
        return UnsafeBufferPointer(rebasing: bytes[place.lowerBound + 1..<place.upperBound - 1])
    }
}

extension CompactJSON: JSONReadable {
    /// The member of that name; nil for a missing member and for anything that is not an object.
    package subscript(_ name: String) -> CompactJSON? {
        var name = name
        var found: CompactJSON?
        name.withUTF8 { name in
            _ = walk { bytes, place, value in
                guard Self.says(name, in: self.bytes, at: place) else { return true }
                found = CompactJSON(self.bytes, at: value)
                return false
            }
        }
        return found
    }

    package var string: String? {
        bytes.withUnsafeBufferPointer { bytes in
            guard let inside = Self.inside(place, bytes) else { return nil }
            return inside.hasEscape ? json.string : String(decoding: inside, as: UTF8.self)
        }
    }
}

extension CompactJSON: JSONRepresentable {
    /// As it stands, so that what is in RFC 8785 form stays so.
    package func write(to json: inout JSONWriter) { json.embed(utf8) }
}

extension CompactJSON: Equatable {
    /// The same bytes, which in RFC 8785 form is the same value.
    package static func == (one: CompactJSON, other: CompactJSON) -> Bool {
        one.utf8.withUnsafeBufferPointer { one in other.utf8.withUnsafeBufferPointer { one.holds($0) } }
    }
}

/// What is asked of a value whether it is a tree or stands in its bytes.
package protocol JSONReadable {
    subscript(_ name: String) -> Self? { get }
    var string: String? { get }
    /// The members of these names, at the price of one look; nil for one that is missing.
    func values(of names: [StaticString]) -> [Self?]
}

extension JSON: JSONReadable {
    package func values(of names: [StaticString]) -> [JSON?] { names.map { self[$0.description] } }
}
