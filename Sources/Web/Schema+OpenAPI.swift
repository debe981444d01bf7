package import Kernel

extension Schema {
    /// As JSON Schema 2020-12. Named schemas are references.
    package var openAPI: JSON {
        var members = kind.openAPI
        if isOpen { members.removeAll { $0.name == "additionalProperties" && $0.value == false } }
        if acceptsIntegers { members.orInteger() }
        if isNullable {
            if case .named = kind {
                members = [.init("anyOf", [.object(members), ["type": "null"]])]
            } else {
                members = members.map { member in
                    switch (member.name, member.value) {
                    case ("type", .string(let type)): .init("type", [.string(type), "null"])
                    case ("type", .array(let types)): .init("type", .array(types + ["null"]))
                    case ("enum", .array(let values)): .init("enum", .array(values + [.null]))
                    default: member
                    }
                }
            }
        }
        if let description { members.append(.init("description", .string(description))) }
        if let example { members.append(.init("examples", [example])) }
        return .object(members)
    }

    /// The same without references: for a schema that stands alone.
    package var inlined: Schema {
        let kind: Kind =
            switch kind {
            case .named(_, let schema): schema.inlined.kind
            case .array(let element, let count): .array(element.inlined, count: count)
            case .map(let element): .map(element.inlined)
            case .object(let fields):
                .object(fields.map { Field(name: $0.name, schema: $0.schema.inlined, isRequired: $0.isRequired) })
            default: kind
            }
        var copy = Schema(kind, description)
        copy.example = example
        copy.isNullable = isNullable
        return copy
    }

    /// Adds every named schema in it, and in those, to `found`.
    package func collectNamed(into found: inout [String: JSON]) {
        switch kind {
        case .named(let name, let schema):
            guard found[name] == nil else { return }
            found[name] = schema.openAPI
            schema.collectNamed(into: &found)
        case .array(let element, _), .map(let element): element.collectNamed(into: &found)
        case .object(let fields): for field in fields { field.schema.collectNamed(into: &found) }
        default: break
        }
    }
}

extension [JSON.Member] {
    /// What is said of strings is said of strings alone, so the type is all that changes.
    fileprivate mutating func orInteger() {
        self = map { $0.name == "type" ? .init("type", ["string", "integer"]) : $0 }
    }
}

extension String {
    /// A pattern for an ASCII word in whatever case: `a1` → `[Aa]1`.
    fileprivate var inAnyCase: String {
        map { $0.isLetter ? "[\($0.uppercased())\($0.lowercased())]" : $0.isNumber ? String($0) : "\\\($0)" }.joined()
    }
}

extension Schema.Kind {
    fileprivate var openAPI: [JSON.Member] {
        switch self {
        case .any: []
        case .boolean: [.init("type", "boolean")]
        case .number(let range):
            [.init("type", "number")]
                + (range.map { [.init("minimum", .integer($0.lowerBound)), .init("maximum", .integer($0.upperBound))] } ?? [])
        case .integer(let range):
            [.init("type", "integer"), .init("minimum", .integer(range.lowerBound)), .init("maximum", .integer(range.upperBound))]
        case .word(let words):
            [
                .init("type", "string"),
                .init("pattern", .string("^(\(words.map(\.inAnyCase).joined(separator: "|")))$")),
                .init("examples", .array(words.prefix(1).map(JSON.string))),
            ]
        case .choice(let choices): [.init("type", "string"), .init("enum", .array(choices.map(JSON.string)))]
        case .string(let length, let format):
            [.init("type", "string"), .init("minLength", JSON(length.lowerBound)), .init("maxLength", JSON(length.upperBound))]
                + format.openAPI
        case .array(let element, let count):
            [
                .init("type", "array"), .init("items", element.openAPI), .init("minItems", JSON(count.lowerBound)),
                .init("maxItems", JSON(count.upperBound)),
            ]
        case .map(let element):
            [
                .init("type", "object"), .init("additionalProperties", element.openAPI),
                .init("propertyNames", ["pattern": "^[^\\u0000]*$"]),
            ]
        case .named(let name, _): [.init("$ref", .string("#/components/schemas/\(name)"))]
        case .object(let fields):
            [
                .init("type", "object"), .init("properties", .object(fields.map { .init($0.name, $0.schema.openAPI) })),
                .init("required", .array(fields.filter(\.isRequired).map { .string($0.name) })), .init("additionalProperties", false),
            ]
        }
    }
}

extension Schema.Format {
    /// The same rule as `complaint(about:)`, in the dialect of ECMA-262 with Unicode; what `format` adds a pattern cannot say.
    fileprivate var openAPI: [JSON.Member] {
        switch self {
        case .text: pattern("[^\(Self.control)]*")
        case .echo: pattern("[^\\u0000]*")
        case .resourceName: pattern("[a-z][a-z0-9-]{0,62}")
        case .name: pattern("[^\(Self.control)\(Self.space)]([^\(Self.control)]*[^\(Self.control)\(Self.space)])?")
        case .email: pattern("[\\x21-\\x3F\\x41-\\x7E]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+")
        case .timestamp:
            pattern("\(Self.datePattern)[Tt]\(Self.time)(\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])", format: "date-time")
        case .date: pattern(Self.datePattern, format: "date")
        case .addressRange: pattern(Self.rangePattern)
        case .scope: [.init("enum", .array(Self.scopes.map(JSON.string)))]
        case .ports: pattern("\(Self.port)(-\(Self.port))?")
        case .hostname: pattern("(\(Self.label)\\.)+\(Self.label)")
        case .wait: pattern("([1-5]?[0-9]|60)s")
        case .uri: [.init("format", "uri")]
        case .sku: pattern("[a-z0-9._-]*")
        case .currency: pattern("[A-Z]{3}")
        case .absolutePath: pattern("(/(?!\\.{1,2}(/|$))[^/\(Self.control)]+)+")
        }
    }

    private func pattern(_ pattern: String, format: String? = nil) -> [JSON.Member] {
        [.init("pattern", .string("^(\(pattern))$"))] + (format.map { [.init("format", .string($0))] } ?? [])
    }

    private static let port = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
    private static let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"

    private static let control = "\\u0000-\\u001F\\u007F-\\u009F"
    /// Unicode's White_Space without the controls; `\s` differs from engine to engine.
    private static let space = " \\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000"

    private static let datePattern = "(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    private static let time = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

    /// What inet_pton(3) reads, with a prefix or without. IPv6 as in RFC 3986, 3.2.2.
    private static let rangePattern: String = {
        let octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
        let v4 = "\(octet)(\\.\(octet)){3}"
        let group = "[0-9A-Fa-f]{1,4}"
        let last = "(\(group):\(group)|\(v4))"
        let before = { (most: Int) in most == 0 ? "(\(group))?" : "((\(group):){0,\(most)}\(group))?" }
        let middle = (0...4).map { "\(before($0))::(\(group):){\(4 - $0)}\(last)" }
        let v6 = ["(\(group):){6}\(last)", "::(\(group):){5}\(last)"] + middle + ["\(before(5))::\(group)", "\(before(6))::"]
        return "\(v4)(/(3[0-2]|[12]?[0-9]))?|(\(v6.joined(separator: "|")))(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?"
    }()

    /// Every spelling that is read.
    private static let scopes: [String] = {
        let resources = Set(Scope.allCases.map { String($0.resource) }).sorted()
        return ["*", "*:*"] + Scope.allCases.flatMap { [$0.rawValue, $0.actionFirst] } + resources.flatMap { ["\($0):*", "*:\($0)"] }
    }()
}
