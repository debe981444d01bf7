import Kernel

/// Text with `${key.field}` and `${var.NAME}` in it; `$${` stands for `${` itself.
enum Template {
    struct Reference: Sendable, Equatable {
        /// As it stands between the braces.
        let text: String
        var isVariable: Bool { key == "var" }
        var key: String { String(text.prefix { $0 != "." }) }
        /// What of it, such as `id` or `status.addresses.0.ip`; the name of a variable.
        var field: String { String(text.dropFirst(key.count + 1)) }
    }

    static func references(in json: JSON) -> [Reference] {
        switch json {
        case .string(let text): parts(of: text).compactMap(\.reference)
        case .array(let values): values.flatMap(references)
        case .object(let members): members.flatMap { references(in: $0.value) }
        default: []
        }
    }

    /// With what references stand for, as far as `look` knows it; the others stay as they are. A text that is one reference and nothing else
    /// becomes the value itself.
    static func resolved(_ json: JSON, _ look: (Reference) -> JSON?) -> JSON {
        switch json {
        case .string(let text): return resolved(text, look)
        case .array(let values): return .array(values.map { resolved($0, look) })
        case .object(let members): return .object(members.map { .init($0.name, resolved($0.value, look)) })
        default: return json
        }
    }

    private static func resolved(_ text: String, _ look: (Reference) -> JSON?) -> JSON {
        let parts = parts(of: text)
        if parts.count == 1, let reference = parts[0].reference { return look(reference) ?? .string(text) }
        return .string(
            parts.map { part in
                switch part {
                case .text(let text): text
                case .reference(let reference): look(reference)?.plain ?? "${\(reference.text)}"
                }
            }.joined())
    }

    private enum Part {
        case text(String)
        case reference(Reference)

        var reference: Reference? {
            if case .reference(let reference) = self { reference } else { nil }
        }
    }

    private static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var plain = ""
        var rest = text[...]
        while let mark = rest.firstRange(of: "${") {
            let before = rest[..<mark.lowerBound]
            if before.hasSuffix("$") {
                plain.append(contentsOf: before.dropLast())
                plain += "${"
                rest = rest[mark.upperBound...]
                continue
            }
            guard let end = rest[mark.upperBound...].firstIndex(of: "}") else { break }
            plain.append(contentsOf: before)
            if !plain.isEmpty { parts.append(.text(plain)) }
            plain = ""
            parts.append(.reference(Reference(text: String(rest[mark.upperBound..<end]))))
            rest = rest[rest.index(after: end)...]
        }
        plain.append(contentsOf: rest)
        if !plain.isEmpty || parts.isEmpty { parts.append(.text(plain)) }
        return parts
    }
}

extension JSON {
    /// As it stands inside a text.
    fileprivate var plain: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .double(let number): "\(number)"
        default: nil
        }
    }

    /// The value a path of names and numbers leads to: `status.addresses.0.ip`.
    func value(at path: String) -> JSON? {
        path.split(separator: ".", omittingEmptySubsequences: false).reduce(self as JSON?) { value, name in
            if let values = value?.array { return Int(name).flatMap { values.indices.contains($0) ? values[$0] : nil } }
            return value?[String(name)]
        }
    }
}
