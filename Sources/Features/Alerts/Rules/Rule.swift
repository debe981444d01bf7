package import Kernel

/// `quota_percent > 85`: a condition over metrics, parsed and checked.
///
/// Numbers are exact decimals throughout, so that 85 is not greater than 85, whatever it was divided from.
package struct Rule: Sendable {
    /// As it was written.
    package let source: String
    let condition: Condition
    /// Every metric it names, as often as it names it differently.
    package let uses: Set<Metric.Use>
    /// Where it names each first, counted from 1.
    let columns: [Metric.Use: Int]

    indirect enum Condition: Sendable {
        case compare(Expression, Comparison, Expression)
        case all(Condition, Condition)
        case any(Condition, Condition)
    }

    enum Comparison: String, Sendable, CaseIterable {
        case greaterOrEqual = ">="
        case lessOrEqual = "<="
        case equal = "=="
        case unequal = "!="
        case greater = ">"
        case less = "<"

        func holds(_ one: ExactDecimal, _ other: ExactDecimal) -> Bool {
            switch self {
            case .greater: other < one
            case .greaterOrEqual: !(one < other)
            case .less: one < other
            case .lessOrEqual: !(other < one)
            case .equal: one == other
            case .unequal: one != other
            }
        }
    }

    indirect enum Expression: Sendable {
        case number(ExactDecimal)
        case metric(Metric.Use)
        case sum(Expression, Expression)
        case difference(Expression, Expression)
        case product(Expression, Expression)
        case quotient(Expression, Expression)
    }

    /// Whether a condition holds; nil where a metric it hangs on has no data.
    package typealias Truth = Bool?

    /// Throws what `read` throws. `read` answers nil for a metric without data.
    package func holds(_ read: (Metric.Use) throws -> ExactDecimal?) rethrows -> Truth { try condition.holds(read) }
}

extension Rule.Condition {
    /// Three-valued, as Kleene's: what is decided without the missing part is decided.
    fileprivate func holds(_ read: (Metric.Use) throws -> ExactDecimal?) rethrows -> Rule.Truth {
        switch self {
        case .compare(let one, let comparison, let other):
            guard let left = try one.value(read), let right = try other.value(read) else { return nil }
            return comparison.holds(left, right)
        case .all(let one, let other):
            let (left, right) = (try one.holds(read), try other.holds(read))
            if left == false || right == false { return false }
            return left == nil || right == nil ? nil : true
        case .any(let one, let other):
            let (left, right) = (try one.holds(read), try other.holds(read))
            if left == true || right == true { return true }
            return left == nil || right == nil ? nil : false
        }
    }
}

extension Rule.Expression {
    fileprivate func value(_ read: (Metric.Use) throws -> ExactDecimal?) rethrows -> ExactDecimal? {
        switch self {
        case .number(let value): return value
        case .metric(let use): return try read(use)
        case .sum(let one, let other): return try both(one, other, read) { $0 + $1 }
        case .difference(let one, let other): return try both(one, other, read) { $0 - $1 }
        case .product(let one, let other): return try both(one, other, read) { $0 * $1 }
        case .quotient(let one, let other): return try both(one, other, read) { $1.isZero ? nil : $0.divided(by: $1) }
        }
    }

    private func both(
        _ one: Self, _ other: Self, _ read: (Metric.Use) throws -> ExactDecimal?, _ join: (ExactDecimal, ExactDecimal) -> ExactDecimal?
    ) rethrows -> ExactDecimal? {
        guard let left = try one.value(read), let right = try other.value(read) else { return nil }
        return join(left, right)
    }
}
