package import Kernel

/// The shape of a JSON value: said once, used to check requests and to write the OpenAPI document, so that the two cannot disagree.
///
/// A subset of JSON Schema 2020-12, the dialect of OpenAPI 3.1.
package struct Schema: Sendable {
    package let kind: Kind
    package var description: String?
    package var example: JSON?
    package var isNullable = false
    /// Members that are not listed are let through, and text may come as an integer: how Cloudthread's calls are read.
    package private(set) var isOpen = false
    package private(set) var acceptsIntegers = false

    package indirect enum Kind: Sendable {
        /// Lengths count Unicode scalars, as JSON Schema does.
        case string(length: ClosedRange<Int>, format: Format)
        case choice([String])
        /// One of these ASCII words, in whatever case.
        case word([String])
        case integer(ClosedRange<Int64>)
        /// Nil for any.
        case number(ClosedRange<Int64>?)
        case boolean
        case array(Schema, count: ClosedRange<Int>)
        /// Members not listed are refused.
        case object([Field])
        /// Any object: members are data.
        case map(Schema)
        case any
        /// A named schema, written once under `components/schemas`.
        case named(String, Schema)
    }

    package enum Format: Sendable, Equatable {
        /// Any text without control characters.
        case text
        /// Any text at all: for what an answer repeats of a request.
        case echo
        /// Text that starts and ends with something visible.
        case name
        /// Lower-case letters, digits and dashes, beginning with a letter; at most 63.
        case resourceName
        case email
        case timestamp
        case date
        case addressRange
        case scope
        case uri
        /// Lower-case letters, digits, dots, dashes and underlines.
        case sku
        /// Three capital letters, as in ISO 4217.
        case currency
        /// From the root, without `.` or `..` or an empty part, and not the root.
        case absolutePath
        /// A port from 1 to 65535, or the first and the last of several: `443`, `8000-8100`.
        case ports
        /// Labels of letters, digits and dashes with dots between, at least two: `www.example.com`.
        case hostname
        /// Whole seconds, `0s` to `60s`.
        case wait
    }

    package struct Field: Sendable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool
    }

    package init(_ kind: Kind, _ description: String? = nil) {
        self.kind = kind
        self.description = description
    }
}

extension Schema {
    package static func string(_ length: ClosedRange<Int> = 0...1000, _ format: Format = .text, _ description: String? = nil) -> Schema {
        Schema(.string(length: length, format: format), description)
    }
    package static func name(_ description: String? = nil) -> Schema { Schema(.string(length: 1...120, format: .name), description) }
    package static func id(_ prefix: String, _ description: String? = nil) -> Schema {
        var schema = Schema(.string(length: 1...100, format: .text), description)
        schema.example = .string(prefix + "_01kb0c4q9re5c8v8m3f4t2x7yz")
        return schema
    }
    package static func timestamp(_ description: String? = nil) -> Schema {
        Schema(.string(length: 20...40, format: .timestamp), description)
    }
    package static func choice(_ values: [String], _ description: String? = nil) -> Schema { Schema(.choice(values), description) }
    package static func choice<Value: CaseIterable & RawRepresentable<String>>(of: Value.Type, _ description: String? = nil) -> Schema {
        Schema(.choice(Value.allCases.map(\.rawValue)), description)
    }
    package static func integer(_ range: ClosedRange<Int64>, _ description: String? = nil) -> Schema {
        Schema(.integer(range), description)
    }
    package static func number(within range: ClosedRange<Int64>? = nil, _ description: String? = nil) -> Schema {
        Schema(.number(range), description)
    }
    package static func boolean(_ description: String? = nil) -> Schema { Schema(.boolean, description) }
    package static func array(_ element: Schema, _ count: ClosedRange<Int> = 0...1000, _ description: String? = nil) -> Schema {
        Schema(.array(element, count: count), description)
    }
    package static func object(_ fields: [Field], _ description: String? = nil) -> Schema { Schema(.object(fields), description) }
    package static func named(_ name: String, _ schema: Schema) -> Schema { Schema(.named(name, schema)) }

    package static func word(_ words: [String], _ description: String? = nil) -> Schema { Schema(.word(words), description) }

    /// Text that may also be sent as a JSON integer, which is read as its decimal digits (`JSON.text`).
    package var orInteger: Schema {
        var copy = self
        copy.acceptsIntegers = true
        return copy
    }

    /// The same with members that are not listed let through, in all its depth.
    package var opened: Schema {
        var copy = self
        switch kind {
        case .named(_, let schema): return schema.opened
        case .array(let element, let count): copy = with(.array(element.opened, count: count))
        case .map(let element): copy = with(.map(element.opened))
        case .object(let fields):
            copy = with(.object(fields.map { Field(name: $0.name, schema: $0.schema.opened, isRequired: $0.isRequired) }))
        default: return self
        }
        copy.isOpen = true
        return copy
    }

    private func with(_ kind: Kind) -> Schema {
        var copy = Schema(kind, description)
        (copy.example, copy.isNullable, copy.isOpen, copy.acceptsIntegers) = (example, isNullable, isOpen, acceptsIntegers)
        return copy
    }

    package var nullable: Schema {
        var copy = self
        copy.isNullable = true
        return copy
    }
    package func described(_ text: String) -> Schema {
        var copy = self
        copy.description = text
        return copy
    }
    package func example(_ value: JSON) -> Schema {
        var copy = self
        copy.example = value
        return copy
    }
}

extension Schema.Field {
    package static func required(_ name: String, _ schema: Schema) -> Schema.Field { .init(name: name, schema: schema, isRequired: true) }
    package static func optional(_ name: String, _ schema: Schema) -> Schema.Field { .init(name: name, schema: schema, isRequired: false) }
}

/// What has a place among the document's schemas.
package protocol SchemaDescribed {
    static var schema: Schema { get }
}
