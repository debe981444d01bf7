import Kernel
import Web

extension Schema {
    /// As JSON Schema 2020-12. Named schemas are references.
    var openAPI: JSON {
        var members = kind.openAPI
        if isNullable {
            if case .named = kind {
                members = [.init("anyOf", [.object(members), ["type": "null"]])]
            } else {
                members = members.map { member in
                    switch (member.name, member.value) {
                    case ("type", .string(let type)): .init("type", [.string(type), "null"])
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

    /// Adds every named schema in it, and in those, to `found`.
    func collectNamed(into found: inout [String: JSON]) {
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

extension Schema.Kind {
    fileprivate var openAPI: [JSON.Member] {
        switch self {
        case .any: []
        case .boolean: [.init("type", "boolean")]
        case .number: [.init("type", "number")]
        case .integer(let range):
            [.init("type", "integer"), .init("minimum", .integer(range.lowerBound)), .init("maximum", .integer(range.upperBound))]
        case .choice(let choices): [.init("type", "string"), .init("enum", .array(choices.map(JSON.string)))]
        case .string(let length, let format):
            [.init("type", "string"), .init("minLength", JSON(length.lowerBound)), .init("maxLength", JSON(length.upperBound))]
                + format.openAPI
        case .array(let element, let count):
            [
                .init("type", "array"), .init("items", element.openAPI), .init("minItems", JSON(count.lowerBound)),
                .init("maxItems", JSON(count.upperBound)),
            ]
        case .map(let element): [.init("type", "object"), .init("additionalProperties", element.openAPI)]
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
    /// The same rule as `complaint(about:)`, where JSON Schema can say it.
    fileprivate var openAPI: [JSON.Member] {
        switch self {
        case .text: [.init("pattern", "^[^\\u0000-\\u001F\\u007F-\\u009F]*$")]
        case .name:
            [
                .init(
                    "pattern",
                    "^[^\\s\\u0000-\\u001F\\u007F-\\u009F]([^\\u0000-\\u001F\\u007F-\\u009F]*[^\\s\\u0000-\\u001F\\u007F-\\u009F])?$")
            ]
        case .email: [.init("pattern", "^[\\x21-\\x3F\\x41-\\x7E]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$"), .init("format", "email")]
        case .timestamp: [.init("format", "date-time")]
        case .date: [.init("format", "date")]
        case .addressRange: []
        case .uri: [.init("format", "uri")]
        }
    }
}
