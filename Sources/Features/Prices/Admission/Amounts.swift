import Kernel
import Storage

/// Sums of money in each currency there is; currencies are never added.
struct Amounts: Sendable, Equatable {
    private var sums: [String: ExactDecimal] = [:]

    static let none = Amounts()

    subscript(currency: String) -> ExactDecimal { sums[currency] ?? .zero }

    var currencies: [String] { sums.keys.sorted() }

    mutating func add(_ amount: ExactDecimal, in currency: String) {
        let sum = self[currency] + amount
        sums[currency] = sum.isZero ? nil : sum
    }

    static func += (one: inout Amounts, other: Amounts) {
        for (currency, amount) in other.sums { one.add(amount, in: currency) }
    }
}

extension Amounts: SQLConvertible {
    /// `EUR=1.5;USD=0.25`.
    var sqlValue: SQLValue { .text(currencies.map { "\($0)=\(self[$0])" }.joined(separator: ";")) }

    static func read(_ row: Row, _ column: Int) throws(StorageError) -> Amounts {
        var amounts = Amounts.none
        let text = row.text(column)
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=")
            guard sides.count == 2, let amount = ExactDecimal(sides[1]) else { throw .corrupt("Amounts cannot be \"\(text)\"") }
            amounts.add(amount, in: String(sides[0]))
        }
        return amounts
    }
}
