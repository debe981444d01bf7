import Glibc
import Kernel

/// Which rows count: groups that are OR-ed, of lines that are AND-ed. The same form for views, for requests, and for what is imposed on
/// those who may not see everything.
package struct RowFilter: Sendable, Equatable {
    package struct Line: Sendable, Equatable {
        package enum Operation: Sendable, Equatable {
            /// One of these; nil is a row without a value.
            case isIn([String?])
            /// `%` for any text and `_` for one character.
            case like(String)
            /// POSIX extended.
            case regex(String)
        }

        package var dimension: Dimension
        package var isNot: Bool
        package var operation: Operation

        package init(_ dimension: Dimension, isNot: Bool = false, _ operation: Operation) {
            (self.dimension, self.isNot, self.operation) = (dimension, isNot, operation)
        }
    }

    /// Nil lets every row through, none at all lets none.
    package var groups: [[Line]]?

    package init(groups: [[Line]]?) { self.groups = groups }

    package static let everything = RowFilter(groups: nil)
    package static let nothing = RowFilter(groups: [])
}

extension RowFilter {
    /// One entry per row: whether it counts.
    func mask(_ segment: SegmentReader) throws -> [Bool]? {
        guard let groups else { return nil }
        var result = [Bool](repeating: false, count: segment.rows)
        for group in groups {
            var all = [Bool](repeating: true, count: segment.rows)
            for line in group {
                let column = try segment.column(line.dimension)
                let test = try line.test()
                let passes = column.map { test($0) != line.isNot }
                if column.isConstant {
                    if !passes[column.code(0)] { all = [Bool](repeating: false, count: segment.rows) }
                } else {
                    for row in 0..<segment.rows where all[row] { all[row] = passes[Int(column.codes[row])] }
                }
            }
            for row in 0..<segment.rows where all[row] { result[row] = true }
        }
        return result
    }
}

extension RowFilter.Line {
    /// Whether a text fits, the negation aside. A row without a value fits nothing but null itself.
    func test() throws -> (String?) -> Bool {
        switch operation {
        case .isIn(let values):
            let set = Set(values)
            return { set.contains($0) }
        case .like(let pattern):
            let regex = try PosixRegex(like: pattern)
            return { $0.map(regex.matches) ?? false }
        case .regex(let pattern):
            let regex = try PosixRegex(pattern)
            return { $0.map(regex.matches) ?? false }
        }
    }
}

/// A compiled POSIX extended regular expression of the C library.
final class PosixRegex {
    private var compiled = regex_t()

    /// Throws `validation_failed` for a pattern that is none, that refers back, or that counts high: those can take for ever.
    init(_ pattern: String) throws {
        let counts = pattern.split(separator: "{").dropFirst().flatMap { $0.prefix { $0 != "}" }.split(separator: ",") }
        let refersBack = (1...9).contains { pattern.contains("\\\($0)") }
        guard pattern.utf8.count <= 500, !pattern.contains("\0"), !refersBack, counts.count <= 4,
            counts.allSatisfy({ (Int($0) ?? 0) <= 100 })
        else { throw Self.refusal(pattern) }
        guard regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0 else {
            compiled = regex_t()
            throw Self.refusal(pattern)
        }
    }

    convenience init(like pattern: String) throws {
        let special: Set<Character> = Set(".[]{}()*+?^$|\\")
        let body = pattern.map { character -> String in
            switch character {
            case "%": ".*"
            case "_": "."
            default: special.contains(character) ? "\\\(character)" : String(character)
            }
        }
        try self.init("^" + body.joined() + "$", trusted: true)
    }

    private init(_ pattern: String, trusted: Bool) throws {
        guard regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) == 0 else { throw Self.refusal(pattern) }
    }

    deinit { regfree(&compiled) }

    func matches(_ text: String) -> Bool { regexec(&compiled, text, 0, nil, 0) == 0 }

    private static func refusal(_ pattern: String) -> Problem {
        Problem.invalid("filters", "\(pattern.prefix(100)) is no regular expression (POSIX extended) that can be used.", code: "regex")
    }
}
