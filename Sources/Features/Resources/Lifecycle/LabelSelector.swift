import Kernel
import Storage

/// `team=core,tier!=dev,gpu,!legacy`: all of them must hold.
package struct LabelSelector: Sendable {
    let terms: [Term]

    enum Term: Sendable, Equatable {
        case equals(String, String)
        case differs(String, String)
        case has(String)
        case lacks(String)
    }

    /// Throws `invalid_parameter`.
    package init(_ text: String) throws {
        terms = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let term = Self.term(String(part).trimmed) else {
                throw Problem.invalid(parameter: "selector", "\"\(part.prefix(130))\" is none of name=value, name!=value, name, !name.")
            }
            return term
        }
    }

    /// Each label has just this value.
    init(_ labels: [String: String]) {
        terms = labels.sorted { $0.key < $1.key }.map { .equals($0.key, $0.value) }
    }

    private static func term(_ text: String) -> Term? {
        if let range = text.firstRange(of: "!=") {
            return pair(text[..<range.lowerBound], text[range.upperBound...]).map { .differs($0, $1) }
        }
        if let range = text.firstRange(of: "=") {
            return pair(text[..<range.lowerBound], text[range.upperBound...]).map { .equals($0, $1) }
        }
        if text.hasPrefix("!") { return isName(String(text.dropFirst())) ? .lacks(String(text.dropFirst())) : nil }
        return isName(text) ? .has(text) : nil
    }

    private static func pair(_ name: Substring, _ value: Substring) -> (String, String)? {
        isName(String(name)) && value.count <= 63 ? (String(name), String(value)) : nil
    }

    static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./".utf8.contains(byte)
                }
            }
    }

    func apply(to query: inout ListQuery, in tenant: Tenant) {
        for (condition, values) in conditions(in: tenant) { query.filter(condition, values: values) }
    }

    /// Each to be joined by AND, over the table of resources.
    func conditions(in tenant: Tenant) -> [(sql: String, values: [SQLValue])] {
        terms.map { term in
            let (negation, name, value): (String, String, String?) =
                switch term {
                case .equals(let name, let value): ("", name, value)
                case .differs(let name, let value): ("NOT ", name, value)
                case .has(let name): ("", name, nil)
                case .lacks(let name): ("NOT ", name, nil)
                }
            return (
                """
                \(negation)EXISTS (SELECT 1 FROM resource_labels l WHERE l.workspace = ? AND l.mode = ? AND l.name = ? \
                \(value == nil ? "" : "AND l.value = ? ")AND l.resource = resources.id)
                """, [tenant.workspace.sqlValue, tenant.mode.sqlValue, name.sqlValue] + (value.map { [$0.sqlValue] } ?? [])
            )
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
