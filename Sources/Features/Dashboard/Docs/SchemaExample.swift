import Kernel
import Web

/// A value that fits a schema, as an example.
enum SchemaExample {
    static func value(_ schema: Schema, named name: String = "") -> JSON {
        if let example = schema.example { return example }
        if schema.isNullable, ["overlap_until", "expires_at", "project_ids"].contains(name) { return .null }
        switch schema.kind {
        case .named(_, let inner): return value(inner, named: name)
        case .boolean: return .bool(name.hasPrefix("is_") || name == "pong" || name == "complete")
        case .number: return .double(12.5)
        case .integer(let range): return .integer(min(max(name == "page" ? 1 : 120, range.lowerBound), range.upperBound))
        case .choice(let choices), .word(let choices): return .string(choices.first ?? "")
        case .string(_, let format): return .string(text(named: name, format))
        case .array(let element, _): return .array([value(element, named: name)])
        case .map, .any: return .object([])
        case .object(let fields): return object(fields)
        }
    }

    /// A list is shown in the envelope with cursors; the other one is told of in words.
    static func object(_ fields: [Schema.Field]) -> JSON {
        let isList = fields.contains { $0.name == "data" } && fields.contains { $0.name == "items" }
        let shown = isList ? fields.filter { $0.name != "items" && $0.name != "page" } : fields
        return .object(shown.map { .init($0.name, value($0.schema, named: $0.name)) })
    }

    private static func text(named name: String, _ format: Schema.Format) -> String {
        switch (name, format) {
        case (_, .email): "ada@example.com"
        case (_, .timestamp): "2026-03-01T12:00:00Z"
        case (_, .date): "2026-03-01"
        case (_, .addressRange): "203.0.113.0/24"
        case (_, .uri): "https://example.com/hooks"
        case ("password", _): "correct horse battery"
        case ("ip_ranges", _): "203.0.113.0/24"
        case ("last_four", _): "t7Zq"
        case ("scope", _), ("scopes", _): "projects:read"
        case ("name", _): "Core Platform"
        case ("next_cursor", _): "WyJDb3JlIl0"
        case ("id", _): "key_01kb0c4q9re5c8v8m3f4t2x7yz"
        default: "…"
        }
    }
}

/// A field of a request body, or a parameter of a query, as a row of a table.
struct SchemaRow: Sendable {
    let name: String
    let type: String
    let isRequired: Bool
    /// Sentences in HTML, ours alone.
    let about: String

    static func rows(_ schema: Schema) -> [SchemaRow] {
        guard case .object(let fields) = schema.unnamed.kind else { return [] }
        return fields.map { SchemaRow($0.name, $0.schema, isRequired: $0.isRequired) }
    }

    init(_ name: String, _ schema: Schema, isRequired: Bool) {
        self.name = name
        self.isRequired = isRequired
        type = Self.type(schema) + (schema.isNullable ? " or null" : "")
        about = Markup.sentence([schema.description, Self.limits(schema)].compactMap { $0 }.joined(separator: " "))
    }

    private static func type(_ schema: Schema) -> String {
        switch schema.kind {
        case .named(_, let inner): type(inner)
        case .boolean: "boolean"
        case .number: "number"
        case .integer: "integer"
        case .choice, .word: "string"
        case .string(_, let format): format == .timestamp ? "timestamp" : format == .date ? "date" : format == .email ? "e-mail" : "string"
        case .array(let element, _): "array of \(type(element))s"
        case .object, .map: "object"
        case .any: "any value"
        }
    }

    private static func limits(_ schema: Schema) -> String? {
        switch schema.unnamed.kind {
        case .choice(let choices), .word(let choices): "One of \(choices.map { "`\($0)`" }.joined(separator: ", "))."
        case .integer(let range):
            range.upperBound == .max ? "From \(range.lowerBound)." : "\(range.lowerBound) to \(Words.count(Int(range.upperBound)))."
        default: nil
        }
    }
}

extension Schema {
    fileprivate var unnamed: Schema {
        guard case .named(_, let inner) = kind else { return self }
        return inner.unnamed
    }
}
