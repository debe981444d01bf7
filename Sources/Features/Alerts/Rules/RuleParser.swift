// rule := and {"or" and};  and := cmp {"and" cmp};  cmp := sum compare sum | "(" rule ")"
// sum := term {("+"|"-") term};  term := atom {("*"|"/") atom}
// atom := number[%|k|M] | metric["{" key "=" "value" … "}"] | function "(" metric "," duration ")" | "(" sum ")"
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
        self.init(source: source, condition: condition, uses: parser.uses)
    }
}

private struct RuleParser {
    typealias Typed = (expression: Rule.Expression, unit: Metric.Unit)

    let tokens: [RuleToken]
    var position = 0
    var depth = 0
    var uses: Set<Metric.Use> = []

    private static let deepest = 8

    init(tokens: [RuleToken]) { self.tokens = tokens }

    static let metrics = "there are " + Metric.allCases.map(\.rawValue).joined(separator: ", ")

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
            let (metric, matchers) = try metric()
            return use(.init(metric: metric, matchers: matchers, function: nil, seconds: 0), metric.unit)
        default: throw unexpected("a number or a metric")
        }
    }

    private mutating func call(_ function: Metric.Function) throws(RuleError) -> Typed {
        let column = next.column
        position += 1
        try expect("(")
        let (metric, matchers) = try metric()
        guard metric.takes(function) else {
            throw RuleError(column: column, detail: "\(function.rawValue) cannot be taken of \(metric.rawValue)")
        }
        try expect(",")
        guard case .duration(let seconds) = next.kind, (60...2_678_400).contains(seconds) else {
            throw unexpected("a span of time from 1m to 31d")
        }
        position += 1
        try expect(")")
        let unit = function == .change || function == .rate ? .number : metric.unit
        return use(.init(metric: metric, matchers: matchers, function: function, seconds: seconds), unit)
    }

    private mutating func metric() throws(RuleError) -> (Metric, [String: String]) {
        guard case .word(let word) = next.kind, let metric = Metric(rawValue: word) else {
            guard case .word(let word) = next.kind else { throw unexpected("a metric") }
            throw RuleError(column: next.column, detail: "\(word.prefix(60)) is no metric; \(Self.metrics)")
        }
        position += 1
        guard take("{") else { return (metric, [:]) }
        var matchers: [String: String] = [:]
        repeat {
            let column = next.column
            guard case .word(let name) = next.kind, let values = metric.matcherValues(name) else {
                throw RuleError(column: column, detail: "\(metric.rawValue) cannot be narrowed by that")
            }
            position += 1
            try expect("=")
            guard case .text(let value) = next.kind, values.isEmpty || values.contains(value) else {
                throw unexpected("one of " + values.map { "\"\($0)\"" }.joined(separator: ", "))
            }
            position += 1
            matchers[name] = value
        } while take(",")
        try expect("}")
        return (metric, matchers)
    }

    private mutating func use(_ use: Metric.Use, _ unit: Metric.Unit) -> Typed {
        uses.insert(use)
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
