import Kernel

/// The formula of a cost column: `+ - * /`, parentheses and numbers over the costs of a row. Worked out for each row; divided by zero is 0.
struct CostFormula: Sendable {
    indirect enum Node: Sendable {
        case number(ExactDecimal)
        case cost(Measure)
        case amount(String)
        case sum(Node, Node)
        case difference(Node, Node)
        case product(Node, Node)
        case quotient(Node, Node)
        case negative(Node)
    }

    let source: String
    private let words: [Word]

    private enum Word: Equatable {
        case number(ExactDecimal)
        case name(String)
        case sign(Character)
    }

    static let lengthLimit = 500
    private static let amounts = FocusColumn.all.filter { $0.kind == .decimal }.map(\.name)

    /// Throws `validation_failed` with the position of what is wrong.
    init(_ source: String) throws {
        self.source = source
        words = try Self.words(source)
        var parser = Parser(words: words[...], amortized: false)
        _ = try parser.whole()
    }

    func tree(amortized: Bool) throws -> Node {
        var parser = Parser(words: words[...], amortized: amortized)
        return try parser.whole()
    }

    private static func words(_ text: String) throws -> [Word] {
        var found: [Word] = []
        var rest = text[...]
        while let first = rest.first {
            if first == " " {
                rest.removeFirst()
            } else if first.isASCII, first.isNumber {
                let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
                guard let number = ExactDecimal(digits) else { throw refusal("\(digits.prefix(40)) is no number") }
                found.append(.number(number))
                rest = rest.dropFirst(digits.count)
            } else if first.isASCII, first.isLetter {
                let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                found.append(.name(String(name)))
                rest = rest.dropFirst(name.count)
            } else if "+-*/()×÷−".contains(first) {
                found.append(.sign(["×": "*", "÷": "/", "−": "-"][first] ?? first))
                rest.removeFirst()
            } else {
                throw refusal("\(first) has no meaning here")
            }
        }
        return found
    }

    fileprivate static func refusal(_ detail: String) -> Problem {
        Problem.invalid("formula", "The formula cannot be read: \(detail).", code: "formula")
    }

    private struct Parser {
        var words: ArraySlice<Word>
        let amortized: Bool
        private var depth = 0

        init(words: ArraySlice<Word>, amortized: Bool) { (self.words, self.amortized) = (words, amortized) }

        mutating func whole() throws -> Node {
            let node = try sum()
            guard words.isEmpty else { throw refusal("something follows its end") }
            return node
        }

        private mutating func sum() throws -> Node {
            var left = try product()
            while let sign = take("+", "-") { left = sign == "+" ? .sum(left, try product()) : .difference(left, try product()) }
            return left
        }

        private mutating func product() throws -> Node {
            var left = try atom()
            while let sign = take("*", "/") { left = sign == "*" ? .product(left, try atom()) : .quotient(left, try atom()) }
            return left
        }

        private mutating func atom() throws -> Node {
            depth += 1
            defer { depth -= 1 }
            guard depth < 50 else { throw refusal("it is nested too deeply") }
            if take("-") != nil { return .negative(try atom()) }
            if take("(") != nil {
                let inner = try sum()
                guard take(")") != nil else { throw refusal("a parenthesis is not closed") }
                return inner
            }
            switch words.popFirst() {
            case .number(let number)?: return .number(number)
            case .name(let name)?:
                if words.first == .name("Cost") || words.first == .name("cost") { words.removeFirst() }
                if CostFormula.amounts.contains(name) { return .amount(name) }
                guard let measure = CostType(name)?.measure(amortized: amortized) else { throw refusal("\(name.prefix(40)) is no cost") }
                return .cost(measure)
            case .sign(let sign)?: throw refusal("\(sign) stands where a cost or a number is due")
            case nil: throw refusal("it ends where a cost or a number is due")
            }
        }

        private mutating func take(_ signs: Character...) -> Character? {
            guard case .sign(let sign)? = words.first, signs.contains(sign) else { return nil }
            words.removeFirst()
            return sign
        }

        private func refusal(_ detail: String) -> Problem { CostFormula.refusal(detail) }
    }
}

extension CostFormula {
    func amounts(_ segment: SegmentReader, amortized: Bool) throws -> RowAmounts {
        let evaluate = try Self.evaluator(try tree(amortized: amortized), segment)
        return { row, _ in evaluate(row) }
    }

    /// A row that lacks one of the costs has no amount; a cost that a guard leaves out is zero in it.
    private static func evaluator(_ node: Node, _ segment: SegmentReader) throws -> (Int) -> ExactDecimal? {
        func both(_ left: Node, _ right: Node, _ body: @escaping (ExactDecimal, ExactDecimal) -> ExactDecimal) throws
            -> (Int) -> ExactDecimal?
        {
            let (one, other) = (try evaluator(left, segment), try evaluator(right, segment))
            return { row in
                guard let left = one(row), let right = other(row) else { return nil }
                return body(left, right)
            }
        }
        switch node {
        case .number(let number): return { _ in number }
        case .amount(let name):
            let column = try segment.decimal(name)
            return { column.isNull($0) ? nil : column[$0] }
        case .cost(let measure):
            let column = try segment.decimal(measure.column)
            var counts = [Bool](repeating: true, count: segment.rows)
            try measure.leavesOut?.apply(segment, to: &counts)
            return { [counts] row in column.isNull(row) ? nil : counts[row] ? column[row] : .zero }
        case .sum(let left, let right): return try both(left, right) { $0 + $1 }
        case .difference(let left, let right): return try both(left, right) { $0 - $1 }
        case .product(let left, let right): return try both(left, right) { $0 * $1 }
        case .quotient(let left, let right): return try both(left, right) { $1.isZero ? .zero : $0.divided(by: $1) }
        case .negative(let inner):
            let evaluate = try evaluator(inner, segment)
            return { evaluate($0).map { -$0 } }
        }
    }
}
