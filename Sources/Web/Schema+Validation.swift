package import Kernel

extension Schema {
    /// Everything in `value` that does not fit, each with a JSON pointer.
    package func violations(in value: JSON, at pointer: String = "") -> [Problem.Violation] {
        if isNullable, value == .null { return [] }
        switch kind {
        case .named(_, let schema): return schema.violations(in: value, at: pointer)
        case .any: return []
        case .boolean: return value.bool == nil ? [mismatch(value, "boolean", pointer)] : []
        case .number(let range):
            guard let number = value.number else { return [mismatch(value, "number", pointer)] }
            guard let range, !(Double(range.lowerBound)...Double(range.upperBound)).contains(number) else { return [] }
            return [violation(pointer, "range", "must be \(range.lowerBound) to \(range.upperBound)")]
        case .integer(let range): return integerViolations(value, range, pointer)
        case .choice(let choices):
            guard let text = value.string else { return [mismatch(value, "string", pointer)] }
            return choices.contains(text) ? [] : [violation(pointer, "not_allowed", "must be one of \(choices.joined(separator: ", "))")]
        case .word(let words):
            guard let text = value.string else { return [mismatch(value, "string", pointer)] }
            return words.contains(text.lowercased())
                ? [] : [violation(pointer, "not_allowed", "must be one of \(words.joined(separator: ", ")), in any case")]
        case .string(let length, let format):
            guard let text = acceptsIntegers ? value.text : value.string else { return [mismatch(value, "string", pointer)] }
            return textViolations(text, length, format, pointer)
        case .array(let element, let count):
            guard let values = value.array else { return [mismatch(value, "array", pointer)] }
            guard count.contains(values.count) else {
                return [violation(pointer, "count", "must have \(count.lowerBound) to \(count.upperBound) entries, not \(values.count)")]
            }
            return values.enumerated().flatMap { index, value in element.violations(in: value, at: "\(pointer)/\(index)") }
        case .map(let element):
            guard let members = value.members else { return [mismatch(value, "object", pointer)] }
            return members.flatMap { element.violations(in: $0.value, at: "\(pointer)/\($0.name.pointerEscaped)") }
        case .object(let fields): return objectViolations(value, fields, pointer)
        }
    }

    private func objectViolations(_ value: JSON, _ fields: [Field], _ pointer: String) -> [Problem.Violation] {
        guard let members = value.members else { return [mismatch(value, "object", pointer)] }
        var found: [Problem.Violation] = []
        for member in members {
            let place = "\(pointer)/\(member.name.pointerEscaped)"
            if let field = fields.first(where: { $0.name == member.name }) {
                found += field.schema.violations(in: member.value, at: place)
            } else if !isOpen {
                found.append(violation(place, Problem.Code.unknownField.rawValue, "is not a field of this request"))
            }
        }
        for field in fields where field.isRequired && !members.contains(where: { $0.name == field.name }) {
            found.append(violation("\(pointer)/\(field.name.pointerEscaped)", "required", "is required"))
        }
        return found
    }

    private func integerViolations(_ value: JSON, _ range: ClosedRange<Int64>, _ pointer: String) -> [Problem.Violation] {
        var number = value.integer
        if case .double(let double) = value { number = Int64(exactly: double) }
        guard let number else { return [mismatch(value, "integer", pointer)] }
        guard range.contains(number) else { return [violation(pointer, "range", "must be \(range.lowerBound) to \(range.upperBound)")] }
        return []
    }

    private func textViolations(_ text: String, _ length: ClosedRange<Int>, _ format: Format, _ pointer: String) -> [Problem.Violation] {
        let count = text.unicodeScalars.count
        guard length.contains(count) else {
            return [violation(pointer, "length", "must have \(length.lowerBound) to \(length.upperBound) characters, not \(count)")]
        }
        if let complaint = format.complaint(about: text) {
            return [violation(pointer, format == .scope ? "unknown_scope" : "format", complaint)]
        }
        return []
    }

    private func mismatch(_ value: JSON, _ expected: String, _ pointer: String) -> Problem.Violation {
        violation(
            pointer, "type",
            "must be \(expected == "integer" || expected == "array" || expected == "object" ? "an" : "a") \(expected), not \(value.kind)")
    }

    private func violation(_ pointer: String, _ code: String, _ detail: String) -> Problem.Violation {
        .init(pointer: pointer, code: code, detail: detail)
    }
}

extension Schema.Format {
    /// What is wrong with the text; nil when nothing is. Control characters are never right.
    func complaint(about text: String) -> String? {
        if self == .echo { return nil }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            return "must not have control characters"
        }
        switch self {
        case .text, .echo: return nil
        case .resourceName:
            let isName =
                text.utf8.count <= 63 && text.utf8.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } == true
                && text.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "-")
                }
            return isName ? nil : "must be 1 to 63 lower-case letters, digits and dashes, the first a letter"
        case .name:
            guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last, !first.properties.isWhitespace,
                !last.properties.isWhitespace
            else { return "must not begin or end with a space" }
            return nil
        case .email: return isEmail(text) ? nil : "must be an e-mail address"
        case .timestamp:
            // A space instead of the T is a reader's courtesy in RFC 3339, not part of its date-time.
            return text.contains(" ") || Timestamp(text) == nil ? "must be a time such as 2026-12-31T23:59:59Z" : nil
        case .date: return Timestamp(text + "T00:00:00Z") == nil ? "must be a date such as 2026-12-31" : nil
        case .addressRange: return AddressRange(text) == nil ? "must be an address or a range such as 203.0.113.0/24" : nil
        case .scope: return (try? ScopeSet(parsing: [text])) == nil ? "must be a scope: *, resource:* or one of \(Scope.list)" : nil
        case .wait: return Query.seconds(of: text) == nil ? "must be whole seconds from 0s to 60s" : nil
        case .sku:
            let isPlain = text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || [45, 46, 95].contains($0) }
            return isPlain ? nil : "must have lower-case letters, digits, dots, dashes and underlines only"
        case .currency: return text.utf8.allSatisfy { (65...90).contains($0) } ? nil : "must be three capital letters such as USD"
        case .absolutePath: return isPath(text) ? nil : "must be an absolute path without . or .. and not the root"
        case .ports: return isPorts(text) ? nil : "must be a port such as 443, or a range such as 8000-8100"
        case .hostname: return isHostname(text) ? nil : "must be a host name such as www.example.com"
        case .uri: return text.contains("://") ? nil : "must be a URL"
        }
    }

    private func isPorts(_ text: String) -> Bool {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        return ends.count <= 2
            && ends.allSatisfy { end in
                end.utf8.allSatisfy { (48...57).contains($0) } && !end.hasPrefix("0") && (1...65_535).contains(Int(end) ?? 0)
            }
    }

    private func isHostname(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.first != 45 && label.utf8.last != 45
                    && label.utf8.allSatisfy {
                        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
                    }
            }
    }

    private func isPath(_ text: String) -> Bool {
        // By scalars: a slash before a combining mark is still one.
        let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        return parts.count > 1 && parts[0].isEmpty && parts.dropFirst().allSatisfy { !["", ".", ".."].contains($0) }
    }

    /// Same rule as `pattern` in the document: something, an @, and a domain with a dot, of visible ASCII.
    private func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                !label.isEmpty
                    && label.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 }
            }
    }
}

extension Scope {
    fileprivate static let list = allCases.map(\.rawValue).joined(separator: ", ")
}

extension String {
    /// RFC 6901.
    fileprivate var pointerEscaped: String {
        guard utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return self }
        return replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
