/// A JSON value as it was read or is about to be written.
///
/// Objects keep their members in the order they came. Numbers are integers that fit 64 bits, or doubles; nothing is
/// silently rounded: an integer past 64 bits is refused by the parser.
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let name: String
        package var value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }
}

extension JSON {
    /// The member of that name; nil for a missing member and for anything that is not an object.
    package subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// A whole number, also when it was written with a fraction of zero or an exponent: `5.0` is 5, as in JSON Schema.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// A string, or an integer as its decimal digits.
    package var text: String? { string ?? integer.map { String($0) } }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var array: [JSON]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    package var members: [Member]? {
        guard case .object(let value) = self else { return nil }
        return value
    }

    /// What kind of value this is, in the words of JSON Schema.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0, $1) }) }
    package init(nilLiteral: ()) { self = .null }
}

extension JSON {
    package init(_ value: String?) { self = value.map(JSON.string) ?? .null }
    package init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
    package init(_ value: Int64?) { self = value.map(JSON.integer) ?? .null }
    package init(_ value: Timestamp?) { self = value.map { .string($0.description) } ?? .null }
    package init<Kind>(_ value: ID<Kind>?) { self = value.map { .string($0.rawValue) } ?? .null }
}

extension JSON: JSONRepresentable {
    package func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let value): json.value(value)
        case .integer(let value): json.value(value)
        case .double(let value): json.value(value)
        case .string(let value): json.value(value)
        case .array(let values): json.array(values) { json, value in value.write(to: &json) }
        case .object(let members):
            json.object { json in
                for member in members { json.dynamicField(member.name, member.value) }
            }
        }
    }
}

extension JSON {
    /// The canonical bytes of RFC 8785: members sorted by their UTF-16 code units, no white space.
    ///
    /// What is hashed keeps amounts as strings, so a double never stands in it; one that does is written in Swift's shortest form.
    package var canonicalBytes: [UInt8] {
        var json = JSONWriter()
        json.canonical(self)
        return json.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func canonical(_ value: JSON) {
        switch value {
        case .array(let values): array(values) { json, value in json.canonical(value) }
        case .object(let members):
            let isInOrder = zip(members, members.dropFirst()).allSatisfy { $0.name.precedes($1.name) }
            let ordered = isInOrder ? members : members.sorted { $0.name.precedes($1.name) }
            object { json in
                for member in ordered { json.dynamicField(member.name, Canonical(value: member.value)) }
            }
        default: value.write(to: &self)
        }
    }

    private struct Canonical: JSONRepresentable {
        let value: JSON
        func write(to json: inout JSONWriter) { json.canonical(value) }
    }
}

extension String {
    /// By UTF-16 code units. UTF-8 gives the same order, but for what begins with EE or EF, which UTF-16 puts behind everything else.
    fileprivate func precedes(_ other: String) -> Bool {
        guard let (one, another) = zip(utf8, other.utf8).first(where: { $0 != $1 }) else { return utf8.count < other.utf8.count }
        return one >= 0xEE && another >= 0xEE ? utf16.lexicographicallyPrecedes(other.utf16) : one < another
    }
}
