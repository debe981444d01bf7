// rule := and {"or" and};  and := cmp {"and" cmp};  cmp := sum compare sum | "(" rule ")"
// sum := term {("+"|"-") term};  term := atom {("*"|"/") atom}
// atom := number[%|k|M] | metric["." name]["{" key "=" "value" … "}"] | function "(" sum ["," duration] ")" | "(" sum ")"
//
// A function of a sum is the sum of the functions, where that is the same: `avg(a + b / 2, 1h)` is kept as `avg(a, 1h) + avg(b, 1h) / 2`.
//
// A parenthesis may open a sum or a condition, and only what comes later tells which: both are tried, the sum first. That doubles the
// work with each level, hence the limit on levels.

import Kernel

extension Rule {
    /// Longest text of a rule.
    package static let longest = 1000

    /// Throws `RuleError` for what does not parse, names what is unknown, or compares what cannot be compared.
    package init(_ source: String) throws(RuleError) {
        var parser = RuleParser(tokens: try RuleToken.split(source))
        let condition = try parser.rule()
        guard parser.next.kind == .end else { throw parser.unexpected("`and`, `or` or the end") }
        guard !parser.uses.isEmpty else { throw RuleError(column: 1, detail: "it names no metric; \(RuleParser.metrics)") }
        self.init(source: source, condition: condition, uses: parser.uses, columns: parser.columns)
    }
}

private struct RuleParser {
    typealias Typed = (expression: Rule.Expression, unit: Metric.Unit)

    let tokens: [RuleToken]
    var position = 0
    var depth = 0
    var uses: Set<Metric.Use> = []
    var columns: [Metric.Use: Int] = [:]

    private static let deepest = 8

    init(tokens: [RuleToken]) { self.tokens = tokens }

    static let metrics = "there are " + Metric.allCases.map(\.pattern).joined(separator: ", ")

    var next: RuleToken { tokens[position] }

    // MARK: Conditions

    mutating func rule() throws(RuleError) -> Rule.Condition {
        var condition = try conjunction()
        while take(word: "or") { condition = .any(condition, try conjunction()) }
        return condition
    }

    private mutating func conjunction() throws(RuleError) -> Rule.Condition {
        var condition = try comparison()
        while take(word: "and") { condition = .all(condition, try comparison()) }
        return condition
    }

    private mutating func comparison() throws(RuleError) -> Rule.Condition {
        guard next.kind == .symbol("(") else { return try plainComparison() }
        let (begin, known) = (position, uses)
        let failure: RuleError
        do {
            return try plainComparison()
        } catch {
            failure = error
        }
        (position, uses) = (begin, known)
        do {
            return try parenthesised { (parser) throws(RuleError) in try parser.rule() }
        } catch {
            throw error.column >= failure.column ? error : failure
        }
    }

    private mutating func plainComparison() throws(RuleError) -> Rule.Condition {
        let left = try sum()
        let column = next.column
        guard case .symbol(let symbol) = next.kind, let comparison = Rule.Comparison(rawValue: symbol) else {
            throw unexpected("one of > >= < <= == !=")
        }
        position += 1
        let right = try sum()
        guard left.unit == right.unit || left.unit == .number || right.unit == .number else {
            throw RuleError(column: column, detail: "\(left.unit.name) cannot be compared with \(right.unit.name)")
        }
        return .compare(left.expression, comparison, right.expression)
    }

    // MARK: Numbers

    private mutating func sum() throws(RuleError) -> Typed {
        var total = try term()
        while case .symbol(let symbol) = next.kind, symbol == "+" || symbol == "-" {
            let column = next.column
            position += 1
            let other = try term()
            guard total.unit == other.unit || total.unit == .number || other.unit == .number else {
                throw RuleError(column: column, detail: "\(total.unit.name) and \(other.unit.name) cannot be added")
            }
            let expression: Rule.Expression =
                symbol == "+" ? .sum(total.expression, other.expression) : .difference(total.expression, other.expression)
            total = (expression, total.unit == .number ? other.unit : total.unit)
        }
        return total
    }

    private mutating func term() throws(RuleError) -> Typed {
        var product = try atom()
        while case .symbol(let symbol) = next.kind, symbol == "*" || symbol == "/" {
            let column = next.column
            position += 1
            let other = try atom()
            if symbol == "*" {
                guard product.unit == .number || other.unit == .number else {
                    throw RuleError(column: column, detail: "\(product.unit.name) and \(other.unit.name) cannot be multiplied")
                }
                product = (.product(product.expression, other.expression), product.unit == .number ? other.unit : product.unit)
            } else {
                guard other.unit == .number || other.unit == product.unit else {
                    throw RuleError(column: column, detail: "\(product.unit.name) cannot be divided by \(other.unit.name)")
                }
                product = (.quotient(product.expression, other.expression), other.unit == .number ? product.unit : .number)
            }
        }
        return product
    }

    private mutating func atom() throws(RuleError) -> Typed {
        switch next.kind {
        case .number(let value, let isPercent):
            position += 1
            return (.number(value), isPercent ? .percent : .number)
        case .symbol("("): return try parenthesised { (parser) throws(RuleError) in try parser.sum() }
        case .word(let word):
            if let function = Metric.Function(rawValue: word) { return try call(function) }
            let column = next.column
            let named = try metric()
            return use(named, named.metric.unit, at: column)
        default: throw unexpected("a number or a metric")
        }
    }

    private mutating func call(_ function: Metric.Function) throws(RuleError) -> Typed {
        let column = next.column
        position += 1
        try expect("(")
        let known = uses
        let inner = try sum()
        uses = known
        var seconds: Int64?
        if take(",") {
            guard case .duration(let span) = next.kind, (60...2_678_400).contains(span) else {
                throw unexpected("a span of time from 1m to 31d")
            }
            position += 1
            seconds = span
        }
        try expect(")")
        let unit = function == .change || function == .rate || function == .pop ? .number : inner.unit
        return (try taken(function, of: inner.expression, seconds, at: column), unit)
    }

    /// Brings a function to the metrics of a sum.
    private mutating func taken(
        _ function: Metric.Function, of expression: Rule.Expression, _ seconds: Int64?, at column: Int
    ) throws(RuleError) -> Rule.Expression {
        func taken(_ part: Rule.Expression) throws(RuleError) -> Rule.Expression {
            try self.taken(function, of: part, seconds, at: column)
        }
        switch expression {
        case .metric(let use):
            guard use.function == nil else {
                throw RuleError(column: column, detail: "\(function.rawValue) cannot be taken of what is taken over a time already")
            }
            guard use.metric.takes(function) else {
                throw RuleError(column: column, detail: "\(function.rawValue) cannot be taken of \(use.metric.rawValue)")
            }
            let taken = Metric.Use(
                use.metric, name: use.name, matchers: use.matchers, function: function, seconds: seconds ?? use.metric.usualSpan)
            uses.insert(taken)
            if columns[taken] == nil { columns[taken] = columns[use] ?? column }
            return .metric(taken)
        case .sum(let one, let other) where function.isAdditive: return .sum(try taken(one), try taken(other))
        case .difference(let one, let other) where function.isAdditive: return .difference(try taken(one), try taken(other))
        case .product(.number(let factor), let part) where function.isScaled: return .product(.number(factor), try taken(part))
        case .product(let part, .number(let factor)) where function.isScaled: return .product(try taken(part), .number(factor))
        case .quotient(let part, .number(let divisor)) where function.isScaled: return .quotient(try taken(part), .number(divisor))
        default:
            throw RuleError(
                column: column,
                detail: "\(function.rawValue) takes a metric\(function.isAdditive ? ", or metrics added up or scaled" : ", or one scaled")")
        }
    }

    private mutating func metric() throws(RuleError) -> Metric.Use {
        guard case .word(let word) = next.kind else { throw unexpected("a metric") }
        let parts = word.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let metric = Metric(rawValue: parts[0]), metric.hasName == (parts.count == 2) else {
            throw RuleError(column: next.column, detail: "\(word.prefix(60)) is no metric; \(Self.metrics)")
        }
        position += 1
        var name: String? = parts.count == 2 ? parts[1] : nil
        if name?.isEmpty == true {
            guard case .text(let text) = next.kind, (1...255).contains(text.count) else {
                throw unexpected("a name, as `\(word)\"orders\"`")
            }
            position += 1
            name = text
        }
        let matchers = try matchers(of: metric)
        if metric == .unitCost, matchers["metric"] == nil { throw unexpected("`{metric=\"…\"}`") }
        return Metric.Use(metric, name: name, matchers: matchers)
    }

    private mutating func matchers(of metric: Metric) throws(RuleError) -> [String: String] {
        guard take("{") else { return [:] }
        var matchers: [String: String] = [:]
        repeat {
            let column = next.column
            let name: String
            switch next.kind {
            case .word(let word): name = word
            case .text(let text): name = text
            default: throw unexpected("a name")
            }
            guard let matcher = metric.matcher(name), matchers[name] == nil else {
                throw RuleError(column: column, detail: "\(metric.rawValue) cannot be narrowed by that")
            }
            position += 1
            try expect("=")
            switch (next.kind, matcher) {
            case (.text(let value), .one(let values)) where values.contains(value): matchers[name] = value
            case (.text(let value), .any) where (1...255).contains(value.count): matchers[name] = value
            case (_, .one(let values)): throw unexpected("one of " + values.map { "\"\($0)\"" }.joined(separator: ", "))
            default: throw unexpected("a text in quotation marks")
            }
            position += 1
        } while take(",")
        try expect("}")
        return matchers
    }

    private mutating func use(_ use: Metric.Use, _ unit: Metric.Unit, at column: Int) -> Typed {
        uses.insert(use)
        if columns[use] == nil { columns[use] = column }
        return (.metric(use), unit)
    }

    // MARK: Tokens

    private mutating func parenthesised<Part>(_ part: (inout Self) throws(RuleError) -> Part) throws(RuleError) -> Part {
        guard depth < Self.deepest else { throw RuleError(column: next.column, detail: "more than \(Self.deepest) levels of parentheses") }
        try expect("(")
        depth += 1
        defer { depth -= 1 }
        let inner = try part(&self)
        try expect(")")
        return inner
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard next.kind == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func take(word: String) -> Bool {
        guard case .word(let found) = next.kind, found.lowercased() == word else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(RuleError) {
        guard take(symbol) else { throw unexpected("`\(symbol)`") }
    }

    func unexpected(_ wanted: String) -> RuleError {
        RuleError(column: next.column, detail: "\(next.kind == .end ? "it ends" : "this is") where \(wanted) is expected")
    }
}

extension Metric.Function {
    /// Whether it grows with what it is taken of. No number in a rule is negative.
    fileprivate var isScaled: Bool { self != .change && self != .pop }
}

extension Metric.Unit {
    fileprivate var name: String {
        switch self {
        case .number: "a plain number"
        case .percent: "a percentage"
        case .count: "a count"
        case .money: "an amount of money"
        }
    }
}
