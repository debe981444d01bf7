import Kernel

/// The query of a URL, decoded and checked: only parameters the route knows, each once.
package struct Query: Sendable {
    private let values: [(name: String, value: String)]

    package static let empty = Query(values: [])

    private init(values: [(name: String, value: String)]) { self.values = values }

    /// Reads `a=b&c=d` (application/x-www-form-urlencoded). Throws for a parameter that is unknown, repeated, not UTF-8, or that does not fit.
    /// With `ignoringUnknown` a parameter that is not the route's is passed over.
    package init(_ text: Substring?, parameters: [Parameter], ignoringUnknown: Bool = false) throws {
        var values: [(name: String, value: String)] = []
        var violations: [Problem.Violation] = []
        for pair in (text ?? "").split(separator: "&", omittingEmptySubsequences: true) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
                let value = PercentEncoding.decode(parts.count == 2 ? parts[1] : "", plusIsSpace: true)
            else {
                throw Problem(.invalidParameter, "The query is not valid UTF-8.")
            }
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                if ignoringUnknown { continue }
                violations.append(
                    .init(pointer: "?" + name, code: Problem.Code.unknownParameter.rawValue, detail: "is not a parameter of this call"))
                continue
            }
            if !parameter.repeats, values.contains(where: { $0.name == name }) {
                violations.append(.init(pointer: "?" + name, code: "repeated", detail: "stands twice"))
            } else if let violation = parameter.violation(in: value) {
                violations.append(violation)
            }
            values.append((name, value))
        }
        for parameter in parameters where parameter.isRequired && !values.contains(where: { $0.name == parameter.name }) {
            violations.append(.init(pointer: "?" + parameter.name, code: "required", detail: "is required"))
        }
        let unknown = violations.first { $0.code == Problem.Code.unknownParameter.rawValue }
        if let first = unknown ?? violations.first {
            throw Problem(unknown == nil ? .invalidParameter : .unknownParameter, at: violations, first: first)
        }
        self.init(values: values)
    }

    package subscript(_ name: String) -> String? { values.first { $0.name == name }?.value }

    /// Every value of a parameter that may be repeated, in order.
    package func values(_ name: String) -> [String] { values.filter { $0.name == name }.map(\.value) }

    package func integer(_ name: String) -> Int? { self[name].flatMap(Self.whole).map(Int.init) }

    /// Plain digits; as in JSON Schema a fraction of nothing but zeros does no harm.
    private static func whole(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || (!parts[1].isEmpty && parts[1].allSatisfy { $0 == "0" }), let number = Int64(parts[0]) else { return nil }
        return number.description == parts[0] ? number : nil
    }

    /// `30s` → 30; nil for anything but 0 to 60 in plain digits.
    static func seconds(of text: String) -> Int? {
        guard text.hasSuffix("s"), let count = Int(text.dropLast()), (0...60).contains(count), text == "\(count)s" else { return nil }
        return count
    }

    package var isEmpty: Bool { values.isEmpty }
    var all: [(name: String, value: String)] { values }

    /// One parameter a route takes. Its schema is checked against the text: an integer must be plain digits.
    package struct Parameter: Sendable {
        package let name: String
        package let schema: Schema
        package let isRequired: Bool
        /// Whether it may stand more than once.
        package let repeats: Bool

        package init(_ name: String, _ schema: Schema, isRequired: Bool = false, repeats: Bool = false) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
            self.repeats = repeats
        }

        /// How long the answer may be held back until what was asked for has happened.
        package static let wait = Parameter(
            "wait",
            .string(0...20, .wait, "Holds the body back until it is done, at most so long: `0s` to `60s`. Never changes the status."))

        func violation(in text: String) -> Problem.Violation? {
            let value: JSON
            switch schema.kind {
            case .integer: value = Query.whole(text).map { .integer($0) } ?? .string(text)
            case .boolean: value = text == "true" ? true : text == "false" ? false : .string(text)
            default: value = .string(text)
            }
            guard let found = schema.violations(in: value).first else { return nil }
            return .init(pointer: "?" + name, code: found.code, detail: found.detail)
        }
    }
}
